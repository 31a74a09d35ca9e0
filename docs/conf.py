# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sphinx settings; `make docs` builds without warnings."""

import ast
from pathlib import Path

_init = Path(__file__).parents[1] / 'mmssl' / '__init__.py'
release = next(
    ast.literal_eval(node.value)
    for node in ast.parse(_init.read_text()).body
    if isinstance(node, ast.Assign)
    and node.targets[0].id == '__version__'
)
project = 'mmssl'
author = copyright = 'mmssl contributors'
extensions = ['myst_parser']
html_theme = 'furo'
html_title = f'mmssl {release}'
exclude_patterns = ['_build']
myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 3
# method pages include the READMEs of configs/, whose links are relative there
suppress_warnings = ['myst.xref_missing', 'myst.header']
