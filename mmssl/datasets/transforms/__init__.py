# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From bytes to views: load, cut and colour, pack."""

from .action import (
    ClipLabels,
    ClipsToImgs,
    DecodeClips,
    DecodeSegments,
    DecodeStrided,
    LoadStrided,
    RandomShortSide,
    TurnImgs,
    ViewOfImgs,
)
from .compressed_clips import (
    CompressedViews,
    LoadMotionVectors,
    PyAVCompressedDecode,
)
from .compressed_reader import CompressedReader, UnsuitableVideo
from .compressed_sample import CompressedClipSample, negative_window_starts
from .flow_scale import FlowScaleWarp
from .guided_clips import (
    ClipCrop,
    ClipFlip,
    ClipResizeShortEdge,
    GuidedParams,
    GuidedView,
    PackClipViews,
    draw_guided,
    guided_affine,
    guided_view,
)
from .load_clips import LoadClips
from .loading import (
    DataError,
    LoadImage,
    UnreadableImage,
    UnreadableSample,
)
from .matched_boxes import MatchedBoxes
from .matched_regions import MatchedRegions, PictureRegions, jitter_region
from .motion_vectors import (
    accumulate_motion,
    dense_motion,
    motion_table,
    normalize_motion,
)
from .multi_view import FlipViews, MultiView, PackViews, view_rng
from .scaled_crop_view import ScaledCropView
from .translated_view import TranslatedView, translate_reflect
from .triplet_clips import LoadTriplet, TemporalEdit
from .turned_view import TurnedView
from .video_qa import MaskTrueAnswer, PackVideoQAInputs, TokenizeOptions
from .video_readers import READERS, UnreadableVideo, VideoReader
from .views import CenterView, RandomView, SquashedView, ViewParams

__all__ = [
    'READERS',
    'CenterView',
    'ClipCrop',
    'ClipFlip',
    'ClipLabels',
    'ClipResizeShortEdge',
    'ClipsToImgs',
    'CompressedClipSample',
    'CompressedReader',
    'CompressedViews',
    'DataError',
    'DecodeClips',
    'DecodeSegments',
    'DecodeStrided',
    'FlipViews',
    'FlowScaleWarp',
    'GuidedParams',
    'GuidedView',
    'LoadClips',
    'LoadImage',
    'LoadMotionVectors',
    'LoadStrided',
    'LoadTriplet',
    'MaskTrueAnswer',
    'MatchedBoxes',
    'MatchedRegions',
    'MultiView',
    'PackClipViews',
    'PackVideoQAInputs',
    'PackViews',
    'PictureRegions',
    'PyAVCompressedDecode',
    'RandomShortSide',
    'RandomView',
    'ScaledCropView',
    'SquashedView',
    'TemporalEdit',
    'TokenizeOptions',
    'TranslatedView',
    'TurnImgs',
    'TurnedView',
    'UnreadableImage',
    'UnreadableSample',
    'UnreadableVideo',
    'UnsuitableVideo',
    'VideoReader',
    'ViewOfImgs',
    'ViewParams',
    'accumulate_motion',
    'dense_motion',
    'draw_guided',
    'guided_affine',
    'guided_view',
    'jitter_region',
    'motion_table',
    'negative_window_starts',
    'normalize_motion',
    'strided_frames',
    'translate_reflect',
    'view_rng',
]
