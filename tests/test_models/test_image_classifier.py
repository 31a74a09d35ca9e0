# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from copy import deepcopy

import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.structures import BaseDataElement

from mmssl.models.heads import LinearHead, MultiStageLinearHead
from mmssl.registry import MODELS


def samples(labels):
    return [
        BaseDataElement(metainfo=dict(path=f'{i}.jpg'), label=label)
        for i, label in enumerate(labels)
    ]


def build(backbone, frozen, head=None):
    head = head or dict(type='LinearHead', num_classes=3, in_channels=4)
    return MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=backbone,
            head=head,
            frozen=frozen,
        )
    )


@pytest.mark.parametrize('frozen', [True, False])
def test_frozen_backbone_stays_byte_equal_and_a_fine_tuned_one_moves(
    tiny_backbone, views, frozen
):
    model = build(tiny_backbone, frozen).train()
    before = deepcopy(model.backbone.state_dict())
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        losses = model(views, samples([0, 1, 2] * 2 + [0, 1]), mode='loss')
        losses['loss_cls'].backward()
        optimizer.step()
    after = model.backbone.state_dict()
    equal = [torch.equal(before[key], after[key]) for key in before]
    assert all(equal) if frozen else not any(equal)


def test_losses_are_cross_entropy_and_accuracy_in_percent(
    tiny_backbone, views
):
    model = build(tiny_backbone, frozen=True)
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    logits = model(views)['cls']
    losses = model(views, samples(labels.tolist()), mode='loss')
    picked = logits.log_softmax(1)[range(8), labels]
    assert torch.allclose(losses['loss_cls'], -picked.mean())
    right = (logits.argmax(1) == labels).float().mean() * 100
    assert torch.allclose(losses['accuracy_cls'], right)


def test_predictions_are_probabilities_by_head(tiny_backbone, views):
    model = build(tiny_backbone, frozen=True).eval()
    out = model(views, samples([0] * 8), mode='predict')
    scores = torch.stack([sample.scores['cls'] for sample in out])
    assert torch.allclose(scores, model(views)['cls'].softmax(1))


@pytest.mark.parametrize('label', [3, -1, None])
def test_labels_that_do_not_fit_are_refused_by_name(
    tiny_backbone, views, label
):
    model = build(tiny_backbone, frozen=True)
    bad = samples([0, 1, 2, 0, 1, 2, 0, 0])
    bad[7] = BaseDataElement(metainfo=dict(path='x.jpg'))
    if label is not None:
        bad[7].label = label
    with pytest.raises(ValueError, match=rf'x.jpg has the label {label} but'):
        model(views, bad, mode='loss')


def test_pooling_of_the_five_stages_is_openselfsups():
    g = load_golden('orl/multi_pooling.npz')
    head = MultiStageLinearHead(2, in_channels=(1,) * 5)
    for i, pool in enumerate(head.pools):
        assert_golden(pool(g[f'x{i}']), g[f'y{i}'], 1e-5)


def test_five_stages_of_a_resnet_are_classified():
    backbone = dict(
        type='SmallStemResNet',
        depth=18,
        stem='imagenet',
        with_stem=True,
        out_indices=(0, 1, 2, 3),
    )
    head = dict(
        type='MultiStageLinearHead',
        num_classes=7,
        in_channels=(64, 64, 128, 256, 512),
    )
    model = build(backbone, True, head)
    logits = model([torch.randn(2, 3, 224, 224)])
    assert list(logits) == [f'stage{i}' for i in range(1, 6)]
    assert all(value.shape == (2, 7) for value in logits.values())


def test_heads_refuse_settings_that_do_not_fit():
    with pytest.raises(ValueError, match='one entry a stage, got 1, 5 and 5'):
        MultiStageLinearHead(2, in_channels=(4,))
    head = MultiStageLinearHead(
        2, in_channels=(4,), pools=((1, 1, 0),), cells=(1,)
    )
    with pytest.raises(ValueError, match='1 stages .* returns 2 maps'):
        head([torch.zeros(1, 4, 1, 1)] * 2)


def test_norm_of_the_linear_head_has_no_parameters():
    head = LinearHead(2, 4, with_norm=True)
    assert not list(head.norm.parameters())
    logits = head([torch.randn(64, 4, 2, 2) * 1e4])['cls']
    assert logits.abs().max() < 1


def test_norm_of_the_linear_head_keeps_no_trace_of_its_start():
    head = LinearHead(2, 4, with_norm=True)
    features = torch.randn(64, 4, 2, 2) * 1e-2
    trained = head([features])['cls']
    assert torch.allclose(head.eval()([features])['cls'], trained, rtol=0.02)
