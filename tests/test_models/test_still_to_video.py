# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CycleGAN against recorded steps of the authors' code."""

import random

import numpy as np
import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.optim import OptimWrapperDict
from mmengine.optim import build_optim_wrapper as build_wrapper
from mmengine.registry import DefaultScope
from torch import nn
from two_processes import run_in_two_processes

import mmssl.engine  # noqa: F401
from mmssl.models.algorithms.still_to_video import (
    CycleGANTranslator,
    ImagePool,
    PatchDiscriminator,
    ResNetGenerator,
    gan_loss,
)
from mmssl.registry import PARAM_SCHEDULERS

NAMES = (
    'loss_G_A', 'loss_G_B', 'loss_idt_A', 'loss_idt_B', 'loss_G',
    'loss_D_A', 'loss_D_B', 'loss_cycle_A', 'loss_cycle_B',
)  # fmt: skip
IMAGES = ('fake_b', 'rec_a', 'fake_a', 'rec_b', 'idt_a', 'idt_b')


def build_optim_wrapper(model, cfg):
    """As a config of mmssl's does."""
    with DefaultScope.overwrite_default_scope('mmssl'):
        return build_wrapper(model, cfg)


class AsItIs(nn.Module):
    """A preprocessor for pictures that are scaled already."""

    def forward(self, data, training=False):
        return data


def translator(ngf=4, blocks=1, **kwargs):
    model = CycleGANTranslator(
        dict(type='ResNetGenerator', base_channels=ngf, num_blocks=blocks),
        dict(type='PatchDiscriminator', base_channels=ngf),
        **kwargs,
    )
    model.init_weights()
    model.data_preprocessor = AsItIs()
    return model


def two_adams(lr=2e-4, lr_d=None):
    def entry(rate):
        adam = dict(type='Adam', lr=rate, betas=(0.5, 0.999))
        return dict(type='OptimWrapper', optimizer=adam)

    return dict(
        constructor='MultiOptimWrapperConstructor',
        generators=entry(lr),
        discriminators=entry(lr if lr_d is None else lr_d),
    )


def fill(network, base):
    """The parameters that the README of the goldens describes."""
    with torch.no_grad():
        for k, parameter in enumerate(network.parameters()):
            values = np.random.RandomState(base + k).standard_normal(
                tuple(parameter.shape)
            )
            scale = 0.02 if parameter.ndim > 1 else 0.01
            parameter.copy_(torch.from_numpy(values * scale))


def networks(model):
    """In the order of the goldens."""
    g, d = model.bare_generators, model.bare_discriminators
    return g.a2b, g.b2a, d.b, d.a


def golden_model(golden, dtype=torch.float64, **kwargs):
    model = translator(
        int(golden['ngf']), int(golden['n_blocks']), **kwargs
    ).to(dtype)
    bases = golden['fill_base_GA_GB_DA_DB'].tolist()
    for network, base in zip(networks(model), bases, strict=True):
        fill(network, base)
    return model


@pytest.mark.parametrize('share', [True, False])
@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [(torch.float64, 1e-6), (torch.float32, 1e-4)]
)
@pytest.mark.parametrize(
    ('name', 'settings'),
    [('cyclegan', {}), ('forwardgan', dict(lambda_cycle=0.0))],
)
def test_steps_of_the_authors_code(name, settings, dtype, tolerance, share):
    golden = load_golden(f'uda_vod/{name}_steps.npz')
    model = golden_model(golden, dtype, share_passes=share, **settings)
    wrapper = build_optim_wrapper(model, two_adams())
    assert isinstance(wrapper, OptimWrapperDict)
    real_a, real_b = golden['real_A'].to(dtype), golden['real_B'].to(dtype)
    images = model.translate(real_a[0], real_b[0])
    for image in IMAGES:
        if image in images:
            key = f'step0_{image[:-1]}{image[-1].upper()}'
            assert_golden(images[image], golden[key], 1e-5)
    table = golden['losses_GA_GB_idtA_idtB_G_DA_DB_cycA_cycB']
    for step, row in enumerate(table):
        losses = model.train_step(
            dict(inputs=[real_a[step], real_b[step]]), wrapper
        )
        wanted = {
            key: value
            for key, value in zip(NAMES, row, strict=True)
            if not value.isnan()
        }
        assert set(losses) == set(wanted)
        for key, value in wanted.items():
            assert_golden(losses[key], value, tolerance)
        for kind, function in (('sum', torch.sum), ('abssum', _abssum)):
            sums = torch.stack(
                [
                    sum(function(p.detach().double()) for p in n.parameters())
                    for n in networks(model)
                ]
            )
            key = f'param_{kind}_step{step}'
            # Adam's first steps are signs of gradients: in float32 those
            # of nearly no gradient are noise.
            limit = 1e-6 if dtype == torch.float64 else 2e-3
            assert_golden(sums, golden[key], limit)
    assert all(p.requires_grad for p in model.parameters())


def _abssum(x):
    return x.abs().sum()


def test_gan_losses():
    golden = load_golden('uda_vod/gan_loss.npz')
    for real in (True, False):
        key = 'lsgan_real' if real else 'lsgan_fake'
        assert_golden(gan_loss(golden['logits'], real), golden[key], 1e-12)
    logits = golden['logits']
    wanted = torch.log1p(torch.exp(-logits)).mean()
    assert_golden(gan_loss(logits, True, 'vanilla'), wanted, 1e-12)
    assert gan_loss(logits.half(), True).dtype == torch.float32
    with pytest.raises(ValueError, match='gan_type must be one of lsgan'):
        gan_loss(logits, True, 'wgan')


def test_the_gradient_of_the_gan_loss():
    logits = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    for real in (True, False):
        for kind in ('lsgan', 'vanilla'):
            torch.autograd.gradcheck(gan_loss, (logits, real, kind))


class RecordedDraws:
    """Replays recorded numbers in place of a generator."""

    def __init__(self, draws):
        self.draws = iter(draws.tolist())
        self.slot = None

    def uniform(self, low, high):
        p, self.slot = next(self.draws)
        return p

    def randint(self, low, high):
        assert low <= self.slot <= high
        return int(self.slot)


@pytest.mark.parametrize('replay', [True, False])
def test_the_pool_draws_as_the_authors_code(replay):
    golden = load_golden('uda_vod/image_pool.npz')
    rng = (
        RecordedDraws(golden['draws_p_id'])
        if replay
        else random.Random(int(golden['python_random_seed']))
    )
    pool = ImagePool(int(golden['pool_size']), rng)
    returned = [
        pool.query(batch.view(-1, 1, 1, 1)).flatten()
        for batch in golden['queries']
    ]
    assert torch.equal(torch.stack(returned), golden['returned'])
    if replay:
        assert next(rng.draws, None) is None


def test_a_pool_of_no_size_passes_through_without_gradient():
    images = torch.randn(2, 3, 4, 4, requires_grad=True)
    out = ImagePool(0).query(images)
    assert torch.equal(out, images) and not out.requires_grad
    assert not ImagePool(1).query(images).requires_grad
    with pytest.raises(ValueError, match='size of a pool must be >= 0'):
        ImagePool(-1)


def test_the_pool_keeps_pictures_that_later_steps_cannot_change():
    pool = ImagePool(1, random.Random(0))
    images = torch.ones(1, 1, 2, 2)
    pool.query(images)
    images.zero_()
    assert pool.images[0].eq(1).all()


@pytest.mark.parametrize('case', [0, 1])
def test_the_learning_rate_falls_as_published(case):
    golden = load_golden('uda_vod/lr_schedule.npz')
    n, d, _ = golden[f'niter_decay_start_{case}'].tolist()
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=2e-4)
    schedule = PARAM_SCHEDULERS.build(
        dict(
            type='LinearLR', optimizer=optimizer, start_factor=1.0,
            end_factor=1 / (d + 1), begin=n - 1, end=n + d, by_epoch=True,
        )
    )  # fmt: skip
    rates = []
    for _ in range(n + d):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step()
    reference = golden[f'lr_per_epoch_{case}']
    rates = torch.tensor(rates, dtype=torch.float64)
    assert_golden(rates / 2e-4, reference / 2e-4, 1e-12)


@pytest.mark.parametrize('case', [0, 1, 2])
def test_the_discriminator_of_the_authors_code(case):
    golden = load_golden('uda_vod/patch_discriminator.npz')
    layers, ndf = golden[f'n_layers_ndf_{case}'].tolist()
    network = PatchDiscriminator(3, ndf, layers).double()
    fill(network, int(golden[f'fill_base_{case}']))
    out = network(golden[f'x_{case}'].double())
    assert_golden(out, golden[f'y_{case}'], 1e-9)


def test_counts_of_parameters_and_sizes_of_maps():
    def count(network):
        return sum(p.numel() for p in network.parameters())

    assert count(ResNetGenerator()) == 11_378_179
    assert count(PatchDiscriminator()) == 2_764_737
    assert len(list(ResNetGenerator().parameters())) == 48
    with torch.device('meta'):
        d, g = PatchDiscriminator(), ResNetGenerator()
        picture = torch.zeros(1, 3, 256, 256)
    assert d(picture).shape == (1, 1, 30, 30)
    assert g(picture).shape == picture.shape


@pytest.mark.parametrize(
    ('layers', 'field'), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142)]
)
def test_one_pixel_changes_exactly_the_verdicts_on_its_patches(layers, field):
    network = PatchDiscriminator(1, 2, layers).double()
    # Norms look at the whole map, so they are taken out here.
    network.layers = nn.Sequential(
        *(
            nn.Identity() if isinstance(m, nn.InstanceNorm2d) else m
            for m in network.layers
        )
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    side = 2 * field + 40
    x = torch.randn(1, 1, side, side, dtype=torch.float64)
    before = network(x)
    place = side // 2
    x[0, 0, place, place] += 1
    rows, columns = (network(x) != before)[0, 0].nonzero().T
    stride = 2**layers
    # Cell i sees the pixels from stride * i - offset on, field of them.
    offset = sum(2**n for n in range(layers)) + 2 * stride if layers else 0
    wanted = [
        i
        for i in range(before.shape[-1])
        if stride * i - offset <= place < stride * i - offset + field
    ]
    for found in (rows, columns):
        assert sorted(set(found.tolist())) == wanted


def batch(side=24, channels=(3, 3)):
    return [torch.rand(1, c, side, side) * 2 - 1 for c in channels]


def test_both_optimizers_step_and_nothing_stays_frozen():
    model = translator()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    wrapper = build_optim_wrapper(model, two_adams())
    model.train_step(dict(inputs=batch()), wrapper)
    for name, value in model.named_parameters():
        if name.endswith('weight'):
            assert not torch.equal(before[name], value), name
    assert all(p.requires_grad for p in model.parameters())


def test_a_discriminator_without_rate_stays_bit_identical():
    model = translator()
    before = {
        k: v.clone() for k, v in model.discriminators.state_dict().items()
    }
    wrapper = build_optim_wrapper(model, two_adams(lr_d=0.0))
    model.train_step(dict(inputs=batch()), wrapper)
    for name, value in model.discriminators.state_dict().items():
        assert torch.equal(before[name], value)


def test_gradients_of_one_network_do_not_leak_into_the_other():
    model = translator(pool_size=0)
    wrapper = build_optim_wrapper(model, two_adams())
    gradients = {}
    for name, child in wrapper.items():
        other = 'discriminators' if name == 'generators' else 'generators'

        def step(*args, name=name, other=other, **kwargs):
            gradients[name] = [
                p.grad for p in getattr(model, other).parameters()
            ]

        child.optimizer.register_step_pre_hook(step)
    model.train_step(dict(inputs=batch()), wrapper)
    for found in gradients.values():
        assert all(g is None or not g.any() for g in found)


def test_gradients_reach_all_generator_weights():
    model = translator()
    real_a, real_b = batch()
    losses = model.generator_losses(
        real_a, real_b, model.translate(real_a, real_b)
    )
    sum(losses.values()).backward()
    for network in networks(model)[:2]:
        weights = [p for p in network.parameters() if p.ndim > 1]
        assert all(p.grad.abs().sum() > 0 for p in weights)


def test_shared_passes_are_fewer_and_give_the_same_losses():
    results = {}
    for share in (True, False):
        torch.manual_seed(0)
        model = translator(share_passes=share).double()
        calls = dict(generator=0, discriminator=0)
        for n, network in enumerate(networks(model)):
            kind = 'generator' if n < 2 else 'discriminator'

            def count(*args, kind=kind, calls=calls):
                calls[kind] += 1

            network.register_forward_hook(count)
        wrapper = build_optim_wrapper(model, two_adams())
        inputs = [x.double() for x in batch()]
        for _ in range(2):
            losses = model.train_step(dict(inputs=inputs), wrapper)
        results[share] = calls, losses
    assert results[False][0] == dict(generator=12, discriminator=12)
    assert results[True][0] == dict(generator=8, discriminator=8)
    for name, value in results[True][1].items():
        assert_golden(value, results[False][1][name], 1e-9)


def test_terms_of_no_weight_cost_no_passes():
    model = translator(lambda_idt=0.0, lambda_cycle=0.0)
    images = model.translate(*batch())
    assert set(images) == {'fake_a', 'fake_b'}
    losses = model.generator_losses(*batch(), images)
    assert set(losses) == {'loss_G_A', 'loss_G_B'}


def test_identity_weights_are_crossed():
    model = translator(lambda_a=1.0, lambda_b=100.0, lambda_idt=1.0)
    real_a, real_b = batch()
    images = model.translate(real_a, real_b)
    losses = model.generator_losses(real_a, real_b, images)
    distance = (images['idt_a'] - real_b).abs().mean()
    assert_golden(losses['loss_idt_A'], 100 * distance, 1e-6)


def test_modes():
    model = translator()
    inputs = batch()
    out = model(inputs)
    assert set(out) == {'fake_a', 'fake_b', 'rec_a', 'rec_b'}
    assert 'loss_G_A' in model(inputs, mode='loss')
    with pytest.raises(ValueError, match="mode must be 'tensor'"):
        model(inputs, mode='what')


def test_initial_weights_are_normal_and_biases_zero():
    model = translator(ngf=16)
    for network in networks(model):
        for name, parameter in network.named_parameters():
            if name.endswith('bias'):
                assert not parameter.any()
            elif parameter.numel() > 2000:
                assert abs(parameter.std() - 0.02) < 2e-3


def test_amp_runs_and_losses_are_single_precision():
    model = translator()
    cfg = dict(two_adams(), type='AmpOptimWrapper')
    wrapper = build_optim_wrapper(model, cfg)
    losses = model.train_step(dict(inputs=batch()), wrapper)
    assert all(value.dtype == torch.float32 for value in losses.values())
    assert all(value.isfinite() for value in losses.values())


def distributed_step(rank, wrapped):
    """Weights after two steps; rank r sees the r-th picture."""
    from mmengine.model import MMSeparateDistributedDataParallel

    torch.manual_seed(0)
    model = translator(pool_size=0).double()
    generator = torch.Generator().manual_seed(1)
    pictures = [
        torch.rand(2, 3, 24, 24, generator=generator).double() for _ in 'ab'
    ]
    own = [x[rank : rank + 1] if wrapped else x for x in pictures]
    if wrapped:
        model = MMSeparateDistributedDataParallel(
            model, broadcast_buffers=False, find_unused_parameters=False
        )
    bare = model.module if wrapped else model
    # Plain steps: Adam's would turn rounding of tiny gradients into signs.
    cfg = two_adams()
    for name in ('generators', 'discriminators'):
        cfg[name]['optimizer'] = dict(type='SGD', lr=0.1)
    wrapper = build_optim_wrapper(model, cfg)
    for _ in range(2):
        model.train_step(dict(inputs=own), wrapper)
    return [p.detach().clone() for n in networks(bare) for p in n.parameters()]


def test_two_processes_train_as_one_with_both_pictures():
    first, second = run_in_two_processes(distributed_step, True)
    alone = distributed_step(0, False)
    for x, y, z in zip(first, second, alone, strict=True):
        assert torch.equal(x, y)
        assert_golden(x, z, 1e-9)


@pytest.mark.parametrize('side', [30, 31, 33, 6])
def test_sizes_that_would_come_back_larger_are_refused(side):
    with pytest.raises(ValueError, match=f'multiples of 4.*{side} x {side}'):
        ResNetGenerator(base_channels=2)(torch.zeros(1, 3, side, side))


def test_the_smallest_picture_of_a_discriminator():
    for layers in (0, 1, 2, 3):
        network = PatchDiscriminator(3, 2, layers)
        side = network.smallest_input
        network(torch.zeros(1, 3, side, side))
        with pytest.raises(ValueError, match=f'at least {side} pixels'):
            network(torch.zeros(1, 3, side, side - 1))
    assert PatchDiscriminator().smallest_input == 24


def test_pictures_of_other_channels_are_refused():
    for network in (ResNetGenerator, PatchDiscriminator):
        with pytest.raises(ValueError, match='of 3 channels, got'):
            network(base_channels=2)(torch.zeros(1, 1, 32, 32))


def test_networks_must_fit_each_other():
    def build(generator, discriminator, **kwargs):
        return CycleGANTranslator(
            dict(type='ResNetGenerator', base_channels=2, **generator),
            dict(type='PatchDiscriminator', base_channels=2, **discriminator),
            **kwargs,
        )

    with pytest.raises(ValueError, match='discriminator of domain B takes 1'):
        build({}, dict(in_channels=1), discriminator_back=dict(
            type='PatchDiscriminator', base_channels=2))  # fmt: skip
    with pytest.raises(ValueError, match='generator_back takes 3 channels'):
        build(dict(out_channels=1), {})
    grey = dict(
        generator_back=dict(
            type='ResNetGenerator', base_channels=2, in_channels=1
        ),
        discriminator_back=dict(type='PatchDiscriminator', base_channels=2),
    )
    with pytest.raises(ValueError, match='lambda_idt = 0.5 needs domains'):
        build(dict(out_channels=1), dict(in_channels=1), **grey)
    model = build(
        dict(out_channels=1), dict(in_channels=1), lambda_idt=0.0, **grey
    )
    images = model.translate(*batch(channels=(3, 1)))
    assert images['fake_b'].shape[1] == 1 and images['rec_a'].shape[1] == 3


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match='gan_type must be one of'):
        translator(gan_type='wgan')
    with pytest.raises(ValueError, match='weights of the losses must be >='):
        translator(lambda_a=-1.0)
    model = translator()
    wrapper = build_optim_wrapper(model, two_adams())
    with pytest.raises(ValueError, match='each of two domains, got 1'):
        model.train_step(dict(inputs=batch()[:1]), wrapper)
    with pytest.raises(TypeError, match='needs two optimizers'):
        model.train_step(dict(inputs=batch()), wrapper['generators'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(paramwise_cfg={}), 'belongs into the entry of a child'),
        (dict(generators=dict(type='OptimWrapper')), 'wrong here: generators'),
        (dict(encoder=dict(optimizer={})), 'has no child encoder'),
        (dict(discriminators=None), 'wrong here: discriminators'),
    ],
)
def test_wrong_optimizer_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        build_optim_wrapper(translator(), dict(two_adams(), **change))


def test_every_network_needs_an_optimizer():
    cfg = two_adams()
    del cfg['discriminators']
    with pytest.raises(ValueError, match='no optimizer for discriminators'):
        build_optim_wrapper(translator(), cfg)
    cfg = two_adams()
    cfg['generators']['accumulative_counts'] = 2
    with pytest.raises(ValueError, match='generators: accumulative_counts'):
        build_optim_wrapper(translator(), cfg)
