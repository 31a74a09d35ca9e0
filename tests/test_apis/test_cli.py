# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The console entry runs the same files as ``tools/``."""

import subprocess
import sys
from pathlib import Path

import pytest

import mmssl
from mmssl.apis import cli


@pytest.mark.parametrize('command', cli.COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as leave:
        cli.main([command, '--help'])
    assert leave.value.code == 0
    text = capsys.readouterr().out
    assert '--debug' in text and 'example' in text


def test_the_overview_has_a_line_for_every_command(capsys):
    assert cli.main(['--help']) == 0
    text = capsys.readouterr().out
    for command in [*cli.COMMANDS, 'doctor']:
        assert f'  {command} ' in text


def test_an_unknown_command_names_the_nearest(capsys):
    assert cli.main(['trian']) == 2
    assert 'did you mean train' in capsys.readouterr().err


def test_a_missing_package_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'mmengine.config', None)
    assert cli.main(['train', 'simclr_tiny']) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: mmengine is not installed; python')
    assert 'mmssl.doctor' in error and error.count('\n') == 1


def test_a_command_is_the_tool_itself(capsys):
    assert cli.main(['print-config', 'no_such']) == 2
    assert 'config not found: no_such' in capsys.readouterr().err


def test_help_does_not_import_torch():
    code = (
        'import sys\nfrom mmssl.apis import cli\n'
        'for c in cli.COMMANDS:\n'
        '    try: cli.main([c, "--help"])\n'
        '    except SystemExit: pass\n'
        'sys.exit("torch" in sys.modules)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], stdout=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0


def test_every_tool_file_exists():
    for name in cli.COMMANDS.values():
        assert (Path(mmssl.get_tools_dir()) / name).is_file(), name
