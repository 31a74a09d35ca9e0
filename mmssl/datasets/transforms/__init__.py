# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From bytes to views: load, cut and colour, pack."""

from .loading import LoadImage, UnreadableImage
from .matched_boxes import MatchedBoxes
from .multi_view import FlipViews, MultiView, PackViews, view_rng
from .scaled_crop_view import ScaledCropView
from .translated_view import TranslatedView, translate_reflect
from .views import CenterView, RandomView, ViewParams

__all__ = [
    'CenterView',
    'FlipViews',
    'LoadImage',
    'MatchedBoxes',
    'MultiView',
    'PackViews',
    'RandomView',
    'ScaledCropView',
    'TranslatedView',
    'UnreadableImage',
    'ViewParams',
    'translate_reflect',
    'view_rng',
]
