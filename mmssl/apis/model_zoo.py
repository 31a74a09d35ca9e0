# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Models by the names of the shipped configs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import yaml
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
        pretrained = _published_weights(Path(cfg.filename))
    with DefaultScope.overwrite_default_scope('mmssl'):
        with explained():
            model = MODELS.build(settings)
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


def _published_weights(config: Path) -> str:
    """The ``Weights`` that the metafile beside a config gives for it."""
    metafile = config.with_name('metafile.yml')
    models = []
    if metafile.is_file():
        text = metafile.read_text(encoding='utf-8')
        models = yaml.safe_load(text)['Models']
    for model in models:
        if model['Name'] == config.stem and 'Weights' in model:
            return model['Weights']
    raise UsageError(
        f'there are no published weights of {config.stem}; train it, then '
        'give the path of the checkpoint: get_model(name, pretrained=PATH)'
    )
