# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos whose motion vectors are read with their pictures (CMD).

list or folder -> index -> CompressedClipSample -> PyAVCompressedDecode
-> CompressedViews
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.logging import print_log

from mmssl.datasets.drawn_videos import drifting, texture
from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.sources import FileSource
from mmssl.datasets.transforms.video_readers import PyAVReader
from mmssl.datasets.video_dataset import (
    VideoDataset,
    find_videos_below,
    read_video_list,
)
from mmssl.datasets.video_index import VideoEntry, VideoIndex, read_entry
from mmssl.registry import DATASETS, TRANSFORMS
from mmssl.utils.errors import UsageError
from mmssl.utils.video_writer import write_video


@DATASETS.register_module()
class CompressedVideoDataset(VideoDataset):
    """Videos of a list or folder with what is known of their coding.

    Gives the pipeline ``types`` and ``num_frames`` beside what
    :class:`VideoDataset` gives, and ``motion_path`` where videos were
    encoded anew.  Videos that the index knows to be unusable or too short
    for the pipeline are left out, counted and named in a warning; one that
    fails when it is read is replaced by the next, as in the parent.

    Args:
        data_root (str): Folder of the videos.
        pipeline (Sequence[dict]): With :class:`CompressedClipSample`.
        ann_file (str, optional): See :func:`read_video_list`, relative to
            ``data_root``; without it all videos of the folder count.
        motion_root (str, optional): Folder of the same videos encoded anew
            (``tools/dataset_tools/reencode_videos.py``), .mp4 in the same
            folders; motion and I-frames come from there.
        index (str, optional): Name of the index in the folder that motion
            comes from (``tools/dataset_tools/index_videos.py``); without it
            each video is decoded once more when a worker first meets it.
        exclude (Sequence[str]): Parts of names of videos to leave out.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: No data, no index, or no video is left.
        StaleIndex: On reading, a video is newer than the index.
    """

    def __init__(
        self,
        data_root: str,
        pipeline: Sequence[dict],
        ann_file: str | None = None,
        motion_root: str | None = None,
        index: str | None = None,
        exclude: Sequence[str] = (),
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        labels, classes = None, ()
        if ann_file is None:
            _, names = find_videos_below(root)
        else:
            path = find_data(Path(data_root) / ann_file, owner)
            names, labels, classes = read_video_list(path)
        self.motion_root = (
            None if motion_root is None else find_data(motion_root, owner)
        )
        self.min_frames = max(map(_frames_needed, pipeline), default=1)
        self.index = None
        if index is not None:
            self.index = VideoIndex.read((self.motion_root or root) / index)
        keep = self._kept(names, exclude)
        source = FileSource(
            root,
            [names[i] for i in keep],
            None if labels is None else [labels[i] for i in keep],
            classes,
        )
        super().__init__(source, pipeline=pipeline, **kwargs)
        self._entries: dict[str, VideoEntry] = {}
        self._lengths: dict[str, int] = {}

    def _kept(self, names: Sequence[str], exclude: Sequence[str]) -> list[int]:
        """Places of the videos that can be used, as far as that is known."""
        kept, left_out, between, total = [], [], 0, 0
        for place, name in enumerate(names):
            if any(part in name for part in exclude):
                continue
            reason = None
            if self.index is not None:
                reason, b_frames, count = self._known(name)
                between, total = between + b_frames, total + count
            if reason is None:
                kept.append(place)
            else:
                left_out.append(reason)
        if not kept:
            raise UsageError(
                f'{type(self).__name__}: none of {len(names)} videos can be '
                f'used: {"; ".join(left_out[:3]) or "all are excluded"}'
            )
        for text in (
            f'{len(left_out)} of {len(names)} videos are left out: '
            f'{"; ".join(left_out[:5])}' if left_out else '',
            f'{between} of {total} frames are B-frames; '
            'tools/dataset_tools/reencode_videos.py removes them'
            if between else '',
        ):  # fmt: skip
            if text:
                print_log(text, logger='current', level=logging.WARNING)
        return kept

    def _known(self, name: str) -> tuple[str | None, int, int]:
        """Why a video cannot be used; its B-frames and frames."""
        motion = self._motion_name(name)
        if motion in self.index.unreadable:
            return self.index.unreadable[motion], 0, 0
        types = self.index.entry(motion).types
        if len(types) < self.min_frames:
            return (
                f'{name} has {len(types)} frames of the {self.min_frames} '
                'needed', 0, 0,
            )  # fmt: skip
        return None, types.count('B'), len(types)

    def _motion_name(self, name: str) -> str:
        if self.motion_root is None:
            return name
        return Path(name).with_suffix('.mp4').as_posix()

    def read(self, position: int) -> dict:
        """What enters the pipeline; see the class."""
        results = super().read(position)
        path, name = results['path'], self.source.relative(position)
        if self.motion_root is not None:
            motion_path = self.motion_root / self._motion_name(name)
            results['motion_path'] = str(motion_path)
        entry = self._entry(name, results.get('motion_path', path))
        results['types'] = entry.types
        results['num_frames'] = len(entry.types)
        if self.motion_root is not None:
            if path not in self._lengths:
                with PyAVReader(path) as reader:
                    self._lengths[path] = reader.num_frames
            # The two may differ by a frame.
            results['num_frames'] = min(
                results['num_frames'], self._lengths[path]
            )
        return results

    def _entry(self, name: str, path: str) -> VideoEntry:
        if self.index is not None:
            return self.index.entry(self._motion_name(name))
        if path not in self._entries:
            self._entries[path] = read_entry(path)
        return self._entries[path]


def _frames_needed(step: dict) -> int:
    """Frames that a step of a pipeline asks of a video."""
    if step['type'] not in (
        'CompressedClipSample', 'mmssl.CompressedClipSample',
    ):  # fmt: skip
        return 1
    return TRANSFORMS.build(step).min_frames


@DATASETS.register_module()
class TexturedPans(CompressedVideoDataset):
    """Videos made up on the spot: textures that a camera pans over.

    Each has a texture of its own, and a direction that turns evenly, so that
    the future can be told from the clip, but not from one frame.  They are
    encoded to MPEG-4 Part 2 (I-frame every 12 frames) in a folder that goes
    with the data set, and read like any other video.

    Args:
        pipeline (Sequence[dict]): See the parent.
        num_videos (int): How many.
        frames (int): Of each.
        size (int): Side of the square pictures, pixels.
        speed (float): Pixels from frame to frame.
        seed (int): Of textures and directions.
        **kwargs: See the parent.
    """

    def __init__(
        self,
        pipeline: Sequence[dict],
        num_videos: int = 32,
        frames: int = 32,
        size: int = 96,
        speed: float = 3.0,
        seed: int = 0,
        **kwargs,
    ) -> None:
        self._folder = TemporaryDirectory(prefix='textured_pans_')
        for number in range(num_videos):
            rng = np.random.default_rng((seed, number))
            write_video(
                Path(self._folder.name) / f'{number:05}.mp4',
                textured_pan(rng, frames, size, speed),
                codec='mpeg4',
                gop=12,
            )
        super().__init__(self._folder.name, pipeline=pipeline, **kwargs)


def textured_pan(
    rng: np.random.Generator, frames: int, size: int, speed: float
) -> np.ndarray:
    """One video of :class:`TexturedPans`.

    Args:
        rng (Generator): Of texture, direction and turn.
        frames (int): t.
        size (int): Side, pixels.
        speed (float): Pixels a frame.

    Returns:
        ndarray: (t, size, size, 3) uint8 RGB.
    """
    picture = texture(rng, 2 * size)
    angle, turn = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
    angles = angle + turn * np.arange(frames)
    steps = speed * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    return drifting(picture, steps)[:, :size, :size]
