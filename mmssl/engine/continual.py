# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What the hooks of continual learning share."""

from mmengine.runner import Runner

from mmssl.utils.errors import UsageError


def check_continual(runner: Runner, hook: str, *methods: str) -> None:
    """Refuse runs in which a continual hook cannot work.

    Args:
        runner (Runner): The runner.
        hook (str): Name of the hook, for the message.
        *methods (str): What the model must have.

    Raises:
        UsageError: Several processes, whose mixtures would grow apart, or
            another kind of model.
    """
    if runner.world_size > 1:
        raise UsageError(
            f'{hook} works on one process, this run has {runner.world_size}: '
            'each would grow a mixture of its own; start it without a '
            'launcher'
        )
    model = runner.bare_model
    missing = [name for name in methods if not hasattr(model, name)]
    if missing:
        raise UsageError(
            f'{hook} needs a model with {", ".join(missing)}, such as CURL, '
            f'got {type(model).__name__}; remove it from custom_hooks'
        )


def stream_plan(runner: Runner, owner: str):
    """The schedule of the training stream.

    Returns:
        StreamSchedule: Of the batch sampler.

    Raises:
        UsageError: The batches come from no stream.
    """
    plan = getattr(runner.train_dataloader.batch_sampler, 'plan', None)
    if plan is None:
        raise UsageError(
            f'{owner} follows a stream of classes; set train_dataloader.'
            "batch_sampler to dict(type='ContinualClassStream', ...)"
        )
    return plan
