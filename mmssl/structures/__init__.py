# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Records that travel with a sample: what it is, how its views were cut."""

from .data_sample import DataSample
from .geometry import ViewGeometry, overlap_box

__all__ = ['DataSample', 'ViewGeometry', 'overlap_box']
