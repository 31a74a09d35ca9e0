# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Models by the names of the shipped configs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from torch import nn

import mmssl
from mmssl.registry import MODELS
from mmssl.utils.build_errors import explained
from mmssl.utils.checkpoint import (
    load_weights,
    read_checkpoint,
    state_dict_of,
)
from mmssl.utils.config import load_config, require_keys
from mmssl.utils.download import cache_dir, download
from mmssl.utils.errors import UsageError


def list_models(pattern: str = '*') -> list[str]:
    """Names of the shipped configs, sorted.

    Args:
        pattern (str): With ``*``, ``?`` and ``[...]``, as for files:
            ``'wmse*cifar10'``.

    Returns:
        list[str]: Names for :func:`get_model`; may be empty.
    """
    configs = mmssl.get_config_dir()
    names = [
        path.stem
        for path in configs.rglob('*.py')
        if '_base_' not in path.relative_to(configs).parts
    ]
    return sorted(name for name in names if fnmatch(name, pattern))


def get_model(
    name: str, pretrained: bool | str | os.PathLike = False
) -> nn.Module:
    """Build the model of a config, with or without weights.

    Args:
        name (str): Name of a shipped config, or path of any config.
        pretrained (bool, str or PathLike): False initialises as training
            does; True takes the weights that the config's metafile names;
            a path or URL is a checkpoint of the same model.

    Returns:
        nn.Module: On the CPU, in evaluation mode.

    Raises:
        UsageError: No such config; a config that cannot be built; no
            published weights; a checkpoint that does not fit.
    """
    cfg = load_config(name, config_dir=mmssl.get_config_dir())
    require_keys(cfg, ('model',), 'get_model')
    settings = cfg.model
    if cfg.get('data_preprocessor') is not None:
        settings.setdefault('data_preprocessor', cfg.data_preprocessor)
    if pretrained is True:
        pretrained = download_weights(cfg.filename)
    scope = cfg.get('default_scope') or 'mmssl'
    with DefaultScope.overwrite_default_scope(scope):
        with explained():
            model = MODELS.build(settings)
        # A config that starts from other weights has no need of them here.
        if not pretrained:
            with _quiet():
                model.init_weights()
    if pretrained:
        load_weights(model, state_dict_of(read_checkpoint(pretrained)))
    return model.eval()


@contextmanager
def _quiet() -> Iterator[None]:
    """MMEngine logs three lines a weight where there is no log file."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('WARNING')
    try:
        yield
    finally:
        logger.setLevel(level)


def download_weights(
    name: str | os.PathLike, dest: str | os.PathLike | None = None
) -> Path:
    """Fetch the weights that the metafile of a config names.

    Args:
        name (str or PathLike): Name of a shipped config, or path of any.
        dest (str or PathLike, optional): Folder; defaults to
            ``checkpoints`` below :func:`mmssl.utils.download.cache_dir`.

    Returns:
        Path: The file; checked by SHA-256, also when it was there before.

    Raises:
        UsageError: No such config; no weights are published, with the
            command that trains them; the download failed.
    """
    cfg = load_config(os.fspath(name), config_dir=mmssl.get_config_dir())
    config = Path(cfg.filename)
    entry = _metafile_entry(config)
    if not entry.get('Weights'):
        raise UsageError(
            f'there are no published weights of {config.stem}; train it by '
            f'"mmssl train {config.stem}", then get_model({config.stem!r}, '
            f'pretrained=PATH) takes {_last_checkpoint(cfg)}'
        )
    addresses = [entry['Weights'], *entry.get('Mirrors', [])]
    folder = Path(dest) if dest else cache_dir() / 'checkpoints'
    file = folder / unquote(Path(urlsplit(addresses[0]).path).name)
    return download(addresses, file, entry['SHA256'])


def zoo_table(pattern: str = '*') -> list[dict]:
    """What the metafiles say of the shipped configs.

    Args:
        pattern (str): As in :func:`list_models`.

    Returns:
        list[dict]: ``name``, ``data`` (training set), ``epochs``, ``results``
        (list of ``task, dataset, metric, value, source``; published, but of
        the ``_mini`` configs, measured here) and ``weights`` (bool, whether
        they can be downloaded) of every config that states a published
        setting or has been measured.
    """
    configs = mmssl.get_config_dir()
    rows = []
    for metafile in sorted(configs.rglob('metafile.yml')):
        for model in _models_of(metafile):
            if fnmatch(model['Name'], pattern):
                rows.append(_row(model))
    return sorted(rows, key=lambda row: row['name'])


def _row(model: dict) -> dict:
    results = [
        (result['Task'], result['Dataset'], metric, value, result['Source'])
        for result in model.get('Results', [])
        for metric, value in result['Metrics'].items()
    ]
    return dict(
        name=model['Name'],
        data=model['Metadata']['Training Data'],
        epochs=model['Metadata']['Epochs'],
        results=results,
        weights=bool(model.get('Weights')),
    )


def _last_checkpoint(cfg: Config) -> str:
    """Where ``mmssl train`` leaves the last weights of a config."""
    ends = cfg.get('train_cfg') or {}
    file = f'epoch_{ends.get("max_epochs")}'
    if 'max_iters' in ends:
        file = f'iter_{ends["max_iters"]}'
    return f'work_dirs/{Path(cfg.filename).stem}/{file}.pth'


def _metafile_entry(config: Path) -> dict:
    """What the metafile beside a config says of it; empty if nothing."""
    models = _models_of(config.with_name('metafile.yml'))
    return next((m for m in models if m['Name'] == config.stem), {})


def _models_of(metafile: Path) -> list[dict]:
    if not metafile.is_file():
        return []
    text = metafile.read_text(encoding='utf-8')
    return yaml.safe_load(text)['Models']
