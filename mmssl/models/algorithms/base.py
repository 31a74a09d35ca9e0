# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What every self-supervised method is: views in, named losses out."""

from collections.abc import Sequence
from itertools import groupby

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmssl.models.layers import corner_pool, global_pool
from mmssl.registry import MODELS

STAGES = ('backbone', 'pool', 'corners', 'neck')


class BaseSelfSupervisor(BaseModel):
    """Base of the methods: a backbone, a projector and a loss on views.

    A method implements :meth:`loss`, which changes no state but batch
    statistics.  What moves outside the optimizer belongs to the method's
    own modules and buffers and moves in :meth:`update_target` and
    :meth:`update_queue`, which ``MomentumUpdateHook`` calls once per real
    optimizer step.

    Args:
        backbone (dict): Config of the backbone; any registry scope.
        neck (dict, optional): Config of the projector.
        head (dict, optional): Config of what follows the embedding, where
            it holds weights or settings.
        data_preprocessor (dict, optional): Defaults to
            ``ViewsDataPreprocessor`` with ImageNet's mean and std.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    min_views = 2

    def __init__(
        self,
        backbone: dict,
        neck: dict | None = None,
        head: dict | None = None,
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
        self.neck = None if neck is None else MODELS.build(neck)
        self.head = None if head is None else MODELS.build(head)

    def forward(
        self,
        inputs: list[Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
    ):
        """Dispatch to features, losses or predictions.

        Args:
            inputs (list[Tensor]): Views, each (n, c, h, w) or
                (n, c, t, h, w), normalised.
            data_samples (list, optional): n data samples.
            mode (str): 'tensor': pooled features of the first view (n, c);
                'loss': dict of losses; 'predict': data samples with
                features.

        Raises:
            ValueError: If mode is unknown, or a loss is asked for with too
                few views or with a single sample.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs, 'pool')
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'loss':
            self.check_views(inputs)
            return self.loss(inputs, data_samples)
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}"
        )

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Named losses of a batch of views; each method's own."""
        raise NotImplementedError(
            f'{type(self).__name__} must implement loss()'
        )

    def check_views(self, inputs: Sequence[Tensor]) -> None:
        """Refuse batches that cannot train.

        Raises:
            ValueError: If there are fewer than ``min_views`` views, or if
                they hold a single sample while batch norms train.
        """
        name = type(self).__name__
        if len(inputs) < self.min_views:
            raise ValueError(
                f'{name} needs at least {self.min_views} views of each '
                f'sample, got {len(inputs)}; add entries to the views of '
                'MultiView in the data pipeline'
            )
        if self.training and len(inputs[0]) < 2:
            raise ValueError(
                f'{name} needs at least 2 samples in a batch on each '
                f'process, got {len(inputs[0])}; raise batch_size, and set '
                'drop_last=True in train_dataloader'
            )

    def extract_feat(self, inputs: list[Tensor], stage: str = 'backbone'):
        """Features of the first view.

        Args:
            inputs (list[Tensor]): Views; the first one is used.
            stage (str): 'backbone': the maps as the backbone returns them;
                'pool': global average of the last map (n, c); 'corners':
                four averages of it (n, 4 c); 'neck': the embedding (n, d).

        Raises:
            ValueError: If stage is unknown or the method has no neck.
        """
        if stage not in STAGES or (stage == 'neck' and self.neck is None):
            raise ValueError(
                f'{type(self).__name__} has the stages {STAGES}'
                f'{" but no neck" if self.neck is None else ""}, '
                f'got {stage!r}'
            )
        maps = self.backbone(inputs[0])
        if stage == 'backbone':
            return maps
        if stage == 'neck':
            return self.neck(maps)
        return (global_pool if stage == 'pool' else corner_pool)(maps)

    def predict(self, inputs: list[Tensor], data_samples: list) -> list:
        """Give every data sample its pooled feature (c,)."""
        features = self.extract_feat(inputs, 'pool')
        for sample, feature in zip(data_samples, features, strict=True):
            sample.feature = feature
        return data_samples

    def pooled_features(
        self, views: Sequence[Tensor], jointly: bool
    ) -> Tensor:
        """Pooled backbone features of all views, view after view.

        Args:
            views (Sequence[Tensor]): v views of n samples each.
            jointly (bool): Send neighbouring views of one size through the
                backbone as one batch, so that batch norms see them
                together; False sends each view alone.

        Returns:
            Tensor: (v n, c).
        """
        if not jointly:
            return torch.cat([global_pool(self.backbone(v)) for v in views])
        runs = [list(run) for _, run in groupby(views, lambda v: v.shape)]
        return torch.cat(
            [global_pool(self.backbone(torch.cat(run))) for run in runs]
        )

    def embeddings(
        self,
        views: Sequence[Tensor],
        jointly: bool = True,
        project_jointly: bool = True,
    ) -> Sequence[Tensor]:
        """Projector outputs of each view.

        Args:
            views (Sequence[Tensor]): v views of n samples each.
            jointly (bool): See :meth:`pooled_features`.
            project_jointly (bool): The projector sees all views as one
                batch; False sends each view alone through both networks.

        Returns:
            Sequence[Tensor]: v times (n, d).
        """
        if not project_jointly:
            return [self.neck(self.backbone(view)) for view in views]
        features = self.pooled_features(views, jointly)
        return self.neck(features).chunk(len(views))

    def online_modules(self) -> dict[str, nn.Module]:
        """The modules that a momentum encoder follows, in data-flow order."""
        return dict(backbone=self.backbone, neck=self.neck)

    def init_weights(self) -> None:
        """Initialise, then the momentum encoder, if there is one."""
        super().init_weights()
        if hasattr(self, 'momentum_encoder'):
            self.init_target()

    def init_target(self) -> None:
        """A momentum encoder starts as a copy of the online modules."""
        self.momentum_encoder.copy_from(self.online_modules())

    def update_target(self, progress: float) -> float | None:
        """Move the momentum encoder, if there is one.

        Args:
            progress (float): Share of the training done, in [0, 1].

        Returns:
            float | None: The momentum used (share of old weights kept).
        """
        if hasattr(self, 'momentum_encoder'):
            return self.momentum_encoder.update(
                self.online_modules(), progress
            )
        return None

    def update_queue(self) -> None:
        """Write the keys of the last step to the queue, if there is one."""
