# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which samples in which order, and the key of their random numbers."""

from .class_stream import ContinualClassStream, StreamSchedule
from .episodic_sampler import EpisodicSampler
from .epoch_sampler import EpochSampler
from .length_buckets import LengthBucketBatchSampler
from .sample_index import SampleIndex

__all__ = [
    'ContinualClassStream',
    'EpisodicSampler',
    'EpochSampler',
    'LengthBucketBatchSampler',
    'SampleIndex',
    'StreamSchedule',
]
