# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clip, near future, other moments and I-frame of a compressed video.

CompressedClipSample -> PyAVCompressedDecode -> CompressedViews
frame numbers           pictures and maps       views, packed
(compressed_sample.py)

For pipelines of mmaction2 alone: LoadMotionVectors beside its decoders.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.logging import print_log

from mmssl.datasets.transforms.compressed_reader import (
    CompressedParts,
    CompressedReader,
    reencode_command,
)
from mmssl.datasets.transforms.compressed_sample import path_of
from mmssl.datasets.transforms.motion_vectors import (
    FUTURE_RULES,
    accumulate_motion,
    cut_maps,
    dense_motion,
    normalize_motion,
    resize_maps,
)
from mmssl.datasets.transforms.multi_view import (
    channels_first,
    random_key,
    view_rng,
)
from mmssl.datasets.transforms.video_readers import (
    PyAVReader,
    UnreadableVideo,
)
from mmssl.datasets.transforms.views import CenterView
from mmssl.registry import TRANSFORMS
from mmssl.structures import DataSample, ViewGeometry

FORMS = ('dense', 'accumulated', 'table')


class _MotionForm:
    """From tables to what a pipeline asks for; warns of B-frames once.

    Args:
        form (str): 'dense' maps, maps 'accumulated' since the I-frame, or
            'table'.
        future (str): See ``dense_motion``.
    """

    def __init__(self, form: str, future: str) -> None:
        if form not in FORMS or future not in FUTURE_RULES:
            raise ValueError(
                f'form must be in {FORMS} and future in {FUTURE_RULES}, got '
                f'{form!r} and {future!r}'
            )
        self.form, self.future = form, future
        self.warned = False

    def frames(self, reader: CompressedReader, wanted: np.ndarray) -> list:
        """Frames whose vectors must be read."""
        found = set(wanted.ravel().tolist())
        if self.form == 'accumulated':
            for index in list(found):
                found.update(range(reader.key_before(index), index + 1))
        return sorted(found)

    def convert(
        self, reader: CompressedReader, parts: CompressedParts
    ) -> dict[int, np.ndarray]:
        """Map or table of every frame that was read."""
        between = [i for i, kind in parts.types.items() if kind == 'B']
        if between:
            self._meet_b_frames(reader, len(between), len(parts.types))
        if self.form == 'table':
            return parts.tables
        maps, before, last = {}, None, None
        for index, table in sorted(parts.tables.items()):
            maps[index] = dense_motion(table, *reader.size, self.future)
            if self.form == 'accumulated':
                if parts.types[index] == 'I' or last != index - 1:
                    before = None
                maps[index] = accumulate_motion(maps[index], before)
                before, last = maps[index], index
        return maps

    def _meet_b_frames(
        self, reader: CompressedReader, count: int, total: int
    ) -> None:
        if self.form == 'accumulated':
            raise reader.unsuitable(
                f'{count} of {total} frames read are B-frames, over which '
                'motion cannot be accumulated'
            )
        if not self.warned:
            self.warned = True
            print_log(
                f'{reader.path}: {count} of {total} frames read are B-frames: '
                f'their vectors into the future are treated by '
                f'future={self.future!r}, and P-frames behind them have '
                'longer vectors; to be without them: '
                f'{reencode_command(reader.path)}',
                logger='current',
                level=logging.WARNING,
            )


@TRANSFORMS.register_module()
class PyAVCompressedDecode:
    """Pictures, motion and I-frame, from one decode of a file.

    Reads ``path`` or ``filename``, ``motion_path`` (a file that was encoded
    anew; the same file without it), ``frame_inds``, and as far as they are
    there ``motion_inds`` (any shape) and ``iframe_ind``.  Writes ``imgs``,
    list of (h, w, 3) uint8 RGB; ``motion_vectors``, list of a map
    (h, w, 2) int16 or a table for each of ``motion_inds`` in order;
    ``iframe`` (h, w, 3); and what mmaction2 asks for beside ``imgs``.

    Args:
        rgb_from (str): 'same' takes pictures from the file of the vectors,
            in one decode; 'original' from ``path``, as published.
        form (str): 'dense', 'accumulated' or 'table'.
        future (str): 'zero' or 'negate', of B-frames; see ``dense_motion``.

    Raises:
        ValueError: A setting outside its range.
        UnreadableVideo: On use, a file is broken, or the two differ in size.
        UnsuitableVideo: It must be encoded anew.
    """

    def __init__(
        self,
        rgb_from: str = 'same',
        form: str = 'dense',
        future: str = 'zero',
    ) -> None:
        if rgb_from not in ('same', 'original'):
            raise ValueError(
                f"rgb_from must be 'same' or 'original', got {rgb_from!r}"
            )
        self.rgb_from = rgb_from
        self.motion = _MotionForm(form, future)

    def __call__(self, results: dict) -> dict:
        clip = np.asarray(results['frame_inds']).ravel()
        windows = np.asarray(results.get('motion_inds', clip)).ravel()
        path = path_of(results)
        pictures = [] if self.rgb_from == 'original' else clip.tolist()
        if 'iframe_ind' in results:
            pictures = [*pictures, results['iframe_ind']]
        motion_path = results.get('motion_path') or path
        with CompressedReader(motion_path, bool(pictures)) as reader:
            needed = self.motion.frames(reader, windows)
            parts = reader.read_parts(needed, pictures)
            found = self.motion.convert(reader, parts)
            size = reader.size
        results['motion_vectors'] = [found[i] for i in windows.tolist()]
        if 'iframe_ind' in results:
            results['iframe'] = parts.pictures[results['iframe_ind']]
        if self.rgb_from == 'original':
            with PyAVReader(path) as reader:
                frames = list(reader.read(clip))
            if frames[0].shape[:2] != size:
                raise UnreadableVideo(
                    f'{path} has pictures of {frames[0].shape[:2]} pixels '
                    f'(h, w), but {motion_path}, which was encoded anew, of '
                    f'{size}; encode it again without --short-side'
                )
        else:
            frames = [parts.pictures[i] for i in clip.tolist()]
        results['imgs'] = frames
        results['original_shape'] = results['img_shape'] = size
        return results


@TRANSFORMS.register_module()
class LoadMotionVectors:
    """Motion of the frames that mmaction2's pipeline has chosen.

    After ``SampleFrames``, beside or in place of ``PyAVDecode``.  Reads
    ``filename`` (or ``path``) and ``frame_inds``; writes ``motion_vectors``,
    a list of (h, w, 2) int16 maps or of tables, one a frame, and
    ``frame_types``, a letter a frame.

    Args:
        form (str): 'dense', 'accumulated' or 'table'.
        future (str): 'zero' or 'negate', of B-frames; see ``dense_motion``.

    Raises:
        ValueError: A setting outside its range.
        UnreadableVideo: On use, the file is broken.
        UnsuitableVideo: It must be encoded anew.
    """

    def __init__(self, form: str = 'dense', future: str = 'zero') -> None:
        self.motion = _MotionForm(form, future)

    def __call__(self, results: dict) -> dict:
        wanted = np.asarray(results['frame_inds']).ravel()
        with CompressedReader(path_of(results), pixels=False) as reader:
            needed = self.motion.frames(reader, wanted)
            parts = reader.read_parts(vectors=needed)
            found = self.motion.convert(reader, parts)
        results['motion_vectors'] = [found[i] for i in wanted.tolist()]
        results['frame_types'] = [parts.types[i] for i in wanted.tolist()]
        return results


@TRANSFORMS.register_module()
class CompressedViews:
    """Cut clip, I-frame and windows of motion, and pack them.

    The clip and its future share crop and flip; the I-frame and each other
    window draw their own.  Reads ``imgs``, ``iframe``, ``motion_vectors``
    (all windows one after the other), ``motion_inds`` and ``key``; gives
    ``inputs``: [clip (3, t, h, w) uint8, I-frame (3, 1, h, w) uint8, future
    (2, l, h, w) float32 in [-1, 1], other windows likewise], and
    ``data_samples`` with their geometry in ``views``.

    Args:
        view (dict): ``RandomView``, or ``CenterView`` for evaluation.
        limit (float): Vectors are clamped to it and divided by it, pixels.
        scale_vectors (bool): Scale vectors when a map is resized; not as
            published.
        flip_vectors (bool): Negate x when a map is mirrored; likewise.
        keys (Sequence[str]): Further entries for the data sample.

    Raises:
        UnreadableVideo: On use, pictures and maps differ in size.
    """

    def __init__(
        self,
        view: dict,
        limit: float = 10.0,
        scale_vectors: bool = False,
        flip_vectors: bool = False,
        keys: Sequence[str] = ('frame_inds', 'motion_inds', 'iframe_ind'),
    ) -> None:
        self.view = TRANSFORMS.build(dict(dict(type='RandomView'), **view))
        self.limit = limit
        self.scale_vectors = scale_vectors
        self.flip_vectors = flip_vectors
        self.keys = tuple(keys)

    def __call__(self, results: dict) -> dict:
        clip = np.stack(results['imgs'])
        maps = np.stack(results['motion_vectors'])
        shape = np.shape(results['motion_inds'])
        windows = maps.reshape(*shape, *maps.shape[1:])
        still = results['iframe'][None]
        sizes = {clip.shape[1:3], maps.shape[1:3], still.shape[1:3]}
        if len(sizes) > 1:
            raise UnreadableVideo(
                f'{path_of(results)}: clip, motion and I-frame must be of '
                f'one size, got {sorted(sizes)} (h, w)'
            )
        key = results.get('key') or random_key()
        clip, first = self.view(clip, view_rng(key, 0))
        still, second = self.view(still, view_rng(key, 1))
        geometry = [first, second, first]
        for number in range(1, len(windows)):
            geometry.append(self._place(windows, view_rng(key, 1 + number)))
        motion = [
            self.cut(window, place)
            for window, place in zip(windows, geometry[2:], strict=True)
        ]
        fields = dict(views=geometry)
        for name in ('sample_idx', 'path', 'label', *self.keys):
            if name in results:
                fields[name] = results[name]
        inputs = [channels_first(clip), channels_first(still), *motion]
        return dict(inputs=inputs, data_samples=DataSample(**fields))

    def _place(
        self, windows: np.ndarray, rng: np.random.Generator
    ) -> ViewGeometry:
        """Where a window of motion is cut."""
        if isinstance(self.view, CenterView):
            blank = np.zeros((*windows.shape[2:4], 3), np.uint8)
            return self.view(blank)[1]
        source = windows.shape[2:4]
        params = self.view.draw(rng, source)
        return ViewGeometry(source, params.crop, self.view.size, params.flip)

    def cut(self, window: np.ndarray, place: ViewGeometry) -> torch.Tensor:
        """(t, h, w, 2) maps to a view (2, t, h', w') in [-1, 1]."""
        if isinstance(self.view, CenterView):
            maps = resize_maps(
                window, self.view.resize or min(place.source_size)
            )
            height, width = self.view.size or maps.shape[1:3]
            y = round((maps.shape[1] - height) / 2)
            x = round((maps.shape[2] - width) / 2)
            maps = maps[:, y : y + height, x : x + width]
        else:
            maps = cut_maps(
                window, place.crop, self.view.size, place.flip,
                self.scale_vectors, self.flip_vectors,
            )  # fmt: skip
        return torch.from_numpy(normalize_motion(maps, self.limit))
