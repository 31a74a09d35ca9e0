# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Packaging: one place for versions, needs and the files in a wheel.

Configs, tools, demo, model-index and requirements lie beside the package in
a checkout and under ``mmssl/.mim`` in a wheel, as in every OpenMMLab toolbox.
"""

import ast
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools', 'demo', 'requirements', 'model-index.yml')
NO_COPY = shutil.ignore_patterns('__pycache__', '*.py[cod]')


class BuildWithConfigs(build_py):
    """Copy what is shipped beside the package into ``mmssl/.mim``."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / 'mmssl' / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=NO_COPY)
            elif source.is_file():
                shutil.copy2(source, target / name)


def version() -> str:
    """``__version__`` of the package, read without importing it."""
    for node in ast.parse((ROOT / 'mmssl' / '__init__.py').read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and node.targets[0].id == '__version__'
        ):
            return ast.literal_eval(node.value)
    raise RuntimeError('mmssl/__init__.py does not set __version__')


def requirements(name: str) -> dict[str, list[str]]:
    """Lines of a requirements file by the [section] comment above them."""
    sections: dict[str, list[str]] = {'': []}
    section = ''
    path = ROOT / 'requirements' / f'{name}.txt'
    for line in path.read_text().splitlines():
        if opened := re.match(r'# \[(\w+)\]', line):
            section = opened.group(1)
            sections[section] = []
        elif line and not line.startswith('#'):
            sections[section].append(line)
    return sections


extras = requirements('optional')
del extras['']
extras['all'] = sorted(set().union(*extras.values()))

setup(
    name='mmssl',
    version=version(),
    description='Self-supervised learning for images, scenes and video',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmssl', 'mmssl.*']),
    include_package_data=True,
    python_requires='>=3.10',
    install_requires=requirements('runtime')[''],
    extras_require=extras,
    entry_points={'console_scripts': ['mmssl = mmssl.apis.cli:main']},
    cmdclass={'build_py': BuildWithConfigs},
    zip_safe=False,
)
