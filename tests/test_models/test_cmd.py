# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD against recorded values of its authors' code, and its properties."""

import math

import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.model import MMDistributedDataParallel
from torch import nn
from two_processes import run_in_two_processes

from mmssl.models.algorithms.cmd import (
    CMD,
    MotionPredictor,
    fuse_stages,
    in_batch_nce,
)
from mmssl.models.losses import unit_rows
from mmssl.registry import MODELS, PARAM_SCHEDULERS

F64, F32 = torch.float64, torch.float32
KINDS = ('motion_query', 'motion_key', 'context_query', 'context_key')
dtypes = pytest.mark.parametrize(
    ('dtype', 'tolerance'), [(F64, 1e-9), (F32, 2e-4)]
)


def our_name(name):
    """A parameter of the authors' transformer in ours."""
    name = name.replace('transformer.', '').replace('.layers.', '.')
    for i in '123':
        name = name.replace(f'norm{i}', f'norms.{int(i) - 1}')
    return name


def load_predictor(predictor, golden, dtype):
    ours = {
        our_name(key): value
        for key, value in golden.items()
        if key.startswith(('transformer.', 'encoder.', 'decoder.'))
    }
    for theirs, mine in (
        ('fc.weight', 'reduce.weight'),
        ('k_embedding.weight', 'source_positions.weight'),
        ('q_embedding.weight', 'target_positions.weight'),
    ):
        if theirs in golden:
            ours[mine] = golden[theirs]
    predictor.to(dtype)
    missing, unexpected = predictor.load_state_dict(ours, strict=False)
    assert not unexpected
    return predictor, missing


def golden_model(parameters, dtype):
    head = dict(type='ProjectionMLP', last_bias=False, last_norm=True)
    identity = dict(type='IdentityNet')
    model = CMD(
        identity, identity, identity,
        dict(
            type='MotionPredictor', in_channels=8, source_cells=18,
            target_cells=9, dim=16, ffn_dim=16, encoder_layers=1,
            decoder_layers=1, dropout=0.0,
        ),
        dict(head, sizes=(16, 12, 10)), dict(head, sizes=(6, 12, 10)),
        dict(head, sizes=(8, 12, 10)), dict(head, sizes=(5, 12, 10)),
        fuse=False,
    )  # fmt: skip
    layers = {
        key.split('.')[3]
        for key in parameters
        if key.startswith('transformer.decoder')
    }
    model.predictor.decoder = nn.ModuleList(
        [*model.predictor.decoder] + [
            type(model.predictor.decoder[0])(16, 8, 16, 0.0, cross=True)
            for _ in range(len(layers) - 1)
        ]
    )  # fmt: skip
    model.to(dtype)
    model.predictor, missing = load_predictor(
        model.predictor, parameters, dtype
    )
    assert not missing
    for theirs, kind in zip(('mq', 'mk', 'iq', 'ik'), KINDS, strict=True):
        prefix = f'{theirs}_head.'
        own = {
            key[len(prefix) :]: value.flatten(1) if value.ndim > 1 else value
            for key, value in parameters.items()
            if key.startswith(prefix)
        }
        getattr(model, f'{kind}_head').mlp.load_state_dict(own)
    return model.train()


@pytest.fixture
def golden():
    return load_golden('cmd/cmd_forward_loss.npz')


def parameters_of(golden):
    return {k[2:]: v for k, v in golden.items() if k.startswith('p:')}


@dtypes
def test_losses_embeddings_and_gradients_are_the_authors(
    golden, dtype, tolerance
):
    model = golden_model(parameters_of(golden), dtype)
    names = 'rgb_feat', 'motion_feat', 'iframe_feat'
    clip, motion, still = (golden[n].to(dtype).requires_grad_() for n in names)
    inputs = [clip, still, *motion.chunk(4)]
    (mq, mk), (cq, ck) = model.pairs(inputs)
    for found, name in ((mq, 'mq'), (mk, 'mk'), (cq, 'iq'), (ck, 'ik')):
        assert_golden(found, golden[name], tolerance)
    model = golden_model(parameters_of(golden), dtype)  # fresh statistics
    losses = model.loss(inputs)
    assert_golden(losses['loss_motion'], golden['loss_motion'], tolerance)
    assert_golden(losses['loss_context'], golden['loss_context'], tolerance)
    assert_golden(losses['top1_motion'], golden['top1_motion'], tolerance)
    total = losses['loss_motion'] + losses['loss_context']
    assert_golden(total, golden['loss'], tolerance)
    total.backward()
    for tensor, name in ((clip, 'rgb'), (motion, 'motion'), (still, 'iframe')):
        assert_golden(tensor.grad, golden[f'grad_{name}'], tolerance)


@dtypes
def test_the_transformer_is_the_authors(dtype, tolerance):
    g = load_golden('cmd/transformer.npz')
    predictor = MotionPredictor(
        16, 18, 9, dim=16, ffn_dim=16, encoder_layers=1, decoder_layers=2
    )
    predictor, missing = load_predictor(predictor, parameters_of(g), dtype)
    assert len(missing) == 3  # reduce and both positions
    predictor.source_positions.weight.data = g['k_pos'].to(dtype)
    predictor.target_positions.weight.data = g['q_pos'].to(dtype)
    predictor.eval()
    memory = g['memory'].to(dtype).requires_grad_()
    out = predictor.transform(memory)
    assert_golden(out, g['out'], tolerance)
    weights = torch.linspace(-1, 1, 16, dtype=dtype)
    (out * weights).sum().backward()
    assert_golden(memory.grad, g['grad_memory'], tolerance)


def test_fusion_is_the_authors_and_refuses_odd_frames():
    g = load_golden('cmd/fuse_layer3_layer4.npz')
    fused = fuse_stages(g['layer3_out'], g['layer4_out'])
    assert_golden(fused, g['fused'], 1e-12)
    with pytest.raises(ValueError, match=r'\(2, 4, 3, 7, 7\) and \(2, 8'):
        fuse_stages(g['layer3_out'][:, :, :3], g['layer4_out'])


BLOCKS = {
    'r2p1d': {
        'conv1': 'conv1.conv', 'bn1': 'conv1.bn',
        'conv2_s': 'conv2.conv.conv_s', 'bn2_s': 'conv2.conv.bn_s',
        'conv2_t': 'conv2.conv.conv_t', 'bn2_t': 'conv2.bn',
        'conv3': 'conv3.conv', 'bn3': 'conv3.bn',
        'downsample.0': 'downsample.conv', 'downsample.1': 'downsample.bn',
    },
    'r3d': {
        f'{theirs}{i}': f'conv{i}.{ours}'
        for i in '123' for theirs, ours in (('conv', 'conv'), ('bn', 'bn'))
    },
}  # fmt: skip
SHALLOW = dict(
    type='mmaction.ResNet3d', pretrained2d=False, with_pool2=False,
    inflate_style='3x3x3', temporal_strides=(1, 2, 2, 2),
)  # fmt: skip
R3D26 = dict(SHALLOW, depth=50, stage_blocks=(2, 2, 2, 2), out_indices=(2, 3))
MOTION = dict(
    SHALLOW, depth=18, stage_blocks=(1, 1, 1, 1), in_channels=2,
    conv1_stride_s=1,
)  # fmt: skip
STILL = dict(
    SHALLOW, depth=18, stage_blocks=(1, 1, 1, 1), inflate=(0, 0, 0, 0),
    conv1_kernel=(1, 7, 7), temporal_strides=(1, 1, 1, 1),
)  # fmt: skip
NETS = dict(
    resnet26_2p1d=dict(type='R2Plus1D26', out_indices=(3, 4)),
    resnet26_3d=R3D26,
    C3D=dict(type='C3DBN'),
    resnet10_3d=MOTION,
    resnet10_2d=STILL,
)


@dtypes
@pytest.mark.parametrize(
    ('file', 'kind'), [('r2p1d_bottleneck_s2', 'r2p1d'),
                       ('r3d_bottleneck_s1', 'r3d')]
)  # fmt: skip
def test_blocks_are_the_authors(file, kind, dtype, tolerance):
    g = load_golden(f'cmd/{file}.npz')
    if kind == 'r2p1d':  # of 4 channels, with stride 2 and shortcut
        net = MODELS.build(dict(type='R2Plus1D26', base_channels=2))
        block = net.layer2[0]
        conv = block.conv1.conv
        block.conv1.conv = nn.Conv3d(8, conv.out_channels, 1, bias=False)
    else:
        net = MODELS.build(dict(R3D26, base_channels=4))
        block = net.layer1[1]
    state = {}
    for key, value in parameters_of(g).items():
        module, name = key.rsplit('.', 1)
        state[f'{BLOCKS[kind][module]}.{name}'] = value
    block.to(dtype).eval()
    missing, unexpected = block.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith('num_batches_tracked') for key in missing)
    assert_golden(block(g['x'].to(dtype)), g['out_eval'], tolerance / 10)
    block.train()
    assert_golden(block(g['x'].to(dtype)), g['out_train'], tolerance / 10)


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize('name', NETS)
def test_networks_have_the_authors_parameters_and_maps(name):
    g = load_golden('cmd/model_sizes.npz')
    place = g['names'].tolist().index(name)
    with torch.device('meta'):
        net = MODELS.build(NETS[name])
        frames, channels = dict(
            resnet10_3d=(8, 2), resnet10_2d=(1, 3)
        ).get(name, (16, 3))  # fmt: skip
        maps = net(torch.zeros(1, channels, frames, 112, 112))
    assert parameters(net) == g['params'][place]
    last = maps if isinstance(maps, torch.Tensor) else maps[-1]
    shape = list(last.shape[:2]) if name == 'resnet10_2d' else last.shape
    assert str(list(shape)) == g['out_shapes'][place]
    if name == 'resnet26_2p1d':
        convs = [
            (*conv.weight.shape, *conv.stride)
            for conv in net.modules()
            if isinstance(conv, nn.Conv3d)
        ]
        listed = [eval(text)[1:] for text in g['r2p1d26_convs']]
        assert sorted(convs) == sorted(listed)


def whole(backbone, channels=2048, **kwargs):
    head = dict(type='ProjectionMLP', last_bias=False, last_norm=True)
    return dict(
        type='CMD',
        backbone=backbone,
        motion_backbone=MOTION,
        iframe_backbone=STILL,
        predictor=dict(type='MotionPredictor', in_channels=channels),
        motion_query_head=dict(head, sizes=(512, 2048, 512)),
        motion_key_head=dict(head, sizes=(512, 2048, 512)),
        context_query_head=dict(head, sizes=(channels, 2048, 512)),
        context_key_head=dict(head, sizes=(512, 2048, 512)),
        **kwargs,
    )


def test_the_whole_has_the_authors_parameters_and_shapes():
    g = load_golden('cmd/model_sizes.npz')
    with torch.device('meta'):
        model = MODELS.build(whole(NETS['resnet26_2p1d']))
        inputs = [
            torch.zeros(2, 3, 16, 112, 112), torch.zeros(2, 3, 1, 112, 112),
            *[torch.zeros(2, 2, 8, 112, 112)] * 4,
        ]  # fmt: skip
        fused = model.fused(model.backbone(inputs[0]))
        pairs = [tensor for pair in model.pairs(inputs) for tensor in pair]
    assert parameters(model) == g['params'][-1]
    assert str([1, *fused.shape[1:]]) == g['out_shapes'][-1]
    assert [str(list(p.shape)) for p in pairs] == g['net_out_shapes'].tolist()


def small(dim=16, width=4, **kwargs):
    """A CMD of a few channels on 8 x 32 x 32, with real networks."""
    torch.manual_seed(0)
    head = dict(
        type='ProjectionMLP', last_bias=False, last_norm=True,
    )  # fmt: skip
    out = 8 * width
    return MODELS.build(
        dict(
            type='CMD',
            backbone=dict(R3D26, base_channels=width),
            motion_backbone=dict(MOTION, base_channels=width),
            iframe_backbone=dict(STILL, base_channels=width),
            predictor=dict(
                type='MotionPredictor', in_channels=4 * out, source_cells=4,
                target_cells=4, dim=dim, ffn_dim=dim, num_heads=2,
                encoder_layers=1, decoder_layers=1, dropout=0.0,
            ),
            motion_query_head=dict(head, sizes=(dim, 24, 8)),
            motion_key_head=dict(head, sizes=(out, 24, 8)),
            context_query_head=dict(head, sizes=(4 * out, 24, 8)),
            context_key_head=dict(head, sizes=(out, 24, 8)),
            **kwargs,
        )
    )  # fmt: skip


def batch(count=4, windows=3):
    generator = torch.Generator().manual_seed(1)
    shapes = [(3, 8, 32, 32), (3, 1, 32, 32), *[(2, 4, 32, 32)] * windows]
    return [torch.randn(count, *s, generator=generator) for s in shapes]


def test_every_parameter_gets_a_gradient_and_initialisation_is_the_papers():
    model = small()
    model.init_weights()
    assert model.backbone.layer1[0].conv3.bn.weight.abs().max() == 0
    assert model.motion_backbone.layer2[0].conv2.bn.weight.abs().max() == 0
    positions = model.predictor.source_positions.weight
    assert positions.min() >= 0 and positions.max() <= 1
    assert model.predictor.encoder[0].fc1.weight.std() < 0.015
    assert model.predictor.encoder[0].self_attn.out_proj.bias.abs().sum() == 0
    net = MODELS.build(dict(type='R2Plus1D26', base_channels=4))
    assert net.layer3[1].conv3.norm.weight.abs().max() == 0
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.weight.data.fill_(1)  # zeros hold gradients back
    losses = model(batch(), mode='loss')
    (losses['loss_motion'] + losses['loss_context']).backward()
    without = [n for n, p in model.named_parameters() if p.grad is None]
    assert without == []


def test_features_are_the_backbones_without_the_fusion():
    model = small().eval()
    inputs = batch()
    found = model(inputs, mode='tensor')
    expected = model.backbone(inputs[0])[-1].mean((2, 3, 4))
    torch.testing.assert_close(found, expected)


def test_equal_features_give_the_logarithm_of_the_number_of_keys():
    rows = unit_rows(torch.ones(6, 5))
    loss, _ = in_batch_nce(rows, unit_rows(torch.ones(24, 5)))
    assert loss.item() == pytest.approx(math.log(24), abs=1e-6)


def test_with_one_cell_and_no_other_moment_it_is_info_nce():
    torch.manual_seed(0)
    query, key = unit_rows(torch.randn(7, 5)), unit_rows(torch.randn(7, 5))
    loss, missed = in_batch_nce(query, key, 0.2)
    expected = 0.0
    for i in range(7):
        scores = (query[i] * key).sum(1) / 0.2
        expected -= (scores[i] - scores.exp().sum().log()) / 7
    torch.testing.assert_close(loss, expected)
    best = (query @ key.T).argmax(1)
    assert (missed == best - torch.arange(7)).all()


def test_the_order_of_clips_does_not_matter():
    model = small().double().eval()
    inputs = [v.double() for v in batch()]
    order = [2, 0, 3, 1]
    first = model.loss(inputs)
    second = model.loss([v[order] for v in inputs])
    for name, value in first.items():
        torch.testing.assert_close(second[name], value)


def test_own_negatives_come_behind_all_futures():
    """Rows of keys: window, then sample, then cell."""
    model = small().eval()
    inputs = batch(count=2, windows=2)
    (_, key), _ = model.pairs(inputs)
    alone = model.motion_backbone(inputs[3][1:])  # window 1 of sample 1
    cells = alone.flatten(2).transpose(1, 2)[0]
    expected = unit_rows(model.motion_key_head(cells))
    torch.testing.assert_close(key[3 * 4 :], expected)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda v: v[:2], 'at least 3 views of each sample, got 2'),
        (lambda v: [x[:1] for x in v], 'at least 2 samples .* got 1'),
        (lambda v: [v[0][..., :16], *v[1:]], r'map of \(1, 2, 1\), that is 2'),
        (lambda v: [*v[:2], v[2].repeat(1, 1, 1, 2, 1)], 'gives 8 cells'),
        (lambda v: [v[0][:, :, :4], *v[1:]], 'fused from'),
    ],
)
def test_wrong_batches_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        small()(change(batch()), mode='loss')


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match='temperature must be > 0, got 0'):
        small(temperature=0)
    with pytest.raises(ValueError, match='needs the last two stages of its'):
        small().fused(torch.zeros(1))
    with pytest.raises(ValueError, match='3 queries need a key each, got 2'):
        in_batch_nce(torch.ones(3, 2), torch.ones(2, 2))


def test_c3d_is_taken_without_fusion():
    with torch.device('meta'):
        model = MODELS.build(whole(NETS['C3D'], 512, fuse=False))
        inputs = [
            torch.zeros(2, 3, 16, 112, 112), torch.zeros(2, 3, 1, 112, 112),
            torch.zeros(2, 2, 8, 112, 112),
        ]  # fmt: skip
        (query, key), _ = model.pairs(inputs)
    assert query.shape == key.shape == (98, 512)


def test_the_control_takes_the_windows_of_the_next_sample():
    model, control = small().eval(), small(foreign_future=True).eval()
    inputs = batch()
    (query, key), _ = control.pairs(inputs)
    (expected, _), _ = model.pairs(inputs)
    rolled = [view.roll(1, 0) for view in inputs[2:]]
    (_, other), _ = model.pairs([*inputs[:2], *rolled])
    torch.testing.assert_close(query, expected)
    torch.testing.assert_close(key, other)


def test_weights_scale_the_losses():
    plain = small().eval().loss(batch())
    twice = small(motion_weight=2.0, context_weight=0.0).eval().loss(batch())
    torch.testing.assert_close(twice['loss_motion'], 2 * plain['loss_motion'])
    assert twice['loss_context'] == 0


def test_pictures_are_normalised_and_motion_is_not():
    step = MODELS.build(dict(type='CMDPreprocessor'))
    views = [torch.full((2, c, 1, 2, 2), 110.0) for c in (3, 3, 2, 2)]
    clip, still, future, other = step(dict(inputs=views))['inputs']
    mean, std = step.mean.view(1, 3, 1, 1, 1), step.std.view(1, 3, 1, 1, 1)
    expected = ((110 - mean) / std).expand(2, 3, 1, 2, 2)
    torch.testing.assert_close(clip, expected)
    torch.testing.assert_close(still, expected)
    assert (future == 110).all() and (other == 110).all()


def rows_of_both(cells=3):
    generator = torch.Generator().manual_seed(2)
    query = torch.randn(2, 2 * cells, 5, generator=generator)
    key = torch.randn(2, 3, 2 * cells, 5, generator=generator)
    return query.double(), key.double()


def half(rank):
    """Of the loss, and of a whole model without batch statistics."""
    query, key = rows_of_both()
    results = {}
    for divide in (True, False):
        q = query[rank].clone().requires_grad_()
        k = key[rank].flatten(0, 1).clone().requires_grad_()
        loss, _ = in_batch_nce(unit_rows(q), unit_rows(k), 0.1, divide)
        loss.backward()
        results[divide] = dict(loss=loss.detach(), query=q.grad, key=k.grad)
    for divide in (True, False):
        model = small(key_grad_div_world=divide).double().eval()
        wrapped = MMDistributedDataParallel(model)
        mine = [v[2 * rank : 2 * rank + 2].double() for v in batch()]
        losses = wrapped(mine, mode='loss')
        (losses['loss_motion'] + losses['loss_context']).backward()
        results[f'model{divide}'] = {
            name: p.grad for name, p in model.named_parameters()
        }
    return results


@pytest.fixture(scope='module')
def both():
    return run_in_two_processes(half)


def test_two_processes_find_their_targets_and_the_gradient_of_one(both):
    """After DDP's mean, so with a factor of two for rows of a process."""
    query, key = rows_of_both()
    q = query.flatten(0, 1).requires_grad_()
    k = key.requires_grad_()
    # Of each process first the futures: its targets are rank * 18 + i.
    joint = unit_rows(k.flatten(0, 2))
    logits = unit_rows(q) @ joint.T / 0.1
    target = torch.cat([torch.arange(6), 18 + torch.arange(6)])
    loss = nn.functional.cross_entropy(logits, target)
    loss.backward()
    mean = (both[0][True]['loss'] + both[1][True]['loss']) / 2
    torch.testing.assert_close(mean, loss.detach())
    for rank, result in enumerate(both):
        rows = slice(6 * rank, 6 * rank + 6)
        for divide in (True, False):
            found = result[divide]
            torch.testing.assert_close(found['query'] / 2, q.grad[rows])
            own = k.grad[rank].flatten(0, 1)
            factor = 2 if divide else 1
            torch.testing.assert_close(factor * found['key'] / 2, own)


def test_a_model_on_two_processes_has_the_gradients_of_one(both):
    """Query networks exactly; key networks a half of it as released."""
    model = small().double().eval()
    losses = model([v.double() for v in batch()], mode='loss')
    (losses['loss_motion'] + losses['loss_context']).backward()
    for result in both:
        for name, parameter in model.named_parameters():
            keys = name.startswith((
                'motion_backbone', 'iframe_backbone', 'motion_key',
                'context_key',
            ))  # fmt: skip
            for divide in (True, False):
                found = result[f'model{divide}'][name]
                factor = 2 if divide and keys else 1
                torch.testing.assert_close(
                    factor * found, parameter.grad, msg=name
                )


@pytest.mark.parametrize('name', ['pretrain', 'finetune'])
def test_learning_rates_are_the_authors(name):
    g = load_golden(f'cmd/lr_{name}.npz')
    base, start, batch_size, epochs, warmup, steps, end = g['cfg'].tolist()
    lr = base * batch_size
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = PARAM_SCHEDULERS.get(
        'WarmupEpochCosineLR'
    ).build_iter_from_epoch(
        optimizer, max_epochs=int(epochs), warmup=int(warmup),
        warmup_ratio=start / base, end_ratio=max(end, 0) / lr,
        epoch_length=int(steps), end=int(epochs),
    )  # fmt: skip
    rates = []
    for _ in range(int(epochs * steps)):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step()
    for epoch, step, rate in g['epoch_step_lr'].tolist():
        place = int((epoch - 1) * steps + step) - 1
        assert abs(rates[place] - rate) < 1e-12
    with pytest.raises(ValueError, match=r'warmup of .* got 9 and 9'):
        type(schedule)(optimizer, max_epochs=9, warmup=9)
