# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Finding a config, merging command-line options, checking its keys."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmssl.utils.data_root import DATA_ROOT_VARIABLE, follow_data_root
from mmssl.utils.errors import UsageError
from mmssl.utils.lazy import PackageMissing, missing_module
from mmssl.utils.names import nearest, suggestion

RUNNER_KEYS = frozenset(
    """
    activation_checkpointing auto_scale_lr compile custom_hooks
    custom_imports data_preprocessor default_hooks default_scope
    efficient_conv_bn_eval env_cfg experiment_name find_unused_parameters
    launcher load_from log_level log_processor model model_wrapper_cfg
    optim_wrapper param_scheduler randomness resume runner_type strict_load
    sync_bn test_cfg test_dataloader test_evaluator train_cfg
    train_dataloader trust_checkpoint val_cfg val_dataloader val_evaluator
    visualizer work_dir
    """.split()  # noqa: SIM905
)
"""Top-level keys with a meaning; any other name is a config's variable."""

PATH_KEYS = (
    'data_root', 'ann_file', 'exclude_file', 'label_file', 'proposal_file',
)  # fmt: skip


def find_config(name: str, config_dir: str | Path | None = None) -> Path:
    """Path of a config file given as a path or as a shipped config's name.

    Args:
        name (str): Relative or absolute path, or the bare name of a shipped
            config, with or without ``.py``.
        config_dir (str or Path, optional): Folder of the shipped configs.

    Raises:
        UsageError: No such file, or the name is not unique.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path.resolve()
    shipped = sorted(Path(config_dir).rglob('*.py')) if config_dir else []
    found = [p for p in shipped if p.stem == path.name.removesuffix('.py')]
    if path.parent == Path('.') and len(found) == 1:
        return found[0]
    if path.parent == Path('.') and len(found) > 1:
        paths = ', '.join(str(p) for p in found)
        raise UsageError(f'config {name} is not unique: {paths}')
    stems = [p.stem for p in shipped if '_base_' not in p.parts]
    raise UsageError(f'config not found: {name}{suggestion(path.stem, stems)}')


def load_config(
    name: str,
    options: dict[str, Any] | None = None,
    config_dir: str | Path | None = None,
) -> Config:
    """Load a config, merge options over it, check its top-level keys.

    Args:
        name (str): See :func:`find_config`.
        options (dict, optional): Dotted keys to values, as
            ``--cfg-options`` gives them.  A key that the config does not
            have must begin with ``+``.
        config_dir (str or Path, optional): See :func:`find_config`.

    Raises:
        UsageError: File not found or not readable as a config, unknown or
            misspelt key.
        PackageMissing: The config imports a toolbox that is not installed.
    """
    from mmssl import compat  # here, as it stands on utils itself

    compat.install()  # _base_ = 'mmdet::...' and 'mmssl::...'
    path = find_config(name, config_dir)
    try:
        cfg = Config.fromfile(path)
    except Exception as error:
        if package := missing_module(error):
            raise PackageMissing(package, f'the config {path}') from error
        raise UsageError(
            f'cannot read the config {path}: {type(error).__name__}: {error}'
        ) from error
    merge_options(cfg, options or {})
    check_top_level(cfg)
    return cfg


def merge_options(cfg: Config, options: dict[str, Any]) -> None:
    """Merge dotted keys; unknown ones are refused unless marked ``+``.

    Raises:
        UsageError: A key without ``+`` that the config does not have, or a
            value that does not fit where it should go.
    """
    known = None
    plain = {}
    for key, value in options.items():
        name = key.removeprefix('+')
        plain[name] = value
        if key.startswith('+') or _has(cfg, name):
            continue
        known = known or list(dotted_keys(cfg.to_dict()))
        ending = name.rsplit('.', 1)[-1]
        same_ending = [k for k in known if k.rsplit('.', 1)[-1] == ending]
        likely = (same_ending + nearest(name, known))[:3]
        hint = f'; nearest: {", ".join(likely)}' if likely else ''
        raise UsageError(
            f'--cfg-options: the config has no key {name}{hint} (write '
            f'+{name}=... to add it)'
        )
    if 'data_root' in plain and isinstance(cfg.get('data_root'), str):
        move_data_root(cfg._cfg_dict, cfg.data_root, plain['data_root'])
    if 'pretrained' in plain and 'pretrained' in cfg:
        fill_checkpoints(cfg._cfg_dict, plain['pretrained'])
    try:
        cfg.merge_from_dict(plain)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f'--cfg-options: {error}') from error


def move_data_root(node: Any, old: str, new: str) -> None:
    """Let all datasets below a node follow the config's ``data_root``.

    A config's variables are gone once it is read, so a new value of the
    variable alone would move nothing.

    Args:
        node (dict or list): Changed in place.
        old (str): What ``data_root`` entries are, or begin with; and other
            ``PATH_KEYS``, which are whole paths in metrics.
        new (str): What takes its place.
    """
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if isinstance(value, dict | list):
            move_data_root(value, old, new)
        elif key in PATH_KEYS and str(value).startswith(old):
            node[key] = new + value[len(old) :]


def fill_checkpoints(node: Any, checkpoint: str) -> None:
    """Let all parts that start from pre-trained weights take one file.

    Args:
        node (dict or list): Changed in place: every initialiser
            ``dict(type='Pretrained', checkpoint=None)`` below it.
        checkpoint (str): File or URL.
    """
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            fill_checkpoints(value, checkpoint)
    if isinstance(node, dict) and node.get('type') == 'Pretrained':
        node['checkpoint'] = node.get('checkpoint') or checkpoint


def follow_data_root_variable(node: Any) -> None:
    """Put the folder of ``MMSSL_DATA_ROOT``, if set, in the place of data/.

    For datasets and metrics of other toolboxes; our own ask the variable
    themselves.

    Args:
        node (dict or list): Changed in place: every one of ``PATH_KEYS``
            that begins with ``data/``.
    """
    if not os.environ.get(DATA_ROOT_VARIABLE):
        return
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if isinstance(value, dict | list):
            follow_data_root_variable(value)
        elif (
            key in PATH_KEYS
            and isinstance(value, str)
            and value.startswith('data/')
        ):
            end = '/' if value.endswith('/') else ''
            node[key] = f'{follow_data_root(value)}{end}'


def _has(cfg: Any, name: str) -> bool:
    node = cfg
    for part in name.split('.'):
        if isinstance(node, list | tuple):
            if not part.isdigit() or int(part) >= len(node):
                return False
            node = node[int(part)]
        elif isinstance(node, dict | Config) and part in node:
            node = node[part]
        else:
            return False
    return True


def dotted_keys(node: Any, prefix: str = '') -> Iterator[str]:
    """Every key of a nested config, list indices included."""
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list | tuple):
        items = enumerate(node)
    else:
        return
    for key, value in items:
        yield f'{prefix}{key}'
        yield from dotted_keys(value, f'{prefix}{key}.')


def check_top_level(cfg: Config) -> None:
    """Refuse a top-level key that is nearly one with a meaning.

    A config may define variables of any name, so only a near miss is a
    mistake; left alone, it would silently not override its base.

    Raises:
        UsageError: Names the key and the one that was meant.
    """
    for key in cfg:
        if key in RUNNER_KEYS:
            continue
        meant = nearest(key, RUNNER_KEYS, count=1, cutoff=0.88)
        if meant:
            raise UsageError(
                f'unknown config key {key}; did you mean {meant[0]}?'
            )


def require_keys(cfg: Config, keys: tuple[str, ...], purpose: str) -> None:
    """Refuse a config that lacks what a tool needs.

    Raises:
        UsageError: Names the missing keys.
    """
    missing = [key for key in keys if cfg.get(key) is None]
    if missing:
        raise UsageError(
            f'{cfg.filename} cannot be used for {purpose}: it does not '
            f'define {", ".join(missing)}'
        )
