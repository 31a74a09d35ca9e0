# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Supervised classification on a pre-trained backbone.

picture -> backbone (frozen, or fine-tuned) -> linear head(s) -> cross-entropy
"""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor

from mmssl.models.losses import full_precision
from mmssl.registry import MODELS

cross_entropy = full_precision(F.cross_entropy)


@MODELS.register_module()
class ImageClassifier(BaseModel):
    """Linear evaluation, multi-stage linear evaluation and fine-tuning.

    ``inputs``: list of one view (n, 3, h, w) or clip (n, 3, t, h, w).

    Args:
        backbone (dict): Config of the backbone; pre-trained weights by its
            ``init_cfg=dict(type='Pretrained', checkpoint=...,
            prefix='backbone.')``, see :class:`mmssl.models.Pretrained`.
        head (dict): ``LinearHead`` or ``MultiStageLinearHead``.
        frozen (bool): Leave the backbone exactly as it is, weights and
            batch statistics, and run it in eval mode.
        data_preprocessor (dict, optional): Defaults to
            ``ViewsDataPreprocessor`` with ImageNet's mean and std.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        frozen: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            MODELS.build(
                data_preprocessor or dict(type='ViewsDataPreprocessor')
            ),
            init_cfg,
        )
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        self.frozen = frozen
        if frozen:
            self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> 'ImageClassifier':
        """Set the mode; a frozen backbone stays in eval mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(
        self,
        inputs: list[Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
    ):
        """Logits by head, losses, or data samples with scores.

        Args:
            inputs (list[Tensor]): One view, normalised.
            data_samples (list, optional): n samples; losses need labels.
            mode (str): 'tensor': dict of logits (n, num_classes); 'loss':
                dict of losses and accuracies (percent); 'predict': samples
                with ``scores``, a dict of probabilities by head.

        Raises:
            ValueError: If mode is unknown, or a label is missing or beyond
                the number of classes.
        """
        with torch.set_grad_enabled(
            torch.is_grad_enabled() and not self.frozen
        ):
            features = self.backbone(inputs[0])
        logits = self.head(features)
        if mode == 'tensor':
            return logits
        if mode == 'loss':
            return self._losses(logits, data_samples)
        if mode == 'predict':
            return self._predictions(logits, data_samples)
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}"
        )

    @staticmethod
    def _losses(logits: dict, data_samples: list) -> dict[str, Tensor]:
        num_classes = next(iter(logits.values())).shape[1]
        labels = []
        for sample in data_samples:
            label = sample.get('label')
            if label is None or not 0 <= label < num_classes:
                raise ValueError(
                    f'{sample.get("path", "a sample")} has the label {label} '
                    f'but classification needs labels in [0, {num_classes})'
                    '; set with_label=True in the dataset, or num_classes '
                    'in the head'
                )
            labels.append(label)
        device = next(iter(logits.values())).device
        labels = torch.tensor(labels, device=device)
        losses = {}
        for name, value in logits.items():
            losses[f'loss_{name}'] = cross_entropy(value, labels)
            correct = value.argmax(1) == labels
            losses[f'accuracy_{name}'] = 100 * correct.float().mean()
        return losses

    @staticmethod
    def _predictions(logits: dict, data_samples: list) -> list:
        scores = {k: v.float().softmax(1) for k, v in logits.items()}
        for i, sample in enumerate(data_samples):
            sample.scores = {k: v[i] for k, v in scores.items()}
        return data_samples
