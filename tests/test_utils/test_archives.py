# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Zips and tars: what is there is left, what is damaged is named."""

import io
import tarfile
import zipfile

import pytest

from mmssl.utils.archives import unpack
from mmssl.utils.errors import UsageError

FILES = {'top/a.txt': b'aaa', 'top/deep/b.txt': b'bb'}


def make(path, files):
    if path.suffix == '.zip':
        with zipfile.ZipFile(path, 'w') as archive:
            archive.mkdir('top')
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize('name', ['x.zip', 'x.tar.gz'])
def test_what_is_there_in_full_size_is_left(name, tmp_path):
    archive, out = make(tmp_path / name, FILES), tmp_path / 'out'
    unpack(archive, out, without='top/')
    found = {p.relative_to(out).as_posix() for p in out.rglob('*.*')}
    assert found == {'a.txt', 'deep/b.txt'}
    (out / 'a.txt').write_bytes(b'own')  # as long as the original
    (out / 'deep/b.txt').write_bytes(b'b')  # cut short
    unpack(archive, out, without='top/')
    assert (out / 'a.txt').read_bytes() == b'own'
    assert (out / 'deep/b.txt').read_bytes() == b'bb'


@pytest.mark.parametrize('name', ['x.zip', 'x.tar.gz'])
def test_names_outside_the_folder_are_refused(name, tmp_path):
    archive = make(tmp_path / name, {'../../evil.txt': b'x'})
    with pytest.raises(UsageError, match=r'evil.txt, which lies outside'):
        unpack(archive, tmp_path / 'a' / 'out')


@pytest.mark.parametrize('name', ['x.zip', 'x.tar.gz'])
def test_a_damaged_archive_is_named(name, tmp_path):
    archive = make(tmp_path / name, {'a.bin': bytes(range(256)) * 400})
    archive.write_bytes(archive.read_bytes()[:150])
    with pytest.raises(UsageError, match=f'{name} cannot be unpacked .*again'):
        unpack(archive, tmp_path / 'out')
