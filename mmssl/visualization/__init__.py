# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures and reports, drawn without a display."""

from .charts import bar_figure, confusion_figure
from .clip_sheet import (
    ClipRow,
    clip_figure,
    retrieval_figure,
    sample_rows,
)
from .correspondence import Correspondence, correspondence_figure
from .curves import curve_figure, find_scalars, read_scalars
from .episode import answer_figure, episode_figure
from .feature_map import (
    map_colours,
    map_figure,
    pca,
    scatter_figure,
    thumbnail_figure,
    tsne,
)
from .mixture import birth_figure, component_figure, usage_figure
from .motion import expectation_figure, motion_colours, motion_figure
from .neighbours import neighbour_figure
from .picture_sheet import picture_sheet
from .question import question_figure
from .report import Report
from .sections import (
    add_map,
    add_neighbours,
    add_retrieval,
    add_training,
)
from .style import figure_png, save_figure
from .visualizer import Visualizer

__all__ = [
    'ClipRow',
    'Correspondence',
    'Report',
    'Visualizer',
    'add_map',
    'add_neighbours',
    'add_retrieval',
    'add_training',
    'answer_figure',
    'bar_figure',
    'birth_figure',
    'clip_figure',
    'component_figure',
    'confusion_figure',
    'correspondence_figure',
    'curve_figure',
    'episode_figure',
    'expectation_figure',
    'figure_png',
    'find_scalars',
    'map_colours',
    'map_figure',
    'motion_colours',
    'motion_figure',
    'neighbour_figure',
    'pca',
    'picture_sheet',
    'question_figure',
    'read_scalars',
    'retrieval_figure',
    'sample_rows',
    'save_figure',
    'scatter_figure',
    'thumbnail_figure',
    'tsne',
    'usage_figure',
]
