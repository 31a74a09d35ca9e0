# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Does CMD's expectation of the near future single it out?

Top-1 over cells and over windows against chance, with the true futures and,
as the control, with those of other videos; pictures of motion vectors and of
the similarity of expected and true motion."""

import sys
from argparse import Namespace
from pathlib import Path

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/evaluation/motion_prediction.py configs/cmd/cmd_mini.py \\
      work_dirs/cmd_mini/epoch_60.pth --out-dir work_dirs/motion
  the same with untrained instead of a checkpoint
  the same with --cfg-options train_dataloader.dataset.ann_file=test.csv"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='motion-prediction')
    parser.add_config()
    parser.add_argument('checkpoint', help="its weights, or 'untrained'")
    parser.add_argument(
        '--epochs', type=int, default=4, help='passes over the videos'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of windows and crops'
    )
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    parser.add_argument('--out-dir', metavar='DIR', help='draw pictures')
    parser.add_overrides()
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Evaluate, print, draw."""
    import torch
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner

    from mmssl.apis.model_zoo import get_model
    from mmssl.apis.motion_prediction import (
        draw_expectation,
        draw_motion,
        evaluate_expectation,
    )

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    if cfg.model.type not in ('CMD', 'mmssl.CMD'):
        raise UsageError(
            f'{args.config} trains {cfg.model.type}; this tool is for CMD'
        )
    torch.manual_seed(args.seed)
    untrained = args.checkpoint == 'untrained'
    model = get_model(args.config, False if untrained else args.checkpoint)
    settings = dict(cfg.train_dataloader, persistent_workers=False)
    with DefaultScope.overwrite_default_scope('mmssl'):
        loader = Runner.build_dataloader(settings, seed=args.seed)
    numbers, example = evaluate_expectation(model, loader, args.epochs)
    if args.out_dir:
        out = Path(args.out_dir)
        draw_expectation(out / 'expectation.png', example)
        draw_motion(out / 'motion.png', loader.dataset)
        print(f'pictures in {out}')
    for name, value in numbers.items():
        print(f'{name}: {value:.4g}')
    if args.json:
        write_json(args.json, numbers)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
