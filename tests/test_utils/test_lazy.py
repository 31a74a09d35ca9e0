# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Names of a package that are imported when they are asked for."""

import subprocess
import sys

import pytest

from mmssl.utils.lazy import OptionalPackage


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules, one of which cannot be imported."""
    root = tmp_path / 'lazy_package'
    root.mkdir()
    (root / '__init__.py').write_text(
        'from mmssl.utils.lazy import lazy_names\n'
        "__getattr__, __all__ = lazy_names(__name__, good='one two', "
        "broken='three', good_itself='')\n"
    )
    (root / 'good.py').write_text('one, two = 1, 2\n')
    (root / 'good_itself.py').write_text('')
    (root / 'broken.py').write_text('1 / 0\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__('lazy_package')
    for name in [n for n in sys.modules if n.startswith('lazy_package')]:
        del sys.modules[name]


def test_a_module_is_imported_with_its_first_name(package):
    assert package.__all__ == ['good_itself', 'one', 'three', 'two']
    assert 'lazy_package.good' not in sys.modules
    assert package.two == 2 and package.one == 1
    assert vars(package)['two'] == 2  # looked up once
    assert package.good_itself.__name__ == 'lazy_package.good_itself'
    with pytest.raises(ZeroDivisionError):
        _ = package.three
    with pytest.raises(AttributeError, match="'lazy_package' has no .*'four'"):
        _ = package.four


def test_an_optional_package_is_missed_when_it_is_used():
    absent = OptionalPackage('no_such_package', 'video', 'reading videos')
    message = (
        'reading videos needs the package no_such_package, which is not '
        "installed: pip install 'mmssl[video]'"
    )
    with pytest.raises(ImportError) as found:
        absent.open('a.mp4')
    assert str(found.value) == message
    assert OptionalPackage('json', 'all', 'x').loads('1') == 1


def test_pictures_need_no_package_for_videos():
    """In a process of its own, where optional packages cannot be imported."""
    code = """
import sys

class Absent:
    names = {"av", "h5py", "transformers", "mmdet", "mmaction", "wandb"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import mmssl, numpy
model = mmssl.get_model("simclr_tiny")
assert len(mmssl.extract_features(model, numpy.zeros((2, 9, 9, 3), "u1"))) == 2
try:
    mmssl.datasets.VideoFile(sys.executable)
    raise AssertionError("no error")
except ImportError as error:
    assert "pip install 'mmssl[video]'" in str(error), error
"""
    subprocess.run([sys.executable, '-c', code], check=True)
