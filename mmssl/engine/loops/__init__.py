# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .epoch_loop import EpochTrainLoop
from .feature_loop import FeatureTestLoop, FeatureValLoop
from .iter_loop import IterTrainLoop
from .vos_loop import PoseTestLoop, VOSTestLoop, VOSValLoop

__all__ = [
    'EpochTrainLoop',
    'FeatureTestLoop',
    'FeatureValLoop',
    'IterTrainLoop',
    'PoseTestLoop',
    'VOSTestLoop',
    'VOSValLoop',
]
