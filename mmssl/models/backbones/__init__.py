# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amdim_encoder import AMDIMEncoder
from .c3d_bn import C3DBN
from .inception_3d import S3DG, I3DInception
from .r2plus1d26 import R2Plus1D26
from .res_layer_extra_norm import ResLayerExtraNorm
from .residual_3d import R2Plus1D10, ResNet3dKinetics
from .small_conv import SmallConvNet
from .small_stem_resnet import SmallStemResNet
from .vgg import RFBVGG, VGG16C5

__all__ = [
    'C3DBN',
    'RFBVGG',
    'S3DG',
    'VGG16C5',
    'AMDIMEncoder',
    'I3DInception',
    'R2Plus1D10',
    'R2Plus1D26',
    'ResLayerExtraNorm',
    'ResNet3dKinetics',
    'SmallConvNet',
    'SmallStemResNet',
]
