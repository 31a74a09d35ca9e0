# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""J, F and their statistics, as the official evaluation code gives them."""

import numpy as np
import pytest
from golden import ROOT

from mmssl.evaluation.functional import (
    boundary_map,
    contour_accuracy,
    count_objects,
    davis_statistics,
    evaluate_sequence,
    frame_scores,
    region_similarity,
    summarize_objects,
    tolerance_radius,
)


def golden(name):
    with np.load(ROOT / 'vos_evaluation' / name, allow_pickle=False) as file:
        return dict(file)


def equal(value, reference):
    np.testing.assert_allclose(value, reference, rtol=0, atol=1e-12)


@pytest.mark.parametrize('case', range(4))
def test_frames_equal_the_official_values(case):
    data = golden('frames.npz')
    height, width = data[f'size_{case}'].tolist()
    gt, pred, void = (
        np.unpackbits(data[f'{name}_{case}'], axis=-1, count=width)
        for name in ('gt', 'pred', 'void')
    )
    bound_th = float(data[f'bound_th_{case}'])
    radius = tolerance_radius((height, width), bound_th)
    assert radius == int(data[f'radius_px_{case}'])
    for q in range(6):
        for suffix, hidden in (('', None), ('_void', void[q])):
            equal(
                region_similarity(gt[q], pred[q], hidden),
                data[f'J{suffix}_{case}'][q],
            )
            expected = data[f'F{suffix}_{case}'][q]
            for one, other in ((gt, pred), (pred, gt)):
                value = contour_accuracy(one[q], other[q], hidden, bound_th)
                equal(value, expected)
        j, f = frame_scores(gt[q], pred[q], 1, bound_th)
        equal(j[0], data[f'J_{case}'][q])
        equal(f[0], data[f'F_{case}'][q])


def test_boundaries_equal_the_official_ones_to_the_bit():
    data = golden('boundary_map.npz')
    for mask, boundary in zip(data['seg'], data['boundary'], strict=True):
        found = boundary_map(mask)
        assert found.dtype == bool
        assert (found == boundary.astype(bool)).all()
        assert (boundary_map(mask.astype(bool)) == found).all()


@pytest.mark.parametrize('case', range(12))
@pytest.mark.filterwarnings('error')
def test_statistics_equal_the_official_ones(case):
    data = golden('statistics.npz')
    found = davis_statistics(data[f'values_{case}'])
    equal(found, data[f'mean_recall_decay_{case}'])


def test_masks_of_real_results():
    masks = golden('real_masks.npz')['masks']
    pairs = golden('real_pairs.npz')
    rows = zip(pairs['pairs_gt_pred_nobj'], pairs['J'], pairs['F'],
               strict=True)  # fmt: skip
    for (gt, pred, count), j, f in rows:
        count = int(count)
        # The unsupervised results among them propose more objects.
        result = masks[pred] * (masks[pred] <= count)
        found = frame_scores(masks[gt], result, count)
        equal(found[0], j[:count])
        equal(found[1], f[:count])


def test_a_folder_of_three_sequences():
    """Objects that are missing, void, and a sequence that loses its own."""
    data = golden('mini_davis.npz')
    j, f, names = [], [], []
    for sequence in ('alpha', 'beta', 'gamma'):
        gt, pred = data[f'gt__{sequence}'], data[f'pred__{sequence}']
        count = count_objects(gt[0])
        scores = evaluate_sequence(iter(gt[1:-1]), iter(pred[1:-1]), count)
        assert scores.j.shape == scores.f.shape == (count, len(gt) - 2)
        j += list(scores.j)
        f += list(scores.f)
        names += [f'{sequence}_{i + 1}' for i in range(count)]
    assert names == data['object_names'].tolist()
    for name, rows in (('J', j), ('F', f)):
        found = np.array([davis_statistics(row) for row in rows])
        for i, field in enumerate(('mean', 'recall', 'decay')):
            equal(found[:, i], data[f'{name}_{field}'])
    found = summarize_objects(j, f)
    assert list(found) == ['J&F', 'J_mean', 'J_recall', 'J_decay',
                           'F_mean', 'F_recall', 'F_decay']  # fmt: skip
    equal(list(found.values()), data['global_JF_Jm_Jr_Jd_Fm_Fr_Fd'])


def square(size, top, left, side):
    mask = np.zeros((size, size), np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_the_void_of_the_official_test():
    gt, pred = square(200, 100, 100, 50), square(200, 50, 100, 100)
    pred[:, 150:] = 0
    pred[150:] = 0
    void = square(200, 50, 100, 50)
    assert region_similarity(gt, pred, void) == 1
    assert contour_accuracy(gt, pred, void) == 1


def test_identities():
    mask, empty = square(64, 20, 9, 30), np.zeros((64, 64), np.uint8)
    assert region_similarity(mask, mask) == contour_accuracy(mask, mask) == 1
    assert region_similarity(empty, empty) == 1
    assert contour_accuracy(empty, empty) == 1
    assert region_similarity(mask, empty) == contour_accuracy(empty, mask) == 0
    assert tuple(davis_statistics([1.0] * 20)) == (1, 1, 0)
    assert davis_statistics([0.5]).recall == 0  # strictly above
    # A shift within the tolerance is no error of the contour.
    other = square(64, 23, 9, 30)
    assert contour_accuracy(mask, other, bound_th=3) == 1
    assert contour_accuracy(mask, other, bound_th=2) < 1
    assert region_similarity(mask, other) == 27 / 33
    # Both moved inside the image: nothing changes.
    value = contour_accuracy(mask, square(64, 24, 12, 28))
    moved = contour_accuracy(square(64, 22, 3, 30), square(64, 26, 6, 28))
    assert value == moved


def test_a_full_mask_has_no_contour():
    full = np.ones((20, 30), bool)
    assert not boundary_map(full).any()
    assert contour_accuracy(full, full) == 1


def test_long_sequences_have_quarters_beyond_256():
    values = np.linspace(1, 0, 1001)
    assert davis_statistics(values).decay == pytest.approx(0.75)


def test_ids_of_the_first_frame_count_and_void_does_not():
    first = np.array([[0, 3], [255, 1]], np.uint8)
    assert count_objects(first) == 3
    assert count_objects(np.zeros((2, 2), np.uint8)) == 0
    j, f = frame_scores(first, first * (first < 255), 3)
    assert j.tolist() == f.tolist() == [1, 1, 1]
    # Half of the ids are annotated later only: they are not evaluated.
    later = np.array([[7, 3], [0, 1]], np.uint8)
    scores = evaluate_sequence([later], [first * (first < 255)], 3)
    assert scores.j.tolist() == [[1], [1], [1]]


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: region_similarity(np.ones((2, 3)), np.ones((3, 2))),
         'one size, got 2 x 3 and 3 x 2'),
        (lambda: contour_accuracy(np.ones(3), np.ones(3)), r'\(h, w\)'),
        (lambda: contour_accuracy(*np.ones((2, 4, 4)), np.ones((5, 4))),
         'void must have the size of the masks 4 x 4, got 5 x 4'),
        (lambda: tolerance_radius((4, 4), 0), 'bound_th'),
        (lambda: tolerance_radius((4, 4), 2.5), 'bound_th .* got 2.5'),
        (lambda: frame_scores(np.ones((4, 5)), np.ones((2, 5)), 1),
         'height x width 2 x 5, the annotation 4 x 5'),
        (lambda: frame_scores(np.ones((4, 4)), 3 * np.ones((4, 4)), 2),
         'has object 3, but the first annotation has only 2'),
        (lambda: evaluate_sequence([], []), 'no frame'),
        (lambda: evaluate_sequence([np.ones((2, 2))], []), 'shorter'),
        (lambda: davis_statistics([]), r'\(t,\) with t >= 1'),
        (lambda: summarize_objects([], []), 'at least one object'),
    ],
)  # fmt: skip
def test_input_that_fits_nothing(call, message):
    with pytest.raises(ValueError, match=message):
        call()
