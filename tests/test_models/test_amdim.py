# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden
from two_processes import run_in_two_processes

from mmssl.models.algorithms.amdim import multi_scale_nce, nce_scores
from mmssl.models.algorithms.protonet import prototype_loss
from mmssl.models.losses import clipped_cross_entropy, soft_clip
from mmssl.registry import MODELS
from mmssl.structures import DataSample

F64, F32 = torch.float64, torch.float32
dtypes = pytest.mark.parametrize('dtype', [F64, F32])
NAMES = ('r7', 'r5', 'r1')


def encoder(size=32, **settings):
    settings = dict(encoder_size=size, ndf=4, n_rkhs=32, n_depth=2) | settings
    torch.manual_seed(0)
    return MODELS.build(dict(type='AMDIMEncoder', **settings))


def images(uint8):
    return uint8.permute(0, 3, 1, 2) / 255 - 0.5


# ---------------------------------------------------------------- the loss
@pytest.mark.parametrize('case', ['a', 'clip10_saturated', 'rectangular_mask'])
@dtypes
def test_scores_and_gradients_are_the_authors(case, dtype):
    g = load_golden(f'ssl_fewshot/nce_scores_{case}.npz')
    source = g['r_src'].to(dtype).requires_grad_()
    flat = g['r_trg'].to(dtype).requires_grad_()
    targets = flat.T.unflatten(0, (-1, g['n_locs'].item()))
    offset = g['mask_mat'][0].argmax().item()
    scores, square = nce_scores(source, targets, g['tclip'].item(), offset)
    loss, penalty = -scores.mean(), 0.05 * square
    assert_golden(scores, g['nce_scores'], 1e-5)
    assert_golden(loss, g['loss_g2l'], 1e-5)
    assert_golden(penalty, g['lgt_reg'], 1e-5)
    for value, name in ((loss, 'loss'), (penalty, 'reg')):
        grads = torch.autograd.grad(value, (source, flat), retain_graph=True)
        assert_golden(grads[0], g[f'grad_{name}_r_src'], 1e-5)
        assert_golden(grads[1], g[f'grad_{name}_r_trg'], 1e-5)


def golden_views(g, dtype):
    return [
        tuple(g[f'{name}_{view}'].to(dtype).requires_grad_() for name in NAMES)
        for view in ('x1', 'x2')
    ]


@dtypes
def test_all_terms_and_gradients_are_the_authors(dtype):
    g = load_golden('ssl_fewshot/nce_multi.npz')
    views = golden_views(g, dtype)
    places = g['loc_x1'], g['loc_x2']
    losses = multi_scale_nce(*views, g['tclip'].item(), locations=places)
    sum(losses.values()).backward()
    for name in ('loss_1t5', 'loss_1t7', 'loss_5t5'):
        assert_golden(losses[name], g[name], 1e-5)
    assert_golden(losses['loss_penalty'], g['lgt_reg'], 1e-5)
    assert_golden(sum(losses.values()), g['loss_total'], 1e-5)
    for view, tensors in zip(('x1', 'x2'), views, strict=True):
        for name, tensor in zip(NAMES, tensors, strict=True):
            assert_golden(tensor.grad, g[f'grad_{name}_{view}'], 1e-5)


def half_of_the_batch(rank):
    g = load_golden('ssl_fewshot/nce_multi.npz')
    views, places = even(g)
    part = slice(2 * rank, 2 * rank + 2)
    mine = [tuple(t[part].clone().requires_grad_() for t in v) for v in views]
    losses = multi_scale_nce(*mine, locations=[p[part] for p in places])
    sum(losses.values()).backward()
    grads = [t.grad for view in mine for t in view]
    return dict(losses={k: v.detach() for k, v in losses.items()},
                grads=grads)  # fmt: skip


def even(g):
    """Four of the five golden pictures, detached, in double precision."""
    views = [
        tuple(t.detach()[:4] for t in view) for view in golden_views(g, F64)
    ]
    return views, [g['loc_x1'][:4], g['loc_x2'][:4]]


def test_two_processes_equal_one():
    views, places = even(load_golden('ssl_fewshot/nce_multi.npz'))
    views = [tuple(t.requires_grad_() for t in view) for view in views]
    losses = multi_scale_nce(*views, locations=places)
    sum(losses.values()).backward()
    both = run_in_two_processes(half_of_the_batch)
    for name, value in losses.items():
        mean = sum(r['losses'][name] for r in both) / 2
        assert_golden(mean, value, 1e-12)
    whole = [t.grad for view in views for t in view]
    for number, expected in enumerate(whole):
        # DistributedDataParallel takes the mean over processes.
        joint = torch.cat([r['grads'][number] for r in both]) / 2
        assert_golden(joint, expected, 1e-12)


@pytest.mark.parametrize('n, count', [(2, 1), (50, 25), (50, 49)])
def test_closed_forms_of_the_scores(n, count):
    source, zero = torch.ones(n, 4), torch.zeros(n, count, 4)
    scores, square = nce_scores(source, zero)
    expected = math.log(1 + (n - 1) * count)
    assert_golden(-scores.mean(), expected, 1e-6)
    assert square == 0
    # Positives at +clip, negatives at -clip.
    source = 1e4 * (2 * torch.eye(n) - 1)
    targets = torch.eye(n)[:, None].expand(n, count, n)
    scores, _ = nce_scores(source, targets)
    expected = math.log1p((n - 1) * count * math.exp(-40))
    assert_golden(-scores.mean(), expected, 1e-6)


def test_pictures_may_be_permuted_together_only():
    g = load_golden('ssl_fewshot/nce_multi.npz')
    (r7, r5, r1), _ = golden_views(g, F64)
    view, perm = (r7, r5, r1), torch.tensor([1, 2, 3, 4, 0])
    moved = tuple(t[perm] for t in view)
    place = g['loc_x1']
    loss = sum(multi_scale_nce(view, view, locations=[place] * 2).values())
    both = sum(
        multi_scale_nce(moved, moved, locations=[place[perm]] * 2).values()
    )
    one = sum(
        multi_scale_nce(view, moved, locations=[place, place[perm]]).values()
    )
    assert_golden(both, loss, 1e-12)
    assert one > loss


def test_a_single_picture_has_no_negatives():
    with pytest.raises(ValueError, match='at least 2 pictures.*batch_size'):
        nce_scores(torch.ones(1, 4), torch.ones(1, 25, 4))


def test_scores_are_in_single_precision_under_autocast():
    torch.manual_seed(0)
    source, targets = torch.randn(4, 8), torch.randn(4, 9, 8)
    expected, _ = nce_scores(source, targets)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        scores, _ = nce_scores(source, targets)
    assert scores.dtype == F32 and torch.equal(scores, expected)


@dtypes
def test_classifier_loss_and_gradient_are_the_authors(dtype):
    g = load_golden('ssl_fewshot/loss_xent.npz')
    logits = g['logits'].to(dtype).requires_grad_()
    loss = clipped_cross_entropy(logits, g['labels'])
    loss.backward()
    assert_golden(loss, g['loss'], 1e-6)
    assert_golden(logits.grad, g['grad_logits'], 1e-6)
    assert_golden(soft_clip(g['clip_in'], 10), g['clip_out10'], 1e-6)
    assert_golden(soft_clip(g['clip_in'], 20), g['clip_out20'], 1e-6)
    unknown = torch.full_like(g['labels'], -1)
    assert_golden(
        clipped_cross_entropy(logits, unknown),
        1e-3 * logits.square().mean(), 1e-6,
    )  # fmt: skip


# ------------------------------------------------------------- the encoder
@pytest.mark.parametrize('case', ['32_d2', '64_d1_bn', '128_d2'])
@dtypes
def test_features_and_buffers_are_the_authors(case, dtype):
    g = load_golden(f'ssl_fewshot/encoder{case}.npz')
    names = ('encoder_size', 'ndf', 'n_rkhs', 'n_depth')
    sizes = {name: g[name].item() for name in names}
    model = MODELS.build(
        dict(type='AMDIMEncoder', use_bn=bool(g['use_bn']), **sizes)
    )
    weights = {k[2:]: v for k, v in g.items() if k.startswith('p:')}
    model.load_state_dict(weights)
    model.to(dtype)
    x = images(g['x_uint8']).to(dtype)
    shapes = []
    for layer in model.layer_list:
        layer.register_forward_hook(
            lambda _, args, out: shapes.append(list(out.shape[1:]))
        )
    for mode in ('train', 'eval'):
        outputs = model.train(mode == 'train')(x)
        for name, value in zip(NAMES, outputs, strict=True):
            assert_golden(value, g[f'{mode}_{name}'], 1e-4)
        for key, value in g.items():
            if key.startswith('after:') and mode == 'train':
                assert_golden(model.state_dict()[key[6:]], value, 1e-4)
    assert shapes[: len(model.layer_list)] == g['act_shapes'].tolist()


@dtypes
def test_an_episode_through_the_encoder_is_the_authors(dtype):
    g = load_golden('ssl_fewshot/protonet_amdim_e2e.npz')
    way, shot, query = (g[n].item() for n in ('way', 'shot', 'n_query'))
    backbone = dict(
        type='AMDIMEncoder', projections=False, ndf=g['ndf'].item(),
        n_rkhs=g['n_rkhs'].item(), n_depth=g['n_depth'].item(),
    )  # fmt: skip
    model = MODELS.build(
        dict(
            type='ProtoNet', backbone=backbone, way=way, shot=shot,
            query=query, temperature=g['temperature'].item(),
        )
    )  # fmt: skip
    prefix = 'p:encoder.'
    weights = {k[len(prefix) :]: v for k, v in g.items() if k[:2] == 'p:'}
    missing = model.backbone.load_state_dict(weights, strict=False)
    assert not missing.missing_keys
    assert all(k.startswith('rkhs_block') for k in missing.unexpected_keys)
    model.to(dtype)
    x = images(g['images_uint8']).to(dtype)
    features = model.eval()([x])
    support, queries = features[: way * shot], features[way * shot :]
    _, logits = prototype_loss(support, queries, way, g['temperature'].item())
    assert_golden(support, g['eval_feat_support'], 1e-3)
    assert_golden(logits, g['eval_logits'], 1e-3)
    samples = [DataSample(label=k) for k in range(way)] * (shot + query)
    loss = model.train()([x], samples, mode='loss')['loss']
    assert_golden(loss, g['train_loss'], 1e-3)
    state = model.backbone.state_dict()
    for key, value in g.items():
        if key.startswith('after:'):
            name = key.removeprefix('after:encoder.')
            assert_golden(state[name], value, 1e-3)


@pytest.mark.parametrize(
    'settings, millions',
    [
        (dict(), 208_523_712),
        (dict(projections=False), 194_352_576),
        (dict(ndf=256, n_rkhs=2048, n_depth=10, projections=False),
         401.07),
        (dict(ndf=256, n_rkhs=2048, n_depth=10), 426.26),
    ],
)  # fmt: skip
def test_parameter_counts_are_the_authors(settings, millions):
    with torch.device('meta'):
        model = MODELS.build(dict(type='AMDIMEncoder', **settings))
    count = sum(p.numel() for p in model.parameters())
    if isinstance(millions, int):
        assert count == millions
    else:
        assert round(count / 1e6, 2) == millions


@pytest.mark.parametrize('size', [32, 64, 128])
def test_the_trunk_starts_as_pooling_of_the_first_layer(size):
    model = encoder(size, n_rkhs=40)
    caught = []
    model.layer_list[-1].register_forward_hook(
        lambda _, args, out: caught.append(args[0])
    )
    model(torch.randn(3, 3, size, size))
    (trunk,) = caught
    assert (trunk[:, :4] != 0).all() and (trunk[:, 4:] == 0).all()
    plain = encoder(size, n_rkhs=40, zero_init=False)
    assert all(p.abs().sum() > 0 for n, p in plain.named_parameters()
               if 'conv2' in n)  # fmt: skip


def test_constant_pictures_give_finite_features_and_gradients():
    model = encoder()
    outputs = model(torch.zeros(3, 3, 32, 32))
    sum(r.square().sum() for r in outputs).backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(t.isfinite().all() for t in (*outputs, *grads))


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match='32, 64 or 128, got 48'):
        encoder(48)
    with pytest.raises(ValueError, match='n_rkhs must be at least 64'):
        encoder(64, ndf=8)
    with pytest.raises(ValueError, match=r'32 x 32 pixels, got \(28, 32\)'):
        encoder()(torch.zeros(2, 3, 28, 32))


# -------------------------------------------------------------- the method
def method(**settings):
    torch.manual_seed(0)
    backbone = dict(type='AMDIMEncoder', encoder_size=32, ndf=4, n_rkhs=32,
                    n_depth=2)  # fmt: skip
    return MODELS.build(dict(type='AMDIM', backbone=backbone, **settings))


def views(n=4):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(n, 3, 32, 32, generator=generator) for _ in range(2)]


def test_every_weight_in_use_gets_a_gradient():
    model = method()
    losses = model(views(), mode='loss')
    assert set(losses) == {'loss_1t5', 'loss_1t7', 'loss_5t5',
                           'loss_penalty'}  # fmt: skip
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    assert model(views()).shape == (4, 32)


HEAD = dict(type='AMDIMOnlineClassifier', in_channels=32, num_classes=3,
            hidden=16)  # fmt: skip


def test_the_classifiers_never_steer_the_backbone():
    model = method(head=HEAD)
    samples = [DataSample(label=0), DataSample(label=2), DataSample(),
               DataSample(label=-1)]  # fmt: skip
    losses = model(views(), samples, mode='loss')
    (losses['loss_mlp'] + losses['loss_linear']).backward()
    assert all(p.grad is None for p in model.backbone.parameters())
    assert all(p.grad is not None for p in model.head.parameters())
    samples[0].label = 3
    with pytest.raises(ValueError, match='3 classes.*label 3'):
        model(views(), samples, mode='loss')


def test_the_classifiers_alone_are_trained_anew():
    model = method(head=HEAD, classifiers_only=True)
    samples = [DataSample(label=k) for k in (0, 1, 2, 0)]
    losses = model(views(), samples, mode='loss')
    assert set(losses) == {'loss_mlp', 'loss_linear', 'accuracy_mlp',
                           'accuracy_linear'}  # fmt: skip
    (losses['loss_mlp'] + losses['loss_linear']).backward()
    assert all(p.grad is not None for p in model.head.parameters())
    assert not any(p.requires_grad for p in model.backbone.parameters())
    # Batch norms follow the batches, as the authors'.
    norm = model.backbone.layer_list[-1].bn
    assert norm.num_batches_tracked == 2
    with pytest.raises(ValueError, match='head alone, but there is none'):
        method(classifiers_only=True)


def test_classifiers_score_the_samples_of_an_evaluation():
    model, samples = method(head=HEAD).eval(), [DataSample() for _ in range(4)]
    model.annotate(views(), samples)
    with torch.no_grad():
        expected = model.head(model(views()))['linear'].softmax(1)
    assert set(samples[0].scores) == {'mlp', 'linear'}
    for sample, row in zip(samples, expected, strict=True):
        assert torch.allclose(sample.scores['linear'], row)
    plain = [DataSample()]
    method().annotate(views(1), plain)
    assert 'scores' not in plain[0]


def test_a_batch_of_one_and_a_bad_clip_are_refused():
    with pytest.raises(ValueError, match='at least 2 samples'):
        method()(views(1), mode='loss')
    with pytest.raises(ValueError, match='tclip must be > 0'):
        method(tclip=0)


def test_the_loss_is_finite_under_autocast():
    model = method()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(views(), mode='loss')
    sum(losses.values()).backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(t.isfinite().all() for t in (*losses.values(), *grads))
    assert losses['loss_1t5'].dtype == F32
