# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions of tensors: no model, no config, no process group.

Names are imported when they are asked for: scoring masks needs no torch.
"""

from mmssl.utils.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    accuracy='rank_classes topk_accuracy',
    clustering='confusion_matrix incremental_accuracy knn_error purity',
    collapse=('PlaceSimilarity effective_rank feature_std place_similarity'),
    davis=(
        'SequenceScores Statistics boundary_map contour_accuracy '
        'count_objects davis_statistics evaluate_sequence frame_scores '
        'region_similarity summarize_objects tolerance_radius'
    ),
    few_shot=(
        'EpisodeResults Interval confidence_interval episode_confusion '
        'few_shot_classify'
    ),
    knn='Neighbours knn_classify nearest vote',
    label_propagation=(
        'Prediction decode_labels propagate_labels propagate_maps '
        'propagate_sequence reduce_masks'
    ),
    motion='Expectation motion_expectation',
    parts='class_iou pixel_confusion',
    pose='decode_pose joint_distances joint_map pck pose_labels',
    linear='ProbeResult linear_probe logistic_probe',
    retrieval=(
        'RegionPairs neighbour_label_overlap retrieve_neighbours '
        'top_region_pairs'
    ),
    video_retrieval='retrieval_recall',
    statistics='Summary gain_in_standard_errors summarize',
    svm=(
        'LowShotResult SVMResult classify_low_shot classify_multilabel '
        'frequent_classes interpolated_ap normalize_features'
    ),
    video_objects='average_precision box_overlaps class_ap class_corloc',
)
