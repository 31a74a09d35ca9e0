# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pre-train on photographs that are here already, and report on it."""

import sys
import time
from argparse import Namespace
from pathlib import Path

from mmssl.apis import cli
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/quickstart.py
  python tools/quickstart.py --seed 1 --work-dir work_dirs/quickstart_1"""

CONFIG = 'simclr_quickstart'


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='quickstart')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--work-dir',
        default='work_dirs/quickstart',
        help='gets checkpoint, log, report.html, pictures, results.json',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Train, then compare with the untrained network and the pictures."""
    start = time.perf_counter()
    folder = Path(args.work_dir)
    common = ['--work-dir', args.work_dir, '--seed', str(args.seed)]
    if code := cli.main(['train', CONFIG, *common]):
        return code
    checkpoint = (folder / 'last_checkpoint').read_text().strip()
    report = [
        'report',
        CONFIG,
        checkpoint,
        '--baselines',
        '--out',
        *common[1:],
    ]
    if code := cli.main([*report, '--title', 'SimCLR in a minute']):
        return code
    print(f'done in {time.perf_counter() - start:.0f} s')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
