# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of a few pictures, without a config or a data loader."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmssl.datasets.transforms import LoadImage
from mmssl.evaluation.extraction import predict_features, undisturbed
from mmssl.registry import TRANSFORMS
from mmssl.structures import DataSample
from mmssl.utils.errors import UsageError

Picture = str | os.PathLike | np.ndarray


def extract_features(
    model: nn.Module,
    inputs: Tensor | Picture | Sequence[Picture],
    view: dict | None = None,
    stage: str = 'pool',
    batch_size: int = 64,
) -> Tensor:
    """Features of pictures, in their order.

    Args:
        model (nn.Module): Such as :func:`get_model` returns, on any device;
            left as it was.
        inputs (Tensor, path, ndarray or Sequence): Paths of pictures, and
            arrays (h, w, 3) or (h, w) uint8 RGB; one alone counts as n = 1.
            A tensor (n, 3, h, w), RGB, values 0..255, goes in as it is.
        view (dict, optional): How a path or array is cut, as in a config's
            ``views``, by default of type ``CenterView``:
            ``dict(resize=256, size=224)``.  Without it pictures go in
            whole, and those of a batch must be of one size.
        stage (str): 'pool' (the backbone's pooled feature) or 'neck' (the
            embedding).
        batch_size (int): Pictures at a time.

    Returns:
        Tensor: (n, c) float32, on the CPU.

    Raises:
        UsageError: No pictures, or a file that is not there; pictures of
            several sizes without a view; a model without features.
        UnreadableImage: Names the file that is no picture.

    Example:
        >>> model = mmssl.get_model('simclr_tiny', pretrained='epoch_4.pth')
        >>> features = mmssl.extract_features(model, ['a.jpg', 'b.jpg'])
    """
    batches = _batches(inputs, dict(view or {}), batch_size)
    features = []
    with undisturbed(model):
        for images in batches:
            samples = [DataSample() for _ in images]
            batch = dict(inputs=[images], data_samples=samples)
            samples = predict_features(model, batch, stage)
            features += [sample.feature for sample in samples]
    return torch.stack(features)


def _batches(inputs, view: dict, batch_size: int):
    """(b, 3, h, w) tensors of up to ``batch_size`` pictures."""
    if isinstance(inputs, str | os.PathLike) or (
        isinstance(inputs, np.ndarray) and inputs.ndim < 4
    ):
        inputs = [inputs]
    if len(inputs) == 0:
        raise UsageError('extract_features: there are no pictures')
    if isinstance(inputs, Tensor):
        yield from inputs.split(batch_size)
        return
    cut = TRANSFORMS.build(dict(dict(type='CenterView'), **view))
    for start in range(0, len(inputs), batch_size):
        images = [
            cut(_load(picture))[0]
            for picture in inputs[start : start + batch_size]
        ]
        if len({image.shape for image in images}) > 1:
            sizes = ', '.join(
                sorted({f'{i.shape[0]}x{i.shape[1]}' for i in images})
            )
            raise UsageError(
                f'extract_features: pictures of several sizes ({sizes}) need '
                'a view, for example view=dict(resize=256, size=224)'
            )
        stacked = np.stack(images).transpose(0, 3, 1, 2)
        yield torch.from_numpy(np.ascontiguousarray(stacked))


def _load(picture: Picture) -> np.ndarray:
    """(h, w, 3) uint8 RGB."""
    if isinstance(picture, np.ndarray):
        results = dict(img=picture)
    else:
        try:
            data = Path(picture).expanduser().read_bytes()
        except OSError as error:
            raise UsageError(
                f'extract_features: cannot read {picture}: {error.strerror}'
            ) from error
        results = dict(img_bytes=data, path=str(picture))
    return LoadImage()(results)['img']
