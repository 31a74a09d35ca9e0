# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Turns what a registry raises into one sentence about the config.

MMEngine builds objects in ``build_from_cfg``; its innermost frame in the
traceback knows the registry, the class and the arguments, and so what the
user may have meant.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from mmengine.registry import DefaultScope, Registry

from mmssl.utils.errors import UsageError
from mmssl.utils.lazy import (
    WITHOUT_DEPENDENCIES,
    PackageMissing,
    missing_module,
)
from mmssl.utils.names import suggestion

TOOLBOXES = ('mmssl', 'mmdet', 'mmaction', 'mmengine', 'mmpretrain')


class ConfigError(UsageError):
    """Something in a config cannot be built."""


@contextmanager
def explained() -> Iterator[None]:
    """Raise :class:`ConfigError` for an error inside ``build_from_cfg``.

    Wrong type names, unknown or missing constructor keys, and values that a
    constructor refuses (ValueError) are mistakes of the config; a package
    that is missing is named with the command that installs it.  Everything
    else passes unchanged.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise _missing_package(error) from error
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        message = _explain(error)
        if message is None:
            raise
        raise ConfigError(message) from error


def _missing_package(error: ModuleNotFoundError) -> PackageMissing:
    package = missing_module(error) or str(error)
    frame = _innermost_build(error)
    return PackageMissing(package, frame['obj_type'] if frame else 'this')


def _explain(error: Exception) -> str | None:
    frame = _innermost_build(error)
    if frame is None:
        return None
    if isinstance(error, KeyError) and 'registry' in str(error):
        return _unknown_type(frame['obj_type'], frame['registry'])
    cls = frame.get('obj_cls')
    if cls is None:
        return None
    name = getattr(cls, '__name__', str(cls))
    given = set(frame['args'])
    unknown = re.search(r"(\w+)\.__init__.*argument '(\w+)'", str(error))
    if unknown and unknown.group(1) == 'DataLoader':
        # Not built by the registry but by a loop that is.
        from torch.utils.data import DataLoader

        name, cls, given = 'DataLoader', DataLoader, {unknown.group(2)}
    if isinstance(error, TypeError):
        return _wrong_keys(name, cls, given, str(error))
    return f'{name}: {error}'


def _innermost_build(error: BaseException) -> dict[str, Any] | None:
    """Local variables of the innermost ``build_from_cfg`` frame."""
    found = None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == 'build_from_cfg':
            found = frame.f_locals
        traceback = traceback.tb_next
    return found


def _unknown_type(name: str, registry: Registry) -> str:
    scope, _, bare = name.rpartition('.')
    searched = registry
    default = DefaultScope.get_current_instance()
    owner = scope or (default.scope_name if default else registry.scope)
    if owner in WITHOUT_DEPENDENCIES and find_spec(owner) is None:
        raise PackageMissing(owner, name)
    if scope and scope != registry.scope:
        searched = registry.root.children.get(scope)
        if searched is None and scope in TOOLBOXES:
            return (
                f'{name}: {scope} is not installed or has no registry of '
                f'{registry.name}s; python -m mmssl.doctor says what to do'
            )
        if searched is None:
            return (
                f'{name}: no toolbox {scope!r} is known'
                f'{suggestion(scope, TOOLBOXES)}; a type without a prefix '
                f'is looked up in {registry.scope}'
            )
    known = list(_names(searched))
    return (
        f'{name} is not in the {searched.scope} registry of '
        f'{registry.name}s{suggestion(bare or name, known)}; a class of your '
        'own needs custom_imports in the config, another toolbox its prefix '
        "('mmdet.ResNet')"
    )


def _names(registry: Registry) -> Iterator[str]:
    while registry is not None:
        yield from registry.module_dict
        registry = registry.parent


def _wrong_keys(
    name: str, cls: Any, given: set[str], message: str
) -> str | None:
    accepted, required, open_ended = _parameters(cls)
    unknown = re.search(r"unexpected keyword argument '(\w+)'", message)
    if unknown and unknown.group(1) in given:
        key = unknown.group(1)
        keys = ', '.join(accepted) or 'none'
        return (
            f'{name} has no argument {key}{suggestion(key, accepted)}; it '
            f'accepts: {keys}'
        )
    missing = [key for key in required if key not in given]
    if missing and not open_ended and 'missing' in message:
        return f'{name} needs {", ".join(missing)} in its config'
    return f'{name}: {message}'


def _parameters(cls: Any) -> tuple[list[str], list[str], bool]:
    """Accepted and required constructor keys, through ``**kwargs``.

    Returns:
        tuple: Accepted keys, required keys, whether any key is accepted.
    """
    owners = inspect.getmro(cls) if inspect.isclass(cls) else [cls]
    accepted: list[str] = []
    required: list[str] = []
    for owner in owners:
        function = (
            owner
            if owner is cls and not inspect.isclass(cls)
            else (vars(owner).get('__init__'))
        )
        if function is None:
            continue
        parameters = inspect.signature(function).parameters.values()
        open_ended = False
        for parameter in parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                open_ended = True
            elif (
                parameter.kind is not parameter.VAR_POSITIONAL
                and parameter.name != 'self'
                and parameter.name not in accepted
            ):
                accepted.append(parameter.name)
                if parameter.default is parameter.empty:
                    required.append(parameter.name)
        if not open_ended:
            return accepted, required, False
    return accepted, required, True
