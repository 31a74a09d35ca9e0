# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A question about a clip: answers, scores, and what was read when."""

from collections.abc import Sequence
from textwrap import shorten

import numpy as np
from matplotlib.figure import Figure

from mmssl.visualization.style import (
    BAD,
    GOOD,
    INK,
    MUTED,
    PALETTE,
    new_figure,
    tidy,
)

LINE = 88  # characters


def question_figure(
    question: str,
    answers: Sequence[str],
    scores: Sequence[float],
    true: int | None,
    sentences: Sequence[str],
    spans: Sequence[tuple[float, float]],
    shares: Sequence[float],
    times: Sequence[float] = (),
    attention: np.ndarray | None = None,
    annotated: tuple[float, float] | None = None,
    predicted: tuple[float, float] | None = None,
) -> Figure:
    """Scores of the answers; below them the clip along its time.

    A sentence is as dark as its share of what was read.  Below it, each
    frame is as dark as the attention that the sentences pay to it, weighted
    by their shares.

    Args:
        question (str): The question.
        answers (Sequence[str]): K options.
        scores (Sequence[float]): K probabilities.
        true (int, optional): The right option, with a star.
        sentences (Sequence[str]): T texts.
        spans (Sequence): T pairs of seconds.
        shares (Sequence[float]): T numbers in [0, 1].
        times (Sequence[float]): N moments of frames.
        attention (ndarray, optional): (T, N), rows sum to 1.
        annotated (tuple, optional): The span that the answer needs.
        predicted (tuple, optional): The span that was predicted.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: The numbers of answers or of sentences do not fit.
    """
    if len(answers) != len(scores) or not answers:
        raise ValueError(
            f'each of {len(answers)} answers needs one score, got '
            f'{len(scores)}'
        )
    if not len(sentences) == len(spans) == len(shares) or not sentences:
        raise ValueError(
            f'{len(sentences)} sentences, {len(spans)} spans and '
            f'{len(shares)} shares: each sentence needs one of both'
        )
    heights = [0.34 * len(answers) + 0.9, 0.3 * len(sentences) + 0.9]
    seen = attention is not None and len(times) > 0
    if seen:
        heights.append(0.8)
    figure, axes = new_figure(
        9.5, sum(heights), len(heights), 1, height_ratios=heights
    )
    _answers(axes[0], question, answers, scores, true)
    _sentences(axes[1], sentences, spans, shares, annotated, predicted)
    marked = [span for span in (annotated, predicted) if span is not None]
    left = min(start for start, _ in [*spans, *marked])
    right = max(max(end for _, end in [*spans, *marked]), left + 1e-3)
    if seen:
        weights = np.asarray(shares) @ np.asarray(attention)
        right = max(right, float(times[-1]))
        _frames(axes[2], np.asarray(times), weights)
        axes[2].set_xlim(left, right)
        axes[2].set_xlabel('seconds', color=MUTED, fontsize=9)
    else:
        axes[1].set_xlabel('seconds', color=MUTED, fontsize=9)
    axes[1].set_xlim(left, right)
    return figure


def _answers(axis, question, answers, scores, true) -> None:
    rows = np.arange(len(answers))
    chosen = int(np.argmax(scores))
    colours = ['#cfd6dc'] * len(answers)
    colours[chosen] = GOOD if chosen == true else BAD
    axis.barh(rows, scores, 0.66, color=colours)
    for row, (answer, score) in enumerate(zip(answers, scores, strict=True)):
        star = '\u2605 ' if row == true else ''
        text = f'{star}{shorten(answer, LINE, placeholder="...")}'
        axis.text(
            0.01, row, text, va='center', fontsize=8.5, color=INK,
            fontweight='bold' if row == true else 'normal',
        )  # fmt: skip
        axis.text(
            1.01, row, f'{100 * score:.0f} %', va='center', fontsize=8,
            color=MUTED,
        )  # fmt: skip
    tidy(axis, shorten(question, LINE, placeholder='...'), grid='x')
    axis.set_yticks([])
    axis.set_xlim(0, 1)
    axis.invert_yaxis()


def _sentences(axis, sentences, spans, shares, annotated, predicted) -> None:
    most = max(*shares, 1e-9)
    for row, (text, (start, end), share) in enumerate(
        zip(sentences, spans, shares, strict=True)
    ):
        axis.barh(
            row, max(end - start, 1e-2), 0.8, left=start, color=PALETTE[0],
            alpha=0.12 + 0.75 * share / most,
        )  # fmt: skip
        axis.text(
            0.005, row, f'{100 * share:3.0f} %  '
            f'{shorten(text, LINE, placeholder="...")}',
            va='center', fontsize=8, color=INK,
            transform=axis.get_yaxis_transform(),
        )  # fmt: skip
    for span, colour, style in (
        (annotated, INK, '-'),
        (predicted, BAD, '--'),
    ):
        for moment in span or ():
            axis.axvline(moment, color=colour, linestyle=style, linewidth=1)
    lines = [
        name
        for name, span in (
            ('black: annotated', annotated),
            ('orange: predicted', predicted),
        )
        if span is not None
    ]
    note = f' ({"; ".join(lines)})' if lines else ''
    tidy(axis, f'share of each sentence in what was read{note}', grid='x')
    axis.set_yticks([])
    axis.invert_yaxis()


def _frames(axis, times, weights) -> None:
    step = float(np.diff(times).min()) if len(times) > 1 else 1.0
    edges = [*(times - step / 2), times[-1] + step / 2]
    axis.pcolormesh(edges, [0, 1], weights[None], cmap='Blues', vmin=0)
    tidy(axis, 'attention to each frame', grid='x')
    axis.grid(False)
    axis.set_yticks([])
