# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Classifiers that watch a self-supervised run, and never steer it."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.models.losses import clipped_cross_entropy
from mmssl.registry import MODELS


@MODELS.register_module()
class AMDIMOnlineClassifier(BaseModule):
    """A linear classifier and one with a hidden layer, on frozen features.

    Args:
        in_channels (int): D of the features.
        num_classes (int): Classes.
        hidden (int): Width of the hidden layer.
        dropout (float): Share dropped before each layer of the second.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        hidden: int = 1024,
        dropout: float = 0.2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.linear = nn.Linear(in_channels, num_classes)
        self.mlp = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(in_channels, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """(n, D), detached here, to logits ``dict(mlp=..., linear=...)``."""
        features = features.detach()
        return dict(mlp=self.mlp(features), linear=self.linear(features))

    def loss(self, features: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Losses of both classifiers and their accuracies (percent).

        Args:
            features (Tensor): (n, D).
            labels (Tensor): (n,) int64; -1 is ignored.

        Raises:
            ValueError: A label is beyond the number of classes.
        """
        if labels.max() >= self.num_classes:
            raise ValueError(
                f'the online classifier has {self.num_classes} classes, but '
                f'a sample has the label {labels.max()}; set '
                'model.head.num_classes, or model.head=None for no classifier'
            )
        known = labels >= 0
        losses = {}
        for name, logits in self(features).items():
            losses[f'loss_{name}'] = clipped_cross_entropy(logits, labels)
            correct = logits.argmax(1)[known] == labels[known]
            losses[f'accuracy_{name}'] = (
                100 * correct.sum() / known.sum().clamp(min=1)
            )
        return losses
