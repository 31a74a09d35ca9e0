# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: join what the shards of a step wrote."""

import sys
from argparse import Namespace

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = '  python tools/orl/merge.py --out data/coco/orl'


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='merge')
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder of all files'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Merge."""
    from mmssl.apis.orl_tool import merge_all

    for kind in merge_all(args.out):
        print(f'merged: {args.out}/{kind}.npz')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
