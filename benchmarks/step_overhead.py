# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Training step: the toolbox's runner against a bare PyTorch loop.

SimCLR on batches prepared beforehand.  The runner trains with all default
hooks; after each of its steps a twin of the network, which began with the
same weights, takes the same batch in a plain loop.  So both see the same
machine, and their losses must be equal to the last bit.  Printed: median
milliseconds of each, on the clock and of the processor (on a busy machine
the latter tells more, with OMP_NUM_THREADS=1), and what the runner adds.
"""

import argparse
import sys
import tempfile
import time
from copy import deepcopy

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from torch.utils.data import Dataset

import mmssl
from mmssl.models.losses import nt_xent
from mmssl.registry import DATASETS, FUNCTIONS, HOOKS
from mmssl.structures import DataSample
from mmssl.utils.launch import build_runner


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--depth', type=int, default=18, help='of the ResNet')
    parser.add_argument('--size', type=int, default=48, help='pixels')
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--steps', type=int, default=60)
    parser.add_argument('--warmup', type=int, default=5, help='not counted')
    parser.add_argument(
        '--zero-grad',
        choices=('before', 'after'),
        default='before',
        help='where the bare loop drops the gradients: before the backward '
        'pass, as most loops do, or after the step, as MMEngine does',
    )
    return parser.parse_args(argv)


def now() -> np.ndarray:
    """Seconds on the clock and of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


@DATASETS.register_module()
class PreparedBatches(Dataset):
    """Batches of two uint8 views, made once."""

    metainfo = {}

    def __init__(self, count: int, batch: int, size: int) -> None:
        generator = torch.Generator().manual_seed(0)
        shape = (batch, 3, size, size)
        self.count = count
        self.batches = [
            dict(
                inputs=[
                    torch.randint(
                        256, shape, generator=generator, dtype=torch.uint8
                    )
                    for _ in range(2)
                ],
                data_samples=[DataSample(sample_idx=i) for i in range(batch)],
            )
            for _ in range(4)
        ]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict:
        return self.batches[int(index) % len(self.batches)]


@FUNCTIONS.register_module()
def only_item(items: list) -> dict:
    """The batch itself, of a loader whose items are batches."""
    (item,) = items
    return item


@HOOKS.register_module()
class BareTwin(Hook):
    """After each step of the runner, the same step in plain PyTorch."""

    priority = 'LOWEST'  # after everything that the runner does

    def __init__(self, zero_grad: str) -> None:
        self.zero_grad = zero_grad

    def before_train(self, runner) -> None:
        """Copy the network as it is before the first step."""
        model = runner.model
        self.backbone = deepcopy(model.backbone).train()
        self.neck = deepcopy(model.neck).train()
        self.mean = model.data_preprocessor.mean.view(1, -1, 1, 1)
        self.std = model.data_preprocessor.std.view(1, -1, 1, 1)
        self.temperature = model.temperature
        parameters = [*self.backbone.parameters(), *self.neck.parameters()]
        self.optimizer = torch.optim.Adam(
            parameters, lr=1e-3, weight_decay=1e-6
        )
        self.times: dict[str, list[np.ndarray]] = dict(runner=[], bare=[])
        self.start = now()

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Measure the runner's step, then take and measure the twin's."""
        middle = now()
        loss = self.step(data_batch['inputs'])
        stop = now()
        if loss != outputs['loss'].item():
            raise RuntimeError(
                f'step {batch_idx}: the losses differ, {loss} and '
                f'{outputs["loss"].item()}'
            )
        self.times['runner'].append(middle - self.start)
        self.times['bare'].append(stop - middle)
        self.start = now()

    def step(self, views: list[torch.Tensor]) -> float:
        """SimCLR as one would write it without a toolbox."""
        views = [(v.float() - self.mean) / self.std for v in views]
        features = self.backbone(torch.cat(views))[-1].flatten(2).mean(2)
        first, second = self.neck(features).chunk(2)
        loss = nt_xent(first, second, self.temperature)
        if self.zero_grad == 'before':
            self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.zero_grad == 'after':
            self.optimizer.zero_grad()
        return loss.item()


def config_of(args: argparse.Namespace, work_dir: str) -> Config:
    """The runner's config: default hooks, one epoch of prepared batches."""
    runtime = f'{mmssl.get_config_dir()}/_base_/default_runtime.py'
    cfg = Config.fromfile(runtime)
    width = 512 if args.depth < 50 else 2048
    cfg.merge_from_dict(
        dict(
            work_dir=work_dir,
            log_level='WARNING',
            model=dict(
                type='SimCLR',
                backbone=dict(
                    type='SmallStemResNet', depth=args.depth, stem='imagenet'
                ),
                neck=dict(type='ProjectionMLP', sizes=(width, width, 128)),
            ),
            train_dataloader=dict(
                batch_size=1,
                num_workers=0,
                dataset=dict(
                    type='PreparedBatches',
                    count=args.warmup + args.steps,
                    batch=args.batch,
                    size=args.size,
                ),
                sampler=dict(type='EpochSampler', shuffle=False),
                collate_fn=dict(type='mmssl.only_item'),
            ),
            train_cfg=dict(type='EpochTrainLoop', max_epochs=1),
            optim_wrapper=dict(
                type='OptimWrapper',
                optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-6),
            ),
            custom_hooks=[dict(type='BareTwin', zero_grad=args.zero_grad)],
        )
    )
    return cfg


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        runner = build_runner(config_of(args, folder))
        runner.train()
    (twin,) = (hook for hook in runner.hooks if isinstance(hook, BareTwin))
    medians = {
        name: np.median(times[args.warmup :], axis=0)
        for name, times in twin.times.items()
    }
    print(
        f'SimCLR, ResNet-{args.depth}, {args.batch} x 2 views of '
        f'{args.size} px, {args.steps} steps, {torch.get_num_threads()} '
        'threads; losses equal'
    )
    for name, (clock, cpu) in medians.items():
        print(
            f'{name:6}  clock {1000 * clock:8.2f} ms  processor '
            f'{1000 * cpu:8.2f} ms'
        )
    clock, cpu = medians['runner'] / medians['bare'] - 1
    print(f'the runner adds: clock {clock:.1%}, processor {cpu:.1%}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
