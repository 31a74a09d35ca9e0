# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions of tensors: no model, no config, no process group."""

from .accuracy import rank_classes, topk_accuracy
from .collapse import effective_rank, feature_std
from .few_shot import (
    EpisodeResults,
    Interval,
    confidence_interval,
    episode_confusion,
    few_shot_classify,
)
from .knn import Neighbours, knn_classify, nearest, vote
from .linear import ProbeResult, linear_probe, logistic_probe
from .statistics import Summary, gain_in_standard_errors, summarize

__all__ = [
    'EpisodeResults',
    'Interval',
    'Neighbours',
    'ProbeResult',
    'Summary',
    'confidence_interval',
    'effective_rank',
    'episode_confusion',
    'feature_std',
    'few_shot_classify',
    'gain_in_standard_errors',
    'knn_classify',
    'linear_probe',
    'logistic_probe',
    'nearest',
    'rank_classes',
    'summarize',
    'topk_accuracy',
    'vote',
]
