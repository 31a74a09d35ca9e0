# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Comparing runs, and killing them at random moments.

    python tests/resumed_runs.py CONFIG FOLDER --kills 10 --epochs 16

trains once without and once with kills, and compares everything.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch.testing import assert_close

from mmssl import get_tools_dir
from mmssl.utils.files import TEMPORARY_SUFFIX

PATIENCE = 300  # seconds


def everything(path):
    """All state of a checkpoint but times and paths."""
    content = torch.load(path, weights_only=True)
    losses = content['message_hub']['log_scalars']['train/loss']['values']
    return dict(
        weights=content['state_dict'],
        optimizer=content['optimizer'],
        schedules=content['param_schedulers'],
        counters=(content['meta']['epoch'], content['meta']['iter']),
        losses=losses,
    )


def assert_same(one, other):
    """Equality to the last bit of nested containers of tensors."""
    if isinstance(one, torch.Tensor):
        assert_close(one, other, rtol=0, atol=0)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def start(config, folder, epochs, options=()):
    """A training process with two workers that saves every epoch."""
    return subprocess.Popen(
        [sys.executable, get_tools_dir() / 'train.py', config, '--work-dir',
         folder, '--resume', '--seed', '5', '--no-validate', '--cfg-options',
         f'train_cfg.max_epochs={epochs}', 'train_dataloader.num_workers=2',
         'default_hooks.checkpoint.interval=1', *options],
        env=dict(os.environ, OMP_NUM_THREADS='1'),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process):
    """Wait for a process that shall end well."""
    error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 0, error[-2000:]


def wait(process, condition):
    """Until the condition holds; False if the process ended before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.0002)
    raise TimeoutError(f'nothing happened for {PATIENCE} s')


def children(pid):
    """Processes whose parent is ``pid``."""
    path = Path(f'/proc/{pid}/task/{pid}/children')
    return [int(child) for child in path.read_text().split()]


def kill_often(config, folder, epochs, kills, seed=0, options=()):
    """Train with ``kill -9`` at random moments, and resume until the end.

    Every second kill waits until a checkpoint has been written and another
    one is being written; the others come at a random moment of the two
    seconds after training has begun to write logs, or of the start.

    Returns:
        tuple: Kills, and how many of them left a half written checkpoint.
    """
    folder = Path(folder)
    moment = random.Random(seed)
    done = halves = 0
    while done < kills:
        process = start(config, folder, epochs, options)
        if done % 2:
            seen = set()

            def writing(seen=seen):
                found = folder.glob(f'*.pth{TEMPORARY_SUFFIX}')
                seen.update(path.name for path in found)
                return len(seen) > 1

            alive = wait(process, writing)
        else:
            logs = len(list(folder.glob('*/vis_data/scalars.json')))
            at = time.monotonic() + moment.uniform(0, 20)
            alive = wait(
                process,
                lambda at=at, logs=logs: (
                    time.monotonic() > at
                    or len(list(folder.glob('*/vis_data/scalars.json'))) > logs
                ),
            )
            time.sleep(moment.uniform(0, 2))
        if not alive or process.poll() is not None:
            break
        workers = children(process.pid)
        process.kill()
        process.wait()
        process.stderr.close()
        done += 1
        halves += any(folder.glob(f'*.pth{TEMPORARY_SUFFIX}'))
        orphans_end(workers)
    finish(start(config, folder, epochs, options))
    assert not list(folder.glob(f'*.pth{TEMPORARY_SUFFIX}'))
    return done, halves


def runs(pid):
    """Whether a process is there, and no zombie."""
    try:
        text = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return False
    return text.rpartition(')')[2].split()[0] != 'Z'


def orphans_end(workers):
    """Data workers notice that their parent is gone."""
    deadline = time.monotonic() + 30
    while any(map(runs, workers)):
        assert time.monotonic() < deadline, f'orphans: {workers}'
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--epochs', type=int, default=16)
    parser.add_argument('--options', nargs='*', default=[])
    args = parser.parse_args()
    finish(
        start(args.config, args.folder / 'straight', args.epochs, args.options)
    )
    done, halves = kill_often(
        args.config, args.folder / 'killed', args.epochs, args.kills,
        options=args.options,
    )  # fmt: skip
    name = f'epoch_{args.epochs}.pth'
    assert_same(
        everything(args.folder / 'straight' / name),
        everything(args.folder / 'killed' / name),
    )
    print(
        f'{args.config}: killed {done} times, {halves} of them while a '
        'checkpoint was being written; all state equal to the last bit'
    )


if __name__ == '__main__':
    main()
