# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Checkpoints of other codes: their networks and ours answer alike."""

import pickle

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

import mmssl
from mmssl.apis.cli import main
from mmssl.utils.checkpoint import read_checkpoint
from mmssl.utils.key_maps import LAYOUTS, convert, to_torchvision, weights_in

RESNET = "dict(type='mmdet.ResNet', depth=18, norm_cfg=dict(type='BN'))"


def randomized(network, seed):
    """Every weight and statistic drawn anew; variances above zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.normal_(std=0.05, generator=generator)
            if name.endswith('running_var'):
                value.abs_().add_(0.5)
    return network.eval()


def mlp(*sizes, norm=True, bias=True):
    layers = [nn.Linear(sizes[0], sizes[1])]
    layers += [nn.BatchNorm1d(sizes[1])] if norm else []
    return nn.Sequential(
        *layers, nn.ReLU(), nn.Linear(sizes[1], sizes[2], bias=bias)
    )


def trunk(seed=0):
    """torchvision's ResNet-18 up to the last map."""
    network = randomized(resnet18(), seed)
    network.avgpool = network.fc = nn.Identity()
    return network


def prefixed(prefix, network):
    return {prefix + k: v for k, v in network.state_dict().items()}


def maps(network, pictures):
    """(N, 512, H, W) of a trunk."""
    with torch.no_grad():
        flat = network(pictures)
    side = int((flat.shape[1] // 512) ** 0.5)
    return flat.view(len(pictures), 512, side, side)


@pytest.fixture
def pictures():
    return torch.randn(
        2, 3, 64, 64, generator=torch.Generator().manual_seed(9)
    )


@pytest.fixture
def config(tmp_path):
    """Writes a config of a ResNet-18 method and returns its path."""

    def write(base, **model):
        shipped = mmssl.get_config_dir() / f'{base}.py'
        path = tmp_path / 'method.py'
        lines = ''.join(f'    {k}={v},\n' for k, v in model.items())
        path.write_text(
            f"_base_ = ['{shipped}']\nmodel = dict(\n"
            f'    backbone=dict(_delete_=True, **{RESNET}),\n{lines})\n'
        )
        return str(path)

    return write


def converted_model(tmp_path, layout, content, config, *flags):
    """The model of a config with the converted weights."""
    torch.save(content, tmp_path / 'theirs.pth')
    out = str(tmp_path / 'ours.pth')
    theirs = str(tmp_path / 'theirs.pth')
    argv = ['convert', layout, theirs, out, '--config', config, *flags]
    assert main(argv) == 0
    model = mmssl.get_model(config, pretrained=out)
    return model


def same(one, other):
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def ours(model, pictures):
    with torch.no_grad():
        return model.backbone(pictures)[-1]


def test_moco(tmp_path, config, pictures):
    path = config(
        'moco/moco_tiny',
        neck="dict(_delete_=True, type='ProjectionMLP', sizes=(512, 32, 16), "
        'norm_cfg=None)',
        queue_length=64,
    )
    query, key = trunk(0), trunk(1)
    heads = [randomized(mlp(512, 32, 16, norm=False), s) for s in (2, 3)]
    queue = torch.randn(16, 64)
    state = {
        **prefixed('module.encoder_q.', query),
        **prefixed('module.encoder_q.fc.', heads[0]),
        **prefixed('module.encoder_k.', key),
        **prefixed('module.encoder_k.fc.', heads[1]),
        'module.queue': queue,
        'module.queue_ptr': torch.tensor([8]),
    }
    content = dict(epoch=1, arch='resnet18', state_dict=state)
    model = converted_model(tmp_path, 'moco', content, path)
    same(ours(model, pictures), maps(query, pictures))
    with torch.no_grad():
        pooled = maps(query, pictures).mean((2, 3))
        same(model.neck.mlp(pooled), heads[0](pooled))
        slow = model.momentum_encoder.backbone(pictures)[-1]
        same(slow, maps(key, pictures))
        pooled = slow.mean((2, 3))
        same(model.momentum_encoder.neck.mlp(pooled), heads[1](pooled))
    assert torch.equal(model.queue.rows, queue.t())
    assert model.queue.pointer == 8


def test_mocos_first_version_has_one_layer():
    layer = nn.Linear(512, 128)
    state = prefixed('encoder_q.fc.', layer)
    found = convert(state, LAYOUTS['moco']).weights
    assert set(found) == {'neck.mlp.0.weight', 'neck.mlp.0.bias'}


def test_densecl(tmp_path, config, pictures):
    path = config('densecl/densecl_tiny', neck='dict(sizes=(512, 32, 16))')
    model = mmssl.get_model(path)
    length = len(model.queue.rows)
    query, key = trunk(0), trunk(1)
    state = {}
    for name, network, seed in (
        ('encoder_q', query, 2),
        ('encoder_k', key, 4),
    ):
        dense = nn.Sequential(
            nn.Conv2d(512, 32, 1), nn.ReLU(), nn.Conv2d(32, 16, 1)
        )
        state |= prefixed(f'{name}.0.', network)
        single = randomized(mlp(512, 32, 16, norm=False), seed)
        state |= prefixed(f'{name}.1.mlp.', single)
        state |= prefixed(f'{name}.1.mlp2.', randomized(dense, seed + 1))
    state |= prefixed('backbone.', query)
    state |= dict(
        queue=torch.randn(16, length), queue_ptr=torch.tensor([0]),
        queue2=torch.randn(16, length), queue2_ptr=torch.tensor([4]),
    )  # fmt: skip
    torch.save(dict(state_dict=state), tmp_path / 'theirs.pth')
    found = convert(
        weights_in(dict(state_dict=state), LAYOUTS['densecl']),
        LAYOUTS['densecl'],
    )
    assert len(found.left_out) == len(query.state_dict())
    assert not found.unmatched
    # A counter of iterations, which the authors do not save.
    assert model.state_dict().keys() - found.weights.keys() == {'steps'}
    model.load_state_dict(found.weights, strict=False)
    last = maps(query, pictures)
    same(ours(model, pictures), last)
    with torch.no_grad():
        grid = last.flatten(2).transpose(1, 2)
        expected = nn.functional.conv2d(
            last, state['encoder_q.1.mlp2.0.weight'],
            state['encoder_q.1.mlp2.0.bias'],
        )  # fmt: skip
        expected = nn.functional.conv2d(
            expected.relu(), state['encoder_q.1.mlp2.2.weight'],
            state['encoder_q.1.mlp2.2.bias'],
        )  # fmt: skip
        same(model.neck.dense_mlp(grid), expected.flatten(2).transpose(1, 2))
    assert model.dense_queue.pointer == 4


@pytest.mark.parametrize('method', ['byol', 'orl'])
def test_orl_and_its_first_stage(tmp_path, config, pictures, method):
    model = dict(
        neck="dict(_delete_=True, type='ProjectionMLP', sizes=(512, 32, 16))",
        head="dict(_delete_=True, type='PredictionHead', sizes=(16, 32, 16))",
    )
    path = config(f'{method}/{method}_tiny', **model)
    online, target = trunk(0), trunk(1)
    necks = [randomized(mlp(512, 32, 16), s) for s in (2, 3)]
    state = {
        **prefixed('online_net.0.', online),
        **prefixed('online_net.1.mlp.', necks[0]),
        **prefixed('target_net.0.', target),
        **prefixed('target_net.1.mlp.', necks[1]),
        **prefixed('backbone.', online),
    }
    names = ['head']
    if method == 'orl':
        names = ['global_head', 'local_intra_head', 'local_inter_head']
        state |= prefixed('neck.mlp.', necks[0])
    heads = [randomized(mlp(16, 32, 16), 5 + i) for i in range(len(names))]
    for name, head in zip(names, heads, strict=True):
        state |= prefixed(f'{name}.predictor.mlp.', head)
    content = dict(state_dict=state)
    model = converted_model(tmp_path, 'orl', content, path)
    same(ours(model, pictures), maps(online, pictures))
    embedded = torch.randn(4, 16)
    with torch.no_grad():
        pooled = maps(target, pictures).mean((2, 3))
        same(model.momentum_encoder.neck.mlp(pooled), necks[1](pooled))
        same(model.head.mlp(embedded), heads[0](embedded))
        if method == 'orl':
            same(model.intra_head.mlp(embedded), heads[1](embedded))
            same(model.inter_head.mlp(embedded), heads[2](embedded))


def test_scrl(tmp_path, config, pictures):
    path = config(
        'scrl/scrl_tiny',
        neck="dict(_delete_=True, type='ProjectionMLP', sizes=(512, 32, 16), "
        'last_bias=False)',
        head="dict(_delete_=True, type='PredictionHead', sizes=(16, 32, 16), "
        'last_bias=False)',
    )

    def network(seed):
        children = list(randomized(resnet18(), seed).children())[:-1]
        return nn.ModuleDict(
            dict(
                encoder=nn.Sequential(*children),
                projector=nn.ModuleDict(
                    dict(net=randomized(mlp(512, 32, 16, bias=False), 7))
                ),
            )
        )

    online, target = network(0), network(1)
    predictor = randomized(mlp(16, 32, 16, bias=False), 3)
    content = dict(
        epoch=200,
        online_network_state_dict=online.state_dict(),
        target_network_state_dict=target.state_dict(),
        predictor_state_dict=prefixed('net.', predictor),
        optimizer_state_dict=dict(state={}, param_groups=[]),
    )
    model = converted_model(tmp_path, 'scrl', content, path)
    with torch.no_grad():
        pooled = ours(model, pictures).mean((2, 3))
        same(pooled, online['encoder'](pictures).flatten(1))
        slow = model.momentum_encoder.backbone(pictures)[-1].mean((2, 3))
        same(slow, target['encoder'](pictures).flatten(1))
        same(model.head.mlp(pooled[:, :16]), predictor(pooled[:, :16]))


def test_wmse(tmp_path, pictures):
    config = 'wmse4_resnet18_1xb256-steplr-1000e_cifar10'
    network = resnet18()
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    network = randomized(network, 0)
    network.avgpool = network.fc = nn.Identity()
    head = randomized(mlp(512, 1024, 64), 1)
    state = {
        **prefixed('model.module.', network),
        **prefixed('head.', head),
    }
    model = converted_model(tmp_path, 'wmse', state, config)
    small = pictures[..., :16, :16]
    same(ours(model, small), maps(network, small))
    pooled = maps(network, small).mean((2, 3))
    with torch.no_grad():
        same(model.neck.mlp(pooled), head(pooled))


def test_dense_vos_and_amdim_keep_their_layers():
    found = convert(
        {'backbone.layer1.0.conv1.weight': 1, 'emb_q.conv1.weight': 2},
        LAYOUTS['dense_vos'],
    ).weights
    assert found == {
        'backbone.layer1.0.conv1.weight': 1,
        'neck.conv1.weight': 2,
    }
    model = mmssl.get_model('amdim_tiny')
    theirs = {
        name.replace('backbone.', 'module.encoder.'): value
        for name, value in model.state_dict().items()
    }
    theirs['module.evaluator.block.1.weight'] = torch.zeros(3)
    layout = LAYOUTS['amdim']
    found = convert(
        weights_in(dict(model=theirs, hyperparams={}), layout), layout
    )
    assert found.weights.keys() == model.state_dict().keys()
    assert found.left_out == ['evaluator.block.1.weight']


def test_rho_covers_the_whole_slow_pathway():
    """Names of PySlowFast's ``ResStage`` and ``BottleneckTransform``."""
    names = ['s1.pathway0_stem.conv.weight', 's1.pathway0_stem.bn.weight']
    for stage, blocks in enumerate((3, 4, 6, 3), start=2):
        for block in range(blocks):
            parts = [f'branch2.{c}' for c in 'abc'] + ['branch1'] * (not block)
            for part in parts:
                path = f's{stage}.pathway0_res{block}.{part}'
                names += [f'{path}.weight', f'{path}_bn.weight']
                names += [f'{path}_bn.running_mean']
    state = {f'backbone.{name}': i for i, name in enumerate(names)}
    state |= {'backbone.head.projection.0.weight': -1, 'queue_x': -2}
    state |= {'backbone_hist.s1.pathway0_stem.conv.weight': -3, 'ptr': -4}
    found = convert(state, LAYOUTS['rho'])
    assert not found.unmatched and len(found.left_out) == 4
    assert len(found.weights) == len(names)
    from mmaction.models import ResNet3dSlowOnly

    backbone = ResNet3dSlowOnly(
        depth=50, pretrained=None, conv1_kernel=(1, 7, 7),
        inflate=(0, 0, 1, 1),
    )  # fmt: skip
    own = {f'backbone.{name}' for name in backbone.state_dict()}
    assert found.weights.keys() <= own
    weights = {n for n in own if n.endswith('.weight')}
    assert {n for n in found.weights if n.endswith('.weight')} == weights


def test_torchvision_there_and_back(tmp_path, pictures):
    network = randomized(resnet18(), 0)
    torch.save(network.state_dict(), tmp_path / 'theirs.pth')
    theirs, out = str(tmp_path / 'theirs.pth'), str(tmp_path / 'ours.pth')
    assert main(['convert', 'torchvision', theirs, out]) == 0
    back = str(tmp_path / 'back.pth')
    argv = ['convert', 'mmssl', out, back, '--to', 'torchvision']
    assert main(argv) == 0
    state = read_checkpoint(back)
    own = {k: v for k, v in network.state_dict().items() if 'fc.' not in k}
    assert state.keys() == own.keys()
    assert all(torch.equal(state[k], own[k]) for k in own)


def test_safetensors_hold_the_same_weights(tmp_path, capsys):
    torch_form = pytest.importorskip('safetensors.torch')
    torch.save(resnet18().state_dict(), tmp_path / 'theirs.pth')
    theirs, ours = str(tmp_path / 'theirs.pth'), tmp_path / 'ours.pth'
    safe = tmp_path / 'resnet18.safetensors'
    argv = ['convert', 'torchvision', theirs]
    assert main([*argv, str(ours), '--to', 'torchvision']) == 0
    assert main([*argv, str(safe), '--to', 'torchvision']) == 0
    found, expected = torch_form.load_file(safe), read_checkpoint(str(ours))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[k], expected[k]) for k in found)
    assert main([*argv, str(safe), '--to', 'detectron2']) == 2
    assert 'Detectron2 reads no safetensors' in capsys.readouterr().err


def test_detectron2_gets_its_names_and_arrays(tmp_path):
    torch.save(trunk().state_dict(), tmp_path / 'theirs.pth')
    theirs, out = str(tmp_path / 'theirs.pth'), str(tmp_path / 'd2.pkl')
    argv = ['convert', 'torchvision', theirs, out, '--to', 'detectron2']
    assert main(argv) == 0
    content = pickle.loads((tmp_path / 'd2.pkl').read_bytes())
    assert content['matching_heuristics'] is True
    names = set(content['model'])
    assert {
        'stem.conv1.weight', 'stem.conv1.norm.running_var',
        'res2.0.conv1.weight', 'res2.0.conv2.norm.weight',
        'res3.0.shortcut.weight', 'res3.0.shortcut.norm.bias',
    } <= names  # fmt: skip
    assert not any('bn' in n or 'layer' in n for n in names)
    shape = content['model']['stem.conv1.weight'].shape
    assert shape == (64, 3, 7, 7)


def test_unknown_names_are_listed_and_fatal_unless_allowed(tmp_path, capsys):
    state = trunk().state_dict() | {'extra.weight': torch.zeros(1)}
    torch.save(state, tmp_path / 'theirs.pth')
    theirs, out = str(tmp_path / 'theirs.pth'), str(tmp_path / 'ours.pth')
    assert main(['convert', 'torchvision', theirs, out]) == 2
    error = capsys.readouterr().err
    assert '1 names of' in error and 'extra.weight' in error
    assert not (tmp_path / 'ours.pth').exists()
    argv = ['convert', 'torchvision', theirs, out, '--allow-unmatched']
    assert main(argv) == 0
    assert 'unknown names left out: extra.weight' in capsys.readouterr().out


def test_a_file_of_another_layout_is_refused(tmp_path, capsys):
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'theirs.pth')
    theirs, out = str(tmp_path / 'theirs.pth'), str(tmp_path / 'ours.pth')
    argv = ['convert', 'scrl', theirs, out, '--allow-unmatched']
    assert main(argv) == 2
    assert 'no weight of' in capsys.readouterr().err
    assert main(['convert', 'mocco', theirs, out]) == 2
    assert 'did you mean moco' in capsys.readouterr().err


def test_a_result_that_does_not_fit_the_config_is_refused(tmp_path, capsys):
    torch.save(trunk().state_dict(), tmp_path / 'theirs.pth')
    argv = ['convert', 'torchvision', str(tmp_path / 'theirs.pth')]
    argv += [str(tmp_path / 'ours.pth'), '--config', 'simclr_tiny']
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert 'does not fit simclr_tiny' in error and 'missing (' in error


def test_two_entries_of_one_name_are_refused():
    state = {'conv1.weight': 1, 'encoder_q.0.conv1.weight': 2}
    with pytest.raises(Exception, match='two entries .* backbone.conv1'):
        convert(state, LAYOUTS['densecl'])


def test_a_name_that_no_resnet_has_cannot_be_written_for_others():
    with pytest.raises(Exception, match='stem.0.weight is no weight of a Res'):
        to_torchvision({'stem.0.weight': 1})
