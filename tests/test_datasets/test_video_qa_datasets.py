# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""TVQA, TVQA+ and DramaQA in their own files, good and bad."""

import json
import pickle
import re
import tracemalloc

import numpy as np
import pytest
from golden import ROOT

from mmssl.datasets import (
    DramaQADataset,
    ToyVideoQA,
    TVQADataset,
    TVQAPlusDataset,
)
from mmssl.datasets.image_dataset import DataError
from mmssl.datasets.video_qa.base import Clip, Question, VideoQADataset
from mmssl.datasets.video_qa.dramaqa import seconds
from mmssl.datasets.video_qa.features import open_features
from mmssl.datasets.video_qa.text import (
    Sentence,
    clean_text,
    close_sentences,
    parse_span,
    read_srt,
)
from mmssl.datasets.video_qa.toy import VOCABULARY, write_toy_set
from mmssl.utils.errors import UsageError

h5py = pytest.importorskip('h5py')


@pytest.fixture(scope='session')
def toy_files(tmp_path_factory):
    """The three layouts, each in its folder."""
    root = tmp_path_factory.mktemp('toy')
    for layout in ('tvqa', 'tvqa_plus', 'dramaqa'):
        write_toy_set(root / layout, layout, num_clips=6, seed=3)
    return root


@pytest.fixture
def said(monkeypatch):
    """What data sets report."""
    lines = []
    monkeypatch.setattr(
        'mmssl.datasets.video_qa.base.print_log',
        lambda text, **_: lines.append(text),
    )
    return lines


FILES = dict(
    ann_file='qa.jsonl', sub_file='subtitles.jsonl', feat_file='features.h5',
    object_file='objects.json',
)  # fmt: skip


def tvqa(root, **kwargs):
    return TVQADataset(str(root / 'tvqa'), **(FILES | kwargs))


def plus(root, **kwargs):
    files = FILES | dict(ann_file='qa.json') | kwargs
    return TVQAPlusDataset(str(root / 'tvqa_plus'), **files)


def drama(root, **kwargs):
    files = dict(
        ann_file='qa.json', script_file='script.json',
        visual_file='visual.json', feat_file='features.h5',
    )  # fmt: skip
    return DramaQADataset(str(root / 'dramaqa'), **(files | kwargs))


def rewrite(path, change):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


def test_text_is_cleaned_as_by_the_official_code():
    with np.load(ROOT / 'videoqa/tvqa_text.npz', allow_pickle=False) as g:
        for raw, clean in zip(g['raw'], g['clean'], strict=True):
            assert clean_text(str(raw)) == clean
        for raw, span, was_nan in zip(
            g['ts_raw'], g['ts'], g['ts_was_nan'], strict=True
        ):
            found = parse_span(str(raw))
            assert found is None if was_nan else list(found) == span.tolist()


def test_the_language_has_200_words():
    assert len(VOCABULARY) == len(set(VOCABULARY)) == 200


def test_the_three_layouts_tell_the_same(toy_files):
    sets = [tvqa(toy_files), plus(toy_files), drama(toy_files)]
    assert len({len(dataset) for dataset in sets}) == 1
    for index in range(0, len(sets[0]), 5):
        a, b, c = (dataset.read(index) for dataset in sets)
        assert a['options'] == b['options'] == c['options']
        assert a['target'] == b['target'] == c['target']
        assert a['span'] == b['span'] and c['span'] is None
        assert a['sentences'] == b['sentences']
        assert [f'None : {s.text}' for s in a['sentences']] == [
            s.text for s in c['sentences']
        ]
        for one, other in zip(a['sentences'], c['sentences'], strict=True):
            assert one.start == pytest.approx(other.start, abs=2e-3)
            assert one.end == pytest.approx(other.end, abs=2e-3)
        for other in (b, c):
            assert np.array_equal(a['frames'], other['frames'])
            assert np.allclose(a['times'], other['times'])
        assert a['objects'] == b['objects']
        with_manner = [
            [*names, 'sit down', 'Neutral'] if names else []
            for names in a['objects']
        ]
        assert c['objects'] == with_manner
    groups = [dataset.read(0)['groups'] for dataset in sets]
    assert [g['dataset'] for g in groups] == ['TVQA', 'TVQA+', 'DramaQA']
    assert groups[0]['show'] == 'toy' and groups[0]['type'] == 'what'
    assert groups[2]['level'] in (1, 2)


def test_one_sentence_says_the_answer_and_its_frames_may_show_it():
    dataset = ToyVideoQA(num_clips=40, split_seed=1, things=20)
    looks = {}
    for index in range(len(dataset)):
        item = dataset.read(index)
        visual = item['groups']['level'] == 2
        words = item['question'].split()
        assert ('seen' if visual else 'said') in words
        text = [s.text.split() for s in item['sentences']]
        (topic,) = {s[0] for s in text}
        assert 6 <= len(text) <= 12 and topic in words
        things = [s[1] for s in text]
        frames = [
            item['frames'][
                (item['times'] >= s.start - 1e-3)
                & (item['times'] <= s.end + 1e-3)
            ]
            for s in item['sentences']
        ]
        assert sum(map(len, frames)) == len(item['frames'])
        # Frames that show nothing look alike, and each sentence has some.
        blank = item['frames'] @ item['frames'].T > 0.9
        blank = item['frames'][blank.sum(1).argmax()]
        for option, (_, answer) in enumerate(item['options']):
            true = option == item['target']
            assert (answer in things) == (visual or true)
            if answer not in things:
                continue
            assert things.count(answer) == 1
            place = things.index(answer)
            seen = frames[place][frames[place] @ blank < 0.9]
            assert len(seen) in (0, len(frames[place]) // 2)
            assert bool(len(seen)) == true or not visual
            looks.setdefault(answer, []).extend(seen)
            if true:
                own = item['sentences'][place]
                assert (own.start, own.end) == item['span']
    assert len(looks) == 20
    for rows in looks.values():
        assert (np.stack(rows) @ rows[0] > 0.9).all()


def test_frames_have_length_one_and_their_moments(toy_files):
    item = tvqa(toy_files).read(0)
    assert np.allclose(np.linalg.norm(item['frames'], axis=1), 1, atol=1e-5)
    assert np.allclose(item['times'], np.arange(len(item['times'])) / 3)
    raw = tvqa(toy_files, normalize=False).read(0)['frames']
    assert not np.allclose(np.linalg.norm(raw, axis=1), 1)


def test_a_long_clip_is_resampled_and_its_moments_with_it(toy_files):
    whole = tvqa(toy_files, normalize=False).read(0)
    thin = tvqa(toy_files, normalize=False, max_frames=10).read(0)
    count = len(whole['times'])
    kept = np.arange(10) * count // 10
    assert np.array_equal(thin['frames'], whole['frames'][kept])
    assert np.allclose(thin['times'], np.arange(10) / 3 * count / 10)


def test_with_time_stamps_only_the_annotated_part_is_left(toy_files):
    everything, part = tvqa(toy_files), tvqa(toy_files, with_ts=True)
    for index in range(len(part)):
        item, whole = part.read(index), everything.read(index)
        start, end = item['span']
        assert all(
            min(s.end, end) - max(s.start, start) > 0
            for s in item['sentences']
        )
        assert 0 < len(item['sentences']) < len(whole['sentences'])
        assert item['times'][0] >= start - 1.34
        assert item['times'][-1] <= end + 1.01
        assert len(item['objects']) == len(item['sentences'])


def test_without_context_only_question_and_answers_are_left(toy_files):
    item = tvqa(toy_files, context=False).read(0)
    assert [s.text for s in item['sentences']] == ['.']
    assert len(item['frames']) == 0 and item['objects'] == [[]]


def test_one_show_can_be_chosen(toy_files):
    assert len(tvqa(toy_files, show='toy')) == len(tvqa(toy_files))
    with pytest.raises(UsageError, match='there are no questions'):
        tvqa(toy_files, show='Castle')


def test_subtitles_come_from_srt_files_too(toy_files, tmp_path):
    folder = tmp_path / 'subtitles'
    folder.mkdir()
    dataset = tvqa(toy_files)
    name = dataset.questions[0].clip
    (folder / f'{name}.srt').write_bytes(
        '1\n00:00:01,500 --> 00:00:03,000\n(Penny:)Caf\u00e9?\nYes.\n\n'
        '2\n00:01:03,000 --> 00:01:04,250\nBye.\n'.encode('iso-8859-1')
    )
    found = tvqa(toy_files, sub_file=str(folder), feat_file=None)
    assert found.read(0)['sentences'] == [
        Sentence('(Penny:)Caf\u00e9? Yes.', 1.5, 3.0),
        Sentence('(<UNKNAME>:)Bye.', 63.0, 64.25),
    ]


def test_a_broken_srt_file_is_named(tmp_path):
    path = tmp_path / 'a.srt'
    path.write_text('1\nnonsense\nHello\n')
    with pytest.raises(UsageError, match=r'a\.srt: block 1 has no line'):
        read_srt(path)
    path.write_text('')
    assert read_srt(path) == []


def test_missing_ends_are_the_next_start_and_three_seconds():
    found = close_sentences([('b', 4.0, None), ('a', 1.0, None)])
    assert found == [Sentence('a', 1.0, 4.0), Sentence('b', 4.0, 7.0)]


def test_a_time_that_is_not_a_number_is_no_span(tmp_path, toy_files, said):
    path = tmp_path / 'qa.jsonl'
    path.write_text((toy_files / 'tvqa/qa.jsonl').read_text())
    rewrite(path, lambda rows: rows[0].update(ts='nan-nan'))
    assert tvqa(toy_files, ann_file=str(path)).read(0)['span'] is None
    assert re.search(r'1 of \d+ questions have no time span', said[-1])
    path.write_text((toy_files / 'tvqa/qa.jsonl').read_text())
    rewrite(path, lambda rows: rows[0].pop('answer_idx'))
    assert tvqa(toy_files, ann_file=str(path)).read(0)['target'] is None


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda r: r.pop('a4'), 'question 0 has 4 answers, expected are 5'),
        (lambda r: r.update(a5='six'), 'question 0 has 6 answers'),
        (lambda r: r.update(answer_idx=5), 'says that answer 5 is right'),
        (lambda r: r.update(answer_idx=-1), 'says that answer -1 is right'),
        (lambda r: r.pop('vid_name'), "question 0 lacks the key 'vid_name'"),
        (lambda r: r.update(ts='5'), 'question 0 cannot be read.*START-END'),
        (lambda r: r.update(ts=[7, 3]), 'question 0 has the span 7 to 3 s'),
    ],
)
def test_bad_questions_are_named(change, message, toy_files, tmp_path):
    path = tmp_path / 'qa.jsonl'
    path.write_text((toy_files / 'tvqa/qa.jsonl').read_text())
    rewrite(path, lambda rows: change(rows[0]))
    with pytest.raises(UsageError, match=message):
        tvqa(toy_files, ann_file=str(path))


def described(root, tmp_path, seconds_):
    """A file with the same duration for all clips."""
    names = {q.clip for q in tvqa(root).questions}
    row = dict(
        duration=seconds_, descriptions=[dict(desc='a man .', ts=[1, 2])]
    )
    path = tmp_path / 'clips.json'
    path.write_text(json.dumps(dict.fromkeys(names, row)))
    return str(path)


def test_a_span_outside_its_clip_is_refused(toy_files, tmp_path):
    clips = described(toy_files, tmp_path, 1.0)
    with pytest.raises(UsageError, match=r'question \d+ has the span .*ends'):
        tvqa(toy_files, clip_file=clips)


def test_a_span_behind_the_last_frame_is_refused(toy_files, tmp_path):
    path = tmp_path / 'qa.jsonl'
    path.write_text((toy_files / 'tvqa/qa.jsonl').read_text())
    rewrite(path, lambda rows: rows[0].update(ts='90.5-99'))
    dataset = tvqa(toy_files, ann_file=str(path))
    with pytest.raises(DataError, match='question 0 has a span from 90.5 s'):
        dataset.read(0)


def test_features_of_another_rate_are_refused(toy_files, tmp_path):
    clips = described(toy_files, tmp_path, 100.0)
    dataset = tvqa(toy_files, clip_file=clips)
    with pytest.raises(DataError, match='not the stated fps=3'):
        dataset.read(0)
    with pytest.raises(UsageError, match='holds 3 frames a second, but fps=1'):
        tvqa(toy_files, fps=1.0)


def test_descriptions_stand_in_for_subtitles(toy_files, tmp_path):
    clips = described(toy_files, tmp_path, 100.0)
    dataset = tvqa(
        toy_files, clip_file=clips, sub_file=None, feat_file=None,
        object_file=None,
    )  # fmt: skip
    assert dataset.read(0)['sentences'] == [Sentence('a man .', 1.0, 2.0)]
    (tmp_path / 'clips.json').write_text('{}')
    with pytest.raises(UsageError, match='does not have the clip toy3'):
        tvqa(toy_files, clip_file=clips)
    (tmp_path / 'clips.json').write_text('[]')
    with pytest.raises(UsageError, match='must map clips to duration'):
        tvqa(toy_files, clip_file=clips)


def test_a_clip_without_features_is_named(toy_files, tmp_path):
    np.savez(tmp_path / 'few.npz', other=np.zeros((3, 4)))
    dataset = tvqa(toy_files, feat_file=str(tmp_path / 'few.npz'))
    with pytest.raises(DataError, match='no features of the clip toy3_clip'):
        dataset.read(0)
    name = dataset.questions[0].clip
    np.savez(tmp_path / 'few.npz', **{name: np.zeros(3)})
    with pytest.raises(DataError, match=r'have the shape \(3,\)'):
        dataset.read(0)


def test_features_come_from_files_of_three_kinds(tmp_path):
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.savez(tmp_path / 'a.npz', clip=rows)
    (tmp_path / 'folder').mkdir()
    np.save(tmp_path / 'folder/clip.npy', rows)
    (tmp_path / 'folder/fps.txt').write_text('3\n')
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file['clip'] = rows
    for name in ('a.npz', 'folder', 'a.h5'):
        found = open_features(tmp_path / name, 3.0)
        assert np.array_equal(found['clip'], rows)
        again = pickle.loads(pickle.dumps(found))  # as spawned workers do
        assert np.array_equal(again['clip'], rows)
    with pytest.raises(UsageError, match='holds 3 frames a second'):
        open_features(tmp_path / 'folder', 5.0)
    (tmp_path / 'a.txt').write_text('')
    with pytest.raises(UsageError, match='features are in'):
        open_features(tmp_path / 'a.txt', 3.0)
    (tmp_path / 'b.h5').write_text('no')
    with pytest.raises(UsageError, match='no readable HDF5'):
        open_features(tmp_path / 'b.h5', 3.0)


@pytest.mark.parametrize('kind', ['a.h5', 'a.npz', 'folder'])
def test_features_are_read_when_asked_for_and_not_kept(kind, tmp_path):
    rows = np.ones((300, 256), np.float32)  # 0.3 MB
    names = [f'clip{i}' for i in range(40)]
    if kind == 'folder':
        (tmp_path / kind).mkdir()
        for name in names:
            np.save(tmp_path / kind / f'{name}.npy', rows)
    elif kind == 'a.npz':
        np.savez(tmp_path / kind, **dict.fromkeys(names, rows))
    else:
        with h5py.File(tmp_path / kind, 'w') as file:
            for name in names:
                file[name] = rows
    dataset = VideoQADataset(
        [Question(i, name, 'what ?', ['a'] * 5, 0)
         for i, name in enumerate(names)],
        lambda name: Clip([Sentence('a', 0.0, 1.0)]),
        open_features(tmp_path / kind, 3.0),
    )  # fmt: skip
    dataset.read(0)  # what is kept of the file itself
    tracemalloc.start()
    for index in range(len(dataset)):
        dataset.read(index)
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < rows.nbytes and peak < 8 * rows.nbytes  # of 40


def test_a_pickle_is_read_only_where_it_is_trusted(toy_files, tmp_path):
    content = json.loads((toy_files / 'tvqa/objects.json').read_text())
    path = tmp_path / 'objects.pickle'
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(UsageError, match='trust_object_file=True'):
        tvqa(toy_files, object_file=str(path))
    trusted = tvqa(toy_files, object_file=str(path), trust_object_file=True)
    assert trusted.read(0)['objects'] == tvqa(toy_files).read(0)['objects']


def test_empty_subtitles_are_counted_and_replaced(toy_files, said):
    dataset = tvqa(toy_files, sub_file=None)
    item = dataset.read(0)
    last = item['times'][-1]
    assert item['sentences'] == [Sentence('.', 0.0, pytest.approx(last))]
    assert re.search(r'(\d+) of \1 clips have no sentence \(such as', said[-1])


def test_a_scene_without_script_is_one_point(toy_files):
    item = drama(toy_files, script_file=None).read(0)
    assert [s.text for s in item['sentences']] == ['.']


def test_a_shot_is_a_part_of_its_scene(toy_files, tmp_path):
    rows = json.loads((toy_files / 'dramaqa/qa.json').read_text())
    for row in rows:
        row['vid'] = row['vid'][:-4] + '0002'
        row['videoType'] = 'shot'
    path = tmp_path / 'qa.json'
    path.write_text(json.dumps(rows))
    scene, shot = drama(toy_files), drama(toy_files, ann_file=str(path))
    whole, part = scene.read(0), shot.read(0)
    count = len(part['sentences'])
    assert 0 < count < len(whole['sentences'])
    texts = [s.text for s in whole['sentences']]
    assert [s.text for s in part['sentences']] == texts[-count:]
    assert part['sentences'][0].start == pytest.approx(0, abs=1e-2)
    assert np.array_equal(
        part['frames'], whole['frames'][-len(part['frames']) :]
    )


def test_a_repeated_utterance_counts_once(toy_files, tmp_path):
    script = json.loads((toy_files / 'dramaqa/script.json').read_text())
    shots = sorted(script)[:2]
    script[shots[1]]['contained_subs'].insert(
        0, script[shots[0]]['contained_subs'][-1]
    )
    path = tmp_path / 'script.json'
    path.write_text(json.dumps(script))
    changed = drama(toy_files, script_file=str(path)).read(0)
    assert changed['sentences'] == drama(toy_files).read(0)['sentences']


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda r: r.update(answers=['a']), 'has 1 answers'),
        (lambda r: r.update(correct_idx=9), 'says that answer 9 is right'),
        (lambda r: r.pop('que'), "needs qid, que.*'que'"),
    ],
)
def test_bad_dramaqa_questions_are_named(change, message, toy_files, tmp_path):
    rows = json.loads((toy_files / 'dramaqa/qa.json').read_text())
    change(rows[0])
    path = tmp_path / 'qa.json'
    path.write_text(json.dumps(rows))
    with pytest.raises(UsageError, match=message):
        drama(toy_files, ann_file=str(path))


def test_a_shot_without_features_is_named(toy_files, tmp_path):
    np.savez(tmp_path / 'few.npz', ToyDrama01_001_0001=np.zeros((3, 4)))
    dataset = drama(toy_files, feat_file=str(tmp_path / 'few.npz'))
    with pytest.raises(DataError, match='of the shot ToyDrama01_001_0002'):
        dataset.read(0)


def test_files_that_are_no_json_are_named(toy_files, tmp_path):
    path = tmp_path / 'bad.json'
    path.write_text('{"qid": 1,\n')
    with pytest.raises(UsageError, match=r'bad\.json: line 1 is no JSON'):
        tvqa(toy_files, ann_file=str(path))
    with pytest.raises(UsageError, match=r'bad\.json is no JSON'):
        drama(toy_files, script_file=str(path))
    path.write_text('[{"qid": 1,]')
    with pytest.raises(UsageError, match=r'bad\.json is no JSON'):
        tvqa(toy_files, ann_file=str(path))
    path.write_text('{"vid_name": "a"}\n')
    with pytest.raises(UsageError, match='each line needs vid_name and sub'):
        tvqa(toy_files, sub_file=str(path))
    path.write_text('{"a": {"st": "1"}}')
    with pytest.raises(UsageError, match='no data at'):
        tvqa(toy_files, ann_file='absent.jsonl')


def test_a_script_without_times_is_refused(toy_files, tmp_path):
    script = json.loads((toy_files / 'dramaqa/script.json').read_text())
    for shot in script.values():
        del shot['st']
    path = tmp_path / 'script.json'
    path.write_text(json.dumps(script))
    with pytest.raises(UsageError, match="needs st, et and.*'st'"):
        drama(toy_files, script_file=str(path))


def test_seconds_are_read_in_both_spellings():
    assert seconds('83.5') == seconds('0:01:23.5') == seconds(83.5) == 83.5
    assert seconds('00:01:23,500') == 83.5


def test_only_known_layouts_are_written(tmp_path):
    with pytest.raises(UsageError, match='layout must be in'):
        write_toy_set(tmp_path, 'movieqa')
