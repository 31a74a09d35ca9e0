# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
from golden import ROOT

from mmssl.evaluation.functional.video_qa import (
    LabelledBoxes,
    answer_span_metrics,
    average_precision,
    choice_accuracy,
    clean_label,
    grounding_precision,
    level_accuracy,
    plus_one_iou,
)


def load(name):
    with np.load(ROOT / f'videoqa/{name}.npz', allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def pairs(g, side):
    spans = g[f'{side}_span'].tolist()
    return list(zip(g[f'{side}_answer'].tolist(), spans, strict=True))


def boxes_by_image(g, side):
    found = {}
    images = g[f'{side}_box_image']
    scores = g.get(f'{side}_box_score', np.ones(len(images)))
    for image, label, score, box in zip(
        images, g[f'{side}_box_label'], scores, g[f'{side}_box_xyxy'],
        strict=True,
    ):  # fmt: skip
        entry = found.setdefault(str(image), LabelledBoxes([], [], []))
        entry.labels.append(str(label))
        entry.scores.append(float(score))
        entry.boxes.append(box.tolist())
    return found


@pytest.mark.parametrize(
    'case', ['tvqa_plus_metric', 'tvqa_plus_metric_sparse']
)
def test_answers_spans_and_boxes_are_the_official_numbers(case):
    g = load(case)
    found = answer_span_metrics(pairs(g, 'pred'), pairs(g, 'gt'))
    assert found['qa_acc'] == pytest.approx(g['qa_acc'], abs=1e-12)
    assert found['miou'] == pytest.approx(g['temporal_miou'], abs=1e-12)
    assert found['asa'] == pytest.approx(g['asa'], abs=1e-12)
    recalls = [found[f'recall_{t:.1f}'] for t in g['recall_thresholds']]
    assert recalls == pytest.approx(g['recalls'].tolist(), abs=1e-12)
    mean, classes = grounding_precision(
        boxes_by_image(g, 'pred'), boxes_by_image(g, 'gt'), g['vocab'].tolist()
    )
    assert mean == pytest.approx(g['grounding_map'], abs=1e-6)
    assert set(classes) == set(g['class_names'].tolist())
    for i, name in enumerate(g['class_names'].tolist()):
        assert classes[name].ap == pytest.approx(g['class_ap'][i], abs=1e-6)
        counts = [int(g[f'class_{k}'][i]) for k in ('npos', 'tp', 'fp')]
        assert list(classes[name][1:]) == counts, name


def test_dramaqa_accuracy_is_the_official_one():
    g = load('dramaqa_accuracy')
    predicted = g['logits'].argmax(1)
    overall, _ = choice_accuracy(predicted, g['target'])[None]
    assert overall == g['accuracy']
    found = level_accuracy(predicted, g['target'], g['level'].tolist())
    assert [found[level][0] for level in (1, 2, 3, 4)] == g[
        'acc_level'
    ].tolist()
    assert [found[level][1] for level in (1, 2, 3, 4)] == g['n_level'].tolist()


def test_a_level_without_questions_counts_nothing():
    found = level_accuracy([0, 1], [0, 0], [1, 1])
    assert found == {1: (0.5, 2), 2: (0, 0), 3: (0, 0), 4: (0, 0)}


def test_accuracy_by_group():
    found = choice_accuracy([0, 1, 2], [0, 1, 1], ['a', 'b', 'b'])
    assert found == {None: (2 / 3, 3), 'a': (1.0, 1), 'b': (0.5, 2)}
    with pytest.raises(ValueError, match='2 predictions and 1 answers'):
        choice_accuracy([0, 1], [0])
    with pytest.raises(ValueError, match='at least one question'):
        choice_accuracy([], [])


def test_truth_against_itself_is_perfect_but_for_spans_without_length():
    truth = [(0, (1.0, 2.0)), (1, (3.0, 3.0))]
    found = answer_span_metrics(truth, truth)
    assert (found['qa_acc'], found['miou'], found['asa']) == (1.0, 0.5, 0.5)


def test_a_side_counts_two_pixels_more():
    box = np.array([[0, 0, 8, 8]], np.float32)
    other = np.array([[0, 0, 8, 3]], np.float32)
    assert plus_one_iou(box, other).item() == pytest.approx(50 / 100)
    far = np.array([[10, 0, 12, 8]], np.float32)
    assert plus_one_iou(box, far).item() == 0


def test_the_precision_envelope():
    hits = np.array([True, False, True])
    assert average_precision(hits, 2) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision(hits, 4) == pytest.approx(0.25 + 0.25 * 2 / 3)
    assert average_precision(np.zeros(0, bool), 3) == 0


def test_boxes_elsewhere_and_unknown_words_do_not_count():
    box = [0, 0, 10, 10]
    truth = {'a': LabelledBoxes(['cup', 'ghost'], [1, 1], [box, box])}
    guess = {
        'a': LabelledBoxes(['cup', 'ghost'], [0.9, 0.8], [box, box]),
        'b': LabelledBoxes(['cup'], [1.0], [box]),
    }
    mean, classes = grounding_precision(guess, truth, ['cup'])
    assert mean == 1.0
    assert list(classes) == ['cup']
    assert math.isnan(grounding_precision({}, {}, ['cup'])[0])
    assert grounding_precision({}, truth, ['cup'])[0] == 0.0


def test_labels_are_lowered_and_quotes_made_straight():
    assert clean_label('Sheldon\u2019s \u2018Cup') == "sheldon's 'cup"
