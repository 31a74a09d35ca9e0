# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Parameters that rest at the start of the training."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmssl.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Drops the gradient of named parameters up to an epoch or iteration.

    SwAV keeps its prototypes during the first epoch.  The gradient is
    dropped right before the optimizer step: without one, optimizers leave a
    parameter alone, weight decay included, and DistributedDataParallel
    never waits for it.

    Args:
        names (Sequence[str]): Beginnings of parameter names, ``('head.',)``.
        end (int): Epochs, or iterations, during which they rest.
        by_epoch (bool): What end counts.
    """

    def __init__(
        self, names: Sequence[str], end: int, by_epoch: bool = True
    ) -> None:
        self.names = tuple(names)
        self.end = end
        self.by_epoch = by_epoch

    def before_train(self, runner: Runner) -> None:
        """Find the parameters and listen to the optimizer.

        Raises:
            ValueError: If no parameter begins with one of the names.
        """
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        parameters = [
            parameter
            for name, parameter in model.named_parameters()
            if name.startswith(self.names)
        ]
        if not parameters:
            raise ValueError(
                'FreezeHook found no parameter whose name begins with one '
                f'of {self.names}'
            )

        def drop_gradients(*args) -> None:
            done = runner.epoch if self.by_epoch else runner.iter
            if done < self.end:
                for parameter in parameters:
                    parameter.grad = None

        optimizer = runner.optim_wrapper.optimizer
        self._handle = optimizer.register_step_pre_hook(drop_gradients)

    def after_train(self, runner: Runner) -> None:
        """Stop listening."""
        self._handle.remove()
