# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""J-HMDB and VIP as runs on drawn clips, and what is wrong with files."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from scipy.io import savemat

from mmssl.datasets import JHMDBPoseDataset
from mmssl.datasets.image_dataset import DataError
from mmssl.engine.runner import Runner
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import write_id_map

COLOURS = [(0, 0, 250), (0, 250, 0), (250, 0, 0)]
PLACES = [(12, 12), (40, 20), (24, 40)]  # x, y of the first frame


def draw(t, shift=2):
    """Three coloured squares that move to the right, 60 x 80 pixels."""
    frame = np.full((60, 80, 3), 120, np.uint8)
    for colour, (x, y) in zip(COLOURS, PLACES, strict=True):
        x += shift * t
        frame[y - 5 : y + 6, x - 5 : x + 6] = colour
    return frame


@pytest.fixture
def jhmdb(tmp_path):
    root = tmp_path / 'jhmdb'
    for clip in ('one', 'two'):
        for t in range(4):
            path = root / f'Rename_Images/run/{clip}/{t + 1:05d}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), draw(t))
        joints = np.array(PLACES, float).T[..., None] + 1  # from 1
        joints = joints + np.array([2 * np.arange(4), np.zeros(4)])[:, None]
        path = root / f'joint_positions/run/{clip}/joint_positions.mat'
        path.parent.mkdir(parents=True)
        savemat(path, {'pos_img': joints})
    (root / 'splits').mkdir()
    (root / 'splits/run_test_split1.txt').write_text(
        'one.avi 2\nthree.avi 1\ntwo.avi 2\n'
    )
    return root


@pytest.fixture
def test_of(tmp_path, monkeypatch):
    """Metrics of a test run with settings of the loop and the data set."""
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)

    def run(dataset, loop, metric):
        cfg = dict(
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
                dataset=dataset,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='mmssl.collate_views'),
            ),
            test_cfg=dict(loop, context=2, radius=8, topk=5),
            test_evaluator=[metric],
            default_hooks=dict(checkpoint=None),
            work_dir=str(tmp_path / 'run'),
            experiment_name=tmp_path.name,
            randomness=dict(seed=0),
            log_level='ERROR',
        )
        return Runner.from_cfg(Config(cfg)).test()

    return run


def test_joints_are_carried_and_scored(jhmdb, test_of):
    found = test_of(
        dict(type='JHMDBPoseDataset', data_root=str(jhmdb)),
        dict(type='PoseTestLoop', input_size=(64, 64)),
        dict(type='PCKMetric', thresholds=(0.2, 0.5)),
    )
    assert sorted(found) == ['pose/PCK@0.2', 'pose/PCK@0.5']
    assert found['pose/PCK@0.5'] > 60  # standing still for ever: 33
    assert found['pose/PCK@0.2'] <= found['pose/PCK@0.5'] <= 100


def test_a_clip_with_its_joints(jhmdb):
    data = JHMDBPoseDataset(str(jhmdb))
    assert len(data) == 2
    sample = data[1]['data_samples']
    assert sample.path == 'run/two' and len(sample.frames) == 4
    assert sample.joints.shape == (2, 3, 4)
    assert sample.joints[:, 1, 0].tolist() == [40, 20]
    assert sample.joints[:, 1, 3].tolist() == [46, 20]


def test_joints_that_are_missing_or_wrong(jhmdb):
    root = str(jhmdb)
    with pytest.raises(UsageError, match=r'no list \*_test_split2.txt'):
        JHMDBPoseDataset(root, split=2)
    with pytest.raises(UsageError, match='no data at .*absent'):
        JHMDBPoseDataset(root, img_dir='absent')
    path = jhmdb / 'joint_positions/run/one/joint_positions.mat'
    savemat(path, {'pos_img': np.ones((2, 15, 9))})
    with pytest.raises(DataError, match='one has 4 frames, but joints of 9'):
        JHMDBPoseDataset(root)[0]
    savemat(path, {'pos_img': np.ones((3, 15))})
    with pytest.raises(DataError, match=r'must be \(2, joints, frames\)'):
        JHMDBPoseDataset(root)[0]
    savemat(path, {'other': np.ones(3)})
    with pytest.raises(DataError, match='cannot be read from .*pos_img'):
        JHMDBPoseDataset(root)[0]
    path.unlink()
    with pytest.raises(UsageError, match='run/one has no joints'):
        JHMDBPoseDataset(root)
    for file in (jhmdb / 'Rename_Images/run/one').iterdir():
        file.unlink()
    with pytest.raises(UsageError, match='run/one has no frames'):
        JHMDBPoseDataset(root)


@pytest.fixture
def vip(tmp_path):
    root = tmp_path / 'vip'
    for t in range(4):
        path = root / f'Images/a/{t:05d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), draw(t))
        ids = np.zeros((60, 80), np.uint8)
        for part, (x, y) in zip((2, 7, 19), PLACES, strict=True):
            x += 2 * t
            ids[y - 5 : y + 6, x - 5 : x + 6] = part
        write_id_map(root / f'Annotations/Category_ids/a/{t:05d}.png', ids)
    (root / 'lists').mkdir()
    (root / 'lists/val_videos.txt').write_text('a\n')
    return root


def test_parts_are_carried_and_scored(vip, test_of):
    dataset = dict(
        type='VOSSequenceDataset',
        data_root=str(vip),
        split_file='lists/val_videos.txt',
        img_dir='Images',
        ann_dir='Annotations/Category_ids',
    )
    loop = dict(type='VOSTestLoop', input_size=(64, 96))
    found = test_of(dataset, loop, dict(type='PartMetric'))
    assert 0.5 < found['parts/mIoU'] < 1
    with pytest.raises(UsageError, match='a, frame 00000: .* class 19'):
        test_of(dataset, loop, dict(type='PartMetric', num_classes=9))
