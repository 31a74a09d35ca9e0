# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clips with annotated joints: J-HMDB."""

from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from mmssl.datasets.image_dataset import DataError, find_data
from mmssl.datasets.vos_sequences import FrameFiles, FrameFolder, vos_sample
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

TEST = '2'  # second column of the lists: 1 trains, 2 tests


@DATASETS.register_module()
class JHMDBPoseDataset(Dataset):
    """One sample a test clip: its frames and its joints.

    A sample has ``inputs=[]`` and a ``DataSample`` with ``path``
    (CLASS/CLIP), ``frames`` and ``joints``, (2, 15, t) float64, x and y in
    pixels from 0.

    Args:
        data_root (str): Folder of the data set.
        split (int): 1, 2 or 3.
        img_dir (str): Folder of ``CLASS/CLIP/00001.png`` below the root.
        ann_dir (str): Of ``CLASS/CLIP/joint_positions.mat``.
        split_dir (str): Of ``CLASS_test_splitN.txt``, lines ``CLIP.avi 2``.

    Raises:
        UsageError: No such folder, no list, a clip without frames or
            joints, or with fewer frames than joints.
        DataError: On reading, a file of joints that is none.
    """

    def __init__(
        self,
        data_root: str,
        split: int = 1,
        img_dir: str = 'Rename_Images',
        ann_dir: str = 'joint_positions',
        split_dir: str = 'splits',
    ) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        images, joints, lists = (
            find_data(Path(data_root) / folder, owner)
            for folder in (img_dir, ann_dir, split_dir)
        )
        ending = f'_test_split{split}.txt'
        self.clips = []
        for path in sorted(lists.glob(f'*{ending}')):
            action = path.name.removesuffix(ending)
            for line in path.read_text(encoding='utf-8').splitlines():
                clip, _, part = line.strip().rpartition(' ')
                if part == TEST:
                    name = f'{action}/{Path(clip.strip()).stem}'
                    self.clips.append(_find_clip(images, joints, name))
        if not self.clips:
            raise UsageError(
                f'{owner}: {lists} has no list *{ending} with test clips '
                f'(lines of a name and {TEST})'
            )
        self.metainfo = dict(data_root=str(root))

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> dict:
        name, frames, path = self.clips[index]
        joints = read_joints(path)
        if joints.shape[2] > len(frames):
            raise DataError(
                f'clip {name} has {len(frames)} frames, but joints of '
                f'{joints.shape[2]} in {path}'
            )
        return vos_sample(
            sample_idx=int(index),
            path=name,
            frames=FrameFiles(frames[: joints.shape[2]]),
            joints=joints,
        )


def read_joints(path: Path) -> np.ndarray:
    """(2, j, t) float64 of a ``joint_positions.mat``, from 0.

    Raises:
        DataError: The file cannot be read, or has no such entry.
    """
    from scipy.io import loadmat

    try:
        joints = np.asarray(loadmat(path)['pos_img'], np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f'joints cannot be read from {path}: {error}') from (
            error
        )
    if joints.ndim != 3 or len(joints) != 2:
        raise DataError(
            f'{path}: pos_img must be (2, joints, frames), got {joints.shape}'
        )
    return joints - 1


def _find_clip(images: Path, joints: Path, name: str) -> tuple:
    folder, path = images / name, joints / name / 'joint_positions.mat'
    frames = []
    if folder.is_dir():
        frames = FrameFolder(folder).paths
    if not frames:
        raise UsageError(f'clip {name} has no frames in {folder}')
    if not path.is_file():
        raise UsageError(f'clip {name} has no joints: there is no {path}')
    return name, frames, path
