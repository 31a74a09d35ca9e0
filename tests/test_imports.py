# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Imports run one way, and importing the package costs nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / 'mmssl').rglob('*.py'))

TOOLBOXES = {'mmaction', 'mmcv', 'mmdet', 'mmengine'}

# Rooms by floor; a room may import its own files and lower floors.
UTILS = {'mmssl', 'utils'}
BASE = {*UTILS, 'registry', 'structures', 'compat'}
MODELS = {
    'losses': set(),
    'layers': set(),
    'backbones': {'layers', 'losses'},
    'necks': {'layers', 'losses'},
    'heads': {'layers', 'losses'},
    'algorithms': {'backbones', 'heads', 'layers', 'losses', 'necks'},
}
ALLOWED = {
    'mmssl': {'apis'},  # lazily, for mmssl.get_model and its like
    'utils': {*UTILS, 'compat'},  # configs are read by a mended MMEngine
    'compat': UTILS,
    'registry': {*UTILS, 'compat'},
    'structures': UTILS,
    'datasets': BASE,
    'models': BASE,
    'evaluation': BASE,
    'visualization': BASE,
    # It runs the evaluation and draws sheets, so it stands on both.
    'engine': {*BASE, 'evaluation', 'visualization'},
    'doctor': {*UTILS, 'compat'},
    'apis': {
        *BASE, 'datasets', 'doctor', 'engine', 'evaluation', 'models',
        'visualization',
    },
}  # fmt: skip


def module_of(path):
    """('mmssl', 'models', 'losses', 'info_nce') of a file."""
    parts = path.relative_to(ROOT).with_suffix('').parts
    return parts[:-1] if parts[-1] == '__init__' else parts


def imports_of(path):
    """Dotted names of what a file imports, relative ones resolved."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level]
            stem = [*(start if node.level else ()), node.module or '']
            name = '.'.join(part for part in stem if part)
            # 'from mmssl import compat' is an import of mmssl.compat.
            yield from (f'{name}.{alias.name}' for alias in node.names)


def internal_imports(path):
    """(room, rest) of what a file imports of mmssl."""
    for name in imports_of(path):
        top, *rest = name.split('.')
        if top != 'mmssl':
            continue
        known = rest and rest[0] in ALLOWED
        yield (rest[0], rest[1:]) if known else ('mmssl', rest)


def room_of(path):
    parts = module_of(path)
    return parts[1] if len(parts) > 1 else 'mmssl'


@pytest.mark.parametrize(
    'path', FILES, ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_room_imports_lower_floors_only(path):
    room = room_of(path)
    assert room in ALLOWED, f'say in this test where {room} stands'
    allowed = {*ALLOWED[room], room}
    found = {other for other, _ in internal_imports(path)}
    assert not found - allowed


@pytest.mark.parametrize(
    'path',
    sorted((ROOT / 'mmssl' / 'models').glob('*/**/*.py')),
    ids=lambda p: p.relative_to(ROOT / 'mmssl/models').as_posix(),
)
def test_inside_models_imports_run_from_algorithms_to_bricks(path):
    floor = module_of(path)[2]
    found = {
        rest[0]
        for room, rest in internal_imports(path)
        if room == 'models' and rest and rest[0] in MODELS
    }
    assert not found - {*MODELS[floor], floor}


@pytest.mark.parametrize('floor', ['layers', 'losses'])
def test_bricks_of_models_know_neither_data_nor_engine(floor):
    folder = ROOT / 'mmssl' / 'models' / floor
    for path in folder.rglob('*.py'):
        rooms = {room for room, _ in internal_imports(path)}
        assert not rooms & {'datasets', 'engine', 'evaluation'}, path


def test_pure_evaluation_functions_know_only_tensors():
    for path in (ROOT / 'mmssl/evaluation/functional').rglob('*.py'):
        names = set(imports_of(path))
        own = {n for n in names if n.startswith('mmssl.')}
        inside = ('mmssl.evaluation.functional', 'mmssl.utils')
        assert all(name.startswith(inside) for name in own), path
        assert not any(n.split('.')[0] == 'mmengine' for n in names), path


def patched(tree):
    """Lines that set an attribute of something of another toolbox."""
    foreign = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ''] * len(node.names)
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for alias, name in zip(node.names, names, strict=True):
            if name.split('.')[0] in TOOLBOXES:
                foreign.add((alias.asname or alias.name).split('.')[0])
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute):
                owner = ast.unparse(target).split('.')[0]
                if owner in foreign:
                    yield node.lineno


def test_other_projects_are_patched_in_compat_only():
    for path in FILES:
        text = path.read_text()
        if room_of(path) != 'compat':
            assert not list(patched(ast.parse(text))), path
            assert 'sys.meta_path' not in text, path
    sample = 'from mmdet.models import SSDHead as H\nH.loss_cls = None\n'
    assert list(patched(ast.parse(sample))) == [2]


@pytest.mark.parametrize(
    'module', ['mmssl', 'mmssl.doctor', 'mmssl.utils.tool', 'mmssl.apis.cli']
)
def test_light_modules_import_no_heavy_package(module):
    heavy = 'torch numpy cv2 mmengine mmcv mmdet mmaction av transformers'
    code = (
        f'import sys, {module}\n'
        f'print([m for m in {heavy.split()} if m in sys.modules])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == '[]'
