# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim_encoder import AMDIMEncoder
from .res_layer_extra_norm import ResLayerExtraNorm
from .small_conv import SmallConvNet
from .small_stem_resnet import SmallStemResNet

__all__ = [
    'AMDIMEncoder',
    'ResLayerExtraNorm',
    'SmallConvNet',
    'SmallStemResNet',
]
