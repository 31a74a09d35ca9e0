# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From parsed command-line arguments to a runner; shared by the tools."""

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

import mmssl
from mmssl.utils.build_errors import explained
from mmssl.utils.config import follow_data_root_variable, load_config
from mmssl.utils.tool import ToolParser

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def add_common_arguments(parser: ToolParser) -> None:
    """Flags that training and testing share."""
    parser.add_argument(
        '--work-dir',
        help='run folder for config, logs, checkpoints, metrics; None is the '
        "config's work_dir, else work_dirs/<config name>",
    )
    parser.add_overrides(
        'train_cfg.max_epochs=5 model.neck.sizes="[512,128]"; a key that the '
        'config does not have is written +key=value'
    )
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='how processes were started; set by tools/dist_*.sh and slurm',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='rank on this machine; set by old launchers',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a foreign checkpoint that needs unpickling, which can run '
        'any code',
    )


def config_of(args: Namespace) -> Config:
    """The merged config of a command line: flags beat config beats default.

    Args:
        args (Namespace): With ``config`` and the flags of
            :func:`add_common_arguments`.

    Returns:
        Config: With ``work_dir``, ``launcher``, ``trust_checkpoint`` set.

    Raises:
        UsageError: See :func:`mmssl.utils.config.load_config`.
    """
    # Old launchers say the local rank by a flag, torch reads the variable.
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    follow_data_root_variable(cfg._cfg_dict)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(cfg.filename).stem)
    if args.trust_checkpoint:
        cfg.trust_checkpoint = True
    return cfg


def data_loaders(cfg: Config) -> Sequence[dict]:
    """The data loader settings of a config."""
    names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return [cfg[name] for name in names if cfg.get(name)]


def build_runner(cfg: Config):
    """Build the runner that the config names.

    Returns:
        Runner: Of ``runner_type``, ours by default.

    Raises:
        ConfigError: Something in the config cannot be built.
    """
    from mmengine.registry import RUNNERS

    cfg.setdefault('runner_type', 'mmssl.Runner')
    cfg.setdefault('default_scope', 'mmssl')
    with explained():
        return RUNNERS.build(cfg)
