# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The processes of one machine, as a group of their own."""

import os
from functools import lru_cache

import torch.distributed as dist
from mmengine.dist import get_world_size


@lru_cache
def node_group() -> dist.ProcessGroup:
    """The processes of this machine, as the launcher counted them.

    All processes must ask for the first time together.
    """
    size = int(os.environ.get('LOCAL_WORLD_SIZE', get_world_size()))
    return dist.new_subgroups(size)[0]
