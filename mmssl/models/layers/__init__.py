# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .conv2plus1d import Conv2Plus1d, middle_channels
from .gather import all_gather
from .mlp import build_mlp
from .momentum_encoder import MomentumEncoder, cosine_momentum
from .node_sync_bn import NodeSyncBN
from .pooling import corner_pool, global_pool
from .queue import FeatureQueue
from .scene_warps import AffineWarp, SpatialLocalWarp, ThinPlateSplineWarp
from .shuffle_bn import check_group, shuffled_forward

__all__ = [
    'AffineWarp',
    'Conv2Plus1d',
    'FeatureQueue',
    'MomentumEncoder',
    'NodeSyncBN',
    'SpatialLocalWarp',
    'ThinPlateSplineWarp',
    'all_gather',
    'build_mlp',
    'check_group',
    'corner_pool',
    'cosine_momentum',
    'global_pool',
    'middle_channels',
    'shuffled_forward',
]
