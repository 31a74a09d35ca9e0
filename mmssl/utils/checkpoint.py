# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Reading checkpoints without unpickling, and loading weights loudly.

A checkpoint holds tensors and plain Python only, so that
``torch.load(weights_only=True)`` reads it.  A file that needs more is
refused unless the user says that its source is trusted.
"""

import os
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmssl.utils.errors import UsageError

BACKBONE_PREFIX = 'backbone.'
WEIGHT_KEYS = ('state_dict', 'model', 'params')


class WeightsReport(NamedTuple):
    """What :func:`load_weights` did, by parameter name."""

    total: int
    matched: list[str]
    missing: list[str]
    unexpected: list[str]
    mismatched: list[str]

    def __str__(self) -> str:
        parts = [f'matched {len(self.matched)}/{self.total}']
        for name in ('missing', 'unexpected', 'mismatched'):
            names = getattr(self, name)
            parts.append(f'{name} {len(names)} [{", ".join(names)}]')
        return ', '.join(parts)


@contextmanager
def unpickling(trust: bool) -> Iterator[None]:
    """Force ``weights_only`` of the ``torch.load`` calls inside.

    MMEngine's loaders do not pass ``weights_only`` on, and its default
    depends on the torch version; torch's own environment variables are the
    documented way to reach those calls.

    Args:
        trust (bool): False refuses pickled objects, True allows them.
    """
    wanted, opposite = (
        'TORCH_FORCE_WEIGHTS_ONLY_LOAD',
        'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD',
    )
    if trust:
        wanted, opposite = opposite, wanted
    before = {name: os.environ.pop(name, None) for name in (wanted, opposite)}
    os.environ[wanted] = '1'
    try:
        yield
    finally:
        del os.environ[wanted]
        os.environ.update({k: v for k, v in before.items() if v is not None})


def read_checkpoint(
    filename: str | os.PathLike,
    map_location: Any = 'cpu',
    trust: bool = False,
) -> dict:
    """Read a checkpoint file or URL.

    Args:
        filename (str or PathLike): File, ``https://...`` or any other scheme
            of MMEngine's ``CheckpointLoader``.
        map_location (Any): As in ``torch.load``.
        trust (bool): Allow a file that needs unpickling, which can run any
            code that its author put there.

    Returns:
        dict: The content; a bare state dict is not wrapped.

    Raises:
        UsageError: The file is absent, unreadable, no dict, or needs
            unpickling without ``trust``.
    """
    filename = os.fspath(filename)
    if '://' not in filename and not os.path.isfile(filename):
        raise UsageError(f'checkpoint not found: {filename}')
    try:
        with unpickling(trust):
            checkpoint = CheckpointLoader.load_checkpoint(
                filename, map_location
            )
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        if 'weights only' in str(error).lower():
            raise UsageError(_refusal(filename, error)) from error
        raise UsageError(
            f'{filename} is not a readable checkpoint (cut short, or no '
            f'torch file): {str(error).splitlines()[0][:200]}'
        ) from error
    if not isinstance(checkpoint, dict):
        raise UsageError(
            f'{filename} holds a {type(checkpoint).__name__}, expected a '
            'state dict or a dict with the key state_dict'
        )
    return checkpoint


def _refusal(filename: str, error: Exception) -> str:
    found = re.search(r'GLOBAL ([\w.]+)', str(error))
    content = f' ({found.group(1)})' if found else ''
    return (
        f'{filename} holds Python objects{content} besides tensors, and '
        'unpickling them can run foreign code; if you trust its source, add '
        '--trust-checkpoint (in Python: trust_checkpoint=True)'
    )


def state_dict_of(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights of a checkpoint, without a leading ``module.``.

    They are below ``state_dict``, in foreign files also below ``model``
    (AMDIM) or ``params`` (SSL-FEW-SHOT), or the checkpoint itself.
    """
    places = [checkpoint.get(name) for name in WEIGHT_KEYS]
    found = [place for place in places if isinstance(place, Mapping)]
    weights = found[0] if found else checkpoint
    return {
        name.removeprefix('module.'): value for name, value in weights.items()
    }


def extract_prefix(
    weights: Mapping[str, Tensor], prefix: str = BACKBONE_PREFIX
) -> dict[str, Tensor]:
    """Keep the names that begin with exactly ``prefix.``, without it.

    A ``module.`` that then begins all of them, of a wrapped backbone, is
    cut off, too.

    Args:
        weights (Mapping[str, Tensor]): Names to tensors.
        prefix (str): With or without the final dot; ``backbone`` does not
            catch ``backbone_k.conv1.weight``.

    Raises:
        UsageError: Nothing begins with the prefix.
    """
    prefix = prefix.rstrip('.') + '.'
    kept = {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }
    if not kept:
        heads = sorted({name.split('.')[0] + '.' for name in weights})
        raise UsageError(
            f'no name begins with {prefix!r} (0 of {len(weights)} keys); '
            f'the names begin with {", ".join(heads[:8])}'
        )
    if all(name.startswith('module.') for name in kept):
        return state_dict_of(kept)
    return kept


def load_weights(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    strict: bool = True,
    least_backbone_match: float = 0.9,
    fresh: tuple[str, ...] = (),
) -> WeightsReport:
    """Load weights into a model and say what matched.

    A name matches when both sides have it with the same shape; the other
    entries are left as they are.  The counts, and every name that did not
    match, go to the log.

    Args:
        model (nn.Module): Not wrapped by DistributedDataParallel.
        weights (Mapping[str, Tensor]): Names to tensors.
        strict (bool): Refuse a poor match of the backbone.
        least_backbone_match (float): Share in [0, 1] of the model's
            ``backbone.`` entries that must match; of all entries where the
            model has no backbone.
        fresh (tuple[str, ...]): Beginnings of names that need not match.

    Returns:
        WeightsReport: Names by what happened to them.

    Raises:
        UsageError: Fewer than ``least_backbone_match`` matched while
            ``strict``.
    """
    own = model.state_dict()
    shared = [name for name in own if name in weights]
    fitting = [n for n in shared if own[n].shape == weights[n].shape]
    report = WeightsReport(
        total=len(own),
        matched=fitting,
        missing=[name for name in own if name not in weights],
        unexpected=[name for name in weights if name not in own],
        mismatched=[
            f'{n} {_shape(weights[n])} in the file, {_shape(own[n])} here'
            for n in shared
            if own[n].shape != weights[n].shape
        ],
    )
    print_log(f'weights: {report}', logger='current')
    needed = [n for n in own if not n.startswith(fresh)]
    wanted = [n for n in needed if n.startswith(BACKBONE_PREFIX)] or needed
    found = len(set(wanted) & set(fitting))
    if strict and found < least_backbone_match * len(wanted):
        raise UsageError(_poor_match(weights, found, len(wanted)))
    model.load_state_dict({n: weights[n] for n in fitting}, strict=False)
    return report


def _poor_match(weights: Mapping[str, Tensor], found: int, total: int) -> str:
    examples = ', '.join(list(weights)[:2])
    return (
        f'only {found} of {total} backbone weights of the model match the '
        f'checkpoint (its names are like {examples}): another architecture, '
        'or a file without the prefix "backbone."; load backbone files with '
        "model.backbone.init_cfg=dict(type='Pretrained', checkpoint=FILE), "
        'or say strict_load=False to go on with the rest untrained'
    )


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, 'shape', ()))


def to_plain(value: Any, where: str = 'checkpoint') -> Any:
    """Turn numpy and containers into tensors and plain Python, recursively.

    Args:
        value (Any): Nested content of a checkpoint.
        where (str): Path of the entry, for the message.

    Returns:
        Any: The same content of dict, list, tuple, int, float, str, bool,
        bytes, None, torch dtypes and tensors.

    Raises:
        TypeError: An object of another kind, with its path.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {
            to_plain(key): to_plain(item, f'{where}.{key}')
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = [to_plain(item, f'{where}[...]') for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, nn.Parameter):
        return value.detach()
    plain = (bool, int, float, complex, str, bytes, Tensor, torch.dtype)
    if value is None or type(value) in plain or isinstance(value, Tensor):
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):  # enums, SampleIndex, str subclasses
            return kind(value)
    raise TypeError(
        f'{where} is a {type(value).__name__}; a checkpoint holds tensors '
        'and plain Python only'
    )
