# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What is shipped: requirement files that agree, and a whole wheel."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mmssl

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / 'requirements'
FILES = ('build', 'docs', 'mminstall', 'optional', 'runtime', 'tests')
SHIPPED = ('configs', 'tools', 'demo', 'requirements', 'model-index.yml')


def names_of(path):
    """Requirement names of a file, as pip compares them."""
    lines = path.read_text().splitlines()
    found = [re.match(r'[\w.-]+', line) for line in lines]
    return [re.sub('[-_.]+', '-', m.group()).lower() for m in found if m]


def test_every_requirement_is_pinned_once():
    pinned = names_of(REQUIREMENTS / 'constraints.txt')
    assert len(pinned) == len(set(pinned))
    for file in FILES:
        wanted = set(names_of(REQUIREMENTS / f'{file}.txt'))
        assert not wanted - set(pinned), file


def test_every_pin_lies_in_its_range():
    packaging = pytest.importorskip('packaging.requirements')
    text = (REQUIREMENTS / 'constraints.txt').read_text()
    pins = dict(re.findall(r'^([\w.-]+)==(\S+)', text, re.MULTILINE))
    pins = {re.sub('[-_.]+', '-', k).lower(): v for k, v in pins.items()}
    for file in FILES:
        for line in (REQUIREMENTS / f'{file}.txt').read_text().splitlines():
            line = line.split('#')[0].strip()
            if not line:
                continue
            wanted = packaging.Requirement(line)
            name = re.sub('[-_.]+', '-', wanted.name).lower()
            assert wanted.specifier.contains(pins[name], prereleases=True), (
                line
            )


def test_a_missing_folder_is_an_error_that_says_what_to_do():
    with pytest.raises(FileNotFoundError, match='install mmssl again'):
        mmssl.shipped('no_such_folder')


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match='mmssl.*no_such_name'):
        _ = mmssl.no_such_name


def test_every_promised_name_exists():
    for name in mmssl.__all__:
        assert getattr(mmssl, name) is not None


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """A wheel of a copy, so that no build folder appears in the checkout."""
    folder = tmp_path_factory.mktemp('wheel')
    copy = folder / 'copy'
    junk = shutil.ignore_patterns('__pycache__', '.mim', '*.egg-info')
    for name in ('mmssl', *SHIPPED):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=junk)
    for file in (*ROOT.glob('*.*'), ROOT / 'LICENSE'):
        if file.is_file():
            shutil.copy2(file, copy / file.name)
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps',
         '--no-build-isolation', '--no-index', '--wheel-dir', folder, copy],
        check=True, env=dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK='1'),
    )  # fmt: skip
    (path,) = folder.glob('*.whl')
    return path


def test_a_wheel_holds_package_configs_tools_and_metafiles(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert wheel.name == f'mmssl-{mmssl.__version__}-py3-none-any.whl'
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / 'mmssl').rglob('*.py')
    }
    assert not modules - inside
    beside = {ROOT / 'model-index.yml'}
    for name in ('configs', 'tools', 'requirements'):
        beside |= {
            path
            for path in (ROOT / name).rglob('*.*')
            if path.is_file() and '__pycache__' not in path.parts
        }
    names = {f'mmssl/.mim/{p.relative_to(ROOT).as_posix()}' for p in beside}
    assert not names - inside
    assert not [n for n in inside if n.endswith('.pyc') or 'tests/' in n]
    assert any(name.endswith('licenses/LICENSE') for name in inside)


def test_an_unpacked_wheel_finds_its_configs_and_tools(wheel, tmp_path):
    """As installed: the checkout is not on the path."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / 'site')
    code = (
        'import mmssl\n'
        'from mmssl.apis import cli\n'
        'from mmssl.doctor import wanted_packages\n'
        'print(mmssl.__file__)\n'
        'print(mmssl.get_config_dir() / "simclr/simclr_tiny.py")\n'
        'print(mmssl.get_tools_dir() / "train.py")\n'
        'assert wanted_packages(mmssl.shipped("requirements"))\n'
        'assert cli.main(["--help"]) == 0\n'
    )
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(tmp_path / 'site')),
        check=True,
    )
    lines = done.stdout.splitlines()
    for line in lines[:3]:
        assert Path(line).is_file()
        assert Path(line).is_relative_to(tmp_path / 'site')
    assert any(line.startswith('  train ') for line in lines)
