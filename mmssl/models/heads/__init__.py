# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .linear_head import LinearHead, MultiStageLinearHead
from .prediction_head import PredictionHead
from .prototype_head import PrototypeHead

__all__ = [
    'LinearHead',
    'MultiStageLinearHead',
    'PredictionHead',
    'PrototypeHead',
]
