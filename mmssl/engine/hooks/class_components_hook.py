# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One component for each class that a stream has shown."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.engine.continual import check_continual, stream_plan
from mmssl.registry import HOOKS
from mmssl.utils.errors import UsageError


@HOOKS.register_module()
class ClassComponentsHook(Hook):
    """Activates components as classes appear (supervised benchmark).

    Section 4.3 of https://arxiv.org/abs/1910.14481: component c is class c.
    """

    priority = 'HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check that there are enough components.

        Raises:
            UsageError: Fewer components than classes, or see
                :func:`check_continual`.
        """
        check_continual(runner, type(self).__name__, 'set_active')
        self.plan = stream_plan(runner, type(self).__name__)
        count = runner.bare_model.n_components
        if count < self.plan.n_classes:
            raise UsageError(
                f'{self.plan.n_classes} classes need as many components, '
                f'the neck has {count}; raise n_components'
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None
    ) -> None:
        """Activate the components of the classes shown so far."""
        runner.bare_model.set_active(self.plan.classes_so_far(runner.iter))
