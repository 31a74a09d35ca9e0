# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .small_conv import SmallConvNet
from .small_stem_resnet import SmallStemResNet

__all__ = ['SmallConvNet', 'SmallStemResNet']
