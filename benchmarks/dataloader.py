# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures a second out of a data loader, by workers and collate function.

Two views of SimCLR, 224 pixels, of JPEG photographs in memory.  Compared in
turn: our collate, which stacks the views inside the worker, and MMEngine's
pseudo_collate, after which the main process stacks them.  Wall-clock time,
the start of the workers left out.
"""

import os
import sys
import time
from argparse import Namespace

import numpy as np
from photos import (
    RECIPES,
    jpeg_photos,
    two_view_dataset,
    use_one_thread,
    view_of,
)

from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python benchmarks/dataloader.py
  python benchmarks/dataloader.py --workers 0 4 8 --json out.json"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='dataloader')
    parser.add_argument('--workers', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument(
        '--batches', type=int, default=12, help='batches of one measurement'
    )
    parser.add_argument(
        '--rounds', type=int, default=3, help='measurements of each'
    )
    parser.add_argument('--recipe', choices=RECIPES, default='simclr')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', metavar='OUT', help='write the numbers here')
    args = parser.parse_args(argv)
    if min(args.batch_size, args.batches, args.rounds) < 1:
        parser.error('--batch-size, --batches and --rounds must be >= 1')
    return args


def speed(dataset, workers: int, stack: bool, args: Namespace) -> float:
    """Pictures a second of one pass.

    Args:
        dataset (Dataset): Two views of each sample.
        workers (int): Worker processes.
        stack (bool): Our collate; else pseudo_collate, stacked here.
        args (Namespace): Of the command line.
    """
    import torch
    from mmengine.dataset import pseudo_collate
    from torch.utils.data import DataLoader

    from mmssl.datasets import EpochSampler, collate_views

    loader = DataLoader(
        dataset,
        args.batch_size,
        sampler=EpochSampler(dataset, seed=args.seed),
        num_workers=workers,
        collate_fn=collate_views if stack else pseudo_collate,
        drop_last=True,
    )
    start, warm_up = 0.0, 2 * max(workers, 1)
    for number, batch in enumerate(loader):
        if not stack:
            batch['inputs'] = [torch.stack(v) for v in batch['inputs']]
        if number == warm_up - 1:
            start = time.perf_counter()
    seconds = time.perf_counter() - start
    return args.batch_size * (len(loader) - warm_up) / seconds


def run(args: Namespace) -> int:
    """Measure, print, write."""
    use_one_thread()
    jpegs = jpeg_photos()
    view = view_of(args.recipe)
    print(f'{os.cpu_count()} cores, batches of {args.batch_size}, two views '
          f'of {args.recipe}\n')  # fmt: skip
    print('workers  collate_views img/s  pseudo_collate img/s  ratio')
    rows = []
    for workers in args.workers:
        count = args.batch_size * (args.batches + 2 * max(workers, 1))
        repeats = -(-count // len(jpegs))
        dataset = two_view_dataset((jpegs * repeats)[:count], view)
        speeds = np.array(
            [
                [speed(dataset, workers, stack, args) for stack in (1, 0)]
                for _ in range(args.rounds)
            ]
        )
        ours, theirs = np.median(speeds, axis=0).tolist()
        rows.append(
            dict(workers=workers, collate_views=ours, pseudo_collate=theirs)
        )
        print(f'{workers:7} {ours:20.1f} {theirs:21.1f} {ours / theirs:6.2f}',
              flush=True)  # fmt: skip
    if args.json:
        write_json(args.json, rows)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
