# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures and reports, drawn without a display."""

from .charts import bar_figure, confusion_figure
from .correspondence import Correspondence, correspondence_figure
from .curves import curve_figure, find_scalars, read_scalars
from .episode import episode_figure
from .feature_map import pca, scatter_figure, thumbnail_figure, tsne
from .mixture import birth_figure, component_figure, usage_figure
from .neighbours import neighbour_figure
from .question import question_figure
from .report import Report
from .sections import add_map, add_neighbours, add_training
from .style import save_figure
from .visualizer import Visualizer

__all__ = [
    'Correspondence',
    'Report',
    'Visualizer',
    'add_map',
    'add_neighbours',
    'add_training',
    'bar_figure',
    'birth_figure',
    'component_figure',
    'confusion_figure',
    'correspondence_figure',
    'curve_figure',
    'episode_figure',
    'find_scalars',
    'neighbour_figure',
    'pca',
    'question_figure',
    'read_scalars',
    'save_figure',
    'scatter_figure',
    'thumbnail_figure',
    'tsne',
    'usage_figure',
]
