# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Still images to video frames: the translator."""

from .cyclegan import CycleGANTranslator
from .networks import PatchDiscriminator, ResNetGenerator
from .objective import ImagePool, gan_loss

__all__ = [
    'CycleGANTranslator',
    'ImagePool',
    'PatchDiscriminator',
    'ResNetGenerator',
    'gan_loss',
]
