# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From bytes to views: load, cut and colour, pack."""

from .loading import LoadImage, UnreadableImage
from .matched_boxes import MatchedBoxes
from .multi_view import MultiView, PackViews, view_rng
from .views import CenterView, RandomView, ViewParams

__all__ = [
    'CenterView',
    'LoadImage',
    'MatchedBoxes',
    'MultiView',
    'PackViews',
    'RandomView',
    'UnreadableImage',
    'ViewParams',
    'view_rng',
]
