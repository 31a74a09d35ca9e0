# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Records that travel with a sample: what it is, how its views were cut."""

from .affines import guided_affines
from .boxes import clip_boxes, jitter_boxes, pairwise_iou, xywh_to_xyxy
from .data_sample import DataSample
from .geometry import ViewGeometry, overlap_box, short_edge_size
from .warps import (
    flow_sample,
    flow_splat,
    local_warp_index,
    move_pixels,
    pixel_grid,
    sample_clip,
    thin_plate_grid,
)

__all__ = [
    'DataSample',
    'ViewGeometry',
    'clip_boxes',
    'flow_sample',
    'flow_splat',
    'guided_affines',
    'jitter_boxes',
    'local_warp_index',
    'move_pixels',
    'overlap_box',
    'pairwise_iou',
    'pixel_grid',
    'sample_clip',
    'short_edge_size',
    'thin_plate_grid',
    'xywh_to_xyxy',
]
