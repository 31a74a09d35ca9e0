# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Runs the command that an error message gives."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run_command():
    """Take ``python tools/X ARGUMENTS`` out of a message and run it."""

    def run(error):
        found = re.search(r'python (tools/\S+\.py)( .*)', str(error))
        path, arguments = found.group(1), shlex.split(found.group(2))
        spec = importlib.util.spec_from_file_location('tool', ROOT / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.main(arguments) == 0

    return run
