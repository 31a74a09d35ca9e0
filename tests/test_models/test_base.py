# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.structures import BaseDataElement

from mmssl.models import ViewsDataPreprocessor
from mmssl.models.layers import build_mlp, corner_pool, global_pool
from mmssl.registry import MODELS


@pytest.fixture
def model(tiny_backbone):
    return MODELS.build(
        dict(
            type='SimCLR',
            backbone=tiny_backbone,
            neck=dict(type='ProjectionMLP', sizes=(4, 3)),
        )
    )


def test_stages_are_maps_pooled_features_and_embeddings(model, views):
    maps = model.extract_feat(views, 'backbone')
    assert maps[-1].shape == (8, 4, 4, 4)
    pooled = model.extract_feat(views, 'pool')
    assert torch.allclose(pooled, maps[-1].mean((2, 3)), atol=1e-6)
    corners = model.extract_feat(views, 'corners')
    assert torch.equal(corners, corner_pool(maps))
    assert model.extract_feat(views, 'neck').shape == (8, 3)
    assert torch.equal(model(views), model.extract_feat(views, 'pool'))


def test_unknown_stage_and_mode_name_what_is_allowed(model, views):
    with pytest.raises(
        ValueError, match="'backbone', 'pool', 'corners', 'neck'"
    ):
        model.extract_feat(views, 'head')
    with pytest.raises(ValueError, match="'loss' or 'predict', got 'train'"):
        model(views, mode='train')
    model.neck = None
    with pytest.raises(ValueError, match='but no neck'):
        model.extract_feat(views, 'neck')


def test_prediction_gives_each_sample_its_feature(model, views):
    samples = [BaseDataElement() for _ in range(8)]
    model.eval()
    out = model(views, samples, mode='predict')
    pooled = model.extract_feat(views, 'pool')
    assert torch.equal(torch.stack([s.feature for s in out]), pooled)


def test_views_of_one_size_share_a_backbone_pass(model, views):
    small = [torch.randn(8, 3, 4, 4) for _ in range(2)]
    calls = []
    model.backbone.register_forward_pre_hook(
        lambda module, args: calls.append(tuple(args[0].shape))
    )
    features = model.pooled_features([*views, *small], jointly=True)
    assert calls == [(16, 3, 8, 8), (16, 3, 4, 4)]
    assert features.shape == (32, 4)


def test_preprocessor_normalises_images_and_clips():
    preprocessor = ViewsDataPreprocessor(mean=(1, 2, 3), std=(2, 4, 8))
    images = torch.full((2, 3, 4, 4), 5, dtype=torch.uint8)
    clips = torch.full((2, 3, 2, 4, 4), 5, dtype=torch.uint8)
    out = preprocessor(dict(inputs=[images, clips], data_samples=[1, 2]))
    for view in out['inputs']:
        assert view.dtype == torch.float32
        channels = view.transpose(0, 1).flatten(1)
        assert (channels == torch.tensor([[2.0], [0.75], [0.25]])).all()
    assert out['data_samples'] == [1, 2]
    assert (images == 5).all()


def test_preprocessor_refuses_numbers_that_do_not_fit():
    with pytest.raises(ValueError, match='one entry a channel'):
        ViewsDataPreprocessor(mean=(1, 2), std=(1,))
    with pytest.raises(ValueError, match='entries > 0'):
        ViewsDataPreprocessor(mean=(1,), std=(0,))


def test_pooling_takes_the_last_of_maps_clips_and_vectors():
    x = torch.randn(2, 3, 4, 5)
    assert torch.allclose(global_pool((x[:1], x)), x.mean((2, 3)))
    clip = torch.randn(2, 3, 2, 4, 5)
    assert torch.allclose(global_pool(clip), clip.mean((2, 3, 4)))
    assert torch.equal(global_pool(x[..., 0, 0]), x[..., 0, 0])


def test_corners_are_the_averages_of_voc07_on_a_map_of_any_size():
    x = torch.randn(2, 3, 7, 7)
    wanted = torch.nn.AvgPool2d(6, stride=1)(x).flatten(1)
    assert torch.equal(corner_pool((x[:1], x)), wanted)
    wide = corner_pool(x[:, :, :3])
    assert torch.allclose(wide[:, 0], x[:, 0, :2, :6].mean((1, 2)))
    for small in (x[..., :1], x[..., 0, 0]):
        with pytest.raises(ValueError, match='at least 2 x 2 cells, got'):
            corner_pool(small)


def test_mlp_refuses_what_it_cannot_build():
    with pytest.raises(ValueError, match=r'output width, got \(4,\)'):
        build_mlp((4,))
    with pytest.raises(ValueError, match='last_norm=True needs a norm_cfg'):
        build_mlp((4, 4), norm_cfg=None, last_norm=True)
