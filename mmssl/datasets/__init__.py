# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Datasets, transforms, samplers and collate functions."""

from .action_videos import ActionVideoDataset, DecodeClips
from .characters import MNIST, EmbeddedDigits, Omniglot
from .collate import collate_views
from .embedded_photos import EmbeddedPhotos
from .few_shot import FewShotCSV, OmniglotCharacters
from .image_dataset import DataError, ImageDataset
from .image_folders import (
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
from .video_dataset import (
    ActionClips,
    VideoDataset,
    VideoFolder,
    VideoList,
    overlap_share,
    read_video_list,
)
from .vos_sequences import FrameFiles, VOSSequenceDataset

__all__ = [
    'CIFAR',
    'MNIST',
    'STL10',
    'ActionClips',
    'ActionVideoDataset',
    'ContinualClassStream',
    'DataError',
    'DecodeClips',
    'EmbeddedDigits',
    'EmbeddedPhotos',
    'EpisodicSampler',
    'EpochSampler',
    'FewShotCSV',
    'FrameFiles',
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
    'VOSSequenceDataset',
    'VideoDataset',
    'VideoFolder',
    'VideoList',
    'collate_views',
    'overlap_share',
    'read_video_list',
    'write_image_npz',
]
