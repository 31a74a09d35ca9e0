# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From bytes to views: load, cut and colour, pack."""

from .load_clips import LoadClips
from .loading import LoadImage, UnreadableImage, UnreadableSample
from .matched_boxes import MatchedBoxes
from .multi_view import FlipViews, MultiView, PackViews, view_rng
from .translated_view import TranslatedView, translate_reflect
from .video_readers import READERS, UnreadableVideo, VideoReader
from .views import CenterView, RandomView, ViewParams

__all__ = [
    'READERS',
    'CenterView',
    'FlipViews',
    'LoadClips',
    'LoadImage',
    'MatchedBoxes',
    'MultiView',
    'PackViews',
    'RandomView',
    'TranslatedView',
    'UnreadableImage',
    'UnreadableSample',
    'UnreadableVideo',
    'VideoReader',
    'ViewParams',
    'translate_reflect',
    'view_rng',
]
