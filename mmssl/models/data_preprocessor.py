# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From a batch of uint8 views to normalised float views on the device."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor

from mmssl.registry import MODELS


@MODELS.register_module()
class ViewsDataPreprocessor(BaseDataPreprocessor):
    r"""Moves the views to the device and normalises them.

    .. math:: x \leftarrow (x - mean) / std

    Args:
        mean (Sequence[float]): Per channel, RGB, on the scale 0..255.
        std (Sequence[float]): Per channel, RGB, on the scale 0..255.
        non_blocking (bool): Copy to the device without waiting.

    Raises:
        ValueError: If mean and std differ in length or std has an entry
            that is not above 0.
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        if len(mean) != len(std) or min(std) <= 0:
            raise ValueError(
                'mean and std need one entry a channel and std entries '
                f'> 0, got mean={tuple(mean)}, std={tuple(std)}'
            )
        for name, value in dict(mean=mean, std=std).items():
            value = torch.tensor(value, dtype=torch.float32)
            self.register_buffer(name, value, persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise every view of a batch.

        Args:
            data (dict): ``inputs``: list of views, each (n, c, h, w) or
                (n, c, t, h, w), any dtype, values 0..255, RGB;
                ``data_samples``: list of n samples.
            training (bool): Not used; the same in both modes.

        Returns:
            dict: The same with float32 views on this module's device.
        """
        data = self.cast_data(data)
        inputs = []
        for view in data['inputs']:
            shape = (1, -1) + (1,) * (view.ndim - 2)
            view = view.to(self.mean.dtype, copy=True)
            view.sub_(self.mean.view(shape)).div_(self.std.view(shape))
            inputs.append(view)
        return dict(inputs=inputs, data_samples=data.get('data_samples'))
