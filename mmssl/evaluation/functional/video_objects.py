# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Average precision and CorLoc of object detections, class by class.

As the evaluator of YouTube-Objects in
https://github.com/charan223/Domain-Adaptation (``datasets/yto_eval.py``), a
descendant of the VOC development kit's.
"""

from collections.abc import Sequence

import numpy as np

EVAL_MODES = ('11points', 'area')


def box_overlaps(
    boxes: np.ndarray, box: np.ndarray, inclusive: bool = True
) -> np.ndarray:
    """Intersection over union of boxes with one box.

    Args:
        boxes (ndarray): (k, 4) xyxy.
        box (ndarray): (4,) xyxy.
        inclusive (bool): x2 and y2 name the last pixel inside, so that a
            width is x2 - x1 + 1 (VOC); else pixel edges (COCO).

    Returns:
        ndarray: (k,) float64 in [0, 1].
    """
    extra = 1.0 if inclusive else 0.0
    boxes, box = boxes.astype(np.float64), box.astype(np.float64)
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, 2:], box[2:])
    common = np.clip(high - low + extra, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2] + extra).prod(axis=1)
    area = (box[2:] - box[:2] + extra).prod()
    return common / np.maximum(areas + area - common, 1e-12)


def average_precision(
    recall: np.ndarray, precision: np.ndarray, mode: str = '11points'
) -> float:
    """AP of a curve, best detections first.

    Args:
        recall (ndarray): (n,) rising.
        precision (ndarray): (n,).
        mode (str): '11points' (VOC 2007): mean over recalls 0, 0.1, ..., 1
            of the best precision at that recall or above; 'area': area
            below the curve made falling.

    Raises:
        ValueError: Unknown mode.
    """
    if mode == '11points':
        points = np.arange(0.0, 1.1, 0.1)
        best = [
            precision[recall >= point].max(initial=0.0) for point in points
        ]
        return float(np.mean(best))
    if mode != 'area':
        raise ValueError(
            f'mode must be one of {", ".join(EVAL_MODES)}, got {mode!r}'
        )
    edges = np.concatenate([[0.0], recall, [1.0]])
    falling = np.concatenate([[0.0], precision, [0.0]])
    falling = np.maximum.accumulate(falling[::-1])[::-1]
    return float((np.diff(edges) * falling[1:]).sum())


def class_ap(
    detections: Sequence[tuple[int, float, np.ndarray]],
    truths: dict[int, np.ndarray],
    iou_thr: float = 0.5,
    mode: str = '11points',
    inclusive: bool = True,
    ignored: dict[int, np.ndarray] | None = None,
) -> float:
    """Average precision of one class.

    Each true box is found once; a later detection of it is wrong, as is one
    whose overlap is not ABOVE the threshold.

    Args:
        detections (Sequence[tuple]): (frame, score, box (4,)) in any order.
        truths (dict[int, ndarray]): Frame to boxes (k, 4) xyxy.
        iou_thr (float): Threshold in [0, 1).
        mode (str): See :func:`average_precision`.
        inclusive (bool): See :func:`box_overlaps`.
        ignored (dict[int, ndarray], optional): Difficult boxes; detections
            of them count neither way.

    Returns:
        float: In [0, 1]; 0 without detections, NaN without true boxes.
    """
    count = sum(len(boxes) for boxes in truths.values())
    if count == 0:
        return float('nan')
    empty = np.zeros((0, 4))
    found = {frame: np.zeros(len(b), bool) for frame, b in truths.items()}
    order = np.argsort(
        [-score for _, score, _ in detections], kind='stable'
    ).astype(int)
    hits = []
    for place in order:
        frame, _, box = detections[place]
        own = truths.get(frame, empty)
        hard = (ignored or {}).get(frame, empty)
        overlaps = box_overlaps(np.concatenate([own, hard]), box, inclusive)
        best = int(overlaps.argmax()) if len(overlaps) else -1
        if best < 0 or overlaps[best] <= iou_thr:
            hits.append(False)
        elif best < len(own):
            hits.append(not found[frame][best])
            found[frame][best] = True
    hits = np.array(hits, bool)
    right, wrong = np.cumsum(hits), np.cumsum(~hits)
    recall = right / count
    precision = right / np.maximum(right + wrong, 1)
    return average_precision(recall, precision, mode)


def class_corloc(
    detections: Sequence[tuple[int, float, np.ndarray]],
    truths: dict[int, np.ndarray],
    iou_thr: float = 0.5,
    inclusive: bool = True,
) -> float:
    """Share of the frames of a class whose best detection is right.

    The best one has the highest score, the first of equal ones; it is right
    if its overlap with some box of the class is above the threshold.  A
    frame without a detection counts as wrong.  No official code was
    released; this follows the definition.

    Args:
        detections (Sequence[tuple]): See :func:`class_ap`.
        truths (dict[int, ndarray]): See :func:`class_ap`.
        iou_thr (float): Threshold in [0, 1).
        inclusive (bool): See :func:`box_overlaps`.

    Returns:
        float: In [0, 1]; NaN where no frame has the class.
    """
    best: dict[int, tuple[float, np.ndarray]] = {}
    for frame, score, box in detections:
        if frame not in best or score > best[frame][0]:
            best[frame] = score, box
    frames = [frame for frame, boxes in truths.items() if len(boxes)]
    if not frames:
        return float('nan')
    right = [
        frame in best
        and box_overlaps(truths[frame], best[frame][1], inclusive).max()
        > iou_thr
        for frame in frames
    ]
    return float(np.mean(right))
