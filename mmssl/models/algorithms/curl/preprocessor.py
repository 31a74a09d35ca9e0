# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From pictures to binary pixels."""

import torch
from mmengine.model import BaseDataPreprocessor

from mmssl.registry import MODELS


@MODELS.register_module()
class BinaryPreprocessor(BaseDataPreprocessor):
    """Moves pictures to the device and makes them black and white.

    Colours are averaged first, so that a pixel is one number.

    Args:
        threshold (float): A pixel above it, on the scale 0..1, becomes 1.
        invert (bool): Ink is dark, as in Omniglot's pictures.

    Raises:
        ValueError: If the threshold is not in [0, 1).
    """

    def __init__(self, threshold: float = 0.5, invert: bool = False) -> None:
        super().__init__(non_blocking=True)
        if not 0 <= threshold < 1:
            raise ValueError(f'threshold must be in [0, 1), got {threshold}')
        self.threshold = threshold
        self.invert = invert

    def forward(self, data: dict, training: bool = False) -> dict:
        """Binary pictures of a batch.

        Args:
            data (dict): ``inputs``: list of views, each (B, c, h, w),
                values 0..255; ``data_samples``: list of B samples;
                ``components``: (B,) int64, optional; ``replayed``: True
                where views are binary already.
            training (bool): Not used; the same in both modes.

        Returns:
            dict: Without ``replayed``; views (B, 1, h, w) float32 in {0, 1}.

        Raises:
            ValueError: Pixels outside 0..255.
        """
        data = self.cast_data(data)
        views = data['inputs']
        if not data.get('replayed'):
            views = [self.binary(view) for view in views]
        batch = dict(inputs=views, data_samples=data.get('data_samples'))
        if data.get('components') is not None:
            batch['components'] = data['components']
        return batch

    def binary(self, view: torch.Tensor) -> torch.Tensor:
        """(B, c, h, w) in 0..255 to (B, 1, h, w) in {0, 1}."""
        if (
            view.is_floating_point()
            and not ((view >= 0) & (view <= 255)).all()
        ):
            raise ValueError(
                'pixels must be in 0..255, got '
                f'{view.min().item():g} to {view.max().item():g}; give '
                'pictures that are not normalised'
            )
        # torch.uint8 would overflow in the mean.
        grey = view.float().mean(1, keepdim=True) / 255
        if self.invert:
            grey = 1 - grey
        return (grey > self.threshold).float()
