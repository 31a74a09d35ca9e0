# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Folders of masks, and everything that can be wrong with them."""

import subprocess
import sys

import numpy as np
import pytest
from golden import ROOT
from PIL import Image

from mmssl.evaluation.vos_folders import (
    find_annotations,
    score_folder,
    score_table,
)
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import write_id_map

NAMES = ['alpha', 'beta', 'gamma']


@pytest.fixture
def davis(tmp_path):
    """The golden sequences as DAVIS lays them out, and their results."""
    root = tmp_path / 'DAVIS'
    with np.load(ROOT / 'vos_evaluation' / 'mini_davis.npz') as file:
        data = dict(file)
    for name in NAMES:
        gt, pred = data[f'gt__{name}'], data[f'pred__{name}']
        for i, (annotation, result) in enumerate(zip(gt, pred, strict=True)):
            frame = f'{name}/{i:05d}.png'
            write_id_map(root / 'Annotations' / '480p' / frame, annotation)
            if name != 'beta' or 0 < i < len(gt) - 1:
                write_id_map(tmp_path / 'results' / frame, result)
    lists = root / 'ImageSets' / '2017'
    lists.mkdir(parents=True)
    (lists / 'val.txt').write_text('alpha\nbeta\ngamma\n')
    (lists / 'short.txt').write_text('beta')
    (lists / 'none.txt').write_text('\n')
    (lists / 'wrong.txt').write_text('alphas\n')
    return tmp_path


def score(davis, workers=1, sequences=NAMES):
    annotations = davis / 'DAVIS' / 'Annotations' / '480p'
    return score_folder(davis / 'results', annotations, sequences, workers)


@pytest.mark.parametrize('workers', [1, 2])
def test_the_golden_folder(davis, workers):
    rows = score_table(score(davis, workers))
    with np.load(ROOT / 'vos_evaluation' / 'mini_davis.npz') as data:
        for key in ('J_mean', 'J_recall', 'J_decay',
                    'F_mean', 'F_recall', 'F_decay'):  # fmt: skip
            found = [row[key] for row in rows if row['level'] == 'object']
            np.testing.assert_allclose(found, data[key], rtol=0, atol=1e-12)
        names = [row['name'] for row in rows if row['level'] == 'object']
        assert names == data['object_names'].tolist()
        *_, last = rows
        assert (last['level'], last['name']) == ('all', 'all')
        np.testing.assert_allclose(
            list(last.values())[2:],
            data['global_JF_Jm_Jr_Jd_Fm_Fr_Fd'],
            rtol=0,
            atol=1e-12,
        )
    sequences = [row for row in rows if row['level'] == 'sequence']
    assert [row['name'] for row in sequences] == NAMES
    ours = [row['J_mean'] for row in rows if row['name'].startswith('beta_')]
    assert sequences[1]['J_mean'] == pytest.approx(np.mean(ours))


def test_scores_follow_the_masks_on_the_disk(davis):
    before = score_table(score(davis))[-1]
    path = davis / 'results' / 'alpha' / '00002.png'
    with Image.open(path) as image:
        write_id_map(path, np.zeros_like(np.array(image)))
    assert score_table(score(davis))[-1]['J_mean'] < before['J_mean']


def test_finding_the_sequences(davis):
    root = davis / 'DAVIS'
    folder = root / 'Annotations' / '480p'
    assert find_annotations(root) == (folder, NAMES)
    assert find_annotations(root, 'short') == (folder, ['beta'])
    assert find_annotations(root, sequences=['gamma'])[1] == ['gamma']
    assert find_annotations(folder) == (folder, NAMES)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(split='vall'), 'no list .*vall.txt; known are none, short'),
        (dict(split='none'), 'none.txt names no sequence'),
        (dict(split='wrong'), 'alphas of .* no annotations .*mean alpha'),
        (dict(resolution='full'), 'there is no folder .*full'),
        (dict(sequences=['delta']), 'delta of the sequences asked for'),
    ],
)
def test_annotations_that_are_not_there(davis, settings, message):
    with pytest.raises(UsageError, match=message):
        find_annotations(davis / 'DAVIS', **settings)


def test_folders_without_sequences(davis):
    empty = davis / 'empty'
    empty.mkdir()
    with pytest.raises(UsageError, match='no folder for each sequence'):
        find_annotations(empty)
    with pytest.raises(UsageError, match='no folder .*absent'):
        find_annotations(davis / 'absent')
    with pytest.raises(UsageError, match='no results: there is no folder'):
        score_folder(davis / 'absent', davis / 'DAVIS', NAMES)
    with pytest.raises(UsageError, match='no folder of masks'):
        score_folder(empty, davis / 'DAVIS', NAMES)


def spoil(action):
    """Name an edit of the result or annotation of a frame of alpha."""
    return lambda davis: action(
        davis / 'results' / 'alpha' / '00001.png',
        davis / 'DAVIS' / 'Annotations' / '480p' / 'alpha' / '00000.png',
    )


def edited(path, change):
    with Image.open(path) as image:
        write_id_map(path, change(np.array(image)))


def without_sequence(result, _):
    result.parent.rename(result.parent.with_name('other'))


def with_pixel(ids, value):
    ids[0, 0] = value
    return ids


@pytest.mark.parametrize(
    'action, message',
    [
        (spoil(without_sequence), 'sequence alpha has no results'),
        (spoil(lambda result, _: result.unlink()),
         'alpha, frame 00001 has no result'),
        (spoil(lambda result, _: edited(result, lambda ids: ids[1:])),
         r'alpha, frame 00001: .* \d+ x \d+, the annotation \d+ x \d+'),
        (spoil(lambda result, _: edited(
            result, lambda ids: with_pixel(ids, 9))),
         'alpha, frame 00001: the result has object 9'),
        (spoil(lambda result, _: edited(
            result, lambda ids: with_pixel(ids, 255))),
         'alpha, frame 00001: .* has pixels 255'),
        (spoil(lambda result, _: Image.fromarray(
            np.zeros((9, 9, 3), np.uint8)).save(result)), 'mode RGB'),
        (spoil(lambda result, _: Image.fromarray(
            np.zeros((9, 9), np.uint16)).save(result)), 'mode I;16'),
        (spoil(lambda _, first: edited(first, np.zeros_like)),
         'first annotation of sequence alpha.* 00000, has no object'),
        (spoil(lambda _, first: [path.unlink() for path in sorted(
            first.parent.iterdir())[2:]]), 'has 2 annotated frames'),
    ],
    ids=['sequence', 'frame', 'size', 'extra', 'void', 'rgb', '16 bit',
         'empty', 'short'],
)  # fmt: skip
def test_masks_that_cannot_be_scored(davis, action, message):
    action(davis)
    with pytest.raises(UsageError, match=message):
        score(davis)


def test_numbers_left_out_count_as_objects_without_pixels(davis):
    """The official evaluation takes the largest number of the first frame."""
    for root in ('DAVIS/Annotations/480p', 'results'):
        for path in (davis / root / 'alpha').iterdir():
            edited(path, lambda ids: np.where(ids == 2, 4, ids))
    before = score(davis, sequences=['beta'])['beta']
    with pytest.warns(UserWarning, match=r'alpha, frame 00000, leaves out'):
        scores = score(davis, sequences=['alpha', 'beta'])
    alpha = scores['alpha']
    assert len(alpha.j) == 4
    assert (alpha.j[2] == 1).all() and (alpha.f[2] == 1).all()
    assert not (alpha.j[3] == 1).all()
    np.testing.assert_array_equal(scores['beta'].j, before.j)


def test_scoring_needs_no_torch():
    """Its import alone takes 500 MB."""
    code = (
        'import sys, mmssl.evaluation.vos_folders\n'
        "print('torch' in sys.modules, 'mmengine' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ['False', 'False']
