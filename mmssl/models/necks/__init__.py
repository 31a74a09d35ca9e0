# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .dense_embedding_neck import DenseEmbeddingNeck
from .densecl_neck import DenseCLNeck
from .projection_mlp import ProjectionMLP

__all__ = ['DenseCLNeck', 'DenseEmbeddingNeck', 'ProjectionMLP']
