# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Motion vectors of whole videos in files of their own."""

import json
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mmssl.datasets.transforms.compressed_reader import CompressedReader
from mmssl.datasets.transforms.motion_vectors import (
    COLUMNS,
    dense_motion,
)
from mmssl.datasets.transforms.video_readers import UnreadableVideo
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

FORMAT = 1
FORMS = ('table', 'dense')


def extract_motion(
    source: str | Path, target: str | Path, form: str = 'table'
) -> int:
    """Write the motion vectors of a video, atomically.

    The file is ``.npz`` without pickles: ``header`` (JSON: format version,
    form, columns, codec, height, width, length and time of the source),
    ``frame_types`` (t letters) and

    - 'table': ``mvs`` (m, 10) int16 and ``offsets`` (t + 1), rows
      ``offsets[i]:offsets[i + 1]`` belong to frame i;
    - 'dense': ``motion`` (t, h, w, 2) int16, see ``dense_motion``.

    Args:
        source (str or Path): The video.
        target (str or Path): Ends with .npz.
        form (str): 'table' or 'dense'.

    Returns:
        int: Frames; 0 where the file was there already and fits the source.

    Raises:
        UnreadableVideo: The video is broken or has no motion vectors.
        ValueError: An unknown form.
    """
    if form not in FORMS:
        raise ValueError(f'form must be one of {FORMS}, got {form!r}')
    if is_extracted(source, target, form):
        return 0
    with CompressedReader(str(source), pixels=False) as reader:
        count = reader.num_frames
        parts = reader.read_parts(vectors=range(count))
        header = dict(
            _origin(source, form),
            columns=COLUMNS,
            codec=reader.codec,
            height=reader.size[0],
            width=reader.size[1],
        )
    tables = [parts.tables[i] for i in range(count)]
    if form == 'table':
        rows = np.cumsum([0, *map(len, tables)])
        arrays = dict(mvs=np.concatenate(tables), offsets=rows)
    else:
        size = header['height'], header['width']
        maps = [dense_motion(table, *size) for table in tables]
        arrays = dict(motion=np.stack(maps))
    types = np.array([parts.types[i] for i in range(count)])
    with atomic_path(target) as temporary, open(temporary, 'wb') as file:
        np.savez_compressed(
            file, header=json.dumps(header), frame_types=types, **arrays
        )
    return count


def read_motion(path: str | Path) -> dict:
    """What :func:`extract_motion` wrote, the header as a dict.

    Raises:
        UsageError: It is no such file, or of another format.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        content['header'] = json.loads(str(content['header']))
        version = content['header']['format']
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise UsageError(
            f'{path} holds no motion vectors ({error}); delete it and run '
            'tools/dataset_tools/extract_motion.py again'
        ) from error
    if version != FORMAT:
        raise UsageError(
            f'{path} has format {version}, this program reads {FORMAT}'
        )
    return content


def is_extracted(
    source: str | Path, target: str | Path, form: str = 'table'
) -> bool:
    """Whether a file was made of this very source in this form."""
    if not Path(target).is_file():
        return False
    try:
        with np.load(target, allow_pickle=False) as file:
            header = json.loads(str(file['header']))
    except (OSError, ValueError, KeyError, BadZipFile):
        return False
    return header.items() >= _origin(source, form).items()


def extract_or_reason(job: tuple[str, str], form: str = 'table') -> int | str:
    """:func:`extract_motion` of (source, target); why not, where it fails."""
    try:
        return extract_motion(*job, form)
    except UnreadableVideo as error:
        return str(error)


def _origin(source: str | Path, form: str) -> dict:
    status = os.stat(source)
    return dict(
        format=FORMAT,
        form=form,
        bytes=status.st_size,
        modified=status.st_mtime_ns,
    )
