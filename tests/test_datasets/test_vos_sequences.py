# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sequences with masks, and what a test loop makes of them."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmssl import get_model
from mmssl.datasets import VOSSequenceDataset
from mmssl.datasets.image_dataset import DataError
from mmssl.engine.runner import Runner
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import read_id_map, write_id_map


@pytest.fixture
def davis(tmp_path):
    """Two sequences of five frames: a red and a green square move."""
    root = tmp_path / 'davis'
    for name, step in (('boats', 2), ('cars', -1)):
        for t in range(5):
            frame = np.full((40, 64, 3), 90, np.uint8)
            ids = np.zeros((40, 64), np.uint8)
            for number, row in ((1, 6), (2, 24)):
                left = 24 + step * t
                where = slice(row, row + 12), slice(left, left + 14)
                frame[where] = 0
                frame[where][..., 3 - number] = 250  # BGR
                ids[where] = number
            path = root / 'JPEGImages' / '480p' / name / f'{t:05d}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), frame)
            write_id_map(
                root / 'Annotations' / '480p' / name / f'{t:05d}.png', ids
            )
    lists = root / 'ImageSets' / '2017'
    lists.mkdir(parents=True)
    (lists / 'val.txt').write_text('boats\ncars\n')
    (lists / 'none.txt').write_text('')
    (lists / 'wrong.txt').write_text('planes')
    (root / 'save.txt').write_text('boats/00001\ncars/00003\ncars/00004\n')
    return root


def test_a_sample_is_a_sequence(davis):
    data = VOSSequenceDataset(
        str(davis), 'ImageSets/2017/val.txt', save_list='save.txt'
    )
    assert len(data) == 2
    item = data[1]
    assert item['inputs'] == []
    sample = item['data_samples']
    assert sample.path == 'cars' and sample.sample_idx == 1
    assert sample.names == [f'{t:05d}' for t in range(5)]
    assert list(sample.annotations) == sample.names
    assert list(sample.given) == [0]
    assert sample.saved == ['00003', '00004']
    assert len(sample.frames) == 5
    frame = sample.frames[2]
    assert frame.shape == (3, 40, 64) and frame.dtype == torch.uint8
    assert frame[:, 8, 30].tolist() == [250, 0, 0]  # the first is red
    everything = VOSSequenceDataset(str(davis), given='all')
    assert list(everything[0]['data_samples'].given) == [0, 1, 2, 3, 4]
    assert len(everything[0]['data_samples'].saved) == 5


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(split_file='ImageSets/2017/none.txt'), 'has no sequence'),
        (dict(split_file='ImageSets/2017/wrong.txt'), 'planes has no frames'),
        (dict(split_file='absent.txt'), 'no data at'),
        (dict(ann_dir='Masks'), 'no data at'),
    ],
)
def test_data_that_is_not_there(davis, settings, message):
    with pytest.raises(UsageError, match=message):
        VOSSequenceDataset(str(davis), **settings)
    with pytest.raises(ValueError, match="given must .* got 'some'"):
        VOSSequenceDataset(str(davis), given='some')


def test_masks_and_frames_that_do_not_belong_together(davis):
    masks = davis / 'Annotations' / '480p' / 'cars'
    write_id_map(masks / '00009.png', np.ones((40, 64), np.uint8))
    with pytest.raises(UsageError, match='00009.png has no frame in'):
        VOSSequenceDataset(str(davis))
    (masks / '00009.png').unlink()
    (masks / '00000.png').unlink()
    with pytest.raises(UsageError, match='cars has no mask of its first'):
        VOSSequenceDataset(str(davis))
    VOSSequenceDataset(str(davis), given='all')
    for path in masks.iterdir():
        path.unlink()
    with pytest.raises(UsageError, match='cars has no masks'):
        VOSSequenceDataset(str(davis), given='all')


def test_a_broken_frame_is_named(davis):
    frame = davis / 'JPEGImages' / '480p' / 'boats' / '00001.png'
    frame.write_bytes(b'no picture')
    frames = VOSSequenceDataset(str(davis))[0]['data_samples'].frames
    frames[0]
    with pytest.raises(DataError, match='00001.png'):
        frames[1]


@pytest.fixture
def runner_of(davis, tmp_path, monkeypatch):
    """Build a test-only runner on the squares; settings of the data set."""
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)

    def make(loop=(), scored=True, **dataset):
        cfg = Config(
            dict(
                default_scope='mmssl',
                model=dict(
                    type='FeatureExtractor',
                    backbone=dict(
                        type='SmallConvNet', channels=(8, 8), strides=(2, 1)
                    ),
                ),
                test_dataloader=dict(
                    batch_size=1,
                    num_workers=0,
                    dataset=dict(
                        type='VOSSequenceDataset',
                        data_root=str(davis),
                        **dataset,
                    ),
                    sampler=dict(type='DefaultSampler', shuffle=False),
                    collate_fn=dict(type='mmssl.collate_views'),
                ),
                test_cfg=dict(
                    dict(type='VOSTestLoop', context=2, radius=6, topk=5),
                    **dict(loop),
                ),
                test_evaluator=[
                    *([dict(type='DAVISMetric')] if scored else []),
                    dict(
                        type='VOSResultWriter',
                        out_dir=str(tmp_path / 'results'),
                        archive=str(tmp_path / 'results.zip'),
                    ),
                ],
                default_hooks=dict(checkpoint=None),
                work_dir=str(tmp_path / 'run'),
                experiment_name=tmp_path.name,
                randomness=dict(seed=0),
                log_level='ERROR',
            )
        )
        return Runner.from_cfg(cfg)

    return make


def test_masks_are_carried_scored_and_written(runner_of, tmp_path, davis):
    from mmssl.evaluation.vos_folders import (
        find_annotations,
        score_folder,
        score_table,
    )

    found = runner_of(split_file='ImageSets/2017/val.txt').test()
    assert found['davis/J&F'] > 0.7  # colours tell the squares apart
    # The files hold what was scored.
    scores = score_folder(tmp_path / 'results', *find_annotations(davis))
    row = score_table(scores)[-1]
    for name in ('J&F', 'J_mean', 'F_decay'):
        assert row[name] == pytest.approx(found[f'davis/{name}'], abs=1e-12)
    first = read_id_map(tmp_path / 'results' / 'cars' / '00000.png')
    assert set(np.unique(first)) == {0, 1, 2}


def test_the_archive_holds_the_frames_asked_for(runner_of, tmp_path):
    runner_of(given='all', save_list='save.txt').test()
    with zipfile.ZipFile(tmp_path / 'results.zip') as file:
        assert file.namelist() == [
            'Annotations/boats/00001.png',
            'Annotations/cars/00003.png',
            'Annotations/cars/00004.png',
        ]
    files = sorted(Path(tmp_path / 'results').rglob('*.png'))
    assert len(files) == 3


def test_a_mask_of_another_size_is_named(runner_of, davis):
    mask = davis / 'Annotations' / '480p' / 'cars' / '00000.png'
    write_id_map(mask, np.ones((20, 30), np.uint8))
    with pytest.raises(UsageError, match='cars.* 20 x 30, the frames 40 x 64'):
        runner_of().test()


def test_a_first_mask_without_objects_is_an_error(runner_of, davis):
    mask = davis / 'Annotations' / '480p' / 'cars' / '00000.png'
    write_id_map(mask, np.zeros((40, 64), np.uint8))
    with pytest.raises(UsageError, match='sequence cars: .* no object'):
        runner_of().test()


def test_a_backbone_alone_has_no_loss():
    from mmssl.models import FeatureExtractor

    model = FeatureExtractor(dict(type='SmallConvNet', channels=(4, 4),
                                  strides=(2, 1)))  # fmt: skip
    maps = model.extract_feat([torch.zeros(1, 3, 8, 8)])
    assert maps[-1].shape == (1, 4, 4, 4)
    with pytest.raises(NotImplementedError):
        model.loss([torch.zeros(2, 3, 8, 8)])


def test_frames_are_scaled_and_masks_keep_their_size(runner_of, tmp_path):
    runner = runner_of(loop=dict(input_size=20), split_file=None)
    seen = []
    model = runner.model
    extract = model.extract_feat
    model.extract_feat = lambda inputs, stage: (
        seen.append((tuple(inputs[0].shape), stage)) or extract(inputs, stage)
    )
    assert runner.test()['davis/J&F'] > 0.3
    assert set(seen) == {((1, 3, 20, 32), 'backbone')}
    first = read_id_map(tmp_path / 'results' / 'cars' / '00000.png')
    assert first.shape == (40, 64)


def test_a_size_that_is_none(runner_of):
    runner = runner_of(loop=dict(input_size=0))
    with pytest.raises(ValueError, match='short edge .* got 0'):
        runner.test()


def test_masks_that_are_arrays_and_the_stage_of_the_neck(tmp_path):
    """Generated sequences have no files."""
    cfg = Config(
        dict(
            default_scope='mmssl',
            model=dict(
                type='DenseVOS',
                backbone=dict(
                    type='SmallConvNet', channels=(8, 8), strides=(2, 2)
                ),
                neck=dict(type='DenseEmbeddingNeck', sizes=(8, 8, 4)),
            ),
            test_dataloader=dict(
                batch_size=1,
                num_workers=0,
                dataset=dict(type='MovingShapeSequences', num_videos=2),
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='mmssl.collate_views'),
            ),
            test_cfg=dict(
                type='VOSTestLoop', context=2, radius=5, topk=5, stage='neck'
            ),
            test_evaluator=[dict(type='DAVISMetric')],
            default_hooks=dict(checkpoint=None),
            work_dir=str(tmp_path / 'run'),
            experiment_name=tmp_path.name,
            log_level='ERROR',
        )
    )
    assert 0 < Runner.from_cfg(cfg).test()['davis/J&F'] < 1


def test_objects_that_appear_later_and_numbers_with_holes(
    runner_of, davis, tmp_path
):
    """As in YouTube-VOS: masks of some frames, each with what is new."""
    folder = davis / 'Annotations' / '480p' / 'boats'
    for path in sorted(folder.iterdir()):
        ids = read_id_map(path)
        path.unlink()
        if path.stem == '00000':
            write_id_map(path, np.where(ids == 1, 3, 0).astype(np.uint8))
        if path.stem == '00002':
            write_id_map(path, np.where(ids == 2, 9, 0).astype(np.uint8))
    (davis / 'one.txt').write_text('boats')
    # Scored is what has masks in every frame, so they are only written.
    runner = runner_of(scored=False, given='all', split_file='one.txt')
    runner.test()
    found = [
        set(np.unique(read_id_map(tmp_path / f'results/boats/{t:05d}.png')))
        for t in range(5)
    ]
    assert found == [{0, 3}, {0, 3}, {0, 3, 9}, {0, 3, 9}, {0, 3, 9}]


def test_a_network_of_videos_sees_clips_of_one_frame(davis):
    from mmssl.datasets import FrameFolder
    from mmssl.evaluation.extraction import frame_maps

    model = get_model('slowonly50_davis2017')
    frames = FrameFolder(davis / 'JPEGImages' / '480p' / 'cars')
    maps = list(frame_maps(model, [frames[0], frames[1]], as_clips=True))
    assert [tuple(x.shape) for x in maps] == [(1024, 5, 8)] * 2
