# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The multilayer perceptron of projectors and predictors."""

from collections.abc import Sequence

from mmcv.cnn import build_norm_layer
from torch import nn


def build_mlp(
    sizes: Sequence[int],
    norm_cfg: dict | None = dict(type='BN1d'),
    bias: bool = True,
    last_bias: bool = True,
    last_norm: bool = False,
    last_affine: bool = True,
) -> nn.Sequential:
    """Linear, norm, ReLU repeated; the last layer without ReLU.

    Args:
        sizes (Sequence[int]): Widths from the input to the output, at least
            two; ``(2048, 4096, 256)`` has one hidden layer.
        norm_cfg (dict, optional): Norm after each hidden layer, such as
            ``dict(type='SyncBN')``; None for none.
        bias (bool): Bias of the hidden linear layers.
        last_bias (bool): Bias of the last linear layer.
        last_norm (bool): Norm after the last linear layer.
        last_affine (bool): Scale and shift of that last norm.

    Returns:
        nn.Sequential: (n, sizes[0]) -> (n, sizes[-1]).

    Raises:
        ValueError: If sizes has fewer than two entries, or if a last norm
            is asked for without norm_cfg.
    """
    if len(sizes) < 2:
        raise ValueError(
            f'sizes needs the input and the output width, got {tuple(sizes)}'
        )
    if last_norm and norm_cfg is None:
        raise ValueError('last_norm=True needs a norm_cfg, got None')
    layers: list[nn.Module] = []
    for i in range(len(sizes) - 2):
        layers.append(nn.Linear(sizes[i], sizes[i + 1], bias=bias))
        if norm_cfg is not None:
            layers.append(build_norm_layer(norm_cfg, sizes[i + 1])[1])
        layers.append(nn.ReLU(inplace=True))
    layers.append(nn.Linear(sizes[-2], sizes[-1], bias=last_bias))
    if last_norm:
        cfg = norm_cfg if last_affine else dict(norm_cfg, affine=False)
        layers.append(build_norm_layer(cfg, sizes[-1])[1])
    return nn.Sequential(*layers)
