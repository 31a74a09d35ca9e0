# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mAP and CorLoc against the authors' detections of YouTube-Objects."""

from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
import torch
from golden import load_golden
from mmengine.logging import MMLogger

from mmssl.evaluation.functional import (
    average_precision,
    box_overlaps,
    class_ap,
    class_corloc,
)
from mmssl.evaluation.metrics import VideoObjectsMetric


def samples():
    """The authors' run a in mmdet's form, and its golden values."""
    truth = load_golden('uda_vod/yto_test_annotations.npz')
    found = load_golden('uda_vod/yto_detections_run_a.npz')
    frames = []
    for frame in range(len(truth['image_ids'])):
        own = truth['image_index'] == frame
        mine = found['image_index'] == frame
        frames.append(
            dict(
                gt_instances=dict(
                    bboxes=truth['bbox_xyxy_1based'][own].float(),
                    labels=truth['label'][own].long(),
                ),
                ignored_instances=dict(
                    bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long()
                ),
                pred_instances=dict(
                    bboxes=found['bbox_xyxy_1based'][mine],
                    labels=found['label'][mine].long(),
                    scores=found['score'][mine],
                ),
            )
        )
    return frames, truth['classes'].tolist(), found


def evaluate(metric, frames, classes):
    metric.dataset_meta = dict(classes=classes)
    metric.process({}, frames)
    return metric.compute_metrics(metric.results)


def test_ap_and_corloc_of_the_authors_detections():
    """The recorded AP hangs on the order of equal scores.

    Scores are rounded to three digits, and the authors' evaluator sorts
    them by numpy's unstable sort, whose order differs between processors
    (that of AVX2 gives the recorded values).  In that order, recorded beside
    them, every AP agrees; our order, the first of equal scores first, is
    the same everywhere and moves an AP by less than 1e-3.
    """
    frames, classes, found = samples()
    assert len(frames) == 1781
    metrics = evaluate(VideoObjectsMetric(), frames, classes)
    order = load_golden('uda_vod/yto_order_run_a.npz')['order'].long()
    for label, name in enumerate(classes):
        wanted = float(found['ap11_iou50'][label])
        value = class_ap(*detections_of(frames, found, label, order))
        assert value == pytest.approx(wanted, abs=1e-6), name
        own = class_ap(*detections_of(frames, found, label))
        assert metrics[f'AP_{name}'] == pytest.approx(own, abs=1e-12), name
        assert own == pytest.approx(wanted, abs=1e-3), name
    assert metrics['mAP'] == pytest.approx(float(found['map']), abs=1e-4)
    golden = load_golden('uda_vod/corloc_derived.npz')
    for name, wanted in zip(classes, golden['run_a_corloc'], strict=True):
        value = metrics[f'CorLoc_{name}']
        assert value == pytest.approx(float(wanted), abs=1e-6)
    mean = float(golden['run_a_mean'])
    assert metrics['CorLoc'] == pytest.approx(mean, abs=1e-6)


def detections_of(frames, found, label, order=None):
    """Arguments of ``class_ap`` for one class; ``order`` of all detections."""
    if order is None:
        order = torch.arange(len(found['label']))
    order = order[found['label'][order] == label]
    detections = [
        (int(found['image_index'][row]), float(found['score'][row]), box)
        for row, box in zip(
            order, found['bbox_xyxy_1based'][order].numpy(), strict=True
        )
    ]
    truths = {}
    for number, frame in enumerate(frames):
        own = frame['gt_instances']
        truths[number] = own['bboxes'][own['labels'] == label].numpy()
    return detections, truths


def test_mmdet_computes_the_same_map(monkeypatch):
    """With scores made different, so that no order of equals matters."""
    pytest.importorskip('mmdet')
    from mmdet.evaluation import VOCMetric

    # It forks, which can wait for ever where other tests left threads.
    monkeypatch.setattr('mmdet.evaluation.functional.mean_ap.Pool', ThreadPool)

    MMLogger.get_current_instance()
    frames, classes, _ = samples()
    step = 0
    for frame in frames:
        scores = frame['pred_instances']['scores'].double()
        steps = torch.arange(step, step + len(scores))
        frame['pred_instances']['scores'] = scores - 1e-8 * steps
        step += len(scores)
    metric = VOCMetric(metric='mAP', eval_mode='11points')
    theirs = evaluate(metric, frames, classes)['mAP']
    ours = evaluate(VideoObjectsMetric(), frames, classes)['mAP']
    assert ours == pytest.approx(float(theirs), abs=1e-6)


def test_classes_without_frames_do_not_count():
    frames, classes, _ = samples()
    some = frames[:300]
    ten = evaluate(VideoObjectsMetric(), some, classes)
    more = evaluate(VideoObjectsMetric(), some, [*classes, 'person'])
    assert more == ten and 'AP_person' not in more


def boxes(*rows):
    return np.array(rows, np.float64).reshape(-1, 4)


def test_overlaps_by_both_conventions():
    a, b = boxes([0, 0, 9, 9]), boxes([0, 5, 9, 14])[0]
    assert box_overlaps(a, b)[0] == pytest.approx(50 / 150)
    assert box_overlaps(a, b, inclusive=False)[0] == pytest.approx(36 / 126)


def test_an_overlap_of_exactly_the_threshold_is_wrong():
    truths = {0: boxes([0, 0, 9, 9])}
    half = [(0, 0.9, boxes([0, 0, 4, 9])[0])]
    assert class_ap(half, truths) == 0
    assert class_corloc(half, truths) == 0
    assert class_ap(half, truths, iou_thr=0.49) == pytest.approx(1.0)


def test_a_box_is_found_once():
    truths = {0: boxes([0, 0, 9, 9], [20, 20, 29, 29])}
    same = truths[0][0]
    twice = [(0, 0.9, same), (0, 0.8, same)]
    # Recall 0.5 at precision 1: six of the eleven points.
    assert class_ap(twice, truths) == pytest.approx(6 / 11)
    assert class_ap(twice, truths, mode='area') == pytest.approx(0.5)


def test_difficult_boxes_count_neither_way():
    truths, hard = {0: boxes([0, 0, 9, 9])}, {0: boxes([50, 50, 59, 59])}
    found = [(0, 0.9, hard[0][0]), (0, 0.8, truths[0][0])]
    assert class_ap(found, truths, mode='area') == pytest.approx(0.5)
    value = class_ap(found, truths, mode='area', ignored=hard)
    assert value == pytest.approx(1.0)


def test_corloc_looks_at_the_first_best_detection_of_a_frame():
    right, wrong = boxes([0, 0, 9, 9])[0], boxes([40, 40, 49, 49])[0]
    truths = {0: right[None], 1: right[None], 2: right[None], 3: boxes()}
    found = [(0, 0.9, right), (0, 0.9, wrong), (1, 0.5, wrong), (3, 1, right)]
    # Frame 2 has no detection, frame 3 not the class.
    assert class_corloc(found, truths) == pytest.approx(1 / 3)


def test_without_detections_or_truth():
    truths = {0: boxes([0, 0, 9, 9])}
    assert class_ap([], truths) == 0 and class_corloc([], truths) == 0
    assert np.isnan(class_ap([], {0: boxes()}))
    assert np.isnan(class_corloc([], {0: boxes()}))


def test_wrong_use_is_explained():
    with pytest.raises(ValueError, match='mode must be one of 11points'):
        average_precision(np.ones(1), np.ones(1), 'voc')
    with pytest.raises(ValueError, match='eval_mode must be one of'):
        VideoObjectsMetric(eval_mode='voc')
    with pytest.raises(ValueError, match=r'iou_thr must be in \[0, 1\)'):
        VideoObjectsMetric(iou_thr=1.0)
    with pytest.raises(ValueError, match='needs the true boxes: add'):
        VideoObjectsMetric().process({}, [dict(pred_instances={})])
    metric = VideoObjectsMetric()
    empty = dict(bboxes=torch.zeros(0, 4), labels=torch.zeros(0))
    sample = dict(
        gt_instances=empty,
        pred_instances=dict(empty, scores=torch.zeros(0)),
    )
    with pytest.raises(ValueError, match='no true box of any class'):
        evaluate(metric, [sample], ['car'])
