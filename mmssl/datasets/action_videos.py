# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What mmaction2's recognisers read: its data set, our checks and decoder."""

from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.transforms import LoadClips
from mmssl.datasets.video_dataset import read_video_list
from mmssl.registry import DATASETS, TRANSFORMS


@DATASETS.register_module()
def ActionVideoDataset(
    ann_file: str,
    pipeline: list[dict],
    data_root: str = '',
    num_classes: int | None = None,
    **kwargs,
):
    """mmaction2's ``VideoDataset`` of a list that was checked before.

    Args:
        ann_file (str): See :func:`read_video_list`; relative to
            ``data_root``.
        pipeline (list[dict]): mmaction2's transforms.
        data_root (str): Folder that the paths are relative to; may begin
            with ``data/``.
        num_classes (int, optional): Refuse labels beyond it.
        **kwargs: As for ``mmaction.VideoDataset``.

    Raises:
        UsageError: A line lacks its label, or has one beyond num_classes.
    """
    from mmaction.datasets import VideoDataset

    owner = 'ActionVideoDataset'
    root = find_data(data_root, owner)
    path = find_data(Path(data_root) / ann_file, owner)
    names, labels, _ = read_video_list(path, True, num_classes)
    dataset = VideoDataset(
        ann_file=str(path),
        pipeline=pipeline,
        num_classes=num_classes,
        lazy_init=True,
        **kwargs,
    )
    dataset.load_data_list = lambda: [
        dict(filename=str(root / name), label=label)
        for name, label in zip(names, labels, strict=True)
    ]
    dataset.full_init()
    del dataset.load_data_list  # it would not travel to spawned workers
    return dataset


@TRANSFORMS.register_module()
class DecodeClips(LoadClips):
    """:class:`LoadClips` as the first step of a pipeline of mmaction2.

    Takes the place of ``PyAVInit``, ``SampleFrames`` and ``PyAVDecode``;
    seeks, and starts test clips at (N - L) k / n as published.  Reads
    ``filename``; writes ``imgs`` and what goes with them.

    Args:
        **kwargs: See :class:`LoadClips`.
    """

    def __call__(self, results: dict) -> dict:
        results = super().__call__(dict(results, path=results['filename']))
        clips = results.pop('clips')
        results['imgs'] = [frame for clip in clips for frame in clip]
        results['original_shape'] = results['img_shape'] = clips[0].shape[1:3]
        results['num_clips'] = self.num_clips
        results['clip_len'] = self.clip_len
        results['frame_interval'] = self.frame_interval
        results['frame_inds'] = np.concatenate(results['clip_frames'])
        results['total_frames'] = results['num_frames']
        results['avg_fps'] = results['fps']
        return results
