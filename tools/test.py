# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Evaluate a checkpoint with the test settings of a config."""

import re
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils import launch
from mmssl.utils.build_errors import explained
from mmssl.utils.config import require_keys
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

UNTRAINED = 'untrained'
EXAMPLES = """\
  python tools/test.py CONFIG work_dirs/a/epoch_10.pth
  python tools/test.py CONFIG CHECKPOINT --out metrics.json"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='test')
    parser.add_config()
    parser.add_argument(
        'checkpoint',
        help=f'file or URL of the weights, or {UNTRAINED!r}: the network as '
        'training would start',
    )
    launch.add_common_arguments(parser)
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='also write the metrics here, e.g. --out knn.json',
    )
    parser.add_argument(
        '--show-dir',
        metavar='DIR',
        help='write pictures of test images and their nearest neighbours, '
        'e.g. --show-dir shown',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Evaluate."""
    from mmssl.utils.checkpoint import to_plain

    cfg = launch.config_of(args)
    require_keys(
        cfg,
        ('model', 'test_dataloader', 'test_cfg', 'test_evaluator'),
        'testing',
    )
    untrained = args.checkpoint == UNTRAINED
    remote = '://' in args.checkpoint
    if not (untrained or remote or Path(args.checkpoint).is_file()):
        raise UsageError(f'checkpoint not found: {args.checkpoint}')
    cfg.load_from, cfg.resume = None if untrained else args.checkpoint, False
    for loader in launch.data_loaders(cfg):
        if not loader.get('num_workers'):
            loader.persistent_workers = False
    runner = launch.build_runner(cfg)
    try:
        with explained():
            if untrained:
                runner._init_model_weights()
            metrics = to_plain(runner.test(), 'metrics')
            if args.show_dir:
                show(runner, args)
    finally:
        runner.stop_workers()
    if runner.rank == 0:
        report(metrics, args, Path(runner.log_dir) / 'metrics.json')
    return 0


def show(runner, args: Namespace) -> None:
    """Pictures of test images beside their nearest training images."""
    from mmssl.apis.neighbours import show_neighbours
    from mmssl.evaluation.session import features_of
    from mmssl.visualization import Report

    bank, test = features_of(runner)
    if runner.rank > 0:
        return
    page = Report(Path(args.config).stem, args.checkpoint)
    show_neighbours(page, runner, bank, test)
    print(f'neighbours drawn in {page.write(args.show_dir)}')


def report(metrics: dict, args: Namespace, path: Path) -> None:
    """Print the metrics as a table and write them as JSON."""
    width = max((len(name) for name in metrics), default=0)
    for name, value in metrics.items():
        # Accuracies, named so by every metric, are percentages.
        text = (
            f'{value:.2f} %' if re.search(r'top\d$', name) else f'{value:.4g}'
        )
        print(f'{name:<{width}}  {text:>8}')
    content = dict(
        config=args.config, checkpoint=args.checkpoint, metrics=metrics
    )
    for target in filter(None, (path, args.out)):
        write_json(target, content)
        print(f'metrics written to {target}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
