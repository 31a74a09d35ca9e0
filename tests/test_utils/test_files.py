# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Files that are whole or not there."""

import json

import pytest

from mmssl.utils.files import atomic_path, write_json


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_the_final_name_appears_only_when_all_is_written(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    with atomic_path(path) as temporary:
        temporary.write_text('all')
        assert temporary.parent == path.parent and not path.exists()
    assert path.read_text() == 'all'


def test_json_keeps_unicode(tmp_path):
    write_json(tmp_path / 'a.json', dict(name='Bäume'))
    assert 'Bäume' in (tmp_path / 'a.json').read_text(encoding='utf-8')
    assert json.loads((tmp_path / 'a.json').read_text('utf-8'))
