# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Made-up machines and what the doctor says about them."""

import json
import re
from pathlib import Path

import pytest

from mmssl import doctor
from mmssl.doctor import EVERYTHING, Finding, Package

ROOT = Path(__file__).parents[1]
TORCH = Package('torch', '>=2.1', EVERYTHING)
MMCV = Package('mmcv-lite', '>=2.1.0,<2.2.0', EVERYTHING, '--no-deps ')
AV = Package('av', '>=12.0', '[video] decoding')
GOOD = Finding('torch', '2.14.1', '>=2.1', 'ok', EVERYTHING)


@pytest.mark.parametrize(
    'package, found, state, command',
    [
        (TORCH, '2.14.1+cu130', 'ok', ''),
        (TORCH, '2.15.0.dev20261101', 'ok', ''),
        (TORCH, '2.0.1', 'too old', "pip install 'torch>=2.1'"),
        (TORCH, None, 'missing', "pip install 'torch>=2.1'"),
        (TORCH, '', 'unknown', ''),
        (
            MMCV,
            '2.2.0',
            'too new',
            "pip install --no-deps 'mmcv-lite>=2.1.0,<2.2.0'",
        ),
        (
            MMCV,
            '1.7.2',
            'too old',
            "pip install --no-deps 'mmcv-lite>=2.1.0,<2.2.0'",
        ),
    ],
)
def test_a_package_is_compared_with_its_range(package, found, state, command):
    finding = doctor.judge_package(package, found)
    assert (finding.state, finding.command) == (state, command)
    assert finding.wanted == package.wanted
    assert finding.found == (found or ('none' if found is None else 'unknown'))


def test_a_repackaged_module_of_a_good_version_is_fine():
    finding = doctor.judge_package(MMCV, '2.1.0', ['onedl-mmcv'])
    assert finding.state == 'ok'


def test_a_repackaged_module_is_removed_before_another_is_installed():
    finding = doctor.judge_package(MMCV, '2.2.0', ['mmcv'])
    assert finding.command == (
        'pip uninstall -y mmcv && '
        "pip install --no-deps 'mmcv-lite>=2.1.0,<2.2.0'"
    )


@pytest.mark.parametrize(
    'version, state', [('3.9.18', 'too old'), ('3.13.0rc1', 'ok')]
)
def test_python(version, state):
    assert doctor.judge_python(version).state == state


def test_two_opencv_distributions_clash():
    owners = ['opencv-python', 'opencv-contrib-python-headless']
    finding = doctor.judge_opencv(owners)
    assert finding.state == 'clash'
    assert finding.command == (
        'pip uninstall -y opencv-python opencv-contrib-python-headless && '
        'pip install opencv-contrib-python-headless'
    )
    assert doctor.judge_opencv(owners[:1]).state == 'ok'


def test_a_probe_that_raises_shows_what_it_raised():
    error = 'AttributeError: no attribute thinning'
    row = ('cv2.ximgproc', 'answers', error, 'selective search', 'pip ...')
    finding = doctor.judge_probe(*row)
    assert (finding.state, finding.found) == ('broken', error)
    assert finding.command == 'pip ...'
    fine = doctor.judge_probe(*row[:2], None, *row[3:])
    assert (fine.state, fine.found, fine.command) == ('ok', 'answers', '')


@pytest.mark.parametrize(
    'built_for, devices, found, command',
    [
        ('13.0', ['H100'], 'CUDA 13.0: H100', ''),
        ('13.0', [], 'torch sees no device', 'nvidia-smi'),
        (None, [], 'torch is a CPU build', doctor.SAME_RELEASE),
    ],
)
def test_gpu(built_for, devices, found, command):
    finding = doctor.judge_cuda(built_for, devices)
    assert (finding.found, finding.command) == (found, command)
    assert doctor.usable([finding])


@pytest.mark.parametrize(
    'choice, compiled, error, found, state, command',
    [
        ('auto', False, None, "torchvision's", 'ok', ''),
        ('auto', True, None, 'compiled', 'ok', ''),
        ('torchvision', True, None, "torchvision's", 'ok', ''),
        (
            'compiled',
            False,
            None,
            'none',
            'missing',
            'export MMSSL_MMCV_OPS=auto',
        ),
        (
            'auto',
            True,
            'ImportError: undefined symbol',
            'ImportError: undefined symbol',
            'broken',
            'export MMSSL_MMCV_OPS=torchvision',
        ),
    ],
)
def test_operators(choice, compiled, error, found, state, command):
    finding = doctor.judge_operators(choice, compiled, error)
    assert (finding.found, finding.state) == (found, state)
    assert finding.command == command


def test_a_cache_that_cannot_be_written():
    finding = doctor.judge_cache('/nowhere', False)
    assert finding.state == 'broken'
    assert finding.command == 'export TORCH_HOME=FOLDER'
    assert doctor.judge_cache('/nowhere', True).state == 'ok'


@pytest.mark.parametrize(
    'state, stops',
    [
        ('missing', True),
        ('too old', True),
        ('too new', True),
        ('broken', True),
        ('ok', False),
        ('unknown', False),
    ],
)
def test_only_what_everything_needs_makes_it_unusable(state, stops):
    needed = GOOD._replace(state=state)
    extra = needed._replace(concerns='[video] decoding')
    assert doctor.usable([needed]) is not stops
    assert doctor.usable([GOOD, extra])


def test_the_plain_report_names_state_features_and_commands():
    missing = doctor.judge_package(AV, None)
    lines = doctor.report([GOOD, missing]).splitlines()
    assert lines[0].split() == ['what', 'found', 'wanted', 'state', 'concerns']
    assert lines[2].split(maxsplit=4)[3:] == ['missing', '[video] decoding']
    assert "av is missing: pip install 'av>=12.0'" in lines
    assert lines[-1].endswith('can be used')
    assert not any('\x1b' in line for line in lines)


def test_the_report_says_what_makes_it_unusable():
    old = doctor.judge_package(TORCH, '1.13')
    last = doctor.report([old, doctor.judge_package(AV, None)])
    assert last.splitlines()[-1].endswith('cannot be used: torch')


def test_the_files_ranges_and_features_are_read():
    packages = {p.name: p for p in doctor.wanted_packages(_requirements())}
    assert packages['torch'].concerns == EVERYTHING
    assert packages['mmengine'].concerns == EVERYTHING
    assert packages['mmcv-lite'].concerns == EVERYTHING
    assert packages['mmdet'].command.startswith('pip install --no-deps')
    assert packages['av'].concerns.startswith('[video]')
    assert '[orl]' in packages['h5py'].concerns
    assert '[eval]' in packages['h5py'].concerns
    assert all(re.match('[<>=~!]', p.wanted) for p in packages.values())


def test_the_python_range_is_that_of_setup_py():
    text = (ROOT / 'setup.py').read_text()
    assert f"python_requires='{doctor.PYTHON}'" in text


@pytest.mark.parametrize(
    'text, version',
    [
        ("__version__ = '2.1.0'\n", '2.1.0'),
        ('opencv_version = "5.0.0.93"', '5.0.0.93'),
        ("__version__ = version = '3.11.2'", '3.11.2'),
        ("__version__: str = '1.2'", '1.2'),
        ('__version__ = metadata.version("x")', None),
    ],
)
def test_versions_are_read_from_source_text(text, version):
    assert doctor.written_version(text) == version


def test_a_module_that_is_not_there_has_no_version():
    assert doctor.version_of(Package('no-such-module', '>=1', '')) is None


def test_this_machine_can_run_the_tests(capsys):
    assert doctor.main(['--json']) == 0
    content = json.loads(capsys.readouterr().out)
    assert content['usable'] is True
    found = {row['name']: row for row in content['findings']}
    assert found['torch']['state'] == 'ok'
    assert found['cv2.ximgproc']['state'] == 'ok'
    assert found['torchvision operators']['state'] == 'ok'


def test_what_is_missing_is_not_tried(monkeypatch):
    monkeypatch.setattr(doctor, 'version_of', lambda package: None)
    names = [finding.name for finding in doctor.examine()]
    assert 'torch' in names and 'av' in names
    assert 'FFmpeg in PyAV' not in names and 'GPU' not in names


def test_a_machine_without_a_needed_package_gives_exit_code_1(
    monkeypatch, capsys
):
    old = doctor.judge_package(TORCH, '1.13')
    monkeypatch.setattr(doctor, 'examine', lambda: [old])
    assert doctor.main([]) == 1
    assert "torch is too old: pip install 'torch>=2.1'" in (
        capsys.readouterr().out
    )


def _requirements():
    return ROOT / 'requirements'
