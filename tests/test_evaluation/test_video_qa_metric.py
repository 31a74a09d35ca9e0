# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Registered metrics of answers."""

import json

import pytest

from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


def sample(index, answer, label=0, span=(0.0, 4.0), **groups):
    groups = dict(dataset='TVQA', type='what', show='', level=1) | groups
    return dict(
        sample_idx=index, qid=10 + index, pred_answer=answer, label=label,
        groups=groups, pred_span=span, truncated=index,
    )  # fmt: skip


def evaluate(name, samples, **settings):
    metric = METRICS.build(dict(type=name, **settings))
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_accuracy_by_group_counts_repeated_questions_once():
    found = evaluate(
        'VideoQAAccuracy',
        [
            sample(0, 0), sample(1, 1, type='who'),
            sample(2, 0, type='who', dataset='DramaQA'), sample(0, 0),
        ],
    )  # fmt: skip
    assert found == {
        'qa/accuracy': pytest.approx(200 / 3),
        'qa/questions': 3,
        'qa/truncated': 2,
        'qa/accuracy/dataset=DramaQA': 100.0,
        'qa/accuracy/dataset=TVQA': 50.0,
        'qa/accuracy/type=what': 100.0,
        'qa/accuracy/type=who': 50.0,
    }


def test_dramaqa_by_difficulty():
    found = evaluate(
        'DramaQAMetric', [sample(0, 0), sample(1, 1), sample(2, 0, level=3)]
    )
    assert found['dramaqa/level1'] == 50 and found['dramaqa/level3'] == 100
    assert found['dramaqa/level2'] == found['dramaqa/level4_count'] == 0
    assert found['dramaqa/level_mean'] == 75


@pytest.fixture
def truth(tmp_path):
    rows = [
        dict(
            qid=10 + i, vid_name='clip', ts=[0.0, 5.0], answer_idx=str(i),
            bbox={'7': [dict(left=0, top=0, width=9, height=9, label='Cup')],
                  '13': []},
        )
        for i in range(2)
    ]  # fmt: skip
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(rows))
    return path


def test_answers_spans_and_boxes_of_tvqa_plus(truth, tmp_path):
    (tmp_path / 'words.json').write_text('["<unk>", "cup"]')
    boxes = {'clip_10_00007': [['cup', 0.9, [0, 0, 9, 9]]]}
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    samples = [sample(0, 0), sample(1, 0, span=(5.0, 9.0))]
    found = evaluate('TVQAPlusMetric', samples, gt_file=str(truth))
    assert found['tvqa_plus/qa_acc'] == found['tvqa_plus/asa'] == 50
    assert found['tvqa_plus/miou'] == pytest.approx(40)
    assert 'tvqa_plus/grounding_map' not in found
    found = evaluate(
        'TVQAPlusMetric', samples, gt_file=str(truth),
        word_list=str(tmp_path / 'words.json'),
        box_file=str(tmp_path / 'boxes.json'),
    )  # fmt: skip
    assert found['tvqa_plus/grounding_map'] == pytest.approx(50)


def test_what_cannot_be_measured_is_said(truth):
    with pytest.raises(UsageError, match='1 of the 2 questions .* have no'):
        evaluate('TVQAPlusMetric', [sample(0, 0)], gt_file=str(truth))
    both = [sample(0, 0), sample(1, 0, span=None)]
    with pytest.raises(UsageError, match='question 11; give the model a span'):
        evaluate('TVQAPlusMetric', both, gt_file=str(truth))
    with pytest.raises(UsageError, match='no file .*absent'):
        evaluate('TVQAPlusMetric', both, gt_file='absent.json')
    with pytest.raises(ValueError, match='box_file needs word_list'):
        METRICS.build(dict(type='TVQAPlusMetric', gt_file='a', box_file='b'))
    with pytest.raises(UsageError, match='answer of question 10 is not known'):
        evaluate('VideoQAAccuracy', [sample(0, 0, label=None)])
    with pytest.raises(UsageError, match='needs pred_answer'):
        evaluate('VideoQAAccuracy', [dict(qid=1)])


def test_answers_are_written_for_the_server(tmp_path):
    path = tmp_path / 'answers.json'
    evaluate(
        'AnswerWriter', [sample(1, 3, label=None), sample(0, 2)],
        out_file=str(path),
    )  # fmt: skip
    assert json.loads(path.read_text()) == {'10': 2, '11': 3}


def test_constant_answers_and_spans(
    tmp_path,
):
    """What the check on the real validation file does, on three rows."""
    spans = [(0.0, 10.0), (5.0, 15.0), (20.0, 30.0)]
    rows = [
        dict(qid=i, vid_name='c', ts=list(span), answer_idx=str(i % 2))
        for i, span in enumerate(spans)
    ]
    path = tmp_path / 'truth.jsonl'
    path.write_text('\n'.join(map(json.dumps, rows)))
    samples = [sample(i, 0, span=(0.0, 10.0)) | dict(qid=i) for i in range(3)]
    found = evaluate('TVQAPlusMetric', samples, gt_file=str(path))
    assert found['tvqa_plus/qa_acc'] == pytest.approx(200 / 3)
    assert found['tvqa_plus/miou'] == pytest.approx(100 * (1 + 1 / 3) / 3)
    assert found['tvqa_plus/asa'] == pytest.approx(100 / 3)
