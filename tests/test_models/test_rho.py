# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""MoCo, BYOL, SimCLR and SwAV of rho clips against the authors' code."""

from copy import deepcopy

import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.optim import OptimWrapper
from torch import nn

from mmssl.engine.optimizers import LARS
from mmssl.models.algorithms.swav import sinkhorn
from mmssl.models.layers import cosine_momentum
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32
DTYPES = pytest.mark.parametrize('dtype', [F64, F32])
RHO = dict(
    MoCo=dict(
        symmetric=True, temperature=0.1, momentum=0.994, end_momentum=1.0,
        queue_init='uniform', reduction='sum',
    ),
    BYOL=dict(momentum=0.996, reduction='sum'),
    SimCLR=dict(
        pairs='consecutive', joint_views=False, joint_projector=False,
        reduction='sum',
    ),
)  # fmt: skip


def tolerance(dtype, exact=1e-10):
    return exact if dtype == F64 else 2e-5


def build(name, **settings):
    """A linear map as the encoder, as the goldens have it."""
    return MODELS.build(
        dict(
            type=name,
            backbone=dict(type='IdentityNet'),
            neck=dict(type='ProjectionMLP', sizes=(6, 8), last_bias=False),
            **{**RHO.get(name, {}), **settings},
        )
    )


def set_weight(module, value, dtype):
    module.mlp[0].weight.data = value.to(dtype)


def gradient_of_a_step(model, clips):
    """Through the training step, with a learning rate of 1."""
    model.data_preprocessor = nn.Identity()
    model.data_preprocessor.forward = lambda data, training: data
    parameters = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in parameters]
    wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=1.0))
    log = model.train_step(dict(inputs=clips), wrapper)
    grads = [b - p.detach() for b, p in zip(before, parameters, strict=True)]
    return log, grads


@DTYPES
@pytest.mark.parametrize('name', ['moco_step', 'moco_first_step'])
@pytest.mark.parametrize('sequential', [False, True])
def test_a_step_of_moco_is_the_authors(name, dtype, sequential):
    g = load_golden(f'rho/{name}.npz')
    model = build(
        'MoCo', queue_length=len(g['queue_before']), sequential=sequential
    ).to(dtype)
    set_weight(model.neck, g['w_query'], dtype)
    if bool(g['first_step']):
        model.init_target()
    else:
        set_weight(model.momentum_encoder.neck, g['w_key_before'], dtype)
        model.momentum_encoder.end_momentum = None
        model.momentum_encoder.momentum = g['momentum_used'].item()
        model.update_target(0.0)
    key = model.momentum_encoder.neck.mlp[0].weight
    assert_golden(key, g['w_key_after'], tolerance(dtype))
    model.queue.rows.copy_(g['queue_before'])
    model.queue.written += int(g['ptr_before'])
    clips = list(g['clips'].to(dtype))
    terms = torch.stack(list(model.terms(clips)))
    assert_golden(terms, g['loss_per_query'], tolerance(dtype))
    model.queue.pending.clear()
    log, (grad,) = gradient_of_a_step(model, clips)
    assert_golden(grad, g['grad_w_query_sum'], tolerance(dtype))
    assert_golden(log['reported'], g['reported_loss'], tolerance(dtype))
    model.update_queue()
    assert_golden(model.queue.rows, g['queue_after'], tolerance(dtype))
    assert model.queue.pointer == int(g['ptr_after']) % len(g['queue_after'])


class TanhPredictor(nn.Module):
    """The golden's predictor: tanh(z) P^T."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8, bias=False)

    def forward(self, z):
        return self.linear(torch.tanh(z))


@DTYPES
@pytest.mark.parametrize('sequential', [False, True])
def test_a_step_of_byol_is_the_authors(dtype, sequential):
    g = load_golden('rho/byol_step.npz')
    model = build(
        'BYOL', head=dict(type=TanhPredictor), sequential=sequential
    ).to(dtype)
    set_weight(model.neck, g['w_proj'], dtype)
    model.head.linear.weight.data = g['w_pred'].to(dtype)
    set_weight(model.momentum_encoder.neck, g['w_key_after'], dtype)
    clips = list(g['clips'].to(dtype))
    terms = torch.stack(list(model.terms(clips)))
    assert_golden(terms, g['loss_per_query'], tolerance(dtype))
    log, (proj, pred) = gradient_of_a_step(model, clips)
    assert_golden(proj, g['grad_w_proj_sum'], tolerance(dtype))
    assert_golden(pred, g['grad_w_pred_sum'], tolerance(dtype))
    assert_golden(log['reported'], g['reported_loss'], tolerance(dtype))


@DTYPES
@pytest.mark.parametrize('sequential', [False, True])
def test_a_step_of_simclr_is_the_authors(dtype, sequential):
    g = load_golden('rho/simclr_step.npz')
    model = build(
        'SimCLR', temperature=g['T'].item(), sequential=sequential
    ).to(dtype)
    set_weight(model.neck, g['w'], dtype)
    clips = list(g['clips'].to(dtype))
    terms = torch.stack(list(model.terms(clips)))
    expected = g['loss_per_consecutive_pair']
    assert_golden(terms, expected, tolerance(dtype))
    log, (grad,) = gradient_of_a_step(model, clips)
    assert_golden(grad, g['grad_w_sum'], tolerance(dtype))
    assert_golden(log['reported'], g['reported_loss'], tolerance(dtype))


@DTYPES
def test_a_step_of_swav_is_the_authors(dtype):
    g = load_golden('rho/swav_step.npz')
    prototypes, dim = g['prototypes_before'].shape
    model = build(
        'SwAV',
        num_crops=(len(g['clips']),),
        joint_views=False,
        head=dict(
            type='PrototypeHead', embed_dim=dim, num_prototypes=prototypes
        ),
    ).to(dtype)
    set_weight(model.neck, g['w'], dtype)
    model.head.prototypes.weight.data = g['prototypes_before'].to(dtype)
    model.head.normalize()
    weight = model.head.prototypes.weight
    near = tolerance(dtype, 1e-6)
    assert_golden(weight, g['prototypes_normalised'], near)
    for i in range(2):
        codes = sinkhorn(
            g['scores'][i].to(dtype), g['eps'].item(), int(g['iters'])
        )
        assert_golden(codes, g['codes_first_two'][i], near)
    loss = model(list(g['clips'].to(dtype)), mode='loss')['loss']
    loss.backward()
    assert_golden(loss, g['loss'], near)
    assert_golden(model.neck.mlp[0].weight.grad, g['grad_w'], near)
    assert_golden(weight.grad, g['grad_prototypes'], near)


@DTYPES
def test_codes_are_the_authors(dtype):
    g = load_golden('rho/sinkhorn.npz')
    for rounds in (1, 3, 10):
        codes = sinkhorn(g['scores'].to(dtype), num_iters=rounds)
        near = tolerance(dtype, 1e-6)
        assert_golden(codes, g[f'code_iters{rounds}'], near)


def test_codes_do_not_see_a_constant_added_to_all_scores():
    scores = torch.randn(10, 7, dtype=F64)
    codes = sinkhorn(scores)
    torch.testing.assert_close(sinkhorn(scores + 0.3), codes)
    torch.testing.assert_close(codes.sum(1), torch.ones(10, dtype=F64))
    spread = [
        (sinkhorn(0.1 * scores, num_iters=n).sum(0) - 10 / 7).abs().max()
        for n in (1, 10, 100)
    ]
    assert spread[2] < spread[1] < spread[0] and spread[2] < 1e-3


@DTYPES
@pytest.mark.parametrize(
    'name, settings',
    [
        ('mlp_3layer_nobn', dict(norm_cfg=None)),
        ('mlp_2layer_bn', dict(bias=False)),
    ],
)
def test_projectors_are_the_authors(name, settings, dtype):
    g = load_golden(f'rho/{name}.npz')
    names = [key for key in g if key.startswith('p_')]
    weights = [g[key] for key in names if g[key].ndim == 2]
    sizes = (weights[0].shape[1], *(len(weight) for weight in weights))
    neck = MODELS.build(dict(type='ProjectionMLP', sizes=sizes, **settings))
    own = neck.mlp.state_dict()
    mapped = {key.removeprefix('p_projection.'): g[key] for key in names}
    assert set(mapped) == set(own)
    neck = neck.to(dtype).train()
    neck.mlp.load_state_dict(mapped)
    x = g['x'].to(dtype).requires_grad_()
    y = neck(x)
    (y * torch.arange(1, y.shape[1] + 1)).sum().backward()
    assert_golden(y, g['y'], tolerance(dtype))
    assert_golden(x.grad, g['grad_x'], tolerance(dtype))


@DTYPES
def test_lars_is_the_authors(dtype):
    g = load_golden('rho/lars_sgd.npz')
    names = [key[5:] for key in g if key.startswith('init_')]
    params = {n: nn.Parameter(g[f'init_{n}'].to(dtype)) for n in names}
    optimizer = LARS(
        params.values(),
        lr=g['lr'].item(),
        momentum=g['momentum'].item(),
        weight_decay=g['weight_decay'].item(),
        trust_coefficient=g['trust_coefficient'].item(),
        nesterov=bool(g['nesterov']),
        lr_in_momentum=False,
    )
    steps = sum(key.startswith('grad') for key in g) // len(names)
    first = min(int(k[4:].split('_')[0]) for k in g if k.startswith('grad'))
    for step in range(first, first + steps):
        for name, param in params.items():
            param.grad = g[f'grad{step}_{name}'].to(dtype)
        optimizer.step()
        for name, param in params.items():
            after = g[f'after{step}_{name}']
            assert_golden(param, after, tolerance(dtype))


@pytest.mark.parametrize('base', [0.994, 0.996])
def test_the_momentum_is_the_authors(base):
    g = load_golden('rho/schedules.npz')
    for epoch, value in zip(
        g['momentum_epochs'], g[f'momentum_{base}'], strict=True
    ):
        found = cosine_momentum(base, 1.0, epoch.item() / 200)
        assert abs(found - value) < 1e-12


SLOW_ONLY = dict(
    type='mmaction.ResNet3dSlowOnly', depth=50, pretrained=None,
    lateral=False, with_pool2=False, conv1_kernel=(1, 7, 7),
    conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
    norm_eval=False, zero_init_residual=False,
)  # fmt: skip


def test_the_backbone_is_the_authors():
    g = load_golden('rho/slowonly_r50_width2.npz')
    net = MODELS.build(dict(SLOW_ONLY, base_channels=2))
    weights = {k[2:]: v for k, v in g.items() if k.startswith('w:')}
    net.load_state_dict(weights)
    x = g['x']
    maps = []
    for layer in (net.maxpool, net.layer1, net.layer2, net.layer3):
        layer.register_forward_hook(lambda m, i, o: maps.append(o))
    net.eval()
    with torch.no_grad():
        last = net(x)
    names = ['eval_stem', *(f'eval_layer{i}_mean' for i in (1, 2, 3))]
    for out, name in zip(maps, names, strict=True):
        assert_golden(out.mean((2, 3, 4)), g[name], 1e-5)
    assert_golden(last, g['eval_layer4'], 1e-5)
    net.load_state_dict(weights)
    net.train()
    assert_golden(net(x), g['train_layer4'], 1e-5)


def small(name, **settings):
    """Convolution, MLP without norm: nothing but the loss differs."""
    heads = dict(
        BYOL=dict(
            type='PredictionHead', sizes=(4, 8, 4), norm_cfg=None
        ),
    )  # fmt: skip
    if name == 'MoCo':
        settings.setdefault('queue_length', 16)
    return MODELS.build(
        dict(
            type=name,
            backbone=dict(
                type=nn.Conv3d, in_channels=3, out_channels=6, kernel_size=3
            ),
            neck=dict(
                type='ProjectionMLP', sizes=(6, 8, 4), norm_cfg=None
            ),
            **(dict(head=heads[name]) if name in heads else {}),
            **{**RHO[name], **settings},
        )
    )  # fmt: skip


def clips_of(rho, n=4):
    generator = torch.Generator().manual_seed(rho)
    shape = (rho, n, 3, 4, 6, 6)
    return list(torch.randn(shape, generator=generator, dtype=F64))


@pytest.mark.parametrize('rho', [2, 3, 4])
@pytest.mark.parametrize('name', RHO)
@pytest.mark.parametrize('reduction', ['mean', 'sum'])
def test_sequential_and_joint_steps_have_one_gradient(name, rho, reduction):
    steps = []
    for sequential in (False, True):
        torch.manual_seed(0)
        model = small(name, sequential=sequential, reduction=reduction)
        steps.append(gradient_of_a_step(model.double(), clips_of(rho)))
    (log, grads), (sequential_log, sequential_grads) = steps
    for one, other in zip(grads, sequential_grads, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
    assert set(log) == set(sequential_log)
    for key, value in log.items():
        torch.testing.assert_close(sequential_log[key], value)


@pytest.mark.parametrize('name', RHO)
def test_the_summed_loss_has_the_gradient_of_the_sum_of_terms(name):
    model, clips = small(name).double(), clips_of(3)
    terms = torch.stack(list(model.terms(clips)))
    loss = model(clips, mode='loss')
    torch.testing.assert_close(loss['loss'], terms.sum())
    torch.testing.assert_close(loss['reported'], terms.sum() / 6)


@pytest.mark.parametrize('name', ['MoCo', 'BYOL'])
def test_permuted_clips_permute_the_terms_only(name):
    model, clips = small(name).double(), clips_of(4)
    terms = list(model.terms(clips))
    order = [2, 0, 3, 1]
    permuted = list(model.terms([clips[i] for i in order]))
    for i, term in zip(order, permuted, strict=True):
        torch.testing.assert_close(term, terms[i])


def test_two_clips_report_a_quarter_of_both_terms():
    model, clips = small('MoCo').double(), clips_of(2)
    first, second = model.terms(clips)
    reported = model(clips, mode='loss')['reported']
    torch.testing.assert_close(reported, (first + second) / 4)


def test_all_pairs_of_simclr_are_those_of_the_paper():
    model = small('SimCLR', pairs='all').double()
    assert len(list(model.terms(clips_of(4)))) == 6
    assert small('SimCLR').num_terms(4) == 3


def test_accumulation_counts_a_step_of_several_backwards_once():
    model = small('BYOL', sequential=True)
    model.data_preprocessor.forward = lambda data, training: data
    parameters = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(
        torch.optim.SGD(parameters, lr=1.0), accumulative_counts=2
    )
    wrapper.initialize_count_status(model, 0, 4)
    steps = []
    wrapper.optimizer.register_step_post_hook(lambda *a: steps.append(a))
    for _ in range(4):
        clips = [clip.float() for clip in clips_of(3)]
        model.train_step(dict(inputs=clips), wrapper)
    assert len(steps) == 2


def test_sequential_memory_does_not_grow_with_the_clips():
    model = small('MoCo', sequential=True, queue_length=4)
    alive, most = set(), []

    class Saved:
        def __init__(self, tensor):
            self.tensor = tensor
            if tensor.ndim == 5:  # the encoder's inputs and maps
                alive.add(id(self))
            most.append(len(alive))

        def __del__(self):
            alive.discard(id(self))

    saved = []
    for rho in (2, 4):
        most.clear()
        model.data_preprocessor.forward = lambda data, training: data
        wrapper = OptimWrapper(torch.optim.SGD(model.neck.parameters(), lr=1))
        clips = [clip.float() for clip in clips_of(rho)]
        with torch.autograd.graph.saved_tensors_hooks(
            Saved, lambda box: box.tensor
        ):
            model.train_step(dict(inputs=clips), wrapper)
        saved.append(max(most))
    assert saved[1] == saved[0] > 0


def test_the_key_network_moves_by_its_average_alone():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='MoCo',
            backbone=dict(
                type=nn.Conv3d, in_channels=3, out_channels=6, kernel_size=3
            ),
            neck=dict(type='ProjectionMLP', sizes=(6, 8, 4)),
            queue_length=16,
            **RHO['MoCo'],
        )
    ).double()
    key = model.momentum_encoder
    assert not any(p.requires_grad for p in key.parameters())
    optimizer = torch.optim.SGD(model.backbone.parameters(), lr=0.1)
    for step in range(3):
        before = deepcopy(list(key.parameters()))
        model(clips_of(2), mode='loss')['loss'].backward()
        optimizer.step()
        assert all(map(torch.equal, before, key.parameters()))
        momentum = model.update_target(step / 3)
        online = [
            *model.backbone.parameters(), *model.neck.parameters(),
        ]  # fmt: skip
        for old, new, own in zip(
            before, key.parameters(), online, strict=True
        ):
            expected = momentum * old + (1 - momentum) * own
            torch.testing.assert_close(new, expected)
    own, other = model.neck.mlp[1], key.neck.mlp[1]
    assert not torch.equal(own.running_mean, other.running_mean)


def test_the_queue_holds_the_newest_keys_of_all_clips_in_order():
    model = small('MoCo', queue_length=16).double()
    stored = []
    for step in range(3):
        clips = [clip + step for clip in clips_of(2)]
        model(clips, mode='loss')
        stored += [model.momentum_encoder(clip) for clip in clips]
        model.update_queue()
    expected = nn.functional.normalize(torch.cat(stored)[-16:], dim=1)
    age = (model.queue.written - 16 + torch.arange(16)) % 16
    torch.testing.assert_close(model.queue.rows[age], expected)
    first = small('MoCo', queue_views='first').double()
    first(clips_of(2), mode='loss')
    assert sum(map(len, first.queue.pending)) == 4


def test_the_queue_starts_evenly_and_of_unit_length_in_the_mean():
    rows = small('MoCo', queue_length=4096).queue.rows
    limit = (4 / 3) ** -0.5
    assert rows.abs().max() <= limit
    assert abs(rows.square().sum(1).mean() - 1) < 0.02


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(queue_views='some'), r'queue_views must be in .* got .some'),
        (dict(queue_init='zeros'), r'queue init must be in .* got .zeros'),
        (dict(shuffle_group='rack'), r'shuffle group must be in'),
        (dict(reduction='max'), r'reduction must be in .* got .max'),
    ],
)
def test_unknown_choices_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        small('MoCo', **settings)


def test_what_cannot_train_is_refused():
    with pytest.raises(ValueError, match='at least 2 views'):
        small('MoCo')(clips_of(1), mode='loss')
    with pytest.raises(ValueError, match='at least 2 views'):
        model = small('MoCo', sequential=True)
        gradient_of_a_step(model, clips_of(1))
    with pytest.raises(ValueError, match='multiple of the batch'):
        small('MoCo', queue_length=6).double()(clips_of(2), mode='loss')
    with pytest.raises(ValueError, match='rows of 4 numbers, got .* of 3'):
        small('MoCo').queue.push(torch.rand(4, 3))
    with pytest.raises(ValueError, match=r'joint_views=False'):
        MODELS.build(
            dict(
                type='SimCLR', sequential=True,
                backbone=dict(type='IdentityNet'), neck=None,
            )
        )  # fmt: skip


@pytest.mark.parametrize('name', RHO)
def test_a_clip_of_zeros_gives_finite_numbers(name):
    model = small(name)
    for p in model.neck.parameters():
        p.data.zero_()
    loss = model([clip.float() for clip in clips_of(2)], mode='loss')['loss']
    loss.backward()
    assert torch.isfinite(loss)
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(grad).all() for grad in grads)
