# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Datasets, transforms, samplers and collate functions."""

from .characters import MNIST, EmbeddedDigits, Omniglot
from .collate import collate_views
from .embedded_photos import EmbeddedPhotos
from .few_shot import FewShotCSV, OmniglotCharacters
from .image_dataset import DataError, ImageDataset
from .image_folders import (
    ImageCoco,
    ImageFolder,
    ImageList,
    ImageNet,
    ImageNpz,
    ImageZip,
)
from .samplers import (
    ContinualClassStream,
    EpisodicSampler,
    EpochSampler,
    SampleIndex,
    StreamSchedule,
)
from .small_images import CIFAR, STL10
from .sources import write_image_npz
from .toy_shapes import ToyShapes
from .unpaired_images import UnpairedImageDataset
from .vos_sequences import FrameFiles, VOSSequenceDataset

__all__ = [
    'CIFAR',
    'MNIST',
    'STL10',
    'ContinualClassStream',
    'DataError',
    'EmbeddedDigits',
    'EmbeddedPhotos',
    'EpisodicSampler',
    'EpochSampler',
    'FewShotCSV',
    'FrameFiles',
    'ImageCoco',
    'ImageDataset',
    'ImageFolder',
    'ImageList',
    'ImageNet',
    'ImageNpz',
    'ImageZip',
    'Omniglot',
    'OmniglotCharacters',
    'SampleIndex',
    'StreamSchedule',
    'ToyShapes',
    'UnpairedImageDataset',
    'VOSSequenceDataset',
    'collate_views',
    'write_image_npz',
]
