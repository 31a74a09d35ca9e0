# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions of tensors: no model, no config, no process group."""

from .accuracy import rank_classes, topk_accuracy
from .clustering import (
    confusion_matrix,
    incremental_accuracy,
    knn_error,
    purity,
)
from .collapse import effective_rank, feature_std
from .knn import Neighbours, knn_classify, nearest, vote
from .linear import ProbeResult, linear_probe, logistic_probe
from .statistics import Summary, gain_in_standard_errors, summarize

__all__ = [
    'Neighbours',
    'ProbeResult',
    'Summary',
    'confusion_matrix',
    'effective_rank',
    'feature_std',
    'gain_in_standard_errors',
    'incremental_accuracy',
    'knn_classify',
    'knn_error',
    'linear_probe',
    'logistic_probe',
    'nearest',
    'purity',
    'rank_classes',
    'summarize',
    'topk_accuracy',
    'vote',
]
