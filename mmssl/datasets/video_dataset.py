# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos whose clips are the views of a sample: folders, lists, mmaction2's.

list or folder -> LoadClips (rho clips, one decode) -> MultiView -> PackViews
A single clip of neighbouring frames a sample: ``vos_clips.py``.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.sources import (
    FileSource,
    Source,
    labels_of_folders,
    list_files,
    read_list,
)
from mmssl.datasets.transforms.video_readers import VIDEO_ENDINGS, is_video
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError


class VideoDataset(ImageDataset):
    """Videos of a source; each view of a sample is cut from a clip.

    Random numbers and unreadable files are treated as in the parent: a
    video that is broken or too short is named in a warning, counted, and
    replaced by the next.

    Args:
        source (Source): Where the videos are.
        clips (dict, optional): With ``views``, the arguments of
            ``LoadClips``, or of the transform that ``type`` names.
        **kwargs: See :class:`ImageDataset`.
    """

    noun = 'videos'
    packed = ('clip_frames', 'num_frames', 'fps')

    def __init__(
        self, source: Source, clips: dict | None = None, **kwargs
    ) -> None:
        self.clips = dict(clips or {})
        super().__init__(source, **kwargs)

    def loading_step(self) -> dict:
        return dict(type='LoadClips') | self.clips

    def read(self, position: int) -> dict:
        """What enters the pipeline: the name of a video, not its bytes.

        Returns:
            dict: ``sample_idx``, ``path`` (also as ``filename``, which
            mmaction2 reads), ``label`` if there is one, and ``frames`` where
            the video is a folder of pictures.
        """
        name = self.source.name(position)
        results = dict(sample_idx=position, path=name, filename=name)
        frames = getattr(self.source, 'frames', None)
        if frames is not None:
            results['frames'] = frames[position]
        if self.has_labels:
            results['label'] = int(self.source.labels[position])
        return results


@DATASETS.register_module()
class VideoFolder(VideoDataset):
    """All videos below a folder, sorted by path; labels are not needed.

    Args:
        data_root (str): The folder; links are followed.
        with_label (bool): The folder directly below ``data_root`` is the
            class; classes are numbered in sorted order.
        **kwargs: See :class:`VideoDataset`.

    Raises:
        UsageError: There is no video.
    """

    def __init__(
        self, data_root: str, with_label: bool = False, **kwargs
    ) -> None:
        root, names = find_videos_below(
            find_data(data_root, type(self).__name__)
        )
        labels, classes = None, ()
        if with_label:
            labels, classes = labels_of_folders(names, str(root))
        super().__init__(FileSource(root, names, labels, classes), **kwargs)


@DATASETS.register_module()
class VideoList(VideoDataset):
    """Videos that a list file names, in its order.

    Args:
        ann_file (str): See :func:`read_video_list`; relative to
            ``data_root``.
        data_root (str): Folder that the paths are relative to.
        with_label (bool): Refuse a list without labels.
        num_classes (int, optional): Refuse labels beyond it.
        **kwargs: See :class:`VideoDataset`.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        with_label: bool = False,
        num_classes: int | None = None,
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        path = find_data(Path(data_root) / ann_file, owner)
        names, labels, classes = read_video_list(path, with_label, num_classes)
        super().__init__(FileSource(root, names, labels, classes), **kwargs)


@DATASETS.register_module()
class ActionClips(VideoDataset):
    """The videos of a data set of mmaction2, by whatever list it reads.

    Args:
        dataset (dict): Its config, such as ``dict(type=
            'mmaction.VideoDataset', ann_file=..., data_prefix=...)`` or a
            ``RawframeDataset``; ``pipeline`` is not used.
        fps (float): Frames a second of folders of pictures.
        **kwargs: See :class:`VideoDataset`.

    Raises:
        UsageError: The data set is no list of videos.
    """

    def __init__(self, dataset: dict, fps: float = 30.0, **kwargs) -> None:
        built = DATASETS.build(dict(dataset, pipeline=[], lazy_init=True))
        entries = built.load_data_list()
        names, labels, frames = [], [], []
        for entry in entries:
            folder = 'frame_dir' in entry
            if not folder and 'filename' not in entry:
                raise UsageError(
                    f'{type(built).__name__} lists no videos: its entries '
                    f'have {sorted(entry)}; ActionClips reads VideoDataset '
                    'and RawframeDataset'
                )
            names.append(entry['frame_dir' if folder else 'filename'])
            label = entry.get('label', -1)
            labels.append(label if isinstance(label, int) else -1)
            frames.append(
                dict(
                    num_frames=entry['total_frames'],
                    template=built.filename_tmpl,
                    first=built.start_index + entry.get('offset', 0),
                    fps=fps,
                )
                if folder
                else None
            )
        known = labels if labels and min(labels) >= 0 else None
        source = FileSource('', names, known)
        if any(frames):
            source.frames = frames
        super().__init__(source, **kwargs)


def find_videos_below(path: str | Path) -> tuple[Path, list[str]]:
    """The videos below a folder, or the one that a path names.

    Args:
        path (str or Path): A folder or a video.

    Returns:
        tuple: The folder, and paths below it, sorted.

    Raises:
        UsageError: There is no video.
    """
    path = Path(path)
    if path.is_file():
        return path.parent, [path.name]
    if not path.is_dir():
        raise UsageError(f'no folder and no file {path}')
    names = [name for name in list_files(path) if is_video(name)]
    if not names:
        raise UsageError(
            f'no videos below {path}; looked for the endings '
            f'{" ".join(VIDEO_ENDINGS)}'
        )
    return path, names


def read_video_list(
    path: str | Path,
    with_label: bool = False,
    num_classes: int | None = None,
) -> tuple[list[str], list[int] | None, list[str]]:
    """Read a list of videos.

    Either lines of ``path`` or ``path label`` (:func:`read_list`), as
    mmaction2 has them, or a ``.csv`` with a header that names the columns
    ``path``, perhaps ``label`` (numbers) and ``class`` (names); further
    columns are left alone.

    Args:
        path (str or Path): The file.
        with_label (bool): Refuse a list without labels.
        num_classes (int, optional): Refuse labels that are not below it.

    Returns:
        tuple: Paths, labels or None, names of the classes or ().

    Raises:
        UsageError: Names the file and, where there is one, the line.
    """
    path = Path(path)
    if path.suffix.lower() == '.csv':
        names, labels, classes = _read_csv(path)
    else:
        (names, labels), classes = read_list(path), []
    if not names:
        raise UsageError(f'{path} names no video')
    if with_label and labels is None:
        raise UsageError(
            f"{path} has lines without label, such as '{names[0]}'; write "
            "'clap/0001.mp4 0' and 'wave/0001.mp4 1'"
        )
    for name, label in zip(names, labels or [], strict=False):
        if num_classes is not None and not 0 <= label < num_classes:
            raise UsageError(
                f'{path} gives {name} the label {label}, but there are '
                f'{num_classes} classes, numbered from 0'
            )
    return names, labels, classes


def _read_csv(path: Path) -> tuple[list[str], list[int] | None, list[str]]:
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        rows = list(reader)
    if 'path' not in columns:
        raise UsageError(
            f"{path} needs a header with the column 'path', got {columns}"
        )
    names = [row['path'] for row in rows]
    if 'label' not in columns:
        return names, None, []
    labels, classes = [], {}
    for number, row in enumerate(rows, start=2):
        text = (row['label'] or '').strip()
        if not re.fullmatch(r'-?\d+', text):
            raise UsageError(
                f'{path}, line {number}: {row["path"]} has the label '
                f'{text!r}, which is no number'
            )
        labels.append(int(text))
        classes[int(text)] = row.get('class')
    listed = [classes.get(i) for i in range(max(labels, default=-1) + 1)]
    return names, labels, listed if all(listed) else []


def overlap_share(samples: Sequence) -> float:
    """Share of neighbouring clips of one video that overlap in time.

    Args:
        samples (Sequence[DataSample]): With ``clip_frames``.

    Returns:
        float: In [0, 1]; 0 where videos have one clip.
    """
    overlaps = []
    for sample in samples:
        frames = np.asarray(sample.clip_frames)
        frames = frames[np.argsort(frames[:, 0], kind='stable')]
        overlaps += (frames[1:, 0] <= frames[:-1, -1]).tolist()
    return float(np.mean(overlaps)) if overlaps else 0.0
