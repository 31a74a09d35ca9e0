# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Answers, time spans and boxes of video questions, as published metrics."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmssl.utils.spans import Span, temporal_iou

RECALL_AT = tuple(i / 10 for i in range(1, 10))
ASA_IOU = 0.5


class LabelledBoxes(NamedTuple):
    """Boxes of one image: ``labels``, ``scores``, ``boxes`` (n, 4) xyxy."""

    labels: Sequence[str]
    scores: Sequence[float]
    boxes: Sequence[Sequence[float]]


class ClassPrecision(NamedTuple):
    """Of one label: average precision, boxes there are, hits, misses."""

    ap: float
    npos: int
    tp: int
    fp: int


def choice_accuracy(
    predicted: Sequence[int],
    true: Sequence[int],
    groups: Sequence | None = None,
) -> dict:
    """Share of right answers, of all questions and of each group.

    Args:
        predicted (Sequence[int]): n options.
        true (Sequence[int]): n options.
        groups (Sequence, optional): n names.

    Returns:
        dict: None to (share, count) of all; group to the same of each.

    Raises:
        ValueError: The lengths differ or are 0.
    """
    if len(predicted) != len(true) or not len(true):
        raise ValueError(
            f'{len(predicted)} predictions and {len(true)} answers: accuracy '
            'needs one each of at least one question'
        )
    right = np.asarray(predicted) == np.asarray(true)
    found = {None: (float(right.mean()), len(right))}
    members = defaultdict(list)
    for hit, group in zip(right, groups or [], strict=groups is not None):
        members[group].append(hit)
    return found | {
        group: (float(np.mean(hits)), len(hits))
        for group, hits in members.items()
    }


def level_accuracy(
    predicted: Sequence[int],
    true: Sequence[int],
    levels: Sequence[int],
    wanted: Sequence[int] = (1, 2, 3, 4),
) -> dict[int, tuple[float, int]]:
    """Accuracy and count by difficulty, as DramaQA's code gives them.

    Returns:
        dict: Level to (share, count); (0, 0) for a level that is absent.
    """
    found = choice_accuracy(predicted, true, list(levels))
    return {level: found.get(level, (0.0, 0)) for level in wanted}


def answer_span_metrics(
    predicted: Sequence[tuple[int, Span]], true: Sequence[tuple[int, Span]]
) -> dict[str, float]:
    """Metrics of TVQA+ (https://github.com/jayleicn/TVQAplus).

    Args:
        predicted (Sequence): n pairs of answer and span.
        true (Sequence): n pairs.

    Returns:
        dict: ``qa_acc``, ``miou``, ``asa`` (right answer and IoU >= 0.5)
        and ``recall_0.1`` to ``recall_0.9``, shares in [0, 1].

    Raises:
        ValueError: The lengths differ or are 0.
    """
    answers = [[answer for answer, _ in side] for side in (predicted, true)]
    accuracy, _ = choice_accuracy(*answers)[None]
    right = np.equal(*answers)
    ious = np.array(
        [
            temporal_iou(p, t)
            for (_, p), (_, t) in zip(predicted, true, strict=True)
        ]
    )
    found = dict(
        qa_acc=accuracy,
        miou=float(ious.mean()),
        asa=float((right & (ious >= ASA_IOU)).mean()),
    )
    # The official thresholds are numpy's, of which 0.3 is a hair above 0.3.
    for name, threshold in zip(RECALL_AT, np.arange(0.1, 1, 0.1), strict=True):
        found[f'recall_{name}'] = float((ious >= threshold).mean())
    return found


def clean_label(label: str) -> str:
    """Lower case, straight quotes."""
    return label.replace('\u2019', "'").replace('\u2018', "'").lower()


def keep_words(boxes: LabelledBoxes, words: set[str]) -> LabelledBoxes:
    """The boxes whose label is in a word list."""
    kept = [i for i, label in enumerate(boxes.labels) if label in words]
    return LabelledBoxes(
        [boxes.labels[i] for i in kept],
        [boxes.scores[i] for i in kept],
        [boxes.boxes[i] for i in kept],
    )


def plus_one_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of boxes whose sides count one pixel more, twice.

    The official code adds 1 to the lower right corner and calls a function
    that does so again.

    Args:
        a (ndarray): (m, 4) float32 xyxy.
        b (ndarray): (n, 4).

    Returns:
        ndarray: (m, n).
    """
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = sides - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.maximum(sides + 2, 0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2] + 2).prod(-1) for x in (a, b)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def match_boxes(
    scores: np.ndarray, boxes: np.ndarray, truth: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which predictions of one label in one image are hits.

    By falling score, each prediction goes to the true box that it overlaps
    most; a true box counts once.

    Args:
        scores (ndarray): (m,).
        boxes (ndarray): (m, 4).
        truth (ndarray): (n, 4).
        threshold (float): Least IoU.

    Returns:
        tuple: Scores in falling order (m,); hits (m,) bool.
    """
    order = scores.argsort()[::-1]  # equal scores as the official code
    hits = np.zeros(len(order), bool)
    if len(truth) and len(order):
        iou = plus_one_iou(boxes[order], truth)
        best = iou.argmax(1)
        taken = np.zeros(len(truth), bool)
        for row, column in enumerate(best):
            if iou[row, column] >= threshold:
                hits[row] = not taken[column]
                taken[column] = True
    return scores[order], hits


def average_precision(hits: np.ndarray, npos: int) -> float:
    """Area under the envelope of the precision-recall curve.

    Args:
        hits (ndarray): (m,) bool, by falling score.
        npos (int): True boxes, >= 1.
    """
    tp, fp = np.cumsum(hits), np.cumsum(~hits)
    precision = tp / np.maximum(tp + fp, 1)
    precision = np.concatenate([[0.0], precision, [0.0]])
    recall = np.concatenate([[0.0], tp / npos, [1.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.flatnonzero(recall[1:] != recall[:-1])
    return float(
        ((recall[steps + 1] - recall[steps]) * envelope[steps + 1]).sum()
    )


def grounding_precision(
    predicted: Mapping[str, LabelledBoxes],
    true: Mapping[str, LabelledBoxes],
    words: Sequence[str],
    threshold: float = 0.5,
) -> tuple[float, dict[str, ClassPrecision]]:
    """Mean average precision of boxes, as TVQA+ measures it.

    Only images with true boxes are looked at.  Labels outside the word list
    are dropped on both sides.

    Args:
        predicted (Mapping): Image to boxes with scores.
        true (Mapping): Image to boxes.
        words (Sequence[str]): Labels that count.
        threshold (float): Least IoU of a hit.

    Returns:
        tuple: Mean over the labels that have true boxes, NaN without any;
        label to :class:`ClassPrecision`.
    """
    known = set(words)
    scores, hits, npos = defaultdict(list), defaultdict(list), defaultdict(int)
    nothing = LabelledBoxes([], [], [])
    for image, boxes in true.items():
        truth = keep_words(boxes, known)
        if not truth.labels:
            continue
        guess = keep_words(predicted.get(image, nothing), known)
        for label in {*truth.labels, *guess.labels}:
            ours, theirs = (_of_label(side, label) for side in (guess, truth))
            order, hit = match_boxes(*ours, theirs[1], threshold)
            scores[label].append(order)
            hits[label].append(hit)
            npos[label] += len(theirs[1])
    found = {}
    for label, count in npos.items():
        if count == 0:
            continue
        order = np.concatenate(scores[label]).argsort()[::-1]
        hit = np.concatenate(hits[label])[order]
        found[label] = ClassPrecision(
            average_precision(hit, count),
            count,
            int(hit.sum()),
            int((~hit).sum()),
        )
    mean = np.mean([c.ap for c in found.values()]) if found else np.nan
    return float(mean), found


def _of_label(
    boxes: LabelledBoxes, label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (m,) and boxes (m, 4) float32 of one label."""
    rows = [i for i, name in enumerate(boxes.labels) if name == label]
    picked = [boxes.boxes[i] for i in rows]
    return (
        np.array([boxes.scores[i] for i in rows], dtype=np.float64),
        np.array(picked, dtype=np.float32).reshape(-1, 4),
    )
