# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From bytes to views: load, cut and colour, pack."""

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
from .video_qa import MaskTrueAnswer, PackVideoQAInputs, TokenizeOptions
from .video_readers import READERS, UnreadableVideo, VideoReader
from .views import CenterView, RandomView, SquashedView, ViewParams

__all__ = [
    'READERS',
    'CenterView',
    'ClipCrop',
    'ClipFlip',
    'ClipResizeShortEdge',
    'DataError',
    'FlipViews',
    'GuidedParams',
    'GuidedView',
    'LoadClips',
    'LoadImage',
    'MaskTrueAnswer',
    'MatchedBoxes',
    'MatchedRegions',
    'MultiView',
    'PackClipViews',
    'PackVideoQAInputs',
    'PackViews',
    'PictureRegions',
    'RandomView',
    'ScaledCropView',
    'SquashedView',
    'TokenizeOptions',
    'TranslatedView',
    'UnreadableImage',
    'UnreadableSample',
    'UnreadableVideo',
    'VideoReader',
    'ViewParams',
    'draw_guided',
    'guided_affine',
    'guided_view',
    'jitter_region',
    'translate_reflect',
    'view_rng',
]
