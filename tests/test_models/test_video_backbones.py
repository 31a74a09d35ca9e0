# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Networks for clips: sizes of the authors', maps, padding, stages."""

import json

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmssl.models.backbones.inception_3d import FeatureGate, same_padding
from mmssl.models.layers import Conv2Plus1d, middle_channels
from mmssl.registry import MODELS
from tests.golden import load_golden

NETS = {
    'I3D': dict(type='I3DInception'),
    'C3D': dict(type='C3DBN'),
    'R3D-18': dict(type='ResNet3dKinetics', depth=18),
    'R3D-34': dict(type='ResNet3dKinetics', depth=34),
    'R(2+1)D 1-1-1-1': dict(type='R2Plus1D10'),
    'S3D-G': dict(type='S3DG'),
}
# Stage by stage (channels, frames, side) of 16 x 112 x 112, 224 for the
# Inceptions.
STAGES = {
    'I3D': [(64, 8, 112), (192, 8, 56), (480, 8, 28), (832, 4, 14),
            (1024, 2, 7)],
    'C3D': [(64, 16, 56), (128, 8, 28), (256, 4, 14), (512, 2, 7),
            (512, 2, 7)],
    'R3D-18': [(64, 8, 28), (64, 8, 28), (128, 4, 14), (256, 2, 7),
               (512, 1, 4)],
    'R(2+1)D 1-1-1-1': [(64, 16, 56), (64, 16, 56), (128, 8, 28),
                        (256, 4, 14), (512, 2, 7)],
}  # fmt: skip
STAGES |= {'S3D-G': STAGES['I3D'], 'R3D-34': STAGES['R3D-18']}
SIZES = load_golden('dsm/model_sizes.npz')


def build(name, **settings):
    return MODELS.build(NETS[name] | settings)


@pytest.mark.parametrize('row', range(6))
def test_parameters_and_maps_are_the_authors(row):
    name = str(SIZES['names'][row]).split(' trunk')[0]
    shape = json.loads(str(SIZES['in_shapes'][row]))
    with torch.device('meta'):
        net = build(name)
        maps = net(torch.empty(shape))
    assert list(maps.shape) == json.loads(str(SIZES['conv_out_shapes'][row]))
    channels = maps.shape[1]
    head = 128 * channels + 128
    if name == 'S3D-G':  # counted with a classifier that nothing uses
        head += 101 * channels + 101
    count = sum(p.numel() for p in net.parameters())
    assert count + head == int(SIZES['params'][row])


@pytest.mark.parametrize('name', NETS)
def test_stages_are_as_documented_and_can_be_asked_for(name):
    with torch.device('meta'):
        net = build(name, out_indices=(0, 1, 2, 3, 4))
        side = 224 if name in ('I3D', 'S3D-G') else 112
        maps = net(torch.empty(1, 3, 16, side, side))
    found = [tuple(m.shape) for m in maps]
    assert found == [(1, c, t, s, s) for c, t, s in STAGES[name]]


@pytest.mark.parametrize('name', NETS)
def test_narrow_nets_train_and_start_as_init_cfg_says(name):
    torch.manual_seed(0)
    init = [
        dict(type='Constant', val=0.01, layer='Conv3d'),
        dict(type='Constant', val=0.5, layer='BatchNorm3d'),
    ]
    net = build(name, base_channels=8, init_cfg=init)
    net.init_weights()
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            assert (module.weight == 0.01).all()
        if isinstance(module, nn.BatchNorm3d):
            assert (module.weight == 0.5).all()
    net = build(name, base_channels=8)
    net(torch.randn(2, 3, 16, 32, 32)).square().mean().backward()
    assert all(p.grad is not None for p in net.parameters())


@pytest.mark.parametrize('name', NETS)
def test_recognisers_of_mmaction2_take_them(name):
    channels = build(name, base_channels=8)(
        torch.randn(2, 3, 16, 32, 32)
    ).shape[1]
    backbone = NETS[name] | dict(base_channels=8)
    backbone['type'] = 'mmssl.' + backbone['type']
    # Another test may have left a default scope of its own.
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(
            dict(
                type='mmaction.Recognizer3D',
                backbone=backbone,
                cls_head=dict(
                    type='mmaction.I3DHead',
                    num_classes=3,
                    in_channels=channels,
                ),
                data_preprocessor=dict(type='mmaction.ActionDataPreprocessor'),
            )
        )
    model.init_weights()
    clips = torch.randn(2, 1, 3, 16, 32, 32)
    assert model(clips, None, mode='tensor').shape[:2] == (2, channels)


@pytest.mark.parametrize(
    ('size', 'kernel', 'stride', 'expected'),
    [(8, 7, 2, (2, 3)), (7, 3, 2, (1, 1)), (8, 3, 2, (0, 1)),
     (5, 3, 1, (1, 1)), (4, 2, 2, (0, 0)), (1, 2, 2, (0, 1))],
)  # fmt: skip
def test_same_padding_is_tensorflows(size, kernel, stride, expected):
    padding = same_padding([size] * 3, [kernel] * 3, [stride] * 3)
    assert padding == list(expected) * 3
    cells = (size + sum(expected) - kernel) // stride + 1
    assert cells == -(-size // stride)


def test_odd_sizes_are_rounded_up_by_the_inflated_net():
    net = build('I3D', base_channels=8, out_indices=(0, 4))
    first, last = net(torch.randn(1, 3, 5, 33, 35))
    assert first.shape[2:] == (3, 17, 18)
    assert last.shape[2:] == (1, 2, 2)


def test_channels_between_balance_the_weights():
    # Of the authors' stem and of a layer of 64, as printed by their code.
    assert middle_channels(3, 64, (3, 7, 7)) == 83
    assert middle_channels(64, 64, (3, 3, 3)) == 144
    assert middle_channels(64, 128, (1, 1, 1)) == 42


def test_two_part_convolution_is_its_parts():
    torch.manual_seed(0)
    layer = Conv2Plus1d(3, 4, 3, stride=2, padding=1).double()
    x = torch.randn(2, 3, 6, 8, 8, dtype=torch.float64)
    frames = x.transpose(1, 2).flatten(0, 1)
    weight = layer.conv_s.weight[:, :, 0]
    maps = nn.functional.conv2d(frames, weight, stride=2, padding=1)
    maps = maps.unflatten(0, (2, 6)).transpose(1, 2)
    mean = maps.mean((0, 2, 3, 4), keepdim=True)
    variance = maps.var((0, 2, 3, 4), unbiased=False, keepdim=True)
    maps = ((maps - mean) / (variance + 1e-5).sqrt()).relu()
    series = nn.functional.pad(maps, (0, 0, 0, 0, 1, 1)).unfold(2, 3, 2)
    expected = torch.einsum(
        'ncthwk,dck->ndthw', series, layer.conv_t.weight[..., 0, 0]
    )
    assert torch.allclose(layer(x), expected, atol=1e-12)
    with pytest.raises(ValueError, match='no groups'):
        Conv2Plus1d(4, 4, 3, groups=2)


def test_gate_weighs_channels_by_their_averages():
    torch.manual_seed(0)
    gate = FeatureGate(3)
    x = torch.randn(2, 3, 2, 4, 4)
    gated = gate(x)
    weights = gated.flatten(2) / x.flatten(2)
    assert torch.allclose(weights, weights[..., :1].expand_as(weights))
    linear = gate.excitation.weight.flatten(1)
    logits = x.flatten(2).mean(2) @ linear.T + gate.excitation.bias
    assert torch.allclose(weights[..., 0], logits.sigmoid(), atol=1e-5)


def test_the_small_network_takes_clips_too():
    net = MODELS.build(
        dict(type='SmallConvNet', dims=3, channels=(4, 8),
             strides=((1, 2, 2), 2))
    )  # fmt: skip
    (maps,) = net(torch.randn(2, 3, 6, 12, 12))
    assert maps.shape == (2, 8, 3, 3, 3)
    with pytest.raises(ValueError, match='dims must be 2 or 3, got 1'):
        MODELS.build(dict(type='SmallConvNet', dims=1))


@pytest.mark.parametrize(
    ('name', 'settings', 'words'),
    [
        ('R3D-18', dict(depth=50), 'depth must be 18 or 34, got 50'),
        ('I3D', dict(base_channels=2), 'base_channels must be >= 4, got 2'),
        ('C3D', dict(out_indices=(5,)), 'has the stages 0 to 4'),
        ('C3D', dict(out_indices=()), 'has the stages 0 to 4'),
    ],
)
def test_settings_outside_their_range_are_refused(name, settings, words):
    with pytest.raises(ValueError, match=words):
        build(name, **settings)
