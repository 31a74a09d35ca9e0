# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Block motion vectors as tables and as dense maps; functions of arrays.

A table is (n, 10) int16 with the columns ``COLUMNS``.  A map is
(h, w, 2) int16, last axis (x, y): how far, in whole pixels, what is there has
moved since its reference picture.
"""

from collections.abc import Sequence

import cv2
import numpy as np

COLUMNS = (
    'source', 'w', 'h', 'src_x', 'src_y', 'dst_x', 'dst_y', 'motion_x',
    'motion_y', 'motion_scale',
)  # fmt: skip
CELL = 8  # H.264 exports finer partitions as 8 x 8; MPEG-4 has 16 x 16
FUTURE_RULES = ('zero', 'negate')


def motion_table(vectors: np.ndarray | None) -> np.ndarray:
    """FFmpeg's records as a table.

    The records are 40 bytes with padding, so fields are copied, never bytes.

    Args:
        vectors (ndarray, optional): (n,) structured, from the side data of a
            frame; None where the frame has no vectors.

    Returns:
        ndarray: (n, 10) int16: source -1 is a past reference, 1 a future
        one; w, h size of the block; dst its centre, src = dst +
        trunc(motion / motion_scale), pixels.
    """
    table = np.empty((0 if vectors is None else len(vectors), 10), np.int16)
    if vectors is not None:
        for column, name in enumerate(COLUMNS):
            table[:, column] = vectors[name]
    return table


def dense_motion(
    table: np.ndarray, height: int, width: int, future: str = 'zero'
) -> np.ndarray:
    """The map of a table, by the rule of pytorch-coviar.

    dst - src over the pixels of a block; 0 where there is no block (intra),
    the vector is 0, or the source pixel lies outside the picture.  Of blocks
    that overlap the later one counts.

    Args:
        table (ndarray): (n, 10) int16.
        height (int): Of the picture.
        width (int): Of the picture.
        future (str): What becomes of references to the future (B-frames):
            'zero' leaves them out; 'negate' takes the negative of the vector
            where there is no past one, as if motion went on evenly.

    Returns:
        ndarray: (height, width, 2) int16.

    Raises:
        ValueError: An unknown rule.
    """
    if future not in FUTURE_RULES:
        raise ValueError(
            f'future must be one of {FUTURE_RULES}, got {future!r}'
        )
    motion = np.zeros((height, width, 2), np.int16)
    past = table[:, 0] < 0
    if future == 'negate' and not past.all():
        ahead = table[~past].copy()
        ahead[:, 3:5] = 2 * ahead[:, 5:7] - ahead[:, 3:5]
        _paint(motion, ahead)
    _paint(motion, table[past])
    return motion


def _paint(motion: np.ndarray, table: np.ndarray) -> None:
    """Write blocks into a map: at once where they keep to the 8-pixel grid
    and do not overlap, as those of real streams, else one after the other.
    """
    if not len(table):
        return
    cells = _cells(table, motion.shape[:2])
    if cells is None:
        for row in table:
            _paint_block(motion, row)
        return
    height, width = motion.shape[:2]
    # The few cells that come, in part, from outside are looked at alone.
    rows, columns = _leaving(cells, height, width)
    alone = [
        (-1, CELL, CELL, x - dx, y - dy, x, y)
        for x, y, (dx, dy) in zip(
            (columns * CELL + CELL // 2).tolist(),
            (rows * CELL + CELL // 2).tolist(),
            cells[rows, columns].tolist(),
            strict=True,
        )
    ]
    cells[rows, columns] = 0
    # Both components as one 32-bit number: half as much to move.
    pairs = cells.view(np.int32)[..., 0]
    pixels = pairs.repeat(CELL, 0).repeat(CELL, 1)[:height, :width]
    np.copyto(motion.view(np.int32)[..., 0], pixels, where=pixels != 0)
    for row in alone:
        _paint_block(motion, row)


def _cells(table: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """(rows, columns, 2) vectors of 8-pixel cells; None where none fit."""
    blocks = table[:, 1:3].astype(np.int32)  # w, h
    corners = table[:, 5:7] - blocks // 2
    if ((blocks | corners) % CELL).any() or (corners < 0).any():
        return None
    # A picture is coded in whole blocks of 16 pixels.
    rows, columns = (2 * -(-side // 16) for side in size)
    vectors = table[:, 5:7] - table[:, 3:5]
    cells = np.zeros((rows, columns, 2), np.int16)
    seen = np.zeros((rows, columns), bool)
    corners //= CELL
    blocks //= CELL
    if (corners + blocks > (columns, rows)).any():
        return None
    sizes = blocks[:, 0] * 256 + blocks[:, 1]  # sorts faster than pairs
    for number in np.unique(sizes).tolist():
        same = sizes == number
        w, h = divmod(number, 256)
        x, y = corners[same].T
        for dy in range(h):
            for dx in range(w):
                cells[y + dy, x + dx] = vectors[same]
                seen[y + dy, x + dx] = True
    overlap = np.count_nonzero(seen) < int(blocks.prod(1).sum())
    return None if overlap else cells


def _leaving(
    cells: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of cells with a source pixel outside the picture."""
    x = np.arange(cells.shape[1]) * CELL - cells[..., 0]
    y = np.arange(cells.shape[0])[:, None] * CELL - cells[..., 1]
    out = (x < 0) | (y < 0) | (x + CELL > width) | (y + CELL > height)
    return np.nonzero(out & cells.any(-1))


def _paint_block(motion: np.ndarray, row: Sequence[int]) -> None:
    _, w, h, src_x, src_y, dst_x, dst_y = (int(v) for v in row[:7])
    vector = dst_x - src_x, dst_y - src_y
    if vector == (0, 0):
        return
    height, width = motion.shape[:2]
    # Inside the picture at both ends of the vector.
    left = max(dst_x - w // 2, 0, vector[0])
    right = min(dst_x + w // 2, width, width + vector[0])
    top = max(dst_y - h // 2, 0, vector[1])
    bottom = min(dst_y + h // 2, height, height + vector[1])
    motion[top : max(bottom, top), left : max(right, left)] = vector


def accumulate_motion(
    motion: np.ndarray, before: np.ndarray | None = None
) -> np.ndarray:
    r"""Motion since the I-frame that begins a group of pictures.

    .. math:: A_t(p) = A_{t-1}(p - M_t(p)) + M_t(p), \quad A_0 = 0

    CoViAR's accumulated form; CMD uses the maps as they are.

    Args:
        motion (ndarray): (h, w, 2) int16, M_t of a P-frame, as
            :func:`dense_motion` gives it, so that every source pixel lies
            inside.
        before (ndarray, optional): A_{t-1}; None is that of an I-frame.

    Returns:
        ndarray: (h, w, 2) int16, A_t.
    """
    if before is None:
        return motion.copy()
    height, width = motion.shape[:2]
    y = np.arange(height)[:, None] - motion[..., 1]
    x = np.arange(width) - motion[..., 0]
    return before[y, x] + motion


def cut_maps(
    maps: np.ndarray,
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    flip: bool = False,
    scale_vectors: bool = False,
    flip_vectors: bool = False,
) -> np.ndarray:
    """Cut, resize (OpenCV, bilinear) and mirror maps like their pictures.

    As published the vectors keep their values: a resized map still counts
    pixels of the original, a mirrored one still counts to the right.

    Args:
        maps (ndarray): (t, h, w, 2).
        box (tuple[int, int, int, int]): (x, y, w, h), pixels.
        size (tuple[int, int]): (h, w) afterwards.
        flip (bool): Mirror left to right.
        scale_vectors (bool): Scale values with the map.
        flip_vectors (bool): Negate x of mirrored maps.

    Returns:
        ndarray: (t, *size, 2) float32.
    """
    x, y, w, h = box
    cut = maps[:, y : y + h, x : x + w].astype(np.float32)
    if (h, w) != tuple(size):
        cut = np.stack([cv2.resize(m, size[::-1]) for m in cut])
    if scale_vectors:
        cut *= np.float32([size[1] / w, size[0] / h])
    if flip:
        cut = cut[:, :, ::-1]
        if flip_vectors:
            cut = cut * np.float32([-1, 1])
    return np.ascontiguousarray(cut)


def resize_maps(maps: np.ndarray, short_side: int) -> np.ndarray:
    """Scale the shorter side to a length (OpenCV, bilinear).

    Args:
        maps (ndarray): (t, h, w, 2).
        short_side (int): Pixels; the longer side is cut to whole ones.

    Returns:
        ndarray: (t, h', w', 2) float32.
    """
    height, width = maps.shape[1:3]
    short = min(height, width)
    size = height * short_side // short, width * short_side // short
    return cut_maps(maps, (0, 0, width, height), size)


def normalize_motion(maps: np.ndarray, limit: float = 10.0) -> np.ndarray:
    """Clamp to [-limit, limit], divide by it, channels first.

    Args:
        maps (ndarray): (t, h, w, 2).
        limit (float): Pixels.

    Returns:
        ndarray: (2, t, h, w) float32 in [-1, 1].
    """
    cut = np.clip(maps, -limit, limit) / np.float32(limit)
    return np.ascontiguousarray(cut.transpose(3, 0, 1, 2), np.float32)


def median_motion(maps: Sequence[np.ndarray], border: int = 0) -> np.ndarray:
    """Median vector of each map without a border; the motion of a pan.

    Args:
        maps (Sequence[ndarray]): t maps (h, w, 2).
        border (int): Pixels left out at every side.

    Returns:
        ndarray: (t, 2) float64, (x, y).
    """
    inner = slice(border, -border or None)
    return np.stack(
        [np.median(m[inner, inner].reshape(-1, 2), axis=0) for m in maps]
    )
