# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD: context and motion of compressed videos, decoupled."""

from .cmd import CMD, CMDPreprocessor
from .objective import fuse_stages, in_batch_nce
from .predictor import MotionPredictor

__all__ = [
    'CMD',
    'CMDPreprocessor',
    'MotionPredictor',
    'fuse_stages',
    'in_batch_nce',
]
