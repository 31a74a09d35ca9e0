# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Datasets, transforms, samplers and collate functions."""

from .action_videos import ActionVideoDataset, CharadesVideoDataset
from .characters import MNIST, EmbeddedDigits, Omniglot
from .collate import collate_views
from .compressed_videos import CompressedVideoDataset, TexturedPans
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
from .jhmdb_poses import JHMDBPoseDataset
from .moving_shapes import (
    MovingShapeClips,
    MovingShapeSequences,
    moving_shapes,
)
from .orl_pairs import EmbeddedScenes, ORLPairDataset
from .samplers import (
    ContinualClassStream,
    EpisodicSampler,
    EpochSampler,
    LengthBucketBatchSampler,
    SampleIndex,
    StreamSchedule,
)
from .scene_motion import SceneMotionVideos
from .small_images import CIFAR, STL10
from .sources import write_image_npz
from .textured_videos import TexturedVideos, textured_video
from .toy_shapes import ToyShapes
from .transforms import UnreadableVideo
from .unpaired_images import UnpairedImageDataset
from .video_dataset import (
    ActionClips,
    VideoDataset,
    VideoFolder,
    VideoList,
    overlap_share,
    read_video_list,
)
from .video_files import VideoFile
from .video_index import StaleIndex, VideoIndex
from .video_qa import (
    DramaQADataset,
    QuestionSelectionDataset,
    ToyVideoQA,
    TVQADataset,
    TVQAPlusDataset,
    VideoQADataset,
    collate_video_qa,
)
from .vos_clips import ClipDataset, VideoClipDataset, clip_frame_ids
from .vos_sequences import FrameFiles, FrameFolder, VOSSequenceDataset

__all__ = [
    'CIFAR',
    'MNIST',
    'STL10',
    'ActionClips',
    'ActionVideoDataset',
    'CharadesVideoDataset',
    'ClipDataset',
    'CompressedVideoDataset',
    'ContinualClassStream',
    'DataError',
    'DramaQADataset',
    'EmbeddedDigits',
    'EmbeddedPhotos',
    'EmbeddedScenes',
    'EpisodicSampler',
    'EpochSampler',
    'FewShotCSV',
    'FrameFiles',
    'FrameFolder',
    'ImageCoco',
    'ImageDataset',
    'ImageFolder',
    'ImageList',
    'ImageNet',
    'ImageNpz',
    'ImageZip',
    'JHMDBPoseDataset',
    'LengthBucketBatchSampler',
    'MovingShapeClips',
    'MovingShapeSequences',
    'ORLPairDataset',
    'Omniglot',
    'OmniglotCharacters',
    'QuestionSelectionDataset',
    'SampleIndex',
    'SceneMotionVideos',
    'StaleIndex',
    'StreamSchedule',
    'TVQADataset',
    'TVQAPlusDataset',
    'TexturedPans',
    'TexturedVideos',
    'ToyShapes',
    'ToyVideoQA',
    'UnpairedImageDataset',
    'UnreadableVideo',
    'VOSSequenceDataset',
    'VideoClipDataset',
    'VideoDataset',
    'VideoFile',
    'VideoFolder',
    'VideoIndex',
    'VideoList',
    'VideoQADataset',
    'clip_frame_ids',
    'collate_video_qa',
    'collate_views',
    'moving_shapes',
    'overlap_share',
    'read_video_list',
    'textured_video',
    'write_image_npz',
]
