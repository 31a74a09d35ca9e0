# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Mean intersection over union of classes of pixels: VIP's measure."""

import cv2
import numpy as np
from numpy import ndarray


def pixel_confusion(gt: ndarray, pred: ndarray, num_classes: int) -> ndarray:
    """How many pixels of each class were called what.

    Args:
        gt (ndarray): (h, w) class numbers; others than [0, num_classes) do
            not count.
        pred (ndarray): (h', w') class numbers in [0, num_classes); another
            size is brought to the annotation's by the nearest pixel.
        num_classes (int): Number of classes.

    Returns:
        ndarray: (num_classes, num_classes) int64, rows are annotated.

    Raises:
        ValueError: A prediction outside the range.
    """
    if pred.shape != gt.shape:
        size = gt.shape[::-1]
        pred = cv2.resize(pred, size, interpolation=cv2.INTER_NEAREST_EXACT)
    if pred.size and pred.max() >= num_classes:
        raise ValueError(
            f'the result has class {pred.max()}; classes are 0 to '
            f'{num_classes - 1}'
        )
    counts = gt < num_classes
    pairs = num_classes * gt[counts].astype(np.int64) + pred[counts]
    return np.bincount(pairs, minlength=num_classes**2).reshape(
        num_classes, num_classes
    )


def class_iou(confusion: ndarray) -> ndarray:
    """Intersection over union of each class; NaN for an absent one.

    Args:
        confusion (ndarray): (c, c), of :func:`pixel_confusion`, summed over
            all frames.
    """
    hits = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - hits
    with np.errstate(invalid='ignore'):
        return hits / union
