# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Weights named in a config are loaded loudly, in any toolbox's module."""

import pytest
import torch
from mmengine.registry import DefaultScope

from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmssl'):
        yield


def initialised(backbone, checkpoint, **settings):
    init_cfg = dict(type='Pretrained', checkpoint=checkpoint, **settings)
    model = MODELS.build(dict(backbone, init_cfg=init_cfg))
    model.init_weights()
    return model.state_dict()


def saved(folder, weights):
    path = str(folder / 'a.pth')
    torch.save(dict(state_dict=weights), path)
    return path


@pytest.mark.parametrize('toolbox', ['mmssl', 'mmdet', 'mmaction'])
@pytest.mark.parametrize('prefix', ['backbone.', ''])
def test_weights_of_a_run_and_of_a_backbone_alone_are_loaded(
    tiny_backbone, tmp_path, toolbox, prefix
):
    backbone = tiny_backbone
    if toolbox != 'mmssl':
        backbone = dict(type=f'{toolbox}.ResNet', depth=18)
    source = MODELS.build(backbone).state_dict()
    weights = {f'{prefix}{name}': value for name, value in source.items()}
    weights['neck.weight'] = torch.ones(2)
    path = saved(tmp_path, weights)
    loaded = initialised(backbone, path, prefix='backbone.')
    assert loaded.keys() == source.keys()
    for name, value in loaded.items():
        assert torch.equal(value, source[name])


@pytest.mark.parametrize('toolbox', ['mmssl', 'mmdet'])
def test_weights_that_do_not_match_stop_the_run_unless_asked_for(
    tiny_backbone, tmp_path, toolbox
):
    other, wanted = dict(tiny_backbone, channels=(4, 5)), tiny_backbone
    if toolbox == 'mmdet':
        other, wanted = (dict(type='mmdet.ResNet', depth=d) for d in (18, 50))
    source = MODELS.build(other).state_dict()
    path = saved(tmp_path, source)
    with pytest.raises(UsageError, match=r'only \d+ of \d+ backbone weights'):
        initialised(wanted, path)
    loaded = initialised(wanted, path, strict_load=False)
    first = next(iter(source))
    assert torch.equal(loaded[first], source[first])


def test_a_checkpoint_must_be_named_and_exist(tiny_backbone, tmp_path):
    with pytest.raises(UsageError, match=r'backbone.init_cfg.checkpoint=FILE'):
        initialised(tiny_backbone, None)
    with pytest.raises(UsageError, match='checkpoint not found'):
        initialised(tiny_backbone, str(tmp_path / 'no.pth'))
