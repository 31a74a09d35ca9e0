# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.algorithms.densecl import dense_embeddings, match_positions
from mmssl.models.losses import info_nce, unit_rows
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


def build(backbone, **kwargs):
    cfg = dict(
        type='DenseCL',
        backbone=backbone,
        neck=dict(type='DenseCLNeck', sizes=(4, 8, 5)),
        queue_length=16,
        momentum=0.9,
    )
    return MODELS.build({**cfg, **kwargs})


@pytest.fixture
def densecl(tiny_backbone):
    return build(tiny_backbone)


def load_neck(neck, g, prefix, dtype):
    for ours, theirs in dict(mlp='mlp', dense_mlp='mlp2').items():
        for layer in (0, 2):
            module = getattr(neck, ours)[layer]
            key = f'{prefix}__{theirs}__{layer}__'
            weight = g[f'{key}weight'].to(dtype).flatten(1)
            module.weight.data = weight
            module.bias.data = g[f'{key}bias'].to(dtype)


@pytest.mark.parametrize('dtype', [F64, F32])
def test_losses_gradients_matches_and_queues_are_the_authors(dtype):
    g = load_golden('image_baselines/densecl.npz', 'a_')
    temperature, weight, momentum = g['hyper'].tolist()
    model = build(
        dict(type='IdentityNet'),
        neck=dict(type='DenseCLNeck', sizes=(6, 7, 5)),
        queue_length=15,
        temperature=temperature,
        momentum=momentum,
        dense_weight=weight,
    ).to(dtype)
    load_neck(model.neck, g, 'neck_q', dtype)
    load_neck(model.momentum_encoder.neck, g, 'neck_k_init', dtype)
    model.queue.rows.copy_(g['queue_init'].T)
    model.dense_queue.rows.copy_(g['queue2_init'].T)
    model.update_target(0.0)  # recorded with the target moving first
    query = g['feat_q'].to(dtype).requires_grad_()
    key = g['feat_k'].to(dtype)
    losses = model([query, key], mode='loss')
    sum(losses.values()).backward()
    model.update_queue()

    tolerance = 1e-8 if dtype == F64 else 1e-4
    q, k = dense_embeddings(model, query), dense_embeddings(model, key)
    match = match_positions(q.features, k.features)
    assert torch.equal(match, g['match_index'])
    for name, value in dict(
        loss_single_weighted=losses['loss_global'],
        loss_dense_weighted=losses['loss_dense'],
        grad_feat_q=query.grad,
        grad_mlp0_w=model.neck.mlp[0].weight.grad,
        grad_mlp2_0_w=model.neck.dense_mlp[0].weight.grad[..., None, None],
        queue_after=model.queue.rows.T,
        queue2_after=model.dense_queue.rows.T,
    ).items():
        assert_golden(value, g[name], tolerance)


def test_dense_loss_is_the_papers_formula_written_out(densecl, views):
    densecl.eval()
    losses = densecl.loss(views)
    encoder = densecl.momentum_encoder
    map_q, map_k = densecl.backbone(views[0])[-1], encoder.backbone(views[1])
    grid_q = densecl.neck.dense_mlp(map_q.permute(0, 2, 3, 1))
    grid_k = encoder.neck.dense_mlp(map_k[-1].permute(0, 2, 3, 1))
    terms = []
    for i in range(8):
        q, k = unit_rows(grid_q[i].flatten(0, 1)), grid_k[i].flatten(0, 1)
        b_q, b_k = map_q[i].flatten(1).T, map_k[-1][i].flatten(1).T
        for place in range(16):
            cosines = [
                torch.cosine_similarity(b_q[place], b, 0).item() for b in b_k
            ]
            best = cosines.index(max(cosines))
            terms.append(
                info_nce(
                    q[place : place + 1],
                    unit_rows(k[best : best + 1]),
                    densecl.dense_queue.rows,
                )
            )
    expected = 0.5 * torch.stack(terms).mean()
    assert torch.allclose(losses['loss_dense'], expected, atol=1e-5)


def test_global_loss_is_that_of_moco(densecl, views):
    densecl.eval()
    query = unit_rows(densecl.extract_feat(views, 'neck'))
    key = densecl.momentum_encoder(views[1])[0]
    expected = 0.5 * info_nce(query, unit_rows(key), densecl.queue.rows)
    assert torch.allclose(densecl.loss(views)['loss_global'], expected)


def test_equal_similarities_match_the_lowest_place():
    same = unit_rows(torch.ones(1, 4, 3))
    assert match_positions(same, same).tolist() == [[0, 0, 0, 0]]
    key = torch.eye(3)[None, [1, 0, 0, 2]]
    query = torch.eye(3)[None, [0, 2]]
    assert match_positions(query, key).tolist() == [[1, 3]]


def test_dense_queue_receives_one_average_key_a_picture(densecl, views):
    grid = densecl.momentum_encoder(views[1])[1]  # before the norm
    densecl(views, mode='loss')
    densecl.update_queue()
    assert densecl.dense_queue.pointer == densecl.queue.pointer == 8
    rows = densecl.dense_queue.rows[:8]
    assert torch.allclose(rows, unit_rows(grid.mean(1)), atol=1e-6)


def test_gradient_reaches_the_query_side_only(densecl, views):
    sum(densecl(views, mode='loss').values()).backward()
    trained = [*densecl.backbone.parameters(), *densecl.neck.parameters()]
    assert all(p.grad is not None for p in trained)
    assert all(p.grad is None for p in densecl.momentum_encoder.parameters())


def test_dense_weight_is_zero_until_the_warmup_is_over(tiny_backbone, views):
    model = build(tiny_backbone, dense_warmup=2, dense_weight=0.3)
    for _ in range(2):
        losses = model(views, mode='loss')
        assert losses['loss_dense'] == 0
        model.update_target(0.0)
    other = build(tiny_backbone, dense_warmup=2, dense_weight=0.3)
    other.load_state_dict(model.state_dict())  # a resumed run knows
    for each in (model, other):
        each.eval()
        losses = each.loss(views)
        key = unit_rows(each.momentum_encoder(views[1])[0])
        query = unit_rows(each.extract_feat(views, 'neck'))
        expected = 0.7 * info_nce(query, key, each.queue.rows)
        assert torch.allclose(losses['loss_global'], expected)
        assert losses['loss_dense'] > 0


def test_further_views_are_further_keys_of_the_same_query(densecl, views):
    densecl.eval()
    every = [*views, torch.randn_like(views[0])]
    pairs = [densecl.loss([every[0], view]) for view in every[1:]]
    for name, value in densecl.loss(every).items():
        assert torch.allclose(value, sum(p[name] for p in pairs) / 2)


def test_clips_are_views_too():
    @MODELS.register_module(name='TinyDenseClipNet', force=True)
    class TinyDenseClipNet(torch.nn.Conv3d):
        pass

    model = build(
        dict(
            type='TinyDenseClipNet',
            in_channels=3,
            out_channels=4,
            kernel_size=2,
        )
    )
    clips = [torch.randn(4, 3, 3, 4, 4) for _ in range(2)]
    assert dense_embeddings(model, clips[0]).grid.shape == (4, 18, 5)
    sum(model(clips, mode='loss').values()).backward()
    assert model.backbone.weight.grad.abs().sum() > 0


def test_bad_input_is_refused_in_one_sentence(tiny_backbone, densecl, views):
    with pytest.raises(ValueError, match='queue of 16 and a batch of 6'):
        densecl([v[:6] for v in views], mode='loss')
    with pytest.raises(ValueError, match='DenseCL needs at least 2 views'):
        densecl(views[:1], mode='loss')
    with pytest.raises(ValueError, match='temperature must be > 0, got 0'):
        build(tiny_backbone, temperature=0)
    with pytest.raises(ValueError, match=r'in \[0, 1\], got 2'):
        build(tiny_backbone, dense_weight=2)
    model = build(dict(type='IdentityNet'))
    with pytest.raises(ValueError, match=r'feature map, got .* \(8, 4\)'):
        model([torch.randn(8, 4)] * 2, mode='loss')
