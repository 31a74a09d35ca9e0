# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Records that travel with a sample: what it is, how its views were cut."""

from .affines import guided_affines
from .boxes import clip_boxes, jitter_boxes, pairwise_iou, xywh_to_xyxy
from .data_sample import DataSample
from .geometry import ViewGeometry, overlap_box, short_edge_size

__all__ = [
    'DataSample',
    'ViewGeometry',
    'clip_boxes',
    'guided_affines',
    'jitter_boxes',
    'overlap_box',
    'pairwise_iou',
    'short_edge_size',
    'xywh_to_xyxy',
]
