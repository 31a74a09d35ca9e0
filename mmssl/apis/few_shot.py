# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Classify pictures from a few examples of each class, without training."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmssl.apis.features import FeatureExtractor, Unit
from mmssl.apis.inferencer import (
    Inferencer,
    InferenceResult,
    figure_picture,
)
from mmssl.utils.episodes import (
    check_prototype_settings,
    prototype_logits,
    prototypes,
)
from mmssl.utils.errors import UsageError
from mmssl.visualization import answer_figure


class FewShotClassifier(FeatureExtractor):
    """The class of the nearest prototype, the mean feature of its examples.

    First :meth:`fit` takes the examples, then a call classifies pictures or
    videos, given as to :class:`FeatureExtractor`.  ``predictions`` has for
    each input a dict: ``name``, ``label`` (name of the class), ``score``
    (its probability) and ``scores`` (of all classes by name).  Drawn are
    the examples of each class and the answers.

    Args:
        model (str, PathLike or nn.Module): See :class:`Inferencer`.
        weights (str, PathLike or bool, optional): See there.
        device (str, optional): See there.
        show_progress (bool): See there.
        view (dict, optional): See :class:`FeatureExtractor`.
        frames (int): See :class:`FeatureExtractor`.
        distance (str): 'sqeuclidean' or 'cosine'.
        temperature (float): Divisor of distances or cosines in the scores;
            the labels do not depend on it.
        stage (str): 'pool' or 'neck'.

    Raises:
        ValueError: Unknown distance, or a temperature that is not above 0.

    Example:
        >>> classifier = mmssl.FewShotClassifier(
        ...     'amdim_tiny', 'epoch_4.pth', view=dict(resize=32, size=32))
        >>> classifier.fit(dict(cat=['c1.jpg', 'c2.jpg'], dog=['d1.jpg']))
        >>> classifier('new.jpg')['predictions'][0]['label']
    """

    forward_kwargs = set()
    postprocess_kwargs = set()

    def __init__(
        self,
        model: str | os.PathLike | nn.Module,
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
        view: dict | None = None,
        frames: int = 8,
        distance: str = 'sqeuclidean',
        temperature: float = 1.0,
        stage: str = 'pool',
    ) -> None:
        check_prototype_settings(temperature, distance)
        if stage not in ('pool', 'neck'):
            raise UsageError(
                f"stage must be 'pool' or 'neck' to classify, got {stage!r}"
            )
        super().__init__(model, weights, device, show_progress, view, frames)
        self.distance, self.temperature = distance, temperature
        self.stage = stage
        self.classes: list[str] = []
        self.examples: dict[str, list] = {}
        self.centres: Tensor | None = None

    def fit(
        self, support: Mapping[str, Any] | str | os.PathLike
    ) -> 'FewShotClassifier':
        """Take the examples of each class, in place of earlier ones.

        Args:
            support (Mapping or path): Name of a class to inputs, as many as
                there are; or a folder whose sub-folders are the classes.

        Returns:
            FewShotClassifier: Itself.

        Raises:
            UsageError: Fewer than two classes, or one without examples.
        """
        if not isinstance(support, Mapping):
            folder = Path(support).expanduser()
            if not folder.is_dir():
                raise UsageError(f'FewShotClassifier: no folder {folder}')
            found = sorted(p for p in folder.iterdir() if p.is_dir())
            support = {path.name: path for path in found}
        if len(support) < 2:
            raise UsageError(
                'FewShotClassifier: at least two classes are needed, got '
                f'{len(support)} ({", ".join(support) or "none"}); give '
                "fit(dict(cat=['a.jpg'], dog=['b.jpg'])), or a folder with "
                'one sub-folder a class'
            )
        centres = []
        for name, inputs in support.items():
            examples = self._inputs_to_list(inputs)
            if not examples:
                raise UsageError(
                    f'FewShotClassifier: class {name} has no example'
                )
            self.examples[name] = examples
            features = self._features(examples)
            centres.append(prototypes(features, way=1)[0])
        self.classes = list(support)
        self.examples = {name: self.examples[name] for name in support}
        self.centres = torch.stack(centres)
        return self

    def _features(self, inputs: list) -> Tensor:
        """(n, c) of any number of inputs."""
        extractor = FeatureExtractor(
            self.model, show_progress=False, view=self.view,
            frames=self.frames,
        )  # fmt: skip
        return extractor(inputs, self.batch_size, stage=self.stage)[
            'predictions'
        ]

    def forward(self, inputs: list[Unit]) -> list[dict]:
        """Label and scores of each unit.

        Raises:
            UsageError: There are no examples yet.
        """
        if self.centres is None:
            raise UsageError(
                'FewShotClassifier: there are no examples; call fit() first'
            )
        found = super().forward(inputs, self.stage)
        logits = prototype_logits(
            torch.stack([feature for _, feature in found]),
            self.centres,
            self.temperature,
            self.distance,
        )
        predictions = []
        for (name, _), row in zip(found, logits, strict=True):
            shares = row.softmax(-1).tolist()
            scores = dict(zip(self.classes, shares, strict=True))
            label = self.classes[int(row.argmax())]
            predictions.append(
                dict(
                    name=name, label=label, score=scores[label], scores=scores
                )
            )
        return predictions

    def visualize(self, inputs: list, preds: list[dict]) -> list:
        """Examples of each class, and what was taken for it."""
        figure = answer_figure(
            {
                name: self._pictures(examples)
                for name, examples in self.examples.items()
            },
            self._pictures(inputs),
            [(pred['label'], pred['score']) for pred in preds],
        )
        return [figure_picture(figure)]

    def postprocess(
        self, preds: list[dict], visualization: list
    ) -> InferenceResult:
        """The predictions as they are."""
        return Inferencer.postprocess(self, preds, visualization)
