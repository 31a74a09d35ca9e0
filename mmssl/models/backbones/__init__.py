# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim_encoder import AMDIMEncoder
from .small_conv import SmallConvNet
from .small_stem_resnet import SmallStemResNet

__all__ = ['AMDIMEncoder', 'SmallConvNet', 'SmallStemResNet']
