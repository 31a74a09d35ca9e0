# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One clip of a few frames a sample, as video correspondence learns from.

frame folders or video files -> clip_frame_ids (a window) -> guided_clips.py
Data sets whose samples are several clips, views of one video, are in
``video_dataset.py``.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log
from torch.utils.data import Dataset, get_worker_info

from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.datasets.transforms.video_readers import (
    VIDEO_ENDINGS,
    UnreadableVideo,
    is_video,
)
from mmssl.datasets.video_files import VideoFile
from mmssl.datasets.vos_sequences import (
    FRAMES,
    FrameFiles,
    FrameFolder,
    frame_names,
)
from mmssl.registry import DATASETS, TRANSFORMS
from mmssl.utils.errors import UsageError


def clip_frame_ids(
    length: int, count: int, gap: int, rng: np.random.Generator, shuffle: bool
) -> np.ndarray:
    """Which frames of a video make a clip, by Dense-VOS's two rules.

    Both take a window of ``min(length, gap * count)`` frames at a random
    place.  Shuffled (the authors' frame lists): whole steps of window //
    count frames, in random order, so that the reference is any of them.
    Ordered (their Kinetics): steps of window / count, cut to whole frames.

    Args:
        length (int): Frames of the video, >= count.
        count (int): Frames of the clip.
        gap (int): Frames from one to the next, at most.
        rng (Generator): Of the place and the order.
        shuffle (bool): Which rule.

    Returns:
        ndarray: (count,) int64 in [0, length).
    """
    window = min(length, gap * count)
    if not shuffle:
        start = rng.integers(length - window + 1)
        return start + (np.arange(count) * (window / count)).astype(np.int64)
    ids = np.arange(count) * (window // count)
    return rng.permutation(ids + rng.integers(length - ids[-1]))


class ClipDataset(Dataset):
    """Random clips of videos, the same number of each in every epoch.

    Entries of the results that enter the pipeline: ``frames`` (t, h, w, 3)
    uint8 RGB, ``frame_ids`` (t,), ``rng`` (a generator made from seed, epoch
    and index, so that workers do not matter), ``sample_idx``, ``path``.

    Args:
        videos (Sequence[tuple]): Names and videos, which have a length and
            ``read(ids)``, see :class:`VideoFile`.
        pipeline (Sequence[dict]): Transforms, see
            ``mmssl/datasets/transforms/guided_clips.py``.
        num_frames (int): Frames of a clip, >= 2 for Dense-VOS.
        frame_gap (int): See :func:`clip_frame_ids`.
        shuffle_frames (bool): See :func:`clip_frame_ids`.
        clips_per_video (int): Samples of a video in an epoch.

    Raises:
        ValueError: A number below 1, or a video shorter than a clip.
    """

    def __init__(
        self,
        videos: Sequence[tuple],
        pipeline: Sequence[dict],
        num_frames: int = 5,
        frame_gap: int = 2,
        shuffle_frames: bool = True,
        clips_per_video: int = 1,
    ) -> None:
        settings = dict(
            num_frames=num_frames,
            frame_gap=frame_gap,
            clips_per_video=clips_per_video,
        )
        for name, value in settings.items():
            if value < 1:
                raise ValueError(f'{name} must be >= 1, got {value}')
        shortest = min(len(video) for _, video in videos)
        if shortest < num_frames:
            raise ValueError(
                f'a clip has {num_frames} frames, a video only {shortest}'
            )
        self.videos = list(videos)
        self.pipeline = [TRANSFORMS.build(step) for step in pipeline]
        self.num_frames = num_frames
        self.frame_gap = frame_gap
        self.shuffle_frames = shuffle_frames
        self.clips_per_video = clips_per_video
        self.metainfo = dict()

    def __len__(self) -> int:
        return len(self.videos) * self.clips_per_video

    def __getitem__(self, index: int) -> dict:
        if get_worker_info() is not None:
            cv2.setNumThreads(0)  # workers are the threads
        rng = view_rng(getattr(index, 'key', None) or random_key(), 0)
        name, video = self.videos[int(index) // self.clips_per_video]
        ids = clip_frame_ids(
            len(video),
            self.num_frames,
            self.frame_gap,
            rng,
            self.shuffle_frames,
        )
        results = dict(
            frames=video.read(ids.tolist()),
            frame_ids=ids,
            rng=rng,
            sample_idx=int(index),
            path=name,
        )
        for step in self.pipeline:
            results = step(results)
        return results


@DATASETS.register_module()
class VideoClipDataset(ClipDataset):
    """Clips of the videos of a folder.

    A video is a folder of frames, sorted by name, or a video file.

    Args:
        data_root (str): Folder of the data set.
        pipeline (Sequence[dict]): See :class:`ClipDataset`.
        img_dir (str): Folder below the root under which the videos lie.
        list_file (str, optional): Relative to the root: lines with a path
            (relative to ``img_dir``) of a frame, where another parent folder
            begins another video, of a folder of frames, or of a video file.
            Without it all videos below ``img_dir`` count.
        num_frames (int): See :class:`ClipDataset`.
        **kwargs: See :class:`ClipDataset`.

    Raises:
        UsageError: No data, no video with enough frames.  Shorter videos
            and unreadable files are left out; a warning counts and names
            them.
        DataError: On reading, a broken frame.
    """

    def __init__(
        self,
        data_root: str,
        pipeline: Sequence[dict],
        img_dir: str = '',
        list_file: str | None = None,
        num_frames: int = 5,
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        find_data(data_root, owner)
        root = find_data(Path(data_root) / img_dir, owner)
        if list_file is None:
            found = find_videos(root)
        else:
            path = find_data(Path(data_root) / list_file, owner)
            found = list_videos(root, path.read_text(encoding='utf-8'))
        videos = long_enough(found, num_frames, f'{owner}: {root}')
        super().__init__(videos, pipeline, num_frames, **kwargs)


def long_enough(
    found: Mapping[Path, FrameFiles | None], num_frames: int, place: str
) -> list[tuple[str, Sequence]]:
    """Names and videos of those that clips can be taken of.

    Args:
        found (Mapping[Path, FrameFiles | None]): None for a video file.
        num_frames (int): Frames of a clip.
        place (str): Where they were found, for messages.

    Raises:
        UsageError: None is left.
    """
    kept, left_out = [], []
    for path, frames in found.items():
        try:
            video = VideoFile(path) if frames is None else frames
        except UnreadableVideo as error:
            left_out.append(str(error))
            continue
        if len(video) < num_frames:
            left_out.append(f'{path} has {len(video)} frames')
        else:
            kept.append((str(path), video))
    some = '; '.join(left_out[:5]) + ('; ...' if left_out[5:] else '')
    if not kept:
        raise UsageError(
            f'{place}: no video with the {num_frames} frames of a clip; '
            f'found: {some or "nothing"}; a video is a folder of frames '
            f'({", ".join(FRAMES)}) or a file ({", ".join(VIDEO_ENDINGS)})'
        )
    if left_out:
        print_log(
            f'{place}: {len(left_out)} of {len(found)} videos are left out, '
            f'as they cannot be read or have fewer than the {num_frames} '
            f'frames of a clip: {some}',
            logger='current',
            level=logging.WARNING,
        )
    return kept


def find_videos(root: Path) -> dict[Path, FrameFiles | None]:
    """Videos below a folder, sorted; None stands for a video file."""
    videos: dict[Path, FrameFiles | None] = {}
    for name, _, files in os.walk(root, followlinks=True):
        folder = Path(name)
        frames = frame_names(files)
        if frames:
            videos[folder] = FrameFolder(folder, len(frames))
        for file in files:
            if is_video(file):
                videos[folder / file] = None
    return dict(sorted(videos.items()))


def list_videos(root: Path, text: str) -> dict[Path, FrameFiles | None]:
    """The same from lines of frames, of frame folders or of video files.

    Raises:
        UsageError: A line whose file or folder is not there.
    """
    videos: dict[Path, FrameFiles | None] = {}
    frames: dict[Path, list[Path]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        path = root / line
        if path.suffix.lower() in FRAMES:
            frames.setdefault(path.parent, []).append(path)
        elif path.is_dir():
            videos[path] = FrameFolder(path)
        elif path.is_file():
            videos[path] = None
        else:
            raise UsageError(f'the list names {path}, which is not there')
    return videos | {k: FrameFiles(paths) for k, paths in frames.items()}
