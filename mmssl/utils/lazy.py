# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What is imported when it is asked for: names, and optional packages."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from mmssl.utils.errors import UsageError

EXTRAS = {
    'av': 'video',
    'einops': 'action',
    'h5py': 'orl',
    'importlib_metadata': 'action',
    'mmaction': 'action',
    'mmdet': 'det',
    'pycocotools': 'det',
    'shapely': 'det',
    'six': 'det',
    'tensorboard': 'tracking',
    'terminaltables': 'det',
    'tokenizers': 'videoqa',
    'tqdm': 'det',
    'transformers': 'videoqa',
}
"""Optional module to the extra that installs it, or all that it needs."""

WITHOUT_DEPENDENCIES = dict(mmaction='mmaction2', mmdet='mmdet')
"""Module to distribution that, asked for its dependencies, would install a
second OpenCV over the first."""


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


class PackageMissing(ImportError, UsageError):
    """A package that the rest does without, where it is needed.

    Args:
        package (str): To import, such as 'av'.
        use (str): What needs it, at the beginning of the message.
    """

    def __init__(self, package: str, use: str) -> None:
        extra = EXTRAS.get(package)
        wanted = f"'mmssl[{extra}]'" if extra else package
        if package in WITHOUT_DEPENDENCIES:
            distribution = WITHOUT_DEPENDENCIES[package]
            wanted += f' && pip install --no-deps {distribution}'
        super().__init__(
            f'{use} needs the package {package}, which is not installed: '
            f'pip install {wanted}',
            name=package,
        )


def missing_module(error: BaseException | None) -> str | None:
    """First part of the module that an error, or what led to it, missed."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition('.')[0]
        error = error.__cause__ or error.__context__
    return None


class OptionalPackage:
    """A package of an extra, imported when it is used for the first time.

    Args:
        name (str): Module to import, such as 'av'.
        use (str): What it is needed for, at the beginning of the message.

    Raises:
        PackageMissing: On use, where it is not installed; says how to.
    """

    def __init__(self, name: str, use: str) -> None:
        self.__dict__.update(name=name, use=use)

    def __getattr__(self, attribute: str) -> Any:
        try:
            package = import_module(self.name)
        except ModuleNotFoundError as error:
            package = self.name.partition('.')[0]
            if error.name not in (package, self.name):
                raise
            raise PackageMissing(package, self.use) from error
        return getattr(package, attribute)
