# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The figures of a run, logged when it starts."""

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.engine.resume import effective_batch_size
from mmssl.registry import HOOKS


@HOOKS.register_module()
class SummaryHook(Hook):
    """Logs data, batch, parameters, seed and run folder before training.

    Where ``auto_scale_lr.base_batch_size`` says that the learning rate was
    tuned for another batch size and scaling is off, one hint says so.
    """

    priority = 'VERY_HIGH'

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Write the lines."""
        runner.logger.info(self.summary(runner))
        auto_scale = runner.auto_scale_lr or {}
        base = auto_scale.get('base_batch_size')
        batch = effective_batch_size(runner)
        if base and base != batch and not auto_scale.get('enable'):
            runner.logger.info(
                f'hint: the learning rate was tuned for batches of {base}, '
                f'this run has {batch}; --auto-scale-lr multiplies it by '
                f'{batch / base:g}'
            )

    @staticmethod
    def summary(runner: Runner) -> str:
        """One line of ``name: value`` pairs."""
        loader = runner.train_dataloader
        accumulation = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        batch = effective_batch_size(runner)
        per_process = batch // runner.world_size
        parameters = list(runner.bare_model.parameters())
        total = sum(p.numel() for p in parameters)
        trained = sum(p.numel() for p in parameters if p.requires_grad)
        return (
            f'samples: {len(loader.dataset)}, '
            f'iterations per epoch: {len(loader)}, '
            f'effective batch size: {batch * accumulation} ({per_process} x '
            f'{runner.world_size} processes x {accumulation} accumulated), '
            f'parameters: {trained:,} trainable of {total:,}, '
            f'seed: {runner.seed}, run dir: {runner.work_dir}'
        )
