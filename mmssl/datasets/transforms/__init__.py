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
from .multi_view import FlipViews, MultiView, PackViews, view_rng
from .scaled_crop_view import ScaledCropView
from .translated_view import TranslatedView, translate_reflect
from .triplet_clips import LoadTriplet, TemporalEdit
from .turned_view import TurnedView
from .video_qa import MaskTrueAnswer, PackVideoQAInputs, TokenizeOptions
from .video_readers import READERS, UnreadableVideo, VideoReader
from .views import CenterView, RandomView, ViewParams

__all__ = [
    'READERS',
    'CenterView',
    'ClipCrop',
    'ClipFlip',
    'ClipLabels',
    'ClipResizeShortEdge',
    'ClipsToImgs',
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
    'RandomShortSide',
    'RandomView',
    'ScaledCropView',
    'TemporalEdit',
    'TokenizeOptions',
    'TranslatedView',
    'TurnImgs',
    'TurnedView',
    'UnreadableImage',
    'UnreadableSample',
    'UnreadableVideo',
    'VideoReader',
    'ViewOfImgs',
    'ViewParams',
    'draw_guided',
    'guided_affine',
    'guided_view',
    'jitter_region',
    'translate_reflect',
    'view_rng',
]
