# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""WHEN the state of a method moves that the optimizer does not move."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from mmssl.registry import HOOKS


@HOOKS.register_module()
class MomentumUpdateHook(Hook):
    """Updates target network and queue once per real optimizer step.

    Under gradient accumulation the iterations in between, and with a loss
    scaler the skipped steps, move nothing: the hook listens to the
    optimizer itself.  The momentum used is logged as ``target_momentum``.

    Args:
        by_epoch (bool): Progress of the momentum schedule counts finished
            epochs (as the BYOL baseline of W-MSE does, so that the momentum
            is constant inside an epoch) or finished iterations (default).
    """

    priority = 'NORMAL'

    def __init__(self, by_epoch: bool = False) -> None:
        self.by_epoch = by_epoch
        self._stepped = False

    def before_train(self, runner: Runner) -> None:
        """Listen to the optimizer."""
        wrapper = runner.optim_wrapper
        wrappers = (
            wrapper.values()
            if isinstance(wrapper, OptimWrapperDict)
            else [wrapper]
        )
        self._handles = [
            w.optimizer.register_step_post_hook(self._note_step)
            for w in wrappers
        ]

    def _note_step(self, *args, **kwargs) -> None:
        self._stepped = True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Move the model's state if the optimizer has stepped."""
        if not self._stepped:
            return
        self._stepped = False
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        if not hasattr(model, 'update_target'):
            return
        done, total = (
            (runner.epoch, runner.max_epochs)
            if self.by_epoch
            else (runner.iter, runner.max_iters)
        )
        momentum = model.update_target(done / total)
        model.update_queue()
        if momentum is not None:
            runner.message_hub.update_scalar('train/target_momentum', momentum)

    def after_train(self, runner: Runner) -> None:
        """Stop listening."""
        for handle in self._handles:
            handle.remove()
