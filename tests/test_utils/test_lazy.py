# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Names of a package that are imported when they are asked for."""

import sys

import pytest


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
