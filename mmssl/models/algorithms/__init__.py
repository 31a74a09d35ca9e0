# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim import AMDIM
from .base import BaseSelfSupervisor
from .byol import BYOL
from .curl import CURL
from .dense_vos import DenseVOS
from .densecl import DenseCL
from .feature_extractor import FeatureExtractor
from .image_classifier import ImageClassifier
from .moco import MoCo
from .orl import ORL
from .protonet import ProtoNet
from .scrl import SCRL
from .simclr import SimCLR
from .simsiam import SimSiam
from .swav import SwAV
from .video_qa import VideoQASSL
from .wmse import WMSE

__all__ = [
    'AMDIM',
    'BYOL',
    'CURL',
    'ORL',
    'SCRL',
    'WMSE',
    'BaseSelfSupervisor',
    'DenseCL',
    'DenseVOS',
    'FeatureExtractor',
    'ImageClassifier',
    'MoCo',
    'ProtoNet',
    'SimCLR',
    'SimSiam',
    'SwAV',
    'VideoQASSL',
]
