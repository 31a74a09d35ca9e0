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
from .loading import DataError, LoadImage, UnreadableImage
from .matched_boxes import MatchedBoxes
from .matched_regions import MatchedRegions, PictureRegions, jitter_region
from .multi_view import FlipViews, MultiView, PackViews, view_rng
from .scaled_crop_view import ScaledCropView
from .translated_view import TranslatedView, translate_reflect
from .video_qa import MaskTrueAnswer, PackVideoQAInputs, TokenizeOptions
from .views import CenterView, RandomView, ViewParams

__all__ = [
    'CenterView',
    'ClipCrop',
    'ClipFlip',
    'ClipResizeShortEdge',
    'DataError',
    'FlipViews',
    'GuidedParams',
    'GuidedView',
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
    'TokenizeOptions',
    'TranslatedView',
    'UnreadableImage',
    'ViewParams',
    'draw_guided',
    'guided_affine',
    'guided_view',
    'jitter_region',
    'translate_reflect',
    'view_rng',
]
