# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Region similarity J and contour accuracy F of object masks, as DAVIS does.

J and F: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for
Video Object Segmentation", CVPR 2016; several objects, recall and decay: the
2017 DAVIS challenge, https://arxiv.org/abs/1704.00675.  Values equal those of
its evaluation code.  Masks are NumPy arrays, which is what decoders give.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy import ndarray

VOID = 255  # of a label map: neither object nor background
BOUND_TH = 0.008  # tolerance of the contour, of the image's diagonal
MIN_FRAMES = 3  # the first and the last are not evaluated


class Statistics(NamedTuple):
    """Of the values of one object over its frames, all in [0, 1].

    ``decay`` is the loss from the first to the last quarter, in [-1, 1].
    """

    mean: float
    recall: float
    decay: float


class SequenceScores(NamedTuple):
    """Of n objects in t frames: ``j`` and ``f`` are (n, t) float64."""

    j: ndarray
    f: ndarray


def region_similarity(
    gt: ndarray, pred: ndarray, void: ndarray | None = None
) -> float:
    """J: intersection over union; 1 where both masks are empty.

    Args:
        gt (ndarray): (h, w), not zero inside the object.
        pred (ndarray): (h, w), likewise.
        void (ndarray, optional): (h, w), not zero where nothing counts.

    Returns:
        float: In [0, 1]; symmetric in the two masks.

    Raises:
        ValueError: Shapes differ.
    """
    return _similarity(*_prepared(gt, pred, void))


def contour_accuracy(
    gt: ndarray,
    pred: ndarray,
    void: ndarray | None = None,
    bound_th: float = BOUND_TH,
) -> float:
    """F: harmonic mean of the contours' precision and recall.

    A contour pixel counts as met where one of the other mask lies within a
    disk.  Both contours empty is 1, one empty is 0.

    Args:
        gt (ndarray): (h, w), not zero inside the object.
        pred (ndarray): (h, w), likewise.
        void (ndarray, optional): (h, w), not zero where nothing counts;
            taken from both masks before their contours are drawn.
        bound_th (float): The disk's radius as a share of the image's
            diagonal (rounded up), or in pixels from 1 on.

    Returns:
        float: In [0, 1]; symmetric in the two masks.

    Raises:
        ValueError: Shapes differ, or ``bound_th`` is not above 0.
    """
    radius = tolerance_radius(np.shape(gt), bound_th)
    return _accuracy(*_cropped(*_prepared(gt, pred, void), radius), radius)


def boundary_map(mask: ndarray) -> ndarray:
    """Contour of a mask, one pixel wide, half a pixel towards the origin.

    A pixel belongs to it where its right, lower or lower right neighbour
    differs.  Past the image's edge nothing differs: a full mask has no
    contour.

    Args:
        mask (ndarray): (h, w), not zero inside the object.

    Returns:
        ndarray: (h, w) bool.
    """
    return _boundary(_binary(mask)).view(bool)


def tolerance_radius(size: tuple[int, int], bound_th: float = BOUND_TH) -> int:
    """Radius in pixels of the contour's tolerance, 8 for 480 x 854.

    Args:
        size (tuple[int, int]): Height and width of the image.
        bound_th (float): See :func:`contour_accuracy`.

    Raises:
        ValueError: ``bound_th`` is not above 0, or a broken number of
            pixels.
    """
    if bound_th <= 0 or (bound_th >= 1 and bound_th != int(bound_th)):
        raise ValueError(
            'bound_th must be a share of the diagonal in (0, 1) or a whole '
            f'number of pixels, got {bound_th}'
        )
    if bound_th >= 1:
        return int(bound_th)
    return int(np.ceil(bound_th * np.linalg.norm(size)))


def frame_scores(
    gt_ids: ndarray,
    pred_ids: ndarray,
    num_objects: int,
    bound_th: float = BOUND_TH,
) -> tuple[ndarray, ndarray]:
    """J and F of the objects 1 to n of one frame.

    Args:
        gt_ids (ndarray): (h, w) whole numbers, 0 background; 255 (void)
            is taken as background, as this task does.
        pred_ids (ndarray): (h, w) whole numbers in [0, n].
        num_objects (int): n.
        bound_th (float): See :func:`contour_accuracy`.

    Returns:
        tuple[ndarray, ndarray]: J and F, (n,) float64 each.

    Raises:
        ValueError: Sizes differ, or there are objects beyond the n-th.
    """
    if gt_ids.shape != pred_ids.shape:
        raise ValueError(
            f'the result has height x width {_size(pred_ids)}, the annotation'
            f' {_size(gt_ids)}; masks are compared at the size of the '
            'annotation'
        )
    largest = int(pred_ids.max(initial=0))
    if largest > num_objects:
        raise ValueError(
            f'the result has object {largest}, but the first annotation has '
            f'only {num_objects} objects'
        )
    radius = tolerance_radius(gt_ids.shape, bound_th)
    j, f = np.empty(num_objects), np.empty(num_objects)
    for i in range(num_objects):
        gt = (gt_ids == i + 1).view(np.uint8)
        pred = (pred_ids == i + 1).view(np.uint8)
        # What lies outside the crop is background in both.
        gt, pred = _cropped(gt, pred, radius)
        j[i], f[i] = _similarity(gt, pred), _accuracy(gt, pred, radius)
    return j, f


def count_objects(first_ids: ndarray) -> int:
    """Objects of a sequence: the largest id of its first annotation."""
    return int(first_ids.max(where=first_ids != VOID, initial=0))


def evaluate_sequence(
    gt_ids: Iterable[ndarray],
    pred_ids: Iterable[ndarray],
    num_objects: int | None = None,
    bound_th: float = BOUND_TH,
) -> SequenceScores:
    """J and F of every object in every frame of a sequence.

    DAVIS leaves out the first and the last frame: give this function the
    others, and the number of objects of the first (:func:`count_objects`).
    Both sequences are read frame by frame, so generators need no memory.

    Args:
        gt_ids (Iterable[ndarray]): t annotations (h, w), see
            :func:`frame_scores`.
        pred_ids (Iterable[ndarray]): t results (h, w).
        num_objects (int, optional): Defaults to that of the first frame
            given.
        bound_th (float): See :func:`contour_accuracy`.

    Returns:
        SequenceScores: Of n objects and t frames.

    Raises:
        ValueError: No frames, or not as many results as annotations, or
            as :func:`frame_scores`.
    """
    scores = []
    for gt, pred in zip(gt_ids, pred_ids, strict=True):
        if num_objects is None:
            num_objects = count_objects(gt)
        scores.append(frame_scores(gt, pred, num_objects, bound_th))
    if not scores:
        raise ValueError('the sequence has no frame to evaluate')
    j, f = (np.stack(values, 1) for values in zip(*scores, strict=True))
    return SequenceScores(j, f)


def davis_statistics(values: Sequence[float] | ndarray) -> Statistics:
    """Mean, recall (share above one half) and decay of one object.

    The quarters that the decay compares share their border frames, and
    frames without value (NaN) count in the recall only, as not met.

    Args:
        values (Sequence[float] or ndarray): (t,), one a frame.

    Raises:
        ValueError: Not one value.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(
            f'values must be (t,) with t >= 1, got shape {values.shape}'
        )
    # A half rounds up, whatever its neighbour: NumPy alone rounds to even.
    borders = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    first = values[borders[0] : borders[1] + 1]
    last = values[borders[3] : borders[4] + 1]
    return Statistics(
        _mean(values),
        float((values > 0.5).mean()),
        _mean(first) - _mean(last),
    )


def summarize_objects(j: Sequence, f: Sequence) -> dict[str, float]:
    """The numbers that are published, of one or more objects.

    Args:
        j (Sequence): One row (t,) an object; t may differ.
        f (Sequence): Likewise.

    Returns:
        dict[str, float]: 'J&F', then 'J_mean', 'J_recall', 'J_decay' and
        the same of F: plain means over the objects of
        :func:`davis_statistics`, as fractions.

    Raises:
        ValueError: No objects.
    """
    if not len(j) or len(j) != len(f):
        raise ValueError(
            'J and F need rows of at least one object and as many of each, '
            f'got {len(j)} and {len(f)}'
        )
    found = {}
    for name, rows in (('J', j), ('F', f)):
        means = np.mean([davis_statistics(row) for row in rows], axis=0)
        for field, value in zip(Statistics._fields, means, strict=True):
            found[f'{name}_{field}'] = float(value)
    return {'J&F': (found['J_mean'] + found['F_mean']) / 2, **found}


def _mean(values: ndarray) -> float:
    """Mean of what is not NaN; NaN where nothing is."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float('nan')


def _size(ids: ndarray) -> str:
    return ' x '.join(map(str, ids.shape))


def _binary(mask: ndarray) -> ndarray:
    """Zeros and ones (h, w) uint8."""
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ValueError(f'a mask is (h, w), got shape {mask.shape}')
    return np.ascontiguousarray(mask != 0).view(np.uint8)


def _prepared(gt, pred, void) -> tuple[ndarray, ndarray]:
    """Masks of zeros and ones, without the void."""
    gt, pred = _binary(gt), _binary(pred)
    if gt.shape != pred.shape:
        raise ValueError(
            f'masks must have one size, got {_size(gt)} and {_size(pred)}'
        )
    if void is not None:
        valid = 1 - _binary(void)
        if valid.shape != gt.shape:
            raise ValueError(
                f'void must have the size of the masks {_size(gt)}, got '
                f'{_size(valid)}'
            )
        gt, pred = gt & valid, pred & valid
    return gt, pred


def _cropped(
    gt: ndarray, pred: ndarray, radius: int
) -> tuple[ndarray, ndarray]:
    """Both masks around what is in them; (0, 0) where both are empty.

    The margin holds the disks, and where it is not the image's edge it ends
    in background: contours and dilations are those of the whole image.
    """
    x, y, width, height = cv2.boundingRect(gt | pred)
    margin = radius + 2 if width else 0
    window = (
        slice(max(0, y - margin), y + height + margin),
        slice(max(0, x - margin), x + width + margin),
    )
    return gt[window], pred[window]


def _similarity(gt: ndarray, pred: ndarray) -> float:
    union = np.count_nonzero(gt | pred)
    return np.count_nonzero(gt & pred) / union if union else 1.0


def _accuracy(gt: ndarray, pred: ndarray, radius: int) -> float:
    gt, pred = _boundary(gt), _boundary(pred)
    gt_count, pred_count = np.count_nonzero(gt), np.count_nonzero(pred)
    if not gt_count or not pred_count:
        return float(gt_count == pred_count)
    disk = _disk(radius)
    precision = np.count_nonzero(pred & cv2.dilate(gt, disk)) / pred_count
    recall = np.count_nonzero(gt & cv2.dilate(pred, disk)) / gt_count
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _boundary(mask: ndarray) -> ndarray:
    """See :func:`boundary_map`; (h, w) uint8."""
    boundary = np.zeros_like(mask)
    boundary[:, :-1] = mask[:, :-1] ^ mask[:, 1:]
    boundary[:-1] |= mask[:-1] ^ mask[1:]
    boundary[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return boundary


@lru_cache
def _disk(radius: int) -> ndarray:
    """All pixels within a radius; OpenCV's own ellipse is another shape."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)
