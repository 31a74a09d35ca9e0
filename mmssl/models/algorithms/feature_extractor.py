# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A backbone alone, for evaluations that train nothing."""

from mmssl.models.algorithms.base import BaseSelfSupervisor
from mmssl.registry import MODELS


@MODELS.register_module()
class FeatureExtractor(BaseSelfSupervisor):
    """Takes the ``backbone.`` of any method's checkpoint, and has no loss.

    Args:
        backbone (dict): Config of the backbone; strides may differ from
            those of pre-training, which no weight depends on.
        data_preprocessor (dict, optional): See
            :class:`BaseSelfSupervisor`.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        backbone: dict,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
