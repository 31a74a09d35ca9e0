# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim import AMDIM
from .base import BaseSelfSupervisor
from .byol import BYOL
from .cmd import CMD, CMDPreprocessor, MotionPredictor
from .curl import CURL
from .dense_vos import DenseVOS
from .densecl import DenseCL
from .dsm import DSM, DSMTriplet
from .feature_extractor import FeatureExtractor
from .image_classifier import ImageClassifier
from .moco import MoCo
from .orl import ORL
from .protonet import ProtoNet
from .scrl import SCRL
from .simclr import SimCLR
from .simsiam import SimSiam
from .still_to_video import (
    CycleGANTranslator,
    PatchDiscriminator,
    ResNetGenerator,
)
from .swav import SwAV
from .video_qa import VideoQASSL
from .wmse import WMSE

__all__ = [
    'AMDIM',
    'BYOL',
    'CMD',
    'CURL',
    'DSM',
    'ORL',
    'SCRL',
    'WMSE',
    'BaseSelfSupervisor',
    'CMDPreprocessor',
    'CycleGANTranslator',
    'DSMTriplet',
    'DenseCL',
    'DenseVOS',
    'FeatureExtractor',
    'ImageClassifier',
    'MoCo',
    'MotionPredictor',
    'PatchDiscriminator',
    'ProtoNet',
    'ResNetGenerator',
    'SimCLR',
    'SimSiam',
    'SwAV',
    'VideoQASSL',
]
