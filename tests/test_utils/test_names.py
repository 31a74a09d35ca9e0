# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Nearest names."""

from mmssl.utils.names import nearest, suggestion


def test_the_best_match_comes_first_and_case_is_ignored():
    assert nearest('simclr', ['MoCo', 'SimCLR', 'SimSiam'])[0] == 'SimCLR'


def test_nothing_like_it_suggests_nothing():
    assert nearest('xyz', ['SimCLR']) == []
    assert suggestion('xyz', ['SimCLR']) == ''
