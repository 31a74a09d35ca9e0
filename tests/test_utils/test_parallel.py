# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import operator

from mmssl.utils import parallel
from mmssl.utils.parallel import Progress, process_map


def test_the_last_line_says_that_all_is_done(capsys):
    progress = Progress('index', 3, 'videos')
    progress.add(2)
    assert capsys.readouterr().out == ''
    progress.add()
    line = capsys.readouterr().out
    assert line.startswith('index: 3/3 videos, ') and line.endswith('left\n')


def test_a_slow_run_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(parallel, 'PROGRESS_SECONDS', -1)
    Progress('features', 4).add()
    assert capsys.readouterr().out.startswith('features: 1/4 pictures, ')


def test_one_worker_is_this_process_and_keeps_the_order():
    for workers in (0, 1):
        with process_map(workers) as run:
            assert run is map


def test_processes_keep_the_order():
    with process_map(2) as run:
        assert list(run(operator.neg, range(20))) == [-i for i in range(20)]
