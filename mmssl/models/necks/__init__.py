# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .densecl_neck import DenseCLNeck
from .projection_mlp import ProjectionMLP

__all__ = ['DenseCLNeck', 'ProjectionMLP']
