# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What resuming needs beyond MMEngine: find, seek, follow a new world."""

import math
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import BatchSampler, DataLoader


def find_checkpoint(work_dir: str | Path) -> str | None:
    """The newest checkpoint of a run.

    The file ``last_checkpoint`` decides.  Where it is absent (the run was
    killed just before writing it) the youngest ``epoch_*.pth`` or
    ``iter_*.pth`` does; files are only ever renamed into place whole.

    Args:
        work_dir (str or Path): Run folder; it may have been moved.

    Returns:
        str or None: Path, None if there is no checkpoint.
    """
    work_dir = Path(work_dir)
    note = work_dir / 'last_checkpoint'
    if note.is_file():
        named = Path(note.read_text(encoding='utf-8').strip())
        for path in (named, work_dir / named.name):
            if path.is_file():
                return str(path)
    found = [*work_dir.glob('epoch_*.pth'), *work_dir.glob('iter_*.pth')]
    return str(max(found, key=_age_key)) if found else None


def _age_key(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name


def effective_batch_size(runner: Runner) -> int:
    """Samples of one iteration over all processes."""
    loader = runner.train_dataloader
    size = loader.batch_size or loader.batch_sampler.batch_size
    return size * get_world_size()


def seek(loader: DataLoader, batches: int) -> bool:
    """Let the loader's next pass begin after its first batches.

    Args:
        loader (DataLoader): Its sampler may have ``skip(samples)``, its
            batch sampler ``skip_batches(batches)``.
        batches (int): Batches of this process to leave out.

    Returns:
        bool: False if the sampler cannot skip; then the caller reads the
        batches and drops them.
    """
    if batches == 0:
        return True
    if hasattr(loader.batch_sampler, 'skip_batches'):
        loader.batch_sampler.skip_batches(batches)
        return True
    sampler = getattr(loader.batch_sampler, 'sampler', None)
    if type(loader.batch_sampler) is not BatchSampler or not hasattr(
        sampler, 'skip'
    ):
        return False
    sampler.skip(batches * loader.batch_size)
    return True


def unfinished_step(runner: Runner, iterations: int) -> dict[str, dict] | None:
    """What waits for the next optimizer step inside an accumulation round.

    Without it a resumed run would lose the round's first part.  Call on
    every rank.

    Args:
        runner (Runner): The runner.
        iterations (int): Iterations done.

    Returns:
        dict or None: None between rounds; else ``gradients``, name to the
        mean over ranks, and ``pending``, name of a queue to the rows (n, d)
        pushed but not yet written; all on the CPU.
    """
    wrapper = runner.optim_wrapper
    counts = getattr(wrapper, '_accumulative_counts', 1)
    if iterations % counts == 0:
        return None
    gradients = {}
    for name, parameter in runner.bare_model.named_parameters():
        if parameter.grad is not None:
            gradient = parameter.grad.detach().clone()
            all_reduce(gradient, 'mean')
            gradients[name] = gradient.cpu()
    pending = {
        name: torch.cat(module.pending).cpu()
        for name, module in runner.bare_model.named_modules()
        if getattr(module, 'pending', None)
    }
    return dict(gradients=gradients, pending=pending)


def restore_unfinished_step(model: nn.Module, state: dict[str, dict]) -> None:
    """Put back what :func:`unfinished_step` saved."""
    parameters = dict(model.named_parameters())
    for name, gradient in state['gradients'].items():
        parameter = parameters[name]
        parameter.grad = gradient.to(parameter.device, copy=True)
    for name, rows in state['pending'].items():
        queue = model.get_submodule(name)
        queue.pending.append(rows.to(queue.rows.device, copy=True))


def follow_new_world(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Restore the schedules, or replay them if the epoch length changed.

    With another number of processes or batch size an epoch has another
    number of iterations.  The counters are then converted by the samples
    already seen, and the schedules are stepped anew from the config, so that
    learning rate and epoch fit each other (``auto_scale_lr`` included).

    Args:
        runner (Runner): Optimizer state already loaded.
        checkpoint (dict): With ``meta`` and ``param_schedulers``.
    """
    meta = checkpoint['meta']
    length = len(runner.train_dataloader)
    batch = effective_batch_size(runner)
    before = meta.get('iters_per_epoch', length)
    if (before, meta.get('batch_size', batch)) != (length, batch):
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            seen = (meta['iter'] - loop.epoch * before) * meta['batch_size']
            done = min(math.ceil(seen / batch), length)
            loop._iter = loop.epoch * length + done
        runner.logger.warning(
            f'the run was saved with {meta.get("world_size")} processes, '
            f'{before} iterations an epoch, batches of '
            f'{meta.get("batch_size")}; now {get_world_size()}, {length}, '
            f'{batch}: going on at epoch {loop.epoch}, iteration '
            f'{loop.iter}, learning rate from the schedule of this config'
        )
        _replay_schedules(runner)
        return
    saved = checkpoint.get('param_schedulers', [])
    schedulers = runner.param_schedulers or []
    for scheduler, state in _pairs(schedulers, saved):
        scheduler.load_state_dict(state)


def _pairs(schedulers, states):
    """Match schedulers and states; both are a list, or a dict of lists."""
    if isinstance(schedulers, dict):
        for name, group in schedulers.items():
            yield from zip(group, states[name], strict=True)
    else:
        yield from zip(schedulers, states, strict=True)


def _replay_schedules(runner: Runner) -> None:
    schedulers = runner.param_schedulers or []
    flat = (
        [s for group in schedulers.values() for s in group]
        if isinstance(schedulers, dict)
        else schedulers
    )
    for scheduler in flat:
        for group, value in zip(
            scheduler.optimizer.param_groups,
            scheduler.base_values,
            strict=True,
        ):
            group[scheduler.param_name] = value
            group[f'initial_{scheduler.param_name}'] = value
    for scheduler in flat:
        scheduler.last_step = -1
        scheduler._global_step = -1
        scheduler.optimizer._global_step = 0  # else it warns of the order
    # Schedules chain on the current value, so all of them step in turn.
    total = runner.train_loop.iter
    length = len(runner.train_dataloader)
    with torch.no_grad():
        for step in range(total + 1):
            for scheduler in flat:
                if not scheduler.by_epoch or step % length == 0:
                    scheduler.step()
