# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Metrics of answers to questions about clips."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.evaluator import BaseMetric

from mmssl.evaluation.functional.video_qa import (
    LabelledBoxes,
    answer_span_metrics,
    choice_accuracy,
    clean_label,
    grounding_precision,
    level_accuracy,
)
from mmssl.registry import METRICS
from mmssl.utils.data_root import follow_data_root
from mmssl.utils.errors import UsageError
from mmssl.utils.files import read_rows, write_json

RESERVED = ('<pad>', '<unk>', '<eos>')


class AnswerMetric(BaseMetric):
    """Collects the answer to each question; repeated ones count once.

    Args:
        prefix (str, optional): Before the names of the results.
    """

    needs_labels = True

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep answers.

        Raises:
            UsageError: There is no prediction, or no known answer.
        """
        for sample in data_samples:
            if 'pred_answer' not in sample:
                raise UsageError(
                    f'{type(self).__name__} needs pred_answer in every data '
                    'sample, which VideoQASSL gives'
                )
            if self.needs_labels and sample.get('label') is None:
                raise UsageError(
                    f'{type(self).__name__}: the answer of question '
                    f'{sample["qid"]} is not known; use a split with '
                    'answers, or AnswerWriter'
                )
            self.results.append(self.row(sample))

    @staticmethod
    def row(sample: dict) -> dict:
        """What is kept of a sample."""
        names = ('sample_idx', 'qid', 'pred_answer', 'label', 'groups',
                 'pred_span', 'truncated')  # fmt: skip
        return {name: sample.get(name) for name in names}

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Results of distinct questions."""
        rows = {row['sample_idx']: row for row in results}
        return self.measure([rows[i] for i in sorted(rows)])

    def measure(self, rows: list[dict]) -> dict[str, float]:
        """Results of rows; each metric's own."""
        raise NotImplementedError


def answers_of(rows: list[dict]) -> tuple[list[int], list[int]]:
    """Predicted and true answers."""
    return [r['pred_answer'] for r in rows], [r['label'] for r in rows]


@METRICS.register_module()
class VideoQAAccuracy(AnswerMetric):
    """Accuracy (percent) of all questions and of groups of them.

    Results: ``accuracy``; ``accuracy/GROUP=NAME`` of each group with more
    than one name; ``questions``; ``truncated``, how many were shortened.

    Args:
        by (Sequence[str]): Groups: 'dataset', 'type' (first question word),
            'show', 'level'.
        prefix (str, optional): Before the names; defaults to 'qa'.
    """

    default_prefix = 'qa'

    def __init__(
        self,
        by: Sequence[str] = ('dataset', 'type'),
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        self.by = tuple(by)

    def measure(self, rows: list[dict]) -> dict[str, float]:
        answers = answers_of(rows)
        share, count = choice_accuracy(*answers)[None]
        found = dict(
            accuracy=100 * share,
            questions=count,
            truncated=sum(bool(row['truncated']) for row in rows),
        )
        for group in self.by:
            names = [row['groups'][group] for row in rows]
            if len(set(names)) > 1:
                by_name = choice_accuracy(*answers, names)
                del by_name[None]
                for name in sorted(by_name, key=str):
                    key = f'accuracy/{group}={name}'
                    found[key] = 100 * by_name[name][0]
        return found


@METRICS.register_module()
class DramaQAMetric(AnswerMetric):
    """Accuracy (percent) of all questions and by logical difficulty.

    Results: ``accuracy``, ``level1`` to ``level4`` with ``level1_count`` and
    so on (0 with count 0 where a level is absent), and ``level_mean`` over
    the levels that occur.

    Args:
        prefix (str, optional): Before the names; defaults to 'dramaqa'.
    """

    default_prefix = 'dramaqa'

    def measure(self, rows: list[dict]) -> dict[str, float]:
        answers = answers_of(rows)
        found = dict(accuracy=100 * choice_accuracy(*answers)[None][0])
        levels = level_accuracy(
            *answers, [row['groups']['level'] for row in rows]
        )
        for level, (share, count) in levels.items():
            found[f'level{level}'] = 100 * share
            found[f'level{level}_count'] = count
        shares = [share for share, count in levels.values() if count]
        if shares:
            found['level_mean'] = 100 * sum(shares) / len(shares)
        return found


@METRICS.register_module()
class TVQAPlusMetric(AnswerMetric):
    """Answer, time span and boxes of TVQA+, in percent.

    Results: ``qa_acc``, ``miou``, ``asa``, ``recall_0.1`` and so on;
    ``grounding_map`` only where boxes are given, as the method predicts
    none.  Every question of the data set must have been answered.

    Args:
        gt_file (str): The annotations, a JSON list or JSON lines.
        word_list (str, optional): Labels that count: JSON list, or an
            object of word to index; needed with ``box_file``.
        box_file (str, optional): JSON, image ``VID_QID_FRAME`` (five
            digits) to a list of [label, score, [x1, y1, x2, y2]].
        iou (float): Least IoU of a box that counts.
        prefix (str, optional): Before the names; defaults to 'tvqa_plus'.

    Raises:
        ValueError: ``box_file`` without ``word_list``.
    """

    default_prefix = 'tvqa_plus'
    needs_labels = False

    def __init__(
        self,
        gt_file: str,
        word_list: str | None = None,
        box_file: str | None = None,
        iou: float = 0.5,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        if box_file is not None and word_list is None:
            raise ValueError('box_file needs word_list, the labels that count')
        self.gt_file = gt_file
        self.word_list = word_list
        self.box_file = box_file
        self.iou = iou

    def measure(self, rows: list[dict]) -> dict[str, float]:
        """Results.

        Raises:
            UsageError: A question has no answer, or the model no spans.
        """
        true, truth_boxes = load_annotations(locate(self.gt_file))
        spanless = [row['qid'] for row in rows if row['pred_span'] is None]
        if spanless:
            raise UsageError(
                f'TVQAPlusMetric: there is no pred_span of question '
                f'{spanless[0]}; give the model a span_head'
            )
        predicted = {
            row['qid']: (row['pred_answer'], row['pred_span']) for row in rows
        }
        found = compare_answers(predicted, true)
        if self.box_file is not None:
            boxes = load_boxes(locate(self.box_file))
            words = load_words(locate(self.word_list))
            mean, _ = grounding_precision(boxes, truth_boxes, words, self.iou)
            found['grounding_map'] = mean
        return {name: 100 * value for name, value in found.items()}


@METRICS.register_module()
class AnswerWriter(AnswerMetric):
    """Writes the answers as the server of TVQA takes them, and no number.

    Args:
        out_file (str): JSON, question to option.
    """

    needs_labels = False

    def __init__(self, out_file: str) -> None:
        super().__init__(prefix='writer')
        self.out_file = out_file

    def measure(self, rows: list[dict]) -> dict[str, float]:
        write_json(
            self.out_file, {str(r['qid']): r['pred_answer'] for r in rows}
        )
        return {}


def compare_answers(predicted: dict, true: dict) -> dict[str, float]:
    """:func:`answer_span_metrics` of all questions of the truth.

    Args:
        predicted (dict): Question to (answer, span).
        true (dict): Likewise.

    Raises:
        UsageError: A question is not answered, or not in the truth; the
            official code does not count the first.
    """
    missing = sorted(set(true) - set(predicted))
    unknown = sorted(set(predicted) - set(true))
    if missing or unknown:
        raise UsageError(
            f'{len(missing)} of the {len(true)} questions of the annotations '
            f'have no prediction, {len(unknown)} predictions no annotation '
            f'(first: {(missing + unknown)[0]}); evaluate on the whole split'
        )
    return answer_span_metrics(
        [predicted[qid] for qid in true], list(true.values())
    )


def locate(path: str) -> Path:
    """A file; ``data/`` follows ``MMSSL_DATA_ROOT``.

    Raises:
        UsageError: There is none.
    """
    found = follow_data_root(path)
    if not found.is_file():
        raise UsageError(f'no file {found.absolute()} (given as {path!r})')
    return found


def load_annotations(
    path: Path,
) -> tuple[dict[int, tuple], dict[str, LabelledBoxes]]:
    """Answers with spans by question, and boxes by image, of TVQA+."""
    true, boxes = {}, {}
    for row in read_rows(path):
        qid = int(row['qid'])
        true[qid] = (int(row['answer_idx']), tuple(row['ts']))
        for frame, found in row.get('bbox', {}).items():
            if found:
                image = f'{row["vid_name"]}_{qid}_{int(frame):05}'
                boxes[image] = LabelledBoxes(
                    [clean_label(box['label']) for box in found],
                    [1.0] * len(found),
                    [corners(box) for box in found],
                )
    return true, boxes


def corners(box: dict) -> list[float]:
    """Corners of a box given by corner and sides."""
    left, top = box['left'], box['top']
    return [left, top, left + box['width'], top + box['height']]


def load_boxes(path: Path) -> dict[str, LabelledBoxes]:
    """Predicted boxes by image."""
    return {
        image: LabelledBoxes(
            [clean_label(row[0]) for row in rows],
            [float(row[1]) for row in rows],
            [row[2] for row in rows],
        )
        for image, rows in json.loads(path.read_text('utf-8')).items()
    }


def load_words(path: Path) -> list[str]:
    """Labels of a word list, without those that stand for no word."""
    return [w for w in json.loads(path.read_text()) if w not in RESERVED]
