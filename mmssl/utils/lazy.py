# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What is imported when it is asked for: names, and optional packages."""

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


class OptionalPackage:
    """A package of an extra, imported when it is used for the first time.

    Args:
        name (str): To import, such as 'av'.
        extra (str): Of mmssl, that installs it.
        use (str): What it is needed for, in the message.

    Raises:
        ImportError: On use, where it is not installed; says how to.
    """

    def __init__(self, name: str, extra: str, use: str) -> None:
        self.__dict__.update(name=name, extra=extra, use=use)

    def __getattr__(self, attribute: str) -> Any:
        try:
            package = import_module(self.name)
        except ModuleNotFoundError as error:
            if error.name != self.name:
                raise
            raise ImportError(
                f'{self.use} needs the package {self.name}, which is not '
                f"installed: pip install 'mmssl[{self.extra}]'",
                name=self.name,
            ) from error
        return getattr(package, attribute)
