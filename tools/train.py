# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pre-train, or fine-tune, what a config describes."""

import sys
import tempfile
from argparse import Namespace

from mmengine.config import Config

from mmssl.utils import launch
from mmssl.utils.build_errors import explained
from mmssl.utils.config import require_keys
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/train.py simclr_tiny
  python tools/train.py CONFIG --work-dir runs/a --seed 1 --amp
  python tools/train.py CONFIG --resume
  python tools/train.py CONFIG --cfg-options train_dataloader.batch_size=64
exit codes: 0 done, or saved after SIGTERM; 1 failed; 2 wrong usage;
  75 saved after SIGUSR1, to be queued again; 130 interrupted"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='train')
    parser.add_config()
    launch.add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='PATH',
        help='go on from the newest checkpoint of the run folder, or from '
        'PATH, e.g. --resume runs/a/epoch_10.pth',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: fp16 on a GPU, bf16 on the CPU, or the '
        'optim_wrapper.dtype of the config',
    )
    parser.add_argument(
        '--compile',
        nargs='?',
        const='inductor',
        metavar='BACKEND',
        help='torch.compile the training step, e.g. --compile aot_eager '
        'where there is no C++ compiler',
    )
    parser.add_argument(
        '--seed', type=int, help='seed, wins over the config, e.g. --seed 1'
    )
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='deterministic cuDNN algorithms',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by batch size / base_batch_size',
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='train without validation'
    )
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='no pinned memory in the data loaders',
    )
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help='new data workers for every epoch',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='build all, train one iteration, print the shapes, write nothing',
    )
    return parser.parse_args(argv)


def merge_args(cfg: Config, args: Namespace) -> Config:
    """Write the flags into the config.

    Raises:
        UsageError: A flag needs something that the config lacks.
    """
    require_keys(
        cfg,
        ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'),
        'training',
    )
    if args.resume:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
    if args.compile:
        cfg.compile = dict(backend=args.compile)
    if args.seed is not None or args.deterministic:
        randomness = dict(cfg.get('randomness') or {})
        if args.seed is not None:
            randomness['seed'] = args.seed
        randomness['deterministic'] = args.deterministic or randomness.get(
            'deterministic', False
        )
        cfg.randomness = randomness
    if args.auto_scale_lr:
        if not (cfg.get('auto_scale_lr') or {}).get('base_batch_size'):
            raise UsageError(
                '--auto-scale-lr needs auto_scale_lr.base_batch_size in '
                f'{cfg.filename}'
            )
        cfg.auto_scale_lr.enable = True
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    for loader in launch.data_loaders(cfg):
        if args.no_pin_memory:
            loader.pin_memory = False
        if args.no_persistent_workers or not loader.get('num_workers'):
            loader.persistent_workers = False
    return cfg


def dry_run(runner) -> None:
    """One iteration of training, with the shapes of what goes in."""
    with explained():
        loop = runner.build_train_loop(runner._train_loop)
        wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    if runner._val_loop is not None:
        with explained():
            runner.build_val_loop(runner._val_loop)
    batch = next(iter(loop.dataloader))
    inputs = batch['inputs']
    named = (
        inputs.items()
        if isinstance(inputs, dict)
        else ((f'view {i}', view) for i, view in enumerate(inputs))
    )
    for name, view in named:
        print(f'{name}: {tuple(view.shape)} {view.dtype}')
    losses = runner.model.train_step(batch, optim_wrapper=wrapper)
    for name, value in losses.items():
        print(f'{name}: {value.item():.4f}')
    print('dry run: all built, one iteration done, nothing kept')


def run(args: Namespace) -> int:
    """Train."""
    cfg = merge_args(launch.config_of(args), args)
    if args.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            cfg.work_dir = folder
            dry_run(launch.build_runner(cfg))
        return 0
    runner = launch.build_runner(cfg)
    try:
        with explained():
            runner.train()
    finally:
        runner.stop_workers()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
