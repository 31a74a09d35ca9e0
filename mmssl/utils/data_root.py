# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The folder that ``data/`` in a config stands for."""

import os
from pathlib import Path

DATA_ROOT_VARIABLE = 'MMSSL_DATA_ROOT'


def follow_data_root(path: str | Path) -> Path:
    """A path; one below ``data/`` in the folder of ``MMSSL_DATA_ROOT``.

    Without that variable a path stays as it is.
    """
    found = Path(path).expanduser()
    variable = os.environ.get(DATA_ROOT_VARIABLE)
    if variable and found.parts[:1] == ('data',):
        found = Path(variable).expanduser().joinpath(*found.parts[1:])
    return found
