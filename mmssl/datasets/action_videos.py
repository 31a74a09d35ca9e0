# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What mmaction2's recognisers read: its data set, our checks and decoder."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.video_dataset import read_video_list
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

_ACTION = re.compile(r'c(\d+) ([\d.]+) ([\d.]+)')


@DATASETS.register_module()
def ActionVideoDataset(
    ann_file: str,
    pipeline: list[dict],
    data_root: str = '',
    num_classes: int | None = None,
    per_class: int | None = None,
    subset_seed: int = 0,
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
        per_class (int, optional): Low-shot: only so many videos of each
            class.
        subset_seed (int): Which ones.
        **kwargs: As for ``mmaction.VideoDataset``.

    Raises:
        UsageError: A line lacks its label, has one beyond num_classes, or a
            class has fewer videos than ``per_class``.
    """
    owner = 'ActionVideoDataset'
    root = find_data(data_root, owner)
    path = find_data(Path(data_root) / ann_file, owner)
    names, labels, classes = read_video_list(path, True, num_classes)
    chosen: Sequence[int] = range(len(names))
    if per_class is not None:
        chosen = few_of_each(labels, per_class, subset_seed, str(path))
    entries = [
        dict(filename=str(root / names[i]), label=labels[i]) for i in chosen
    ]
    if classes:
        kwargs.setdefault('metainfo', dict(classes=tuple(classes)))
    return video_dataset(
        entries, path, pipeline, num_classes=num_classes, **kwargs
    )


@DATASETS.register_module()
def CharadesVideoDataset(
    ann_file: str,
    pipeline: list[dict],
    data_root: str = '',
    video_dir: str = 'videos',
    num_classes: int = 157,
    **kwargs,
):
    """Videos with several actions, each with its time, as mmaction2's data.

    The pipeline takes :class:`ClipLabels` after decoding.

    Args:
        ann_file (str): Charades' own table, ``Charades_v1_train.csv``, with
            the columns ``id`` and ``actions`` (``'c092 11.9 21.2;...'``,
            seconds); relative to ``data_root``.
        pipeline (list[dict]): mmaction2's transforms.
        data_root (str): May begin with ``data/``.
        video_dir (str): Folder of the videos, ``id.mp4``, below it.
        num_classes (int): Refuse actions beyond it.
        **kwargs: As for ``mmaction.VideoDataset``.

    Raises:
        UsageError: Names the file and the line that cannot be read.
    """
    owner = 'CharadesVideoDataset'
    root = find_data(data_root, owner) / video_dir
    path = find_data(Path(data_root) / ann_file, owner)
    entries = [
        dict(filename=str(root / f'{name}.mp4'), actions=actions)
        for name, actions in read_charades(path, num_classes)
    ]
    return video_dataset(
        entries, path, pipeline, num_classes=num_classes, **kwargs
    )


def video_dataset(
    entries: list[dict], path: Path, pipeline: list[dict], **kwargs
):
    """``mmaction.VideoDataset`` of entries that were read before.

    Args:
        entries (list[dict]): What enters the pipeline, of each video.
        path (Path): The list that they came from.
        pipeline (list[dict]): mmaction2's transforms.
        **kwargs: As for ``mmaction.VideoDataset``.
    """
    from mmaction.datasets import VideoDataset

    dataset = VideoDataset(
        ann_file=str(path), pipeline=pipeline, lazy_init=True, **kwargs
    )
    dataset.load_data_list = lambda: entries
    dataset.full_init()
    del dataset.load_data_list  # it would not travel to spawned workers
    return dataset


def few_of_each(
    labels: Sequence[int], per_class: int, seed: int, owner: str
) -> list[int]:
    """Rows of a subset with equally many of each class.

    Args:
        labels (Sequence[int]): (n,).
        per_class (int): Rows of each class, >= 1.
        seed (int): Which ones.
        owner (str): Where the labels are from, for messages.

    Returns:
        list[int]: Sorted.

    Raises:
        UsageError: A class has fewer.
    """
    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for label in np.unique(labels).tolist():
        rows = np.flatnonzero(labels == label)
        if not 1 <= per_class <= len(rows):
            raise UsageError(
                f'{owner} has {len(rows)} videos of class {label}, '
                f'per_class={per_class} of them cannot be chosen'
            )
        chosen += rng.permutation(rows)[:per_class].tolist()
    return sorted(chosen)


def read_charades(
    path: Path, num_classes: int
) -> list[tuple[str, list[tuple[int, float, float]]]]:
    """Names of videos and their actions: (class, start, end) in seconds.

    Raises:
        UsageError: A column is missing, an action cannot be read or is
            beyond num_classes; names file and line.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        if not {'id', 'actions'} <= set(reader.fieldnames or ()):
            raise UsageError(
                f"{path} needs a header with the columns 'id' and 'actions', "
                f'got {reader.fieldnames}'
            )
        rows = list(reader)
    found = []
    for line, row in enumerate(rows, start=2):
        actions = []
        for text in filter(None, (row['actions'] or '').split(';')):
            match = _ACTION.fullmatch(text.strip())
            if match is None or int(match[1]) >= num_classes:
                raise UsageError(
                    f'{path}, line {line}: {row["id"]} has the action '
                    f"{text!r}; expected is 'c092 11.9 21.2', a class below "
                    f'{num_classes} with its start and end'
                )
            actions.append((int(match[1]), float(match[2]), float(match[3])))
        found.append((row['id'], actions))
    if not found:
        raise UsageError(f'{path} names no video')
    return found
