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
from .davis import (
    SequenceScores,
    Statistics,
    boundary_map,
    contour_accuracy,
    count_objects,
    davis_statistics,
    evaluate_sequence,
    frame_scores,
    region_similarity,
    summarize_objects,
    tolerance_radius,
)
from .few_shot import (
    EpisodeResults,
    Interval,
    confidence_interval,
    episode_confusion,
    few_shot_classify,
)
from .knn import Neighbours, knn_classify, nearest, vote
from .label_propagation import (
    Prediction,
    decode_labels,
    propagate_labels,
    propagate_sequence,
    reduce_masks,
)
from .linear import ProbeResult, linear_probe, logistic_probe
from .statistics import Summary, gain_in_standard_errors, summarize
from .video_retrieval import retrieval_recall

__all__ = [
    'EpisodeResults',
    'Interval',
    'Neighbours',
    'Prediction',
    'ProbeResult',
    'SequenceScores',
    'Statistics',
    'Summary',
    'boundary_map',
    'confidence_interval',
    'confusion_matrix',
    'contour_accuracy',
    'count_objects',
    'davis_statistics',
    'decode_labels',
    'effective_rank',
    'episode_confusion',
    'evaluate_sequence',
    'feature_std',
    'few_shot_classify',
    'frame_scores',
    'gain_in_standard_errors',
    'incremental_accuracy',
    'knn_classify',
    'knn_error',
    'linear_probe',
    'logistic_probe',
    'nearest',
    'propagate_labels',
    'propagate_sequence',
    'purity',
    'rank_classes',
    'reduce_masks',
    'region_similarity',
    'retrieval_recall',
    'summarize',
    'summarize_objects',
    'tolerance_radius',
    'topk_accuracy',
    'vote',
]
