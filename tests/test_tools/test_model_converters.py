# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Backbones for mmdet and mmaction2, and published files."""

import hashlib

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mmssl.registry import MODELS

RESNETS = [
    dict(type='mmdet.ResNet', depth=18),
    dict(type='mmaction.ResNet', depth=18),
]


@pytest.fixture
def extract(tool):
    return tool('model_converters/extract_backbone.py').main


@pytest.fixture
def publish(tool):
    return tool('model_converters/publish_model.py').main


def resnet(cfg, **init_cfg):
    init_default_scope('mmssl')
    if init_cfg:
        cfg = dict(cfg, init_cfg=dict(type='Pretrained', **init_cfg))
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def assert_equal(model, weights):
    state = model.state_dict()
    assert state.keys() == weights.keys()
    for name, value in state.items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.parametrize('cfg', RESNETS, ids=['mmdet', 'mmaction2'])
def test_every_tensor_arrives_in_the_other_toolbox(
    extract, tmp_path, capsys, cfg
):
    source = nn.Module()
    source.backbone = resnet(cfg)
    source.backbone_k = nn.Linear(1, 1)
    for value in source.state_dict().values():
        value.copy_(torch.randn(value.shape).mul(9).to(value.dtype))
    checkpoint = tmp_path / 'epoch_1.pth'
    torch.save(dict(meta={}, state_dict=source.state_dict()), checkpoint)
    weights = source.backbone.state_dict()

    out = tmp_path / 'backbone.pth'
    assert extract([str(checkpoint), str(out)]) == 0
    count = len(weights)
    assert f'{count} of {count + 2} keys kept' in capsys.readouterr().out
    assert_equal(resnet(cfg, checkpoint=str(out)), weights)
    assert_equal(
        resnet(cfg, checkpoint=str(checkpoint), prefix='backbone.'), weights
    )


def test_a_checkpoint_without_a_backbone_is_refused(extract, tmp_path, capsys):
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict={'encoder.w': torch.ones(1)}), path)
    assert extract([str(path), str(tmp_path / 'b.pth')]) == 2
    error = capsys.readouterr().err
    assert '0 of 1 keys' in error and 'encoder.' in error
    assert not (tmp_path / 'b.pth').exists()


def test_another_prefix_and_the_averaged_weights_are_taken_on_request(
    extract, tmp_path
):
    path, out = tmp_path / 'a.pth', tmp_path / 'b.pth'
    torch.save(
        dict(
            state_dict={'net.w': torch.zeros(1)},
            ema_state_dict={'module.net.w': torch.ones(1)},
        ),
        path,
    )
    assert extract([str(path), str(out), '--prefix', 'net']) == 0
    assert torch.load(out)['state_dict']['w'] == 0
    assert extract([str(path), str(out), '--prefix', 'net', '--ema']) == 0
    assert torch.load(out)['state_dict']['w'] == 1


def test_a_published_file_is_named_by_its_own_hash(publish, tmp_path):
    path = tmp_path / 'epoch_1.pth'
    content = dict(
        meta=dict(epoch=1),
        state_dict={'w': torch.ones(1)},
        optimizer=dict(a=1),
        message_hub=dict(b=2),
    )
    torch.save(content, path)
    assert publish([str(path), str(tmp_path / 'simclr.pth')]) == 0
    (final,) = tmp_path.glob('simclr-*.pth')
    digest = hashlib.sha256(final.read_bytes()).hexdigest()
    assert final.name == f'simclr-{digest[:8]}.pth'
    saved = torch.load(final, weights_only=True)
    assert set(saved) == {'meta', 'state_dict'}
    assert saved['meta'] == dict(epoch=1)


def test_averaged_weights_need_a_choice_when_published(
    publish, tmp_path, capsys
):
    path = tmp_path / 'epoch_1.pth'
    torch.save(
        dict(
            state_dict={'w': torch.zeros(1)},
            ema_state_dict={'module.w': torch.ones(1)},
        ),
        path,
    )
    out = str(tmp_path / 'm.pth')
    assert publish([str(path), out]) == 2
    assert '--ema drop or --ema use' in capsys.readouterr().err
    assert publish([str(path), out, '--ema', 'use']) == 0
    (final,) = tmp_path.glob('m-*.pth')
    assert torch.load(final)['state_dict']['w'] == 1
