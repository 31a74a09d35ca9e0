# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""``init_cfg=dict(type='Pretrained', ...)`` that says what it loaded."""

import os
from collections.abc import Sequence

from mmengine.model import update_init_info
from torch import nn

from mmssl.registry import WEIGHT_INITIALIZERS
from mmssl.utils.checkpoint import (
    extract_prefix,
    load_weights,
    read_checkpoint,
    state_dict_of,
)
from mmssl.utils.errors import UsageError


@WEIGHT_INITIALIZERS.register_module()
class Pretrained:
    """Loads pre-trained weights into a module of any toolbox, loudly.

    Takes the place of MMEngine's initialiser of this name in every run with
    ``default_scope='mmssl'``.  Knowing departures: how many weights matched
    is logged, a match below 90 % is an error, a file without the prefix is
    taken as the module's own weights, and nothing is unpickled untrusted.

    Args:
        checkpoint (str, optional): File or URL; None is refused.
        prefix (str, optional): Beginning of the wanted names, as
            ``'backbone.'``.
        map_location (str): Where the file is loaded.
        strict_load (bool): Refuse a match below 90 %.
        exclude (Sequence[str]): Beginnings of names, behind the prefix, that
            are not loaded and so stay as they were initialised.
    """

    def __init__(
        self,
        checkpoint: str | None,
        prefix: str | None = None,
        map_location: str = 'cpu',
        strict_load: bool = True,
        exclude: Sequence[str] = (),
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location
        self.strict_load = strict_load
        self.exclude = tuple(exclude)

    def __call__(self, module: nn.Module) -> None:
        """Load.

        Args:
            module (nn.Module): Gets the weights.

        Raises:
            UsageError: No checkpoint is given, it cannot be read, or it
                does not fit.
        """
        if self.checkpoint is None:
            raise UsageError(
                'the config starts from pre-trained weights; name them by '
                '--cfg-options model.backbone.init_cfg.checkpoint=FILE, or '
                'say model.backbone.init_cfg=None to begin with an untrained '
                'backbone'
            )
        # The runner says by torch's own variable whether the file is trusted.
        trust = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' in os.environ
        weights = state_dict_of(
            read_checkpoint(self.checkpoint, self.map_location, trust)
        )
        if self.prefix and any(n.startswith(self.prefix) for n in weights):
            weights = extract_prefix(weights, self.prefix)
        weights = {
            name: value
            for name, value in weights.items()
            if not name.startswith(self.exclude)
        }
        load_weights(module, weights, self.strict_load, fresh=self.exclude)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, f'Pretrained: {self.checkpoint}')
