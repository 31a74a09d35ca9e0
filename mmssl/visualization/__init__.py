# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures and reports, drawn without a display."""

from .charts import bar_figure, confusion_figure
from .curves import curve_figure, find_scalars, read_scalars, run_panels
from .feature_map import scatter_figure, thumbnail_figure, tsne
from .neighbours import neighbour_figure
from .report import Report
from .style import save_figure

__all__ = [
    'Report',
    'bar_figure',
    'confusion_figure',
    'curve_figure',
    'find_scalars',
    'neighbour_figure',
    'read_scalars',
    'run_panels',
    'save_figure',
    'scatter_figure',
    'thumbnail_figure',
    'tsne',
]
