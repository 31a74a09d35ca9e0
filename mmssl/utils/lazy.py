# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Packages whose names are imported when they are asked for."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy_names(package: str, **modules: str) -> tuple[Callable, list[str]]:
    """``__getattr__`` and ``__all__`` of a package.

    Args:
        package (str): Its ``__name__``.
        **modules (str): Names that a module of the package gives, divided
            by blanks; the module itself where there are none.

    Returns:
        tuple[Callable, list[str]]: Both, for the package to assign.
    """
    owners = {
        name: module
        for module, names in modules.items()
        for name in names.split() or [module]
    }

    def getattr_(name: str) -> Any:
        if name not in owners:
            raise AttributeError(
                f'module {package!r} has no attribute {name!r}'
            )
        found = import_module(f'{package}.{owners[name]}')
        value = found if name == owners[name] else getattr(found, name)
        setattr(sys.modules[package], name, value)
        return value

    return getattr_, sorted(owners)
