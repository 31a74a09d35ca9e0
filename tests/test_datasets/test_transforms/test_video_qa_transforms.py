# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Tokens, truncation, masks, packing and collation of questions."""

import numpy as np
import pytest
import torch
from toy_questions import TOKENIZER, WORDS, batch, pipeline, toy_data

from mmssl.datasets import QuestionSelectionDataset, collate_video_qa
from mmssl.datasets.samplers import SampleIndex
from mmssl.datasets.video_qa import (
    Sentence,
    TransformersTokenizer,
    WordTokenizer,
    build_vocabulary,
)
from mmssl.datasets.video_qa import tokenizers as module
from mmssl.registry import TRANSFORMS
from mmssl.utils.errors import UsageError

TEXT = WordTokenizer(WORDS)
SEP, CLS, MARK, MASK = (
    WORDS.index(t) for t in ('[SEP]', '[CLS]', '[SSS]', '[MASK]')
)


def words(ids):
    return TEXT.decode(ids)


def item(span=None, objects=None, target=1, answers=('thing001', 'thing002')):
    """A question with three sentences of three words."""
    sentences = [
        Sentence(f'name0{i} sees thing00{i}', 10.0 * i, 10.0 * i + 8)
        for i in range(3)
    ]
    return dict(
        sample_idx=0, qid=7, clip='a', question='who sees',
        answers=list(answers), options=[['who sees', a] for a in answers],
        target=target, span=span, sentences=sentences,
        objects=objects or [[], [], []], frames=np.zeros((0, 0), np.float32),
        times=np.zeros(0, np.float32), groups={}, key=(0, 0, 7),
    )  # fmt: skip


def tokenize(results, **settings):
    config = dict(type='TokenizeOptions', tokenizer=TOKENIZER, max_len=64)
    return TRANSFORMS.build(config | settings)(results)


def test_the_order_of_a_sequence():
    found = tokenize(item(objects=[['thing004', 'now'], [], []]))
    assert words(found['ids'][1]) == (
        '[CLS] who sees [SEP] thing002 [SEP] [SSS] name00 sees thing000 '
        'thing004 now [SSS] name01 sees thing001 [SSS] name02 sees thing002 '
        '[SEP]'
    )
    segments = found['segments'][1]
    assert segments.tolist() == [0] * 6 + [1] * (len(segments) - 6)
    assert found['markers'][1].tolist() == [6, 12, 16]
    assert all((ids[m] == MARK).all() for ids, m in zip(
        found['ids'], found['markers'], strict=True))  # fmt: skip


def test_objects_of_a_sentence_are_limited():
    many = [[f'thing{i:03}' for i in range(20)], [], []]
    found = tokenize(item(objects=many), max_obj_per_sub=3)
    assert 'thing002 [SSS]' in words(found['ids'][0])
    assert 'thing003' not in words(found['ids'][0])


def test_objects_go_first_from_the_last_sentence_backwards():
    results = item(objects=[['now'], ['here'], ['then']])
    found = tokenize(results, max_len=19 + 2)
    text = words(found['ids'][0])
    assert 'now' in text and 'here' in text and 'then' not in text
    assert found['truncated'] == 1 and len(found['sentences']) == 3


def test_then_sentences_from_the_end_but_the_annotated_ones_in_training():
    found = tokenize(item(span=(21.0, 27.0)), max_len=16)
    assert [s.text[:6] for s in found['sentences']] == ['name00', 'name01']
    assert found['span_target'] == (1, 1)  # the nearest that is left
    found = tokenize(item(span=(21.0, 27.0)), max_len=16, keep_span=True)
    assert [s.text[:6] for s in found['sentences']] == ['name00', 'name02']
    assert found['span_target'] == (1, 1)
    found = tokenize(item(span=(1.0, 27.0)), max_len=16, keep_span=True)
    assert [s.text[:6] for s in found['sentences']] == ['name00', 'name01']
    found = tokenize(item(), max_len=9)
    assert words(found['ids'][0]).endswith('[SSS] name00 [SEP]')


def test_all_options_are_budgeted_by_the_longest():
    answers = ('now', 'now now now now now now')
    found = tokenize(item(answers=answers), max_len=20)
    assert max(map(len, found['ids'])) <= 20
    assert found['markers'][0].shape == found['markers'][1].shape
    assert 'now now now now now now' in words(found['ids'][1])


def test_question_and_answer_are_never_cut():
    with pytest.raises(UsageError, match='question 7: question and longest'):
        tokenize(item(), max_len=8)


def test_truncation_is_counted(monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmssl.datasets.transforms.video_qa.print_log',
        lambda text, **kwargs: said.append(text),
    )
    step = TRANSFORMS.build(
        dict(type='TokenizeOptions', tokenizer=TOKENIZER, max_len=16)
    )
    for _ in range(12):
        step(item(objects=[['now'], [], []]))
    assert step.lost.tolist() == [12, 12, 12]
    assert len(said) == 2 and 'max_len=16: 10 samples were shorten' in said[1]


@pytest.mark.parametrize(
    'scope, places',
    [('answer', {4}), ('qa', {1, 2, 4}), ('all', {1, 2, 4, *range(7, 18)})],
)
def test_masks_stay_in_their_scope(scope, places):
    found = tokenize(item())
    mask = TRANSFORMS.build(dict(type='MaskTrueAnswer', p=1.0, scope=scope))
    before = found['ids'][1].copy()
    after = mask(found)['masked_ids']
    assert np.array_equal(found['ids'][1], before)
    places = places - {10, 14}  # markers of the second and third sentence
    assert set((after == MASK).nonzero()[0].tolist()) == places
    kept = sorted(set(range(len(after))) - places)
    assert np.array_equal(after[kept], before[kept])


def test_at_least_one_word_is_masked_and_the_share_is_p():
    mask = TRANSFORMS.build(dict(type='MaskTrueAnswer', p=0.5))
    found = tokenize(item(answers=('now', 'now ' * 20)), max_len=64)
    counts = [
        (mask(found | dict(key=(0, 0, i)))['masked_ids'] == MASK).sum()
        for i in range(200)
    ]
    assert 9 < np.mean(counts) < 11
    rare = TRANSFORMS.build(dict(type='MaskTrueAnswer', p=1e-9))
    assert (rare(found)['masked_ids'] == MASK).sum() == 1


def test_masks_follow_the_key_or_the_seed():
    found = tokenize(item(answers=('now', 'now ' * 20)))
    step = TRANSFORMS.build(dict(type='MaskTrueAnswer'))
    fixed = TRANSFORMS.build(dict(type='MaskTrueAnswer', seed=5))

    def masked(transform, key):
        return transform(found | dict(key=key))['masked_ids'].tolist()

    assert masked(step, (0, 0, 7)) == masked(step, (0, 0, 7))
    assert masked(step, (0, 0, 7)) != masked(step, (0, 1, 7))
    assert masked(step, (0, 0, 7)) != masked(step, (1, 0, 7))
    assert masked(fixed, (0, 0, 7)) == masked(fixed, (1, 0, 7))


@pytest.mark.parametrize(
    'settings, message',
    [(dict(p=0), r'p must be in \(0, 1\]'), (dict(scope='q'), 'scope must')],
)
def test_impossible_masks_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(dict(type='MaskTrueAnswer', **settings))


def test_an_unknown_answer_cannot_be_masked():
    mask = TRANSFORMS.build(dict(type='MaskTrueAnswer'))
    with pytest.raises(UsageError, match='question 7: its answer is not kno'):
        mask(tokenize(item(target=None)))
    with pytest.raises(UsageError, match='has no word that could be masked'):
        mask(tokenize(item(answers=('now', '()'))))


def test_a_batch_is_padded_and_says_where():
    data = toy_data(masked=True)
    rows = [data[SampleIndex(i)]['inputs'] for i in (0, 9)]
    inputs = batch(data, (0, 9))['inputs']
    for row, own in enumerate(rows):
        for option in range(5):
            size = len(own['ids'][option])
            assert inputs['mask'][row, option].sum() == size
            ids = inputs['ids'][row, option]
            assert ids[:size].tolist() == own['ids'][option].tolist()
            assert (ids[size:] == WORDS.index('[PAD]')).all()
        count = len(own['spans'])
        assert inputs['sentence_mask'][row].sum() == count
        assert np.array_equal(inputs['spans'][row, :count], own['spans'])
        frames = len(own['times'])
        assert inputs['frame_mask'][row].sum() == frames
        assert np.array_equal(inputs['frames'][row, :frames], own['frames'])
    assert inputs['masked_ids'].shape == inputs['ids'][:, 0].shape
    assert inputs['target'].tolist() == [row['target'] for row in rows]


def test_batches_that_do_not_fit_together_are_refused():
    data = toy_data()
    one, other = data[SampleIndex(0)], data[SampleIndex(1)]
    other['inputs']['ids'] = other['inputs']['ids'][:3]
    with pytest.raises(ValueError, match='number of options'):
        collate_video_qa([one, other])
    other = data[SampleIndex(1)]
    other['inputs']['frames'] = other['inputs']['frames'][:, :5]
    with pytest.raises(ValueError, match='width of their features'):
        collate_video_qa([one, other])


def test_negatives_are_questions_of_other_clips_anew_in_each_epoch():
    data = toy_data(num_clips=8)
    wrapped = QuestionSelectionDataset(data)
    own = {q.text: set() for q in data.questions}
    for question in data.questions:
        own[question.text].add(question.clip)
    places, draws = [], set()
    for epoch in range(30):
        sample = wrapped[SampleIndex(3, 0, epoch)]['data_samples']
        places.append(sample.label)
        draws.add(tuple(sample.answers))
        assert sample.answers[sample.label] == data.questions[3].text
    rng = np.random.default_rng(0)
    for index in range(len(data)):
        rows, place = wrapped.draw(index, rng)
        assert rows[place] == index and len(set(rows)) == 5
        clip = data.questions[index].clip
        others = [data.questions[r].clip for r in rows if r != index]
        assert clip not in others
    assert set(places) == set(range(5)) and len(draws) == 30
    again = wrapped[SampleIndex(3, 0, 4)]['data_samples']
    assert tuple(again.answers) in draws


def test_selection_has_neither_answers_nor_spans_unless_asked():
    data = toy_data()
    wrapped = QuestionSelectionDataset(data)
    inputs = wrapped[SampleIndex(0)]['inputs']
    assert inputs['span_target'] == (-1, -1)
    header = inputs['ids'][0][: inputs['markers'][0][0]]
    assert (header == SEP).sum() == 1
    wrapped = QuestionSelectionDataset(data, with_answer=True)
    inputs = wrapped[SampleIndex(0)]['inputs']
    true = data.questions[0]
    row = inputs['target']
    header = inputs['ids'][row][: inputs['markers'][row][0]]
    assert words(header) == (
        f'[CLS] {true.text} [SEP] {true.answers[true.answer]} [SEP]'
    )
    data.questions[0].answer = None
    with pytest.raises(UsageError, match='question 0 has no known answer'):
        for epoch in range(3):
            wrapped[SampleIndex(0, 0, epoch)]


def test_too_few_other_questions_are_refused():
    data = toy_data(num_clips=2)
    with pytest.raises(UsageError, match='besides toy0_clip_0000 there are 4'):
        QuestionSelectionDataset(data, num_candidates=6)
    with pytest.raises(ValueError, match='negatives must be in'):
        QuestionSelectionDataset(data, negatives='none')
    with pytest.raises(ValueError, match='at least 2'):
        QuestionSelectionDataset(data, num_candidates=1)
    for question in data.questions[:4]:
        question.show = 'other'
    with pytest.raises(UsageError, match="there are 0 of the show 'other'"):
        QuestionSelectionDataset(data, negatives='same_show')


def test_a_vocabulary_counts_words_and_needs_its_special_tokens(tmp_path):
    found = build_vocabulary(["Who's there? Who?", 'there'], min_count=2)
    assert found[6:] == ['?', 'there', 'who']
    assert len(build_vocabulary(['a b c'] * 3, size=8)) == 8
    path = tmp_path / 'words.txt'
    path.write_text('\n'.join(found))
    text = WordTokenizer(str(path))
    assert text('Who, there') == [
        found.index('who'), text.unknown_id, found.index('there'),
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r'lacks \[MASK\], \[SSS\]'):
        WordTokenizer(['[PAD]', '[UNK]', '[CLS]', '[SEP]'])


@pytest.fixture(scope='module')
def saved_tokenizers(tmp_path_factory):
    """Folders of a BERT and a RoBERTa tokenizer of few tokens."""
    transformers = pytest.importorskip('transformers')
    from tokenizers import ByteLevelBPETokenizer

    root = tmp_path_factory.mktemp('tokenizers')
    vocabulary = root / 'vocab.txt'
    vocabulary.write_text('\n'.join([*WORDS[:5], *WORDS[6:], '##s']))
    transformers.BertTokenizerFast(str(vocabulary)).save_pretrained(
        root / 'bert'
    )
    pieces = ByteLevelBPETokenizer()
    special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>']
    pieces.train_from_iterator(
        [' '.join(WORDS[6:])], 400, special_tokens=special,
        show_progress=False,
    )  # fmt: skip
    transformers.RobertaTokenizerFast(
        tokenizer_object=pieces._tokenizer
    ).save_pretrained(root / 'roberta')
    return root


@pytest.mark.parametrize('kind', ['bert', 'roberta'])
def test_tokenizers_of_transformers_get_the_marker(kind, saved_tokenizers):
    text = TransformersTokenizer(str(saved_tokenizers / kind))
    results = item()
    step = TRANSFORMS.build(
        dict(
            type='TokenizeOptions', max_len=400,
            tokenizer=dict(
                type='TransformersTokenizer',
                pretrained=str(saved_tokenizers / kind),
            ),
        )
    )  # fmt: skip
    found = step(results)
    ids = found['ids'][0]
    assert text.marker_id == len(text) - 1  # behind the vocabulary
    assert (ids == text.marker_id).sum() == 3
    separators = 3 if kind == 'bert' else 5
    assert (ids == text.end[0]).sum() == separators
    assert text.two_segments == (kind == 'bert')
    assert found['segments'][0].any() == (kind == 'bert')
    assert 'who sees' in text.decode(ids)


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(UsageError, match='no download is attempted'):
        TransformersTokenizer(str(tmp_path / 'absent'))


def test_without_transformers_words_take_over(tmp_path, monkeypatch):
    (tmp_path / 'words.txt').write_text('\n'.join(WORDS))
    monkeypatch.setattr(module, 'has_transformers', lambda: False)
    said = []
    monkeypatch.setattr(
        module, 'print_log', lambda text, **kwargs: said.append(text)
    )
    text = TRANSFORMS.build(
        dict(type='AutoTextTokenizer', folder=str(tmp_path))
    )
    assert isinstance(text, WordTokenizer)
    assert "pip install 'mmssl[videoqa]'" in said[0]


def test_packing_says_what_the_question_is():
    sample = toy_data(pipeline=pipeline(max_len=40))[SampleIndex(0)]
    sample = sample['data_samples']
    assert sample.qid == 0 and 0 <= sample.label < 5
    assert len(sample.sentences) == len(sample.sentence_spans)
    assert sample.truncated > 0
    assert torch.tensor(sample.frame_times).ndim == 1
