# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Linear evaluation of video backbones by mmaction2's recogniser.

clips -> frozen backbone -> pooled features -> linear layer -> cross-entropy

Not imported by ``mmssl.models``, because it needs mmaction2; a config names
it in ``custom_imports``.
"""

import torch
from mmaction.models.recognizers import Recognizer3D

from mmssl.registry import MODELS

LINEAR_BN = ('train', 'eval')


@MODELS.register_module()
class FrozenRecognizer3D(Recognizer3D):
    """``Recognizer3D`` of which only the head is trained.

    Args:
        *args: See ``mmaction.Recognizer3D``.
        linear_bn (str): 'train', as published: while the head trains, the
            backbone's batch norms use the statistics of the batch and go on
            collecting running ones, which testing then uses; 'eval' leaves
            the backbone exactly as it came.
        **kwargs: See ``mmaction.Recognizer3D``.

    Raises:
        ValueError: Another ``linear_bn``.
    """

    def __init__(self, *args, linear_bn: str = 'train', **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if linear_bn not in LINEAR_BN:
            raise ValueError(
                f'linear_bn must be one of {LINEAR_BN}, got {linear_bn!r}'
            )
        self.linear_bn = linear_bn
        self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> 'FrozenRecognizer3D':
        """Set the mode; with ``linear_bn='eval'`` not that of the backbone."""
        super().train(mode)
        if self.linear_bn == 'eval':
            self.backbone.eval()
        return self

    def extract_feat(self, *args, **kwargs) -> tuple:
        """As the parent, without gradient."""
        with torch.no_grad():
            return super().extract_feat(*args, **kwargs)
