# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.registry import DefaultScope
from torch import nn

from mmssl.models.algorithms.protonet import prototype_loss
from mmssl.registry import MODELS
from mmssl.structures import DataSample
from mmssl.utils.episodes import prototype_logits, prototypes
from mmssl.utils.errors import UsageError

F64, F32 = torch.float64, torch.float32


def build(**settings):
    settings = dict(
        backbone=dict(type=nn.Conv2d, in_channels=3, out_channels=4,
                      kernel_size=2),
        way=3, shot=2, query=2, temperature=4.0,
    ) | settings  # fmt: skip
    torch.manual_seed(0)
    return MODELS.build(dict(type='ProtoNet', **settings))


def samples(labels):
    return [DataSample(label=label) for label in labels]


EPISODE = [5, 1, 7] * 4


@pytest.mark.parametrize('case', ['5w1s', '5w5s_t1'])
@pytest.mark.parametrize('dtype', [F64, F32])
def test_loss_logits_and_gradients_are_the_authors(case, dtype):
    g = load_golden(f'ssl_fewshot/protonet_{case}.npz')
    support = g['support'].to(dtype).requires_grad_()
    query = g['query'].to(dtype).requires_grad_()
    loss, logits = prototype_loss(
        support, query, g['way'].item(), g['temperature'].item()
    )
    loss.backward()
    assert_golden(logits, g['logits'], 1e-5)
    assert_golden(loss, g['loss'], 1e-5)
    assert_golden(support.grad, g['grad_support'], 1e-5)
    assert_golden(query.grad, g['grad_query'], 1e-5)
    assert (logits.argmax(1) == g['label']).double().mean() == g['acc']


def test_a_class_major_reading_gives_other_prototypes():
    g = load_golden('ssl_fewshot/protonet_5w5s_t1.npz')
    wrong = g['support'].unflatten(0, (5, 5)).mean(1)
    assert not torch.allclose(prototypes(g['support'], 5), wrong, atol=0.1)


def test_distances_are_exact_far_from_the_origin():
    torch.manual_seed(0)
    queries, centres = torch.randn(6, 8), torch.randn(3, 8)
    expected = -torch.cdist(queries.double(), centres.double()).square()
    near = prototype_logits(queries, centres)
    far = prototype_logits(queries + 1000, centres + 1000)
    assert_golden(near, expected, 1e-6)
    assert_golden(far, expected, 1e-3)


def test_cosine_ignores_the_length():
    torch.manual_seed(0)
    queries, centres = torch.randn(6, 8), torch.randn(3, 8)
    logits = prototype_logits(queries, centres, 0.5, 'cosine')
    scaled = prototype_logits(3 * queries, centres / 7, 0.5, 'cosine')
    assert torch.allclose(logits, scaled, atol=1e-6)
    assert logits.abs().max() <= 2


def test_an_episode_trains_the_backbone_alone():
    model = build()
    torch.manual_seed(1)
    images = torch.randn(12, 3, 4, 4)
    out = model([images], samples(EPISODE), mode='loss')
    out['loss'].backward()
    assert set(out) == {'loss', 'accuracy'}
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())
    features = model([images])
    expected, _ = prototype_loss(features[:6], features[6:], 3, 4.0)
    assert torch.allclose(out['loss'], expected, atol=1e-6)


def test_batch_norm_sees_the_support_first_then_the_queries():
    torch.manual_seed(1)
    images = torch.randn(12, 3, 8, 8)
    steps = {}
    for joint in (False, True):
        model = build(
            backbone=dict(type='SmallConvNet', channels=(4,), strides=(2,)),
            joint_forward=joint,
        )
        model([images], samples(EPISODE), mode='loss')
        norm = model.backbone.layers[0][1]
        steps[joint] = norm.num_batches_tracked.item()
        last = model.backbone.layers[0][0](images[6 * (not joint) :])
        expected = last.mean((0, 2, 3))
        # Of two updates of momentum 0.1 the second, of the queries, is whole.
        first = (
            0
            if joint
            else 0.9 * model.backbone.layers[0][0](images[:6]).mean((0, 2, 3))
        )
        assert torch.allclose(
            norm.running_mean, 0.1 * (expected + first), atol=1e-5
        )
    assert steps == {False: 2, True: 1}


SMALL = dict(
    type='AMDIMEncoder', encoder_size=32, ndf=2, n_rkhs=8, n_depth=1,
    projections=False,
)  # fmt: skip


@pytest.mark.parametrize(
    'wrapped', ['module.encoder.', 'encoder.module.', 'encoder.']
)
def test_a_checkpoint_of_the_authors_begins_the_fine_tuning(tmp_path, wrapped):
    # Section "checkpoints" of both repositories: encoder with projections,
    # perhaps of several GPUs, beside classifiers and settings.
    torch.manual_seed(0)
    source = MODELS.build(dict(SMALL, projections=True)).state_dict()
    weights = {wrapped + name: value for name, value in source.items()}
    weights['evaluator.weight'] = torch.ones(1)
    path = str(tmp_path / 'amdim_cpt.pth')
    torch.save(dict(model=weights, hyperparams=dict(ndf=2)), path)
    init_cfg = dict(type='Pretrained', checkpoint=path, prefix='encoder.')
    with DefaultScope.overwrite_default_scope('mmssl'):
        model = build(backbone=dict(SMALL, init_cfg=init_cfg))
        model.init_weights()
        for name, value in model.backbone.state_dict().items():
            assert torch.equal(value, source[name]), name
        init_cfg = dict(init_cfg, prefix='evaluator.')
        stranger = build(backbone=dict(SMALL, init_cfg=init_cfg))
        with pytest.raises(UsageError, match='only 0 of .* like weight'):
            stranger.init_weights()


@pytest.mark.parametrize(
    'labels',
    [
        [5] * 4 + [1] * 4 + [7] * 4,  # class-major
        [5, 1, 5] * 4,  # a class twice
        EPISODE[:9],  # cut off
        [None] * 12,  # unlabelled
    ],
)
def test_what_is_no_episode_is_refused(labels):
    images = torch.zeros(len(labels), 3, 4, 4)
    with pytest.raises(ValueError, match='EpisodicSampler.*batch_size=12'):
        build()([images], samples(labels), mode='loss')


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(temperature=0), 'temperature must be > 0'),
        (dict(distance='manhattan'), 'distance must be in'),
        (dict(way=1), 'way >= 2'),
        (dict(shot=0), 'shot >= 1'),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)
