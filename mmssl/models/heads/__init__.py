# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .linear_head import LinearHead, MultiStageLinearHead
from .online_classifier import AMDIMOnlineClassifier
from .prediction_head import PredictionHead
from .prototype_head import PrototypeHead

__all__ = [
    'AMDIMOnlineClassifier',
    'LinearHead',
    'MultiStageLinearHead',
    'PredictionHead',
    'PrototypeHead',
]
