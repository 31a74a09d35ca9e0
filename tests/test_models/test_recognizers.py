# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What we add to mmaction2's recognisers."""

import pytest
import torch
from mmengine.registry import DefaultScope

import mmssl.models.algorithms.frozen_recognizer
import mmssl.models.heads.views_i3d_head  # noqa: F401
from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError

BACKBONE = dict(
    type='mmaction.ResNet3dSlowOnly', depth=18, base_channels=4,
    pretrained=None, lateral=False, with_pool2=False,
    conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1,
    inflate=(0, 0, 1, 1), norm_eval=False, zero_init_residual=False,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmssl'):
        yield


def recognizer(**settings):
    torch.manual_seed(0)
    head = dict(
        type='I3DHead', num_classes=3, in_channels=32, dropout_ratio=0.0,
        average_clips='prob',
    )  # fmt: skip
    return MODELS.build(
        dict(
            _scope_='mmaction', type='mmssl.FrozenRecognizer3D',
            backbone=dict(BACKBONE), cls_head=head,
            data_preprocessor=dict(
                type='ActionDataPreprocessor', format_shape='NCTHW'
            ),
            **settings,
        )
    )  # fmt: skip


def samples(*labels):
    from mmaction.structures import ActionDataSample

    return [ActionDataSample().set_gt_label(label) for label in labels]


@pytest.mark.parametrize('mode', ['train', 'eval'])
def test_only_the_head_learns_and_the_norms_live_as_asked(mode):
    model = recognizer(linear_bn=mode).train()
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    clips = torch.rand(4, 1, 3, 4, 32, 32)
    losses = model(clips, samples(0, 1, 2, 0), mode='loss')
    losses['loss_cls'].backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == name.startswith('cls_head.')
    after = model.backbone.state_dict()
    moved = {k for k, v in after.items() if not torch.equal(v, before[k])}
    assert bool(moved) == (mode == 'train')
    assert all('running' in k or 'num_batches' in k for k in moved)
    # A batch's own statistics: what else is in it matters.
    alone, both = (
        model.extract_feat(clips[:n], stage='backbone')[0][0] for n in (1, 4)
    )
    assert torch.allclose(alone, both, atol=1e-4) == (mode == 'eval')
    assert not model.eval().backbone.training


def test_another_state_of_the_norms_is_refused():
    with pytest.raises(ValueError, match="linear_bn must .* got 'frozen'"):
        recognizer(linear_bn='frozen')


def head(**settings):
    torch.manual_seed(0)
    built = MODELS.build(
        dict(
            _scope_='mmaction', type='mmssl.ViewsI3DHead', num_classes=3,
            in_channels=5, dropout_ratio=0.5, average_clips='prob',
            **settings,
        )
    )  # fmt: skip
    built.init_weights()
    return built


def test_testing_takes_the_mean_probability_of_all_places():
    maps = torch.rand(2, 5, 2, 4, 4) * 20
    windowed = head(window=(2, 3, 3)).eval()
    found = windowed.average_clip(windowed(maps), 1)
    expected = torch.zeros(2, 3)
    for y in range(2):
        for x in range(2):
            pooled = maps[:, :, :, y : y + 3, x : x + 3].mean((2, 3, 4))
            expected += windowed.fc_cls(pooled).softmax(1) / 4
    assert torch.allclose(found, expected, atol=1e-6)
    whole = head(window=(2, 4, 4)).eval()  # as large as the map
    plain = head().eval()
    assert torch.allclose(
        whole.average_clip(whole(maps), 1), plain.average_clip(plain(maps), 1)
    )


@pytest.mark.parametrize('window', [None, (2, 4, 4)])
def test_of_several_views_each_class_takes_its_greatest(window):
    several = head(
        multi_class=True, loss_cls=dict(type='BCELossWithLogits'),
        window=window,
    ).eval()  # fmt: skip
    maps = torch.rand(6, 5, 2, 4, 4)
    logits = several.fc_cls(maps.mean((2, 3, 4)))
    data = several.predict(maps, samples(0, 1))
    found = torch.stack([sample.pred_score for sample in data])
    expected = logits.sigmoid().view(2, 3, 3).amax(1)
    assert torch.allclose(found, expected, atol=1e-6)


def test_several_labels_are_learned_by_sigmoids():
    several = head(multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
    several.dropout = None
    maps = torch.rand(2, 5, 2, 4, 4)
    labels = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    loss = several.loss(maps, samples(*labels))['loss_cls']
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        several(maps), labels
    )
    assert torch.allclose(loss, expected)


def test_mmactions_3d_networks_start_from_their_init_cfg(tmp_path):
    source = MODELS.build(dict(BACKBONE))
    weights = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=weights), path)
    init = dict(type='Pretrained', checkpoint=path, prefix='backbone.')
    model = MODELS.build(dict(BACKBONE, init_cfg=init))
    model.init_weights()
    for name, value in model.state_dict().items():
        assert torch.equal(value, source.state_dict()[name])
    other = dict(BACKBONE, base_channels=8, init_cfg=init)
    with pytest.raises(UsageError, match='backbone weights of the model mat'):
        MODELS.build(other).init_weights()
    plain = MODELS.build(dict(BACKBONE))
    plain.init_weights()
    assert plain.conv1.bn.weight.min() == 1
