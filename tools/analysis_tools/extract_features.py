# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write the features that a checkpoint gives to a data set into a file."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils import launch
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/extract_features.py CONFIG CHECKPOINT \\
      --out features.npz
  python tools/analysis_tools/extract_features.py CONFIG --out untrained.npz
the file holds features, labels, indices and paths, without pickles"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='extract-features')
    parser.add_config()
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='file or URL of the weights; without it the network is untrained',
    )
    parser.add_argument(
        '--out', required=True, metavar='FILE', help='e.g. features.npz'
    )
    parser.add_argument(
        '--split',
        choices=('test', 'bank'),
        default='test',
        help='test_dataloader, or the bank that it is compared with',
    )
    parser.add_argument(
        '--stage',
        choices=('pool', 'neck'),
        default='pool',
        help='pooled feature of the backbone, or embedding of the neck',
    )
    launch.add_common_arguments(parser)
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Extract and write."""
    from mmengine.dist import is_main_process

    from mmssl.evaluation.extraction import extract_features, save_features
    from mmssl.evaluation.session import evaluation_runner, feature_loaders

    cfg = launch.config_of(args)
    with evaluation_runner(cfg, args.checkpoint) as runner:
        if args.split == 'bank':
            loader, _ = feature_loaders(runner)
        else:
            loader = runner.test_loop.dataloader
        average = getattr(runner.test_loop, 'average_views', False)
        found = extract_features(runner.model, loader, args.stage, average)
    if is_main_process():
        save_features(
            args.out,
            found,
            args.stage,
            Path(cfg.filename).name,
            Path(args.checkpoint or '').name,
        )
        rows, size = found.features.shape
        print(f'{rows} features of {size} numbers written to {args.out}')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
