# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Print a config with all its bases and overrides merged."""

import sys
from argparse import Namespace

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/print_config.py simclr_tiny
  python tools/analysis_tools/print_config.py CONFIG --out merged.py"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='print-config')
    parser.add_config()
    parser.add_overrides('train_cfg.max_epochs=5')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write it to a .py, .json or .yml file instead',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Print or write the merged config; the file loads to an equal one."""
    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    if args.out:
        cfg.dump(args.out)
    else:
        print(cfg.pretty_text)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
