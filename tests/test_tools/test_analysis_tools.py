# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Configs printed, parameters counted, logs drawn and timed."""

import json

import pytest
from mmengine.config import Config


def test_a_printed_config_loads_to_an_equal_one(tool, toy_config, tmp_path):
    main = tool('analysis_tools/print_config.py').main
    out = tmp_path / 'merged.py'
    flags = ['--cfg-options', 'model.type=Other', '--out', str(out)]
    assert main([toy_config, *flags]) == 0
    merged = Config.fromfile(out)
    assert merged.model.type == 'Other'
    assert main([str(out), '--out', str(tmp_path / 'again.py')]) == 0
    again = Config.fromfile(tmp_path / 'again.py')
    assert again.to_dict() == merged.to_dict()


def test_a_config_is_printed_with_its_bases(tool, toy_config, capsys):
    assert tool('analysis_tools/print_config.py').main([toy_config]) == 0
    text = capsys.readouterr().out
    assert "default_scope = 'mmssl'" in text and "type='ToyModel'" in text


def test_parameters_are_counted_part_by_part(tool, toy_config, capsys):
    main = tool('analysis_tools/count_parameters.py').main
    assert main([toy_config]) == 0
    rows = {
        line.split()[0]: line.split()[1:]
        for line in capsys.readouterr().out.splitlines()
    }
    # Conv 4*3*9 + 4, norm 2*4 and 2*4 + 1 buffers; linear 2*4 + 2.
    assert rows['backbone'] == ['120', '0', '9']
    assert rows['head'] == ['10', '0', '0']
    assert rows['momentum_encoder'][:2] == ['0', '120']
    assert rows['total'][:2] == ['130', '120']


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / 'run/20260101_000000/vis_data'
    folder.mkdir(parents=True)
    records = [
        dict(step=i, epoch=1 + i // 4, loss=1 / (i + 1), time=t)
        for i, t in enumerate([9.0, 1, 1, 1, 9, 2, 2, 2])
    ]
    text = '\n'.join(json.dumps(record) for record in records)
    (folder / 'scalars.json').write_text(text)
    return tmp_path / 'run'


@pytest.fixture
def analyze(tool):
    return tool('analysis_tools/analyze_logs.py').main


def test_curves_are_drawn_without_a_display(
    analyze, log, tmp_path, monkeypatch
):
    monkeypatch.delenv('DISPLAY', raising=False)
    out = tmp_path / 'new/curves.png'
    argv = ['plot_curve', str(log), '--keys', 'loss', 'time']
    assert analyze([*argv, '--out', str(out)]) == 0
    assert out.read_bytes().startswith(b'\x89PNG')


def test_an_unknown_scalar_names_what_the_log_has(analyze, log, capsys):
    assert analyze(['plot_curve', str(log), '--keys', 'los']) == 2
    error = capsys.readouterr().err
    assert 'has no los' in error and 'did you mean loss' in error


def test_times_leave_out_the_slow_first_iteration(analyze, log, capsys):
    assert analyze(['cal_train_time', str(log)]) == 0
    text = capsys.readouterr().out
    assert 'mean 1.5000 s/iter' in text
    assert 'slowest epoch 2: 2.0000' in text
    assert analyze(['cal_train_time', str(log), '--include-outliers']) == 0
    assert 'fastest epoch 1: 3.0000' in capsys.readouterr().out


def test_a_folder_without_a_log_is_exit_code_2(analyze, tmp_path, capsys):
    assert analyze(['plot_curve', str(tmp_path)]) == 2
    assert 'no vis_data/scalars.json' in capsys.readouterr().err
