# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Files of ORL's second stage: proposals, neighbours, pairs of regions.

A file is an ``.npz`` without pickles whose ``header`` is JSON: format
version, kind, number of pictures, the SHA-256 of their names in order, and
the settings it was made with.  The names stand in ``images.txt`` beside it,
one a line, below the folder of the pictures.  The authors' JSON layout is
read and written too.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_text

FORMAT_VERSION = 1
IMAGE_LIST = 'images.txt'


def names_hash(names: Sequence[str]) -> str:
    """SHA-256 of file names in their order, one a line."""
    return hashlib.sha256('\n'.join(names).encode()).hexdigest()


def write_image_list(folder: str | os.PathLike, names: Sequence[str]) -> None:
    """Write ``images.txt``; one that is there must say the same.

    Raises:
        UsageError: The folder belongs to other pictures, or a name holds a
            line break.
    """
    path = Path(folder) / IMAGE_LIST
    if any('\n' in name or '\r' in name for name in names):
        raise UsageError('names of pictures must not hold line breaks')
    if not path.exists():
        write_text(path, ''.join(f'{name}\n' for name in names))
    elif read_image_list(folder) != list(names):
        raise UsageError(
            f'{path} lists other pictures than those given ({len(names)}); '
            'take another --out, or delete that folder'
        )


def read_image_list(folder: str | os.PathLike) -> list[str]:
    """Names in ``images.txt`` of a folder.

    Raises:
        UsageError: There is no such file.
    """
    path = Path(folder) / IMAGE_LIST
    try:
        return path.read_text(encoding='utf-8').split('\n')[:-1]
    except OSError as error:
        raise UsageError(
            f'{path} is missing; the names of the pictures stand there, one '
            'a line'
        ) from error


def make_header(kind: str, names: Sequence[str], settings: dict) -> dict:
    """What a file says of itself."""
    return dict(
        format_version=FORMAT_VERSION,
        kind=kind,
        count=len(names),
        file_list_sha256=names_hash(names),
        settings=settings,
    )


def write_arrays(
    path: str | os.PathLike, header: dict, arrays: Mapping[str, np.ndarray]
) -> None:
    """Write a file atomically; equal content gives equal bytes."""
    text = json.dumps(header, sort_keys=True)
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        np.savez(file, header=np.array(text), **arrays)


def read_header(
    path: str | os.PathLike, kind: str, names: Sequence[str] | None = None
) -> dict:
    """The header of a file, without its arrays; see :func:`read_arrays`."""
    return _read(path, kind, names, False)[1]


def read_arrays(
    path: str | os.PathLike, kind: str, names: Sequence[str] | None = None
) -> tuple[dict[str, np.ndarray], dict]:
    """Read a file.

    Args:
        path (str or PathLike): The ``.npz``.
        kind (str): What it must hold.
        names (Sequence[str], optional): Names that it must be made for.

    Returns:
        tuple: Arrays by name, and the header.

    Raises:
        UsageError: Absent, cut short, of another kind or version, or made
            for another list of pictures.
    """
    return _read(path, kind, names, True)


def _read(path, kind, names, with_arrays) -> tuple[dict, dict]:
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file['header']))
            wanted = file.files if with_arrays else ()
            arrays = {n: file[n] for n in wanted if n != 'header'}
        found = header['format_version'], header['kind']
        digest = header['file_list_sha256']
    except FileNotFoundError as error:
        raise UsageError(
            f'{path} is missing; tools/orl/run.py makes all files of stage 2'
        ) from error
    except (KeyError, ValueError, TypeError, OSError, EOFError,
            BadZipFile) as error:  # fmt: skip
        raise UsageError(
            f'{path} cannot be read ({error}): cut short, or no file of this '
            'kind; delete it and run its step again'
        ) from error
    if found != (FORMAT_VERSION, kind):
        raise UsageError(
            f'{path} is of kind {found[1]!r}, format version {found[0]}; '
            f'wanted is {kind!r}, version {FORMAT_VERSION}'
        )
    if names is not None and digest != names_hash(names):
        raise UsageError(
            f'{path} was made for another list of pictures '
            f'({header["count"]}, here {len(names)}; their hashes differ); '
            'run its step again for this list'
        )
    return arrays, header


def offsets_of(counts: Sequence[int]) -> np.ndarray:
    """(n + 1,) int64 starts of parts of these lengths, and the end."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def pack_rows(
    parts: Sequence[np.ndarray], columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Parts of rows one after the other.

    Args:
        parts (Sequence[ndarray]): n times (m_i, columns), whole numbers.
        columns (int): Numbers a row.

    Returns:
        tuple[ndarray, ndarray]: (m, columns) int16 and (n + 1,) offsets.

    Raises:
        UsageError: A number does not fit 16 bits.
    """
    rows = [np.asarray(part).reshape(-1, columns) for part in parts]
    offsets = offsets_of([len(part) for part in rows])
    packed = np.concatenate([*rows, np.zeros((0, columns), np.int16)])
    if len(packed) and not -(2**15) <= packed.min() <= packed.max() < 2**15:
        raise UsageError(
            'boxes are kept as 16-bit numbers, so pictures must be smaller '
            f'than 32768 pixels; met is {packed.min()}..{packed.max()}'
        )
    return packed.astype(np.int16), offsets


class Correspondences(NamedTuple):
    """Regions of n pictures and which of them are alike; boxes are xywh.

    Attributes:
        boxes (ndarray): (m, 4) int16, of all pictures one after the other.
        box_offsets (ndarray): (n + 1,) int64, where a picture's begin.
        knn (ndarray): (n, k) int32, positions in the list of pictures (not
            ids of a data set), most alike first.
        pairs (ndarray): (p, 8) int16: a region of the picture, its like in
            the neighbour; most alike first.
        pair_offsets (ndarray): (n k + 1,) int64, neighbour after neighbour.
        similarity (ndarray): (p,) float32 cosine; NaN where not known.
    """

    boxes: np.ndarray
    box_offsets: np.ndarray
    knn: np.ndarray
    pairs: np.ndarray
    pair_offsets: np.ndarray
    similarity: np.ndarray

    def boxes_of(self, position: int) -> np.ndarray:
        """(b, 4) regions of a picture."""
        start, stop = self.box_offsets[position : position + 2]
        return self.boxes[start:stop]

    def pairs_of(self, position: int, rank: int) -> np.ndarray:
        """(p, 8) pairs of a picture and its neighbour of a rank."""
        return self.pairs[self._pair_slice(position, rank)]

    def similarity_of(self, position: int, rank: int) -> np.ndarray:
        """(p,) similarities of those pairs."""
        return self.similarity[self._pair_slice(position, rank)]

    def _pair_slice(self, position: int, rank: int) -> slice:
        place = position * self.knn.shape[1] + rank
        return slice(*self.pair_offsets[place : place + 2].tolist())


def check_correspondences(found: Correspondences, where: str) -> None:
    """Refuse what cannot be trained on.

    Raises:
        UsageError: Lengths that do not agree, a neighbour that is the
            picture itself or not in the list, a picture without a region, a
            neighbour without a pair, a box without area.
    """

    def refuse(what: str) -> None:
        raise UsageError(f'{where} is damaged: {what}')

    if found.knn.ndim != 2 or 0 in found.knn.shape:
        refuse(f'neighbours have the shape {found.knn.shape}, not (n, k)')
    n, k = found.knn.shape
    for name, rows, offsets, parts in (
        ('boxes', found.boxes, found.box_offsets, n),
        ('pairs', found.pairs, found.pair_offsets, n * k),
    ):
        ends = offsets[[0, -1]].tolist() if len(offsets) else []
        if len(offsets) != parts + 1 or ends != [0, len(rows)]:
            refuse(
                f'{name} of {parts} parts need {parts + 1} offsets from 0 to '
                f'{len(rows)}, got {len(offsets)} from {ends}'
            )
        lengths = np.diff(offsets)
        if lengths.min() < 1:
            number = int(lengths.argmin())
            of = f'picture {number // (parts // n)}'
            refuse(f'{of} (counted from 0) has no {name}')
    if len(found.similarity) != len(found.pairs):
        refuse('there is not one similarity for each pair')
    bad = (found.knn < 0) | (found.knn >= n)
    if bad.any():
        row, rank = np.argwhere(bad)[0].tolist()
        refuse(
            f'neighbour {rank} of picture {row} is {found.knn[row, rank]}, '
            f'but positions run from 0 to {n - 1}; ids of COCO are no '
            'positions'
        )
    own = found.knn == np.arange(n)[:, None]
    if own.any():
        refuse(f'picture {int(own.any(1).argmax())} is its own neighbour')
    corners = np.concatenate([found.boxes, found.pairs.reshape(-1, 4)])
    bad = (corners[:, :2] < 0).any(1) | (corners[:, 2:] < 1).any(1)
    if bad.any():
        box = corners[bad.argmax()].tolist()
        refuse(f'{box} is no box x, y, w, h in a picture')


def write_correspondences(
    path: str | os.PathLike,
    names: Sequence[str],
    found: Correspondences,
    settings: dict,
) -> None:
    """Write pairs, with the list of pictures beside them."""
    write_image_list(Path(path).parent, names)
    header = make_header('pairs', names, settings)
    write_arrays(path, header, found._asdict())


def read_correspondences(
    path: str | os.PathLike,
) -> tuple[list[str], Correspondences, dict]:
    """Read pairs and the list of pictures beside them, checked.

    Returns:
        tuple: n names, the correspondences, the settings.

    Raises:
        UsageError: See :func:`read_arrays`, :func:`check_correspondences`.
    """
    names = read_image_list(Path(path).parent)
    arrays, header = read_arrays(path, 'pairs', names)
    try:
        found = Correspondences(**arrays)
    except TypeError as error:
        raise UsageError(
            f'{path} is damaged: it holds {", ".join(arrays)}, not '
            f'{", ".join(Correspondences._fields)}'
        ) from error
    check_correspondences(found, str(path))
    if len(names) != len(found.knn):
        raise UsageError(
            f'{path} is damaged: neighbours of {len(found.knn)} pictures, '
            f'but {len(names)} names'
        )
    return names, found, header['settings']


def to_official(
    names: Sequence[str],
    found: Correspondences,
    settings: dict,
    ids: Sequence[int] | None = None,
) -> dict:
    """The authors' ``*_10nn_instance_correspondence.json``.

    Args:
        names (Sequence[str]): n file names.
        found (Correspondences): Similarities have no place there.
        settings (dict): Numbers for its ``info``.
        ids (Sequence[int], optional): Of the pictures in their data set;
            positions without.
    """
    n, k = found.knn.shape
    ids = list(range(n)) if ids is None else list(ids)
    return dict(
        info=dict(settings, knn_image_num=k),
        images=dict(file_name=list(names), id=ids),
        pseudo_annotations=dict(
            image_id=ids,
            bbox=[found.boxes_of(i).tolist() for i in range(n)],
            knn_image_id=found.knn.tolist(),
            knn_bbox_pair=[
                [found.pairs_of(i, rank).tolist() for rank in range(k)]
                for i in range(n)
            ],
        ),
    )


def from_official(
    parts: Sequence[dict], where: str
) -> tuple[list[str], Correspondences, dict]:
    """Read the authors' JSON, whole or in the parts of several processes.

    Every part lists all pictures and neighbours, and the boxes and pairs of
    its own ones; in order the parts must add up to all.  A picture with one
    box, or a neighbour with one pair, may be stored flat, as theirs are.

    Args:
        parts (Sequence[dict]): Content of the files.
        where (str): Their names, for messages.

    Returns:
        tuple: Names, correspondences (similarities NaN), the ``info``.

    Raises:
        UsageError: A key is missing, lists are not of one length, or boxes
            of some pictures are missing.
    """
    boxes, pairs = [], []
    try:
        names = parts[0]['images']['file_name']
        knn = np.array(parts[0]['pseudo_annotations']['knn_image_id'])
        for part in parts:
            if part['images']['file_name'] != names:
                raise UsageError(f'{where}: parts list different pictures')
            own = part['pseudo_annotations']
            boxes += [np.reshape(b, (-1, 4)) for b in own['bbox']]
            pairs += [
                np.reshape(pair, (-1, 8))
                for neighbours in own['knn_bbox_pair']
                for pair in neighbours
            ]
        info = dict(parts[0]['info'])
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise UsageError(
            f"{where} is not in the layout of ORL's correspondence file: "
            f'{error!r}'
        ) from error
    if not len(names) == len(knn) == len(boxes):
        raise UsageError(
            f'{where}: {len(names)} pictures, neighbours of {len(knn)} and '
            f'boxes of {len(boxes)}; a part is missing, or given twice'
        )
    packed, box_offsets = pack_rows(boxes, 4)
    rows, pair_offsets = pack_rows(pairs, 8)
    found = Correspondences(
        packed,
        box_offsets,
        knn.astype(np.int32),
        rows,
        pair_offsets,
        np.full(len(rows), np.nan, np.float32),
    )
    check_correspondences(found, where)
    return names, found, info


def official_proposals(
    contents: Sequence[dict], names: Sequence[str], where: str
) -> list[np.ndarray]:
    """Raw proposals of the authors' JSON, ``{"bbox": [[[x, y, w, h]]]}``.

    Args:
        contents (Sequence[dict]): Files whose lists are joined (COCO+).
        names (Sequence[str]): Pictures, in the order of the lists.
        where (str): Their names, for messages.

    Returns:
        list[ndarray]: n times (m_i, 4) int32.

    Raises:
        UsageError: No such key, another number of pictures, not boxes.
    """
    try:
        boxes = [
            np.asarray(b, np.int32).reshape(-1, 4)
            for content in contents
            for b in content['bbox']
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f'{where} is no file of proposals, {{"bbox": [[[x, y, w, h], '
            f'...], ...]}}: {error!r}'
        ) from error
    if len(boxes) != len(names):
        raise UsageError(
            f'{where} has proposals of {len(boxes)} pictures, but '
            f'{len(names)} are listed'
        )
    return boxes
