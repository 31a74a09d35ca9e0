# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Exit codes and one-line errors of every tool."""

import json

import pytest

from mmssl.utils.errors import RunStopped, UsageError
from mmssl.utils.tool import ToolParser, run_tool


def parse(argv):
    parser = ToolParser('A tool.', '  tool --number 3', prog='tool')
    parser.add_argument('--number', type=int, default=7, help='a number')
    return parser.parse_args(argv)


@pytest.mark.parametrize(
    'failure, code, text',
    [
        (UsageError('no such\nfile'), 2, 'error: no such file'),
        (RuntimeError('bad'), 1, 'error: RuntimeError: bad (--debug'),
        (KeyError('key'), 1, 'error: KeyError: key (--debug'),
        (KeyboardInterrupt(), 130, 'interrupted'),
        (RunStopped('saved', 75), 75, 'saved'),
        (RunStopped('saved', 0), 0, 'saved'),
    ],
)
def test_a_failure_is_one_line_and_its_exit_code(capsys, failure, code, text):
    def run(args):
        raise failure

    assert run_tool(parse, run, []) == code
    error = capsys.readouterr().err
    assert error.startswith(text) and error.count('\n') == 1


def test_torchrun_gets_the_message_and_of_a_bug_the_traceback(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / 'error.json'
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(path))

    def run(args):
        raise failure

    failure = UsageError('no such file')
    assert run_tool(parse, run, []) == 2
    assert json.loads(path.read_text())['message'] == 'no such file'
    failure = RuntimeError('bad')
    assert run_tool(parse, run, []) == 1
    message = json.loads(path.read_text())['message']
    assert message.startswith('Traceback') and 'raise failure' in message


def test_one_of_several_processes_leaves_its_traceback(capsys, monkeypatch):
    def run(args):
        raise RuntimeError('bad')

    monkeypatch.setenv('WORLD_SIZE', '2')
    assert run_tool(parse, run, []) == 1
    error = capsys.readouterr().err
    assert error.startswith('Traceback') and "RuntimeError('bad')" in error


def test_debug_shows_the_traceback(capsys):
    def run(args):
        raise UsageError('wrong')

    assert run_tool(parse, run, ['--debug']) == 2
    assert 'Traceback' in capsys.readouterr().err


@pytest.mark.parametrize('argv', [['--nummer', '3'], ['--number', 'x']])
def test_a_wrong_flag_is_one_line_and_exit_code_2(capsys, argv):
    assert run_tool(parse, lambda args: 0, argv) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'tool --help' in error


def test_help_shows_defaults_and_examples(capsys):
    with pytest.raises(SystemExit) as leave:
        parse(['--help'])
    assert leave.value.code == 0
    text = capsys.readouterr().out
    assert 'default: 7' in text and '  tool --number 3' in text


def test_arguments_that_many_tools_have():
    parser = ToolParser('A tool.', prog='tool')
    parser.add_config('checkpoint')
    parser.add_overrides('train_cfg.max_epochs=5')
    words = ['simclr_tiny', 'a.pth', '--cfg-options', 'a.b=1', 'c=[2,3]']
    args = parser.parse_args(words)
    assert (args.config, args.checkpoint) == ('simclr_tiny', 'a.pth')
    assert args.cfg_options == {'a.b': 1, 'c': [2, 3]}
    assert parser.parse_args(words[:2]).cfg_options == {}
    assert 'e.g. train_cfg.max_epochs=5' in parser.format_help()
