# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""``mmssl zoo``."""

from mmssl.apis.cli import main


def test_the_list_shows_names_results_and_how_to_get_weights(capsys):
    assert main(['zoo', 'list', 'moco*']) == 0
    text = capsys.readouterr().out
    assert 'mocov2_resnet50_8xb32-coslr-200e_in1k' in text
    assert 'ImageNet-1k, Linear evaluation: Top 1 Accuracy 67.5' in text
    assert 'wmse' not in text


def test_a_pattern_without_a_match_is_an_error(capsys):
    assert main(['zoo', 'list', 'no*such']) == 2
    assert "a name like 'no*such'" in capsys.readouterr().err


def test_weights_that_nobody_published_get_the_command_that_trains(capsys):
    assert main(['zoo', 'download', 'simclr_tiny']) == 2
    assert 'mmssl train simclr_tiny' in capsys.readouterr().err


def test_a_missing_command_is_wrong_usage(capsys):
    assert main(['zoo']) == 2
    assert 'command' in capsys.readouterr().err
