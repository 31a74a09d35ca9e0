# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Label propagation, as the authors' code does it, and beyond."""

import math
import sys

import pytest
import torch
import torch.nn.functional as F
from golden import assert_golden, load_golden

from mmssl.evaluation.functional import (
    decode_labels,
    propagate_labels,
    propagate_sequence,
    reduce_masks,
)

SETTINGS = ('radius', 'topk', 'temperature')


def last(maps):
    """(..., k, h, w) to (..., h, w, k)."""
    return maps.movedim(-3, -1)


def settings_of(case):
    return {key: case[key].item() for key in SETTINGS}


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('name', ['predict', 'predict_default'])
def test_one_frame(name, dtype):
    case = load_golden(f'dense_vos/labelprop_{name}.npz')
    query, context = (
        last(F.normalize(case[key].to(dtype), dim=-3))
        for key in ('query_features', 'context_features')
    )
    labels = last(case['context_labels'].to(dtype))
    found = propagate_labels(query, context, labels, **settings_of(case))
    assert found.dtype == dtype
    tolerance = 1e-6 if dtype is torch.float32 else 1e-10
    assert_golden(found, last(case['prediction']), tolerance)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_a_sequence_with_an_object_that_comes_later(dtype):
    case = load_golden('dense_vos/labelprop_sequence.npz')
    annotations = {
        t: case['annotations'][t]
        for t in case['annotated'].nonzero().flatten().tolist()
    }
    found = list(
        propagate_sequence(
            iter(case['features'].to(dtype)),
            annotations,
            context=case['context_size'].item(),
            **settings_of(case),
        )
    )
    ids = torch.stack([prediction.ids for prediction in found])
    scores = torch.stack([prediction.scores for prediction in found])
    tie_free = case['tie_free']
    assert (ids == case['predicted_ids'])[tie_free].all()
    assert tie_free.double().mean() > 0.9
    assert_golden(scores, case['confidence'], 1e-6)


def everything(query, context, labels, radius, topk, temperature, long_term):
    """The definition: all cells with all cells, one softmax."""
    height, width, channels = query.shape
    y, x = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing='ij'
    )
    place = torch.stack([y, x], -1).flatten(0, 1).double()
    far = torch.cdist(place, place) >= radius
    rows = []
    for i, frame in enumerate(context):
        scores = query.reshape(-1, channels) @ frame.reshape(-1, channels).T
        rows.append(scores - 1e10 * far if i >= long_term else scores)
    values, cells = torch.cat(rows, 1).topk(topk)
    weights = (values / temperature).softmax(1)
    table = torch.stack(list(labels)).flatten(0, 2)
    return (weights[..., None] * table[cells]).sum(1).view(height, width, -1)


@pytest.mark.parametrize('radius', [1, 2.5, 5, 40])
@pytest.mark.parametrize('topk', [1, 7, 300])
@pytest.mark.parametrize('long_term', [1, 2])
def test_windows_equal_comparing_everything(radius, topk, long_term):
    random = torch.Generator().manual_seed(0)
    context = F.normalize(
        torch.randn(4, 14, 27, 6, generator=random, dtype=torch.float64), dim=3
    )
    query = F.normalize(context[3] + 0.3 * context[1], dim=2)
    labels = torch.rand(4, 14, 27, 3, generator=random, dtype=torch.float64)
    settings = dict(
        radius=radius, topk=topk, temperature=0.1, long_term=long_term
    )
    torch.testing.assert_close(
        propagate_labels(query, context, labels, **settings),
        everything(query, context, labels, **settings),
    )


def test_repeats_are_copies():
    random = torch.Generator().manual_seed(1)
    context = torch.randn(3, 9, 8, 5, generator=random)
    labels = torch.rand(3, 9, 8, 2, generator=random)
    order = [0, 1, 1, 1, 2]
    found = propagate_labels(
        context[2], context, labels, radius=3, repeats=[1, 3, 1]
    )
    expected = propagate_labels(
        context[2], context[order], labels[order], radius=3
    )
    torch.testing.assert_close(found, expected)


def test_without_long_term_frames_and_with_fewer_cells_than_wanted():
    context, labels = torch.ones(1, 3, 3, 2), torch.eye(9).view(1, 3, 3, 9)
    found = propagate_labels(
        context[0], context, labels, radius=1.5, topk=50, long_term=0
    )
    assert found[0, 0].tolist() == [0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0]
    torch.testing.assert_close(found[1, 1], torch.full((9,), 1 / 9))
    found = propagate_labels(context[0], context, labels, math.inf, topk=50)
    torch.testing.assert_close(found, torch.full((3, 3, 9), 1 / 9))


def moving_square(frames=6, size=16, step=1):
    """Features that name the object, and its masks."""
    masks = torch.zeros(frames, size, size, dtype=torch.uint8)
    for t in range(frames):
        masks[t, 4:9, 2 + step * t : 7 + step * t] = 7
    features = torch.stack([(masks == 0).float(), (masks == 7).float()], 1)
    return features, masks


def test_features_that_name_the_object_carry_its_mask():
    features, masks = moving_square()
    found = list(propagate_sequence(features, {0: masks[0]}, radius=4))
    assert all(prediction.ids.dtype == torch.uint8 for prediction in found)
    ids = torch.stack([prediction.ids for prediction in found])
    assert (ids == masks).all()  # 7 keeps its number: holes are no matter


def test_before_the_first_annotation_all_is_background():
    features, masks = moving_square()
    found = list(propagate_sequence(features, {2: masks[2]}, radius=4))
    assert not found[0].ids.any() and not found[1].ids.any()
    assert (found[5].ids == masks[5]).all()
    # A number that is known is not read again; void is background.
    other = masks[4].roll(3, 1)
    other[0, 0] = 255
    again = list(
        propagate_sequence(features, {2: masks[2], 4: other}, radius=4)
    )
    assert all((x.ids == y.ids).all() for x, y in zip(found, again, strict=1))


def test_memory_holds_the_context_only(monkeypatch):
    seen = []
    module = sys.modules[propagate_sequence.__module__]
    inner = module._from_context

    def spy(feature, memory, *args, **kwargs):
        seen.append(sorted(memory))
        return inner(feature, memory, *args, **kwargs)

    monkeypatch.setattr(module, '_from_context', spy)
    features, masks = moving_square(frames=9, size=20)
    list(propagate_sequence(features, {0: masks[0]}, context=2))
    assert seen[:3] == [[0], [0, 1], [0, 1, 2]]
    assert seen[-1] == [0, 6, 7]


def test_masks_shrink_and_grow_with_aligned_corners():
    ids = torch.zeros(9, 9, dtype=torch.uint8)
    ids[:, 5:] = 3
    labels = reduce_masks(ids, [0, 3], (5, 5))
    assert labels.shape == (5, 5, 2)
    assert labels[0, :, 1].tolist() == [0, 0, 0, 1, 1]
    prediction = decode_labels(labels, [0, 3], (9, 9))
    # The tie at column 5 goes to the earlier number.
    assert prediction.ids[0].tolist() == [0, 0, 0, 0, 0, 0, 3, 3, 3]
    assert prediction.scores[0, 5] == 0.5


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(context=[], labels=[]), 'at least one, got 0 and 0'),
        (dict(labels=[]), 'got 1 and 0'),
        (dict(query=torch.ones(3, 4, 2)), r'one size.* \(3, 4, 2\)'),
        (dict(labels=[torch.ones(2, 3, 1)]), r'labels \(2, 3, 1\)'),
        (dict(radius=0), 'above 0'),
        (dict(temperature=0), 'above 0'),
        (dict(topk=0), 'topk at least 1'),
        (dict(long_term=2), r'long_term must be in \[0, 1\]'),
    ],
)
def test_maps_and_settings_that_do_not_fit(change, message):
    inputs = dict(
        query=torch.ones(3, 3, 2),
        context=[torch.ones(3, 3, 2)],
        labels=[torch.ones(3, 3, 1)],
    )
    with pytest.raises(ValueError, match=message):
        propagate_labels(**{**inputs, **change})


@pytest.mark.parametrize(
    'annotations, settings, message',
    [
        ({}, {}, 'no object to follow'),
        ({0: torch.zeros(16, 16)}, {}, 'no object to follow'),
        ({0: torch.full((16, 16), 255)}, {}, 'no object to follow'),
        ({0: torch.ones(16, 16), 1: torch.ones(8, 8)}, {}, 'one size'),
        ({0: torch.ones(16, 16)}, dict(context=0), 'context'),
    ],
)
def test_sequences_that_cannot_be_followed(annotations, settings, message):
    features, _ = moving_square()
    with pytest.raises(ValueError, match=message):
        list(propagate_sequence(features, annotations, **settings))
    features = [features[0], features[1][:, :8]]
    with pytest.raises(ValueError, match='one size'):
        list(propagate_sequence(features, {0: torch.ones(16, 16)}))
