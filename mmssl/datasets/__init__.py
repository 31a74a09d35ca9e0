# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Datasets, transforms, samplers and collate functions."""

from .collate import collate_views
from .embedded_photos import EmbeddedPhotos
from .few_shot import FewShotCSV, Omniglot
from .image_dataset import DataError, ImageDataset
from .image_folders import (
    ImageFolder,
    ImageList,
    ImageNet,
    ImageNpz,
    ImageZip,
)
from .samplers import EpisodicSampler, EpochSampler, SampleIndex
from .small_images import CIFAR, STL10
from .sources import write_image_npz

__all__ = [
    'CIFAR',
    'STL10',
    'DataError',
    'EmbeddedPhotos',
    'EpisodicSampler',
    'EpochSampler',
    'FewShotCSV',
    'ImageDataset',
    'ImageFolder',
    'ImageList',
    'ImageNet',
    'ImageNpz',
    'ImageZip',
    'Omniglot',
    'SampleIndex',
    'collate_views',
    'write_image_npz',
]
