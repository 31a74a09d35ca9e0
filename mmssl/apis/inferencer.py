# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What the inferencers share: call one with inputs, get a result.

inputs -> pipeline -> preprocess (batches) -> forward -> visualize -> result
"""

import base64
import html
import io
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from PIL import Image
from rich.progress import track
from torch import nn

import mmssl
from mmssl.apis.model_zoo import get_model
from mmssl.evaluation.extraction import undisturbed
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.visualization.style import figure_png

SHOWN_PICTURES, SHOWN_ROWS = 8, 20


class InferenceResult(dict):
    """``predictions`` and ``visualization``; a notebook shows both.

    ``predictions`` is what each inferencer says of itself;
    ``visualization`` a list of PIL pictures or arrays (h, w, 3) or
    (t, h, w, 3) uint8 RGB, empty unless ``return_vis``.
    """

    def _repr_html_(self) -> str:
        """Table of the predictions, then the pictures."""
        pictures = [
            f'<img src="data:image/png;base64,{_png(picture)}" '
            'style="max-width: 100%">'
            for shown in self['visualization']
            for picture in _stills(shown)
        ]
        return _summary(self['predictions']) + ''.join(
            pictures[:SHOWN_PICTURES]
        )


class Inferencer(BaseInferencer):
    """Base of the inferencers; MMEngine's steps, mmssl's way to load.

    A subclass says how one input is read (:meth:`_init_pipeline`), and what
    is done with a batch of them (:meth:`forward`).  The model is left as it
    was, batch statistics and random state included.

    Args:
        model (str, PathLike or nn.Module): Name of a shipped config, path
            of any, or a model that :func:`mmssl.get_model` returned.
        weights (str, PathLike or bool, optional): Checkpoint, or True for
            the published one; without it a network is untrained, which is
            said in a warning.
        device (str, optional): Defaults to the accelerator, if there is
            one; a model that was given stays where it is.
        show_progress (bool): A bar over the batches.

    Raises:
        UsageError: See :func:`mmssl.get_model`; weights for a model that
            was given.
    """

    batch_size = 32

    def __init__(
        self,
        model: str | os.PathLike | nn.Module,
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
    ) -> None:
        # Not MMEngine's own: it accepts weights that do not fit.
        self.cfg = Config()
        if not isinstance(model, nn.Module):
            self.cfg = load_config(
                os.fspath(model), config_dir=mmssl.get_config_dir()
            )
            if not weights:
                print_log(
                    f'{type(self).__name__}: no weights are given, the '
                    f'network of {model} is untrained',
                    logger='current',
                    level=30,
                )
            model = get_model(os.fspath(model), weights or False)
            device = device or get_device()
        elif weights:
            raise UsageError(
                f'{type(self).__name__}: weights go with the name of a '
                'config; load them into a model by get_model(name, '
                'pretrained=PATH)'
            )
        self.model = model if device is None else model.to(device)
        self.show_progress = show_progress
        self.pipeline = self._init_pipeline(self.cfg)

    def __call__(
        self,
        inputs: Any,
        batch_size: int | None = None,
        return_vis: bool = False,
        **kwargs,
    ) -> InferenceResult:
        """Predict.

        Args:
            inputs: One input, or a list of them; see the class.
            batch_size (int, optional): Inputs at a time.
            return_vis (bool): Also draw.
            **kwargs: Settings of ``preprocess``, ``forward``,
                ``visualize`` and ``postprocess``; see the class.

        Returns:
            InferenceResult: ``predictions`` and ``visualization``.

        Raises:
            UsageError: There are no inputs, or one cannot be used; an
                unknown setting.
        """
        self._check_settings(kwargs)
        preprocess, forward, visualize, postprocess = self._dispatch_kwargs(
            **kwargs
        )
        inputs = self._inputs_to_list(inputs)
        name = type(self).__name__
        if not inputs:
            raise UsageError(f'{name}: there are no inputs')
        size = self.batch_size if batch_size is None else batch_size
        if size < 1:
            raise UsageError(f'{name}: batch_size must be >= 1, got {size}')
        predictions: list = []
        with undisturbed(self.model):
            batches = self.preprocess(inputs, size, **preprocess)
            for batch in self._tracked(batches, -(-len(inputs) // size)):
                predictions += self.forward(batch, **forward)
            pictures = []
            if return_vis:
                pictures = self.visualize(inputs, predictions, **visualize)
        return self.postprocess(predictions, pictures, **postprocess)

    def _check_settings(self, given: dict) -> None:
        known = (
            self.preprocess_kwargs
            | self.forward_kwargs
            | self.visualize_kwargs
            | self.postprocess_kwargs
        )
        unknown = sorted(set(given) - known)
        if unknown:
            raise UsageError(
                f'{type(self).__name__} has no setting {unknown[0]!r}; it '
                f'takes batch_size, return_vis'
                f'{"".join(f", {name}" for name in sorted(known))}'
            )

    def _tracked(self, batches: Iterable, total: int) -> Iterable:
        if not self.show_progress:
            return batches
        return track(batches, type(self).__name__, total)

    def preprocess(
        self, inputs: list, batch_size: int = 1
    ) -> Iterator[list[Any]]:
        """Read the inputs, ``batch_size`` at a time."""
        for start in range(0, len(inputs), batch_size):
            yield [
                self.pipeline(one)
                for one in inputs[start : start + batch_size]
            ]

    def visualize(self, inputs: list, preds: list) -> list:
        """Pictures of the predictions."""
        raise NotImplementedError

    def postprocess(self, preds: list, visualization: list):
        """Pack the result."""
        return InferenceResult(predictions=preds, visualization=visualization)


def figure_picture(figure) -> Image.Image:
    """A drawn figure as a PIL picture, at the resolution of files."""
    return Image.open(io.BytesIO(figure_png(figure)))


def _stills(shown: Any) -> list[Image.Image]:
    """A picture, or four frames of a video."""
    if isinstance(shown, Image.Image):
        return [shown]
    if shown.ndim == 3:
        return [Image.fromarray(shown)]
    rows = np.linspace(0, len(shown) - 1, min(4, len(shown))).round()
    return [Image.fromarray(shown[int(row)]) for row in rows]


def _png(picture: Image.Image) -> str:
    code = io.BytesIO()
    picture.save(code, format='PNG')
    return base64.b64encode(code.getvalue()).decode()


def _summary(predictions: Any) -> str:
    """A table, one row for each prediction."""
    if not isinstance(predictions, list):
        return f'<p>{html.escape(_short(predictions))}</p>'
    rows = [
        p if isinstance(p, dict) else dict(prediction=p)
        for p in predictions[:SHOWN_ROWS]
    ]
    names = list(rows[0])
    head = ''.join(f'<th>{html.escape(name)}</th>' for name in names)
    body = ''.join(
        '<tr>'
        + ''.join(f'<td>{html.escape(_short(r[n]))}</td>' for n in names)
        + '</tr>'
        for r in rows
    )
    return (
        f'<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _short(value: Any) -> str:
    """Shape of an array; at most 80 letters of anything else."""
    if isinstance(value, np.ndarray | torch.Tensor):
        kind = str(value.dtype).removeprefix('torch.')
        return f'{tuple(value.shape)} {kind}'
    text = f'{value:.4g}' if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else text[:79] + '…'
