# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim import AMDIM
from .base import BaseSelfSupervisor
from .byol import BYOL
from .curl import CURL
from .densecl import DenseCL
from .feature_extractor import FeatureExtractor
from .image_classifier import ImageClassifier
from .moco import MoCo
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
from .wmse import WMSE

__all__ = [
    'AMDIM',
    'BYOL',
    'CURL',
    'SCRL',
    'WMSE',
    'BaseSelfSupervisor',
    'CycleGANTranslator',
    'DenseCL',
    'FeatureExtractor',
    'ImageClassifier',
    'MoCo',
    'PatchDiscriminator',
    'ProtoNet',
    'ResNetGenerator',
    'SimCLR',
    'SimSiam',
    'SwAV',
]
