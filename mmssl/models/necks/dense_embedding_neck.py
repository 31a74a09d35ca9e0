# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""An embedding of each cell of a map: Dense-VOS's projector."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


@MODELS.register_module()
class DenseEmbeddingNeck(BaseModule):
    """Convolution 1x1, batch norm, ReLU, convolution 1x1; both with biases.

    Args:
        sizes (Sequence[int]): Channels of the map, hidden ones and those of
            the embedding, published (512, 512, 128).
        init_cfg (dict, optional): MMEngine's initialisation; PyTorch's own
            otherwise, as published.

    Raises:
        ValueError: Not three sizes.
    """

    def __init__(
        self,
        sizes: Sequence[int] = (512, 512, 128),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(sizes) != 3:
            raise ValueError(
                'sizes must be three: channels of the map, hidden, of the '
                f'embedding; got {tuple(sizes)}'
            )
        width, hidden, out = sizes
        self.conv1 = nn.Conv2d(width, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(hidden, out, 1)

    def forward(self, maps: Tensor | Sequence[Tensor]) -> Tensor:
        """Of the last map (n, c, h, w) to (n, d, h, w), not normalised."""
        last = maps if isinstance(maps, Tensor) else maps[-1]
        return self.conv2(self.relu(self.bn1(self.conv1(last))))
