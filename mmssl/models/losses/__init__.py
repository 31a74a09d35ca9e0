# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .contrastive import check_temperature, nt_xent
from .info_nce import contrast_logits, info_nce, unit_rows
from .precision import full_precision
from .regression import embedding_distance, normalized_mse
from .soft_clip import clipped_cross_entropy, soft_clip

__all__ = [
    'check_temperature',
    'clipped_cross_entropy',
    'contrast_logits',
    'embedding_distance',
    'full_precision',
    'info_nce',
    'normalized_mse',
    'nt_xent',
    'soft_clip',
    'unit_rows',
]
