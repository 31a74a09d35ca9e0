# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .gather import all_gather
from .mlp import build_mlp
from .momentum_encoder import MomentumEncoder, cosine_momentum
from .node_sync_bn import NodeSyncBN
from .pooling import global_pool
from .queue import FeatureQueue
from .shuffle_bn import check_group, shuffled_forward

__all__ = [
    'FeatureQueue',
    'MomentumEncoder',
    'NodeSyncBN',
    'all_gather',
    'build_mlp',
    'check_group',
    'cosine_momentum',
    'global_pool',
    'shuffled_forward',
]
