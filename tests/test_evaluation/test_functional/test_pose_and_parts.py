# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Joints and body parts, as CRW's code scores them."""

import numpy as np
import pytest
import torch
from golden import ROOT, assert_golden, load_golden

from mmssl.evaluation.functional import (
    class_iou,
    decode_pose,
    joint_distances,
    joint_map,
    pck,
    pixel_confusion,
    pose_labels,
)


def test_joints_as_maps_and_back():
    golden = load_golden('vos_evaluation/jhmdb_pose_codec.npz')
    for point, reference in zip(
        golden['points_xy'], golden['heatmaps'], strict=True
    ):
        found = joint_map(point.tolist(), tuple(reference.shape))
        assert_golden(found, reference, 1e-9)
    for soft, reference in zip(
        golden['soft_maps_hwj'], golden['decoded_xy'], strict=True
    ):
        assert_golden(decode_pose(soft), reference, 1e-9)


def clips():
    with np.load(ROOT / 'vos_evaluation' / 'jhmdb_pck.npz') as golden:
        data = dict(golden)
    for v in range(3):
        height, width = data[f'size_hw_{v}']
        pred = data[f'pred_xy_40_{v}']
        pixels = pred * np.array([width / 40, height / 40])[:, None, None]
        yield data[f'gt_xy_{v}'], np.where(pred < 0, -1, pixels), data


def test_pck():
    distances = [joint_distances(gt, pred) for gt, pred, _ in clips()]
    *_, (_, _, data) = clips()
    found = pck(distances, data['thresholds'])
    assert_golden(found, data['pck_per_joint_and_mean'], 1e-9)


def test_lost_joints_can_count_as_wrong():
    gt = np.random.default_rng(0).uniform(0, 99, (2, 4, 5))
    pred = gt.copy()
    pred[:, 1, 2:4] = -1
    assert pck([joint_distances(gt, pred)])[0].tolist() == [100] * 5
    strict = pck([joint_distances(gt, pred, count_lost_as_wrong=True)])
    assert strict[0].tolist() == [100, 50, 100, 100, 87.5]


def test_the_background_is_where_no_joint_is():
    labels = pose_labels(np.array([[3.2, 8.0], [4.0, 1.0]]), (10, 12))
    assert labels.shape == (10, 12, 3)
    assert set(labels[..., 0].unique().tolist()) == {0, 1}
    assert torch.equal(labels[..., 0] == 0, (labels[..., 1:] > 0).any(-1))


def test_parts():
    golden = load_golden('vos_evaluation/vip_miou.npz')
    total = np.zeros((20, 20), np.int64)
    for v in (0, 1):
        for gt, pred in zip(
            golden[f'gt_{v}'].numpy(), golden[f'pred_{v}'].numpy(), strict=True
        ):
            total += pixel_confusion(gt, pred, 20)
    assert_golden(total, golden['hist'], 0)
    found = class_iou(total)
    np.testing.assert_allclose(found, golden['iou'], rtol=0, atol=1e-12)
    assert np.nanmean(found) == pytest.approx(
        golden['mean_iou'].item(), abs=1e-12
    )


def test_input_that_does_not_fit():
    with pytest.raises(ValueError, match='class 7; classes are 0 to 4'):
        pixel_confusion(np.zeros((2, 2), np.uint8), np.full((2, 2), 7), 5)
    with pytest.raises(ValueError, match=r'\(2, j, t\) alike'):
        joint_distances(np.zeros((2, 3, 4)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match='at least one clip'):
        pck([])
