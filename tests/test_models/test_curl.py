# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.structures import BaseDataElement

from mmssl.models.algorithms.curl.curl import generate, replay_probabilities
from mmssl.models.algorithms.curl.objective import cluster_kl, gaussian_kl
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32
ELBO = ('basic', 'one_active', 'kly_over_batch', 'all_active_multi_decoder')
dtypes = pytest.mark.parametrize('dtype', [F64, F32])


def build(
    pixels=12, widths=(9,), latent=3, count=5, active=1, decoder=(7,),
    decoders=1, **kwargs,
):  # fmt: skip
    return MODELS.build(
        dict(
            type='mmssl.CURL',
            backbone=dict(type='CURLEncoder', sizes=(pixels, *widths)),
            neck=dict(
                type='MixtureLatent',
                in_features=widths[-1],
                latent_dim=latent,
                n_components=count,
            ),
            head=dict(
                type='BernoulliMLPDecoder',
                sizes=(latent, *decoder, pixels),
                count=decoders,
            ),
            n_active=active,
            **kwargs,
        )
    )


def tensors_of(golden, prefix, model, like=None):
    """The authors' variables under our names; no gradient path is 0."""

    def get(name):
        value = golden[f'{prefix}{name}']
        if like is not None and value.shape != golden[f'{like}{name}'].shape:
            return torch.zeros_like(golden[f'{like}{name}'])
        return value

    found = {}
    if f'{prefix}shared_encoder/mlp_shared_encoder/linear_0/w' in golden:
        for i in range(len(model.backbone.layers)):
            name = f'shared_encoder/mlp_shared_encoder/linear_{i}/'
            found[f'backbone.layers.{i}.weight'] = get(f'{name}w')[None]
            found[f'backbone.layers.{i}.bias'] = get(f'{name}b')[None]
        name = 'cluster_encoder/mlp_cluster_encoder_final/'
        found['neck.cluster.weight'] = get(f'{name}w').T
        found['neck.cluster.bias'] = get(f'{name}b')
        for kind, ours in dict(w='weight', b='bias').items():
            found[f'neck.heads.{ours}'] = torch.stack(
                [
                    get(f'latent_encoder/mlp_latent_encoder_{k}/{kind}')
                    for k in range(model.n_components)
                ]
            )
    for name, ours in dict(mu='mean', sigma='var').items():
        name = f'latent_decoder/latent_prior_{name}/'
        found[f'neck.prior.{ours}'] = get(f'{name}w')
        found[f'neck.prior.{ours}_bias'] = get(f'{name}b')
    several = len(model.head.layers[0].weight) > 1
    ends = [f'_{k}' for k in range(model.n_components)] if several else ['']
    for i in range(len(model.head.layers)):
        for kind, ours in dict(w='weight', b='bias').items():
            found[f'head.layers.{i}.{ours}'] = torch.stack(
                [
                    get(
                        f'data_decoder/mlp_latent_decoder{end}/'
                        f'linear_{i}/{kind}'
                    )
                    for end in ends
                ]
            )
    return found


def authors_model(golden, prefix='p:', dtype=F32, **kwargs):
    keys = [key[len(prefix) :] for key in golden if key.startswith(prefix)]
    first = 'shared_encoder/mlp_shared_encoder/linear_{}/w'
    widths = []
    while first.format(len(widths)) in keys:
        widths.append(golden[prefix + first.format(len(widths))].shape[1])
    end = '' if 'data_decoder/mlp_latent_decoder/linear_0/w' in keys else '_0'
    name = f'{prefix}data_decoder/mlp_latent_decoder{end}/linear_{{}}/w'
    decoder = [
        golden[name.format(i)].shape[1]
        for i in range(9)
        if name.format(i) in golden
    ]
    count = golden['n_y'].item()
    model = build(
        decoder[-1], widths or (2,), golden['n_z'].item(), count,
        decoder=decoder[:-1], decoders=count if end else 1, **kwargs,
    )  # fmt: skip
    state = tensors_of(golden, prefix, model)
    report = model.load_state_dict(state, strict=False)
    assert not report.unexpected_keys
    return model.to(dtype)


@pytest.mark.parametrize('case', ELBO)
@dtypes
def test_bound_and_its_gradient_are_the_authors(case, dtype):
    g = load_golden(f'curl/elbo_{case}.npz')
    model = authors_model(
        g, dtype=dtype, active=g['n_y_active'].item(),
        kly_over_batch=bool(g['kly_over_batch']),
    )  # fmt: skip
    x = g['x'].to(dtype)
    bound, log_q = model.bound(x, g['eps'].to(dtype))
    for name in ('ll', 'log_p_x', 'kl_y', 'kl_z'):
        assert_golden(getattr(bound, name), g[name], 2e-6)
    loss = -bound.ll.mean()
    loss.backward()
    assert_golden(loss, g['loss'], 2e-6)
    assert_golden(log_q.exp(), g['y_probs_active'], 1e-6)
    posterior = model.neck(model.backbone(x), model.n_active)
    assert_golden(posterior.latent, g['latent_mean_at_mode'], 1e-6)
    assert_gradients(model, tensors_of(g, 'g:', model, 'p:'))


@pytest.mark.parametrize('case', ELBO)
@dtypes
def test_labelled_bound_and_its_gradient_are_the_authors(case, dtype):
    g = load_golden(f'curl/elbo_{case}.npz')
    model = authors_model(g, dtype=dtype, active=g['n_y_active'].item())
    rows = torch.arange(len(g['x']))
    noise = g['eps'][g['y_label'], rows].to(dtype)
    bound, _ = model.labelled(g['x'].to(dtype), g['y_label'], noise)
    for name in ('ll', 'log_p_x', 'kl_y', 'kl_z'):
        assert_golden(getattr(bound, name), g[f'{name}_sup'], 2e-6)
    loss = -bound.ll.mean()
    loss.backward()
    assert_golden(loss, g['loss_sup'], 2e-6)
    assert_gradients(model, tensors_of(g, 'gsup:', model, 'p:'))


def assert_gradients(model, expected):
    parameters = dict(model.named_parameters())
    for name, gradient in expected.items():
        assert_golden(parameters[name].grad, gradient, 5e-6)


@dtypes
def test_replayed_pictures_are_the_authors(dtype):
    g = load_golden('curl/replay_sampling.npz')
    model = authors_model(g, dtype=dtype)
    labels, noise = g['y_label'], g['eps'].to(dtype)
    mean, var = model.neck.prior(labels)
    assert_golden(mean, g['prior_mu'], 1e-6)
    assert_golden(var.sqrt(), g['prior_std'], 1e-6)
    picture = generate(model.neck.prior, model.head, labels, noise)
    assert_golden(picture, g['x_mean'], 1e-6)
    clear = (g['x_mean'] - 0.5).abs() > 1e-5
    assert torch.equal((picture > 0.5)[clear], g['x_binary'][clear] > 0.5)
    assert_golden(
        replay_probabilities(g['component_counts']), g['replay_probs'], 1e-12
    )
    nothing = torch.zeros(g['n_y'].item(), dtype=F64)
    assert_golden(
        replay_probabilities(nothing), g['replay_probs_at_step0'], 1e-12
    )


def test_an_expansion_moves_all_parameters_as_the_authors():
    g = load_golden('curl/expansion_event.npz')
    model = authors_model(g, 'p0:', active=g['n_y_active_before'].item())
    adam = torch.optim.Adam(model.parameters(), lr=g['lr'].item(), eps=1e-8)
    for x in g['x_prior_steps']:
        adam.zero_grad()
        (-model.bound(x, g['eps'])[0].ll.mean()).backward()
        adam.step()
    assert_state(model, tensors_of(g, 'after_prior_steps:', model))
    kept = g['poor_buffer'][3:]
    assert model.responsible(kept) == g['best_cluster'].item()
    new = g['new_cluster'].item()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.neck.copy_component(g['best_cluster'].item(), new)
    assert_state(model, tensors_of(g, 'after_copy:', model))
    model.load_state_dict(before)
    losses = model.expand(g['poor_buffer'], adam, 10, 10, g['eps'][new])
    assert model.n_active == new + 1
    assert_golden(losses, g['expansion_losses'], 2e-5)
    assert_state(model, tensors_of(g, 'after_expansion:', model))


def assert_state(model, expected):
    state = model.state_dict()
    for name, value in expected.items():
        assert_golden(state[name], value, 1e-4)


def test_with_one_component_both_losses_are_equal():
    model = build().double()
    x = (torch.rand(6, 12) > 0.5).double()
    noise = torch.randn(1, 6, 3, dtype=F64)
    bound, _ = model.bound(x, noise)
    labels = torch.zeros(6, dtype=torch.long)
    other, _ = model.labelled(x, labels, noise[0])
    assert bound.kl_y.abs().max() == 0
    torch.testing.assert_close(bound, other)


def test_divergences_of_special_cases():
    uniform = torch.full((3, 4), 0.25).log()
    assert cluster_kl(uniform).abs().max() < 1e-6
    sure = torch.tensor([[0.0, -100.0, -100.0]])
    assert cluster_kl(sure).item() == pytest.approx(math.log(3))
    mean, var = torch.randn(5, 2), torch.rand(5, 2) + 0.1
    assert gaussian_kl(mean, var, mean, var).abs().max() == 0
    assert (gaussian_kl(mean, var, mean + 1, var) > 0).all()
    half = [value.bfloat16() for value in (mean, var, mean, var)]
    assert gaussian_kl(*half).dtype == F32


def test_components_that_are_not_active_change_nothing():
    small, large = (build(count=k, active=3).double() for k in (3, 8))
    state = large.state_dict()
    for name, value in small.state_dict().items():
        if value.shape == state[name].shape:
            state[name].copy_(value)
        else:
            state[name][tuple(map(slice, value.shape))] = value
    x = (torch.rand(6, 12) > 0.5).double()
    noise = torch.randn(3, 6, 3, dtype=F64)
    torch.testing.assert_close(
        small.bound(x, noise)[0], large.bound(x, noise)[0]
    )


def test_a_copy_shares_the_weight_of_its_source():
    model = build(active=3).double()
    x = (torch.rand(6, 12) > 0.5).double()
    noise = torch.randn(3, 6, 3, dtype=F64)
    noise = torch.cat([noise, noise[1:2]])
    before = model.bound(x, noise)[1].exp()
    model.neck.copy_component(1, 3)
    model.set_active(4)
    bound, log_q = model.bound(x, noise)
    q = log_q.exp()
    torch.testing.assert_close(q[:, 1], q[:, 3])
    assert (q[:, 1] < before[:, 1]).all()
    torch.testing.assert_close(
        q[:, :3] * (1 + before[:, 1:2]), before
    )  # renormalised only
    torch.testing.assert_close(bound.kl_y, (q * q.log()).sum(1) + math.log(4))


def test_a_loop_over_components_gives_the_same():
    model = build(active=4, count=6).double()
    x = (torch.rand(6, 12) > 0.5).double()
    noise = torch.randn(4, 6, 3, dtype=F64)
    bound, log_q = model.bound(x, noise)
    q = log_q.exp()
    total = -cluster_kl(log_q)
    for k in range(4):
        labels = torch.full((6,), k)
        one, _ = model.labelled(x, labels, noise[k])
        total = total + q[:, k] * (one.log_p_x - one.kl_z)
    torch.testing.assert_close(bound.ll, total)


def test_loss_records_what_the_hooks_read_and_logs_its_parts():
    model = build(active=2)
    x = (torch.rand(6, 1, 3, 4) > 0.5).float()
    losses = model([x], mode='loss')
    assert set(losses) == {'loss', 'log_p_x', 'kl_y', 'kl_z', 'n_active'}
    parts = losses['kl_z'] + losses['kl_y'] - losses['log_p_x']
    torch.testing.assert_close(losses['loss'], parts)
    torch.testing.assert_close(-model.last_bound.mean(), losses['loss'])
    assert model.last_q.shape == (6, 2)
    model.count_components()
    assert model.component_counts.sum().item() == pytest.approx(6)


def test_labels_are_components_in_the_supervised_form():
    model = build(active=2, supervised=True)
    x = (torch.rand(4, 1, 3, 4) > 0.5).float()
    samples = [BaseDataElement(label=i % 2) for i in range(4)]
    loss = model([x], samples, mode='loss')['loss']
    assert loss.item() > 0 and model.last_q.shape == (4, 2)
    samples = [BaseDataElement(label=3) for _ in range(4)]
    with pytest.raises(ValueError, match='component 3 .* only 2 are active'):
        model([x], samples, mode='loss')


def test_frequencies_of_replayed_components_match_the_usage():
    model = build(count=5, active=3)
    model.component_counts[:3] = torch.tensor([1.0, 2.0, 5.0], dtype=F64)
    model.take_snapshot()
    assert model.component_counts.sum() == 0
    generator = torch.Generator().manual_seed(0)
    pictures, components = model.replay(100_000, generator)
    shares = components.bincount(minlength=5) / 100_000
    expected = torch.tensor([1 / 8, 2 / 8, 5 / 8, 0, 0])
    assert (shares - expected).abs().max() < 0.01
    assert pictures.unique().tolist() == [0, 1]
    again = model.replay(100_000, torch.Generator().manual_seed(0))
    assert torch.equal(pictures, again[0])


def test_a_snapshot_does_not_move_with_the_model():
    model = build(count=5, active=3)
    model.take_snapshot()
    with torch.no_grad():
        model.neck.prior.mean += 1
    assert not torch.equal(model.neck.prior.mean, model.snapshot.prior.mean)
    assert not any(p.requires_grad for p in model.snapshot.parameters())


def test_predictions_have_latent_scores_and_bound():
    model = build(active=2, sample_latents=True).eval()
    x = (torch.rand(4, 1, 3, 4) > 0.5).float()
    samples = model([x], [BaseDataElement() for _ in range(4)], 'predict')
    assert samples[0].feature.shape == (3,)
    assert samples[0].scores.shape == (2,)
    assert samples[0].scores.sum().item() == pytest.approx(1)
    assert samples[0].bound.shape == (3,)
    assert model.extract_feat([x], 'pool').shape == (4, 9)


def test_var_eps_keeps_the_bound_finite():
    x = (torch.rand(4, 12) > 0.5).float()
    for eps, finite in ((0.0, False), (1e-8, True)):
        model = build()
        model.neck.var_eps = model.neck.prior.var_eps = eps
        with torch.no_grad():
            model.neck.heads.bias[:, 3:] = -200.0
        assert bool(model.bound(x)[0].ll.isfinite().all()) == finite


def test_bad_settings_and_pictures_are_named():
    with pytest.raises(ValueError, match='between 1 and the 5 components'):
        build(active=6)
    with pytest.raises(ValueError, match='takes 12 pixels.*have 16'):
        build().bound(torch.zeros(2, 1, 4, 4))
    binary = MODELS.build(dict(type='mmssl.BinaryPreprocessor'))
    with pytest.raises(ValueError, match=r'must be in 0\.\.255, got -1'):
        binary(dict(inputs=[torch.full((2, 1, 4, 4), -1.0)]))
    with pytest.raises(ValueError, match='threshold'):
        MODELS.build(dict(type='mmssl.BinaryPreprocessor', threshold=1.5))


def test_pixels_above_the_threshold_become_one():
    binary = MODELS.build(dict(type='mmssl.BinaryPreprocessor'))
    view = torch.tensor([0, 127, 128, 255], dtype=torch.uint8)
    view = view.view(1, 1, 1, 4).repeat(1, 3, 1, 1)
    (out,) = binary(dict(inputs=[view]))['inputs']
    assert out.flatten().tolist() == [0, 0, 1, 1]
    dark = MODELS.build(dict(type='mmssl.BinaryPreprocessor', invert=True))
    (out,) = dark(dict(inputs=[view]))['inputs']
    assert out.flatten().tolist() == [1, 1, 0, 0]


def test_samples_of_a_component_begin_with_its_mean():
    model = build(active=3)
    first = model.sample_component(2, 4, torch.Generator().manual_seed(0))
    second = model.sample_component(2, 4, torch.Generator().manual_seed(1))
    assert first.shape == (5, 12)
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
