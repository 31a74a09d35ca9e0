# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two groups of parameters: biases, those of norms too, and the rest."""

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from mmssl.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class BiasGroupsConstructor(DefaultOptimWrapperConstructor):
    """All biases with a learning rate and a weight decay of their own.

    MMEngine's ``bias_lr_mult`` passes over the biases of norms; as Dense-VOS
    publishes it, every parameter whose name ends in ``.bias`` learns twice as
    fast and is not decayed, and weights of norms are decayed.

    Args:
        optim_wrapper_cfg (dict): With ``optimizer``, which must state ``lr``
            and ``weight_decay``.
        paramwise_cfg (dict, optional): ``bias_lr_mult`` (default 2) and
            ``bias_decay_mult`` (default 0).

    Raises:
        ValueError: Another key in ``paramwise_cfg``, or an optimizer without
            ``lr`` or ``weight_decay``.
    """

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None
    ) -> None:
        defaults = dict(bias_lr_mult=2.0, bias_decay_mult=0.0)
        settings = defaults | dict(paramwise_cfg or {})
        unknown = sorted(set(settings) - set(defaults))
        if unknown:
            raise ValueError(
                f'BiasGroupsConstructor knows {sorted(defaults)} in '
                f'paramwise_cfg, got {unknown}'
            )
        optimizer = optim_wrapper_cfg['optimizer']
        if 'lr' not in optimizer or 'weight_decay' not in optimizer:
            raise ValueError(
                'BiasGroupsConstructor multiplies lr and weight_decay of the '
                f'optimizer, which must state both; got {dict(optimizer)}'
            )
        super().__init__(optim_wrapper_cfg, settings)

    def add_params(self, params: list[dict], module: nn.Module) -> None:
        """Fill the list with both groups, weights first."""
        named = list(module.named_parameters())
        params += [
            dict(params=[p for n, p in named if not n.endswith('.bias')]),
            dict(
                params=[p for n, p in named if n.endswith('.bias')],
                lr=self.base_lr * self.paramwise_cfg['bias_lr_mult'],
                weight_decay=self.base_wd
                * self.paramwise_cfg['bias_decay_mult'],
            ),
        ]
