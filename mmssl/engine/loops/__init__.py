# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .epoch_loop import EpochTrainLoop
from .iter_loop import IterTrainLoop

__all__ = ['EpochTrainLoop', 'IterTrainLoop']
