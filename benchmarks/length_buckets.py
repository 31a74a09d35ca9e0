# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Padding of batches of like length, against batches of random questions.

Tokens of padding over three epochs of a config's training data, in all options
of all questions."""

import sys
from argparse import Namespace

from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python benchmarks/length_buckets.py
  python benchmarks/length_buckets.py --config videoqa_tiny --json out.json"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='length-buckets')
    parser.add_argument(
        '--config', default='videoqa_mini', help='whose training data'
    )
    parser.add_argument('--epochs', type=int, default=3, help='passes')
    parser.add_argument('--json', metavar='OUT', help='write the numbers here')
    return parser.parse_args(argv)


def count(settings: dict, epochs: int) -> dict:
    """Tokens of text and of padding in the batches of a loader."""
    from mmengine.runner import Runner

    loader = Runner.build_dataloader(settings, seed=0)
    found = dict(text=0, padding=0)
    for epoch in range(epochs):
        sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
        sampler.set_epoch(epoch)
        for batch in loader:
            mask = batch['inputs']['mask']
            found['text'] += int(mask.sum())
            found['padding'] += int((~mask).sum())
    return found


def run(args: Namespace) -> int:
    """Measure, print, write."""
    from mmengine.registry import DefaultScope

    import mmssl
    from mmssl.utils.config import load_config

    cfg = load_config(args.config, {}, mmssl.get_config_dir())
    settings = cfg.train_dataloader
    settings.update(num_workers=0, persistent_workers=False)
    naive = {k: v for k, v in settings.items() if k != 'batch_sampler'}
    with DefaultScope.overwrite_default_scope('mmssl'):
        found = dict(
            buckets=count(dict(settings), args.epochs),
            naive=count(naive, args.epochs),
        )
    for name, row in found.items():
        share = row['padding'] / (row['padding'] + row['text'])
        print(f'{name:8} {row["text"]:9} tokens, {row["padding"]:9} of '
              f'padding, {100 * share:5.1f} %')  # fmt: skip
    ratio = found['naive']['padding'] / max(1, found['buckets']['padding'])
    print(f'{ratio:.2f} times less padding')
    if args.json:
        write_json(args.json, found | dict(ratio=ratio))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
