# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sphinx settings; `make docs` builds without warnings."""

import ast
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def package_version() -> str:
    """``__version__`` of the package, read without importing it."""
    for node in ast.parse((ROOT / 'mmssl' / '__init__.py').read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and node.targets[0].id == '__version__'
        ):
            return ast.literal_eval(node.value)
    raise RuntimeError('mmssl/__init__.py does not set __version__')


def model_zoo() -> str:
    """The tables of docs/model_zoo.md, from the metafiles."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    lines = []
    for metafile in index['Import']:
        meta = yaml.safe_load((ROOT / metafile).read_text())
        (collection,) = meta['Collections']
        paper = collection['Paper']
        lines += [
            f'## {collection["Name"]}',
            f'[{paper["Title"]}]({paper["URL"]})',
            '| config | data | epochs | batch | parameters | result |\n'
            '|---|---|---|---|---|---|\n'
            + '\n'.join(row(model) for model in meta['Models']),
        ]
        sources = sorted(
            {
                result['Source']
                for model in meta['Models']
                for result in model.get('Results', [])
                if not measured_here(result)
            }
        )
        lines += [f'Published numbers: {"; ".join(sources)}.'] * bool(sources)
    return '\n\n'.join(lines)


def measured_here(result: dict) -> bool:
    """Whether a number is ours."""
    return result['Source'].startswith('measured here')


def row(model: dict) -> str:
    """One line of a table."""
    about = model['Metadata']
    results = '; '.join(
        f'{result["Dataset"]}, {result["Task"]}: {metric} {value} %'
        + ' (measured here)' * measured_here(result)
        for result in model.get('Results', [])
        for metric, value in result['Metrics'].items()
    )
    cells = [
        f'`{model["Config"]}`',
        about['Training Data'],
        about['Epochs'],
        about['Batch Size'],
        f'{about["Parameters"] / 1e6:.1f} M',
        results or '-',
    ]
    return f'| {" | ".join(map(str, cells))} |'


(ROOT / 'docs' / '_build').mkdir(exist_ok=True)
(ROOT / 'docs' / '_build' / 'model_zoo.md').write_text(model_zoo())

project = 'mmssl'
author = copyright = 'mmssl contributors'
release = package_version()
extensions = ['myst_parser']
html_theme = 'furo'
# The drawings of the data flow have up to 98 columns.
html_theme_options = dict(
    light_css_variables={'code-font-size': '75%'},
    dark_css_variables={'code-font-size': '75%'},
)
html_title = f'mmssl {release}'
exclude_patterns = ['_build']
myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 3
# method pages include the READMEs of configs/, whose links are relative there
suppress_warnings = ['myst.xref_missing', 'myst.header']
