# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What the registry raises, in one sentence about the config."""

import sys

import pytest
from mmengine.registry import Registry

from mmssl.registry import MODELS
from mmssl.utils.build_errors import ConfigError, explained

ROOT = Registry('thing', scope='mmengine')
THINGS = Registry('thing', parent=ROOT, scope='mmssl')


class Base:
    def __init__(self, size, colour='red'):
        if size <= 0:
            raise ValueError(f'size must be > 0, got {size}')


@THINGS.register_module()
class Ball(Base):
    def __init__(self, bounce=1, **kwargs):
        super().__init__(**kwargs)


@THINGS.register_module()
class Box(Base):
    def __init__(self, content=None, **kwargs):
        super().__init__(**kwargs)
        if content:
            THINGS.build(content)


def explain(**cfg):
    with pytest.raises(ConfigError) as error, explained():
        THINGS.build(cfg)
    return str(error.value)


def test_a_misspelt_type_names_registry_and_nearest():
    message = explain(type='Bal')
    assert 'Bal is not in the mmssl registry of things' in message
    assert 'did you mean Ball' in message and 'custom_imports' in message


def test_a_wrong_scope_names_the_nearest_toolbox():
    assert "no toolbox 'mmdat' is known; did you mean mmdet" in explain(
        type='mmdat.Ball'
    )


def test_an_unknown_key_names_class_key_and_all_accepted_keys():
    message = explain(type='Ball', size=1, bonce=2)
    assert message.startswith('Ball has no argument bonce; did you mean')
    assert message.endswith('it accepts: bounce, size, colour')


def test_a_missing_key_is_named():
    assert explain(type='Ball') == 'Ball needs size in its config'


def test_a_refused_value_keeps_the_message_and_gains_the_class():
    assert explain(type='Ball', size=0) == 'Ball: size must be > 0, got 0'


def test_the_innermost_object_is_blamed():
    message = explain(type='Box', size=1, content=dict(type='Ball', sise=1))
    assert message.startswith('Ball has no argument sise; did you mean size')


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError, match='elsewhere'), explained():
        raise KeyError('elsewhere')


@pytest.mark.parametrize(
    ('package', 'install'), [('av', "'mmssl[video]'"), ('decord', 'decord')]
)
def test_a_missing_package_comes_with_its_command(
    monkeypatch, package, install
):
    @THINGS.register_module(name='Reader', force=True)
    def read():
        __import__(package)

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as error, explained():
        THINGS.build(dict(type='Reader'))
    assert str(error.value) == (
        f'Reader needs the package {package}, which is not installed: pip '
        f'install {install}'
    )


def test_a_missing_toolbox_comes_with_its_commands(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmdet', None)
    with pytest.raises(ImportError) as error, explained():
        MODELS.build(dict(type='mmdet.NoSuchNet'))
    assert str(error.value) == (
        'mmdet.NoSuchNet needs the package mmdet, which is not installed: '
        "pip install 'mmssl[det]' && pip install --no-deps mmdet"
    )
