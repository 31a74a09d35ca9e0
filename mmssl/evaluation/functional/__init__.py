# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions of tensors: no model, no config, no process group."""

from .accuracy import rank_classes, topk_accuracy
from .collapse import effective_rank, feature_std
from .knn import Neighbours, knn_classify, nearest, vote
from .linear import ProbeResult, linear_probe, logistic_probe
from .statistics import Summary, gain_in_standard_errors, summarize

__all__ = [
    'Neighbours',
    'ProbeResult',
    'Summary',
    'effective_rank',
    'feature_std',
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
