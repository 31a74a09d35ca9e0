# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two import finders: stand-ins for missing modules, patches for others."""

import sys
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType


class StandInFinder(MetaPathFinder):
    """Loads a file of this folder under the name of a missing module.

    Args:
        files (Mapping[str, str]): Module name to file name.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def find_spec(self, name, path=None, target=None) -> ModuleSpec | None:
        if name not in self.files:
            return None
        is_parent = any(other.startswith(f'{name}.') for other in self.files)
        return spec_from_file_location(
            name,
            Path(__file__).with_name(self.files[name]),
            submodule_search_locations=[] if is_parent else None,
        )


class PatchFinder(MetaPathFinder):
    """Calls a function on a module right after it was imported.

    Stands first in ``sys.meta_path`` and lets the others find the module,
    so the module is imported when, and only when, somebody asks for it.

    Args:
        patches (Mapping[str, Callable]): Module name to function of the
            module.  A function with the attribute ``tolerates`` (an
            exception class) is also called when the module's body raised
            that exception, which is then swallowed.
    """

    def __init__(
        self, patches: Mapping[str, Callable[[ModuleType], None]]
    ) -> None:
        self.patches = dict(patches)

    def find_spec(self, name, path=None, target=None) -> ModuleSpec | None:
        if name not in self.patches:
            return None
        spec = self._find_by_others(name, path, target)
        if spec is not None and spec.loader is not None:
            self._run_after(spec.loader, self.patches[name])
        return spec

    def _find_by_others(self, name, path, target) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, 'find_spec'):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    @staticmethod
    def _run_after(loader, patch) -> None:
        run = loader.exec_module
        tolerated = getattr(patch, 'tolerates', ())

        def run_and_patch(module: ModuleType) -> None:
            try:
                run(module)
            except tolerated as error:
                patch(module, error)
            else:
                patch(module)

        # A loader is made anew for each look-up, so this binds to one
        # import only and keeps get_source and the like in place.
        loader.exec_module = run_and_patch
