# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Carry the masks of a video's first frame through it."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mmssl.apis.inferencer import Inferencer, InferenceResult
from mmssl.datasets import FrameFolder, VideoFile
from mmssl.datasets.vos_sequences import FRAMES
from mmssl.evaluation.extraction import frame_maps, undisturbed
from mmssl.evaluation.functional import propagate_sequence
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import read_id_map, write_id_map
from mmssl.utils.video_writer import write_video
from mmssl.visualization.masks import overlay_masks

FRAME_RATE = 25.0  # of frames that do not say it
INPUT_KEYS = ('video', 'mask', 'boxes')


class Clip(NamedTuple):
    """An opened video, the object numbers (h, w) of its first frame, names
    of the frames and how many there are a second."""

    frames: Sequence[Tensor]
    ids: np.ndarray
    names: list[str]
    rate: float


class Step(NamedTuple):
    """A frame (h, w, 3) uint8 RGB, its name, its object numbers (h, w)."""

    frame: np.ndarray
    name: str
    ids: np.ndarray


class VOSPropagator(Inferencer):
    """Segments objects through a video, given those of its first frame.

    Nothing is trained: labels go from frame to frame by the likeness of
    the features, as in the DAVIS evaluation.  An input is
    ``dict(video=..., mask=...)`` or ``dict(video=..., boxes=...)``: a video
    file, a folder of frames or an array (t, h, w, 3) uint8 RGB; the object
    numbers of the first frame as PNG or array (h, w) uint8; or boxes
    (x, y, width, height) in pixels, each followed as if all of it were
    object.  One video alone may be given as
    ``propagator('film.mp4', mask='first.png')``.

    Settings of a call:

    - ``first`` (int), ``max_frames`` (int): The part of each video.
    - ``out_dir`` (str): Where ``overlay.mp4`` and ``masks/*.png`` are
      written, of several videos in folders ``0``, ``1``, ...

    ``predictions`` has for each video a dict of ``masks`` (t, h, w) uint8,
    ``names`` of the frames and ``rate``; ``visualization`` the frames with
    the tinted objects (t, h, w, 3).  :meth:`steps` gives the frames of a
    long video one by one.

    Args:
        model (str, PathLike or nn.Module): See :class:`Inferencer`; a
            network of pictures.
        weights (str, PathLike or bool, optional): See there.
        device (str, optional): See there.
        show_progress (bool): See there.
        context (int): Frames that are looked back.
        radius (float): How far an object may move, cells of the map.
        topk (int): Cells that vote.
        layer (int): Which map of the backbone.
        input_size (int): Short edge that the network sees; -1: as it is.

    Example:
        >>> propagator = mmssl.VOSPropagator(
        ...     'resnet18_davis2017', 'epoch_60.pth')
        >>> found = propagator('film.mp4', mask='first.png')
        >>> found['predictions'][0]['masks'].shape
    """

    preprocess_kwargs = {'first', 'max_frames'}
    forward_kwargs = {'out_dir'}
    batch_size = 1

    def __init__(
        self,
        model: str | os.PathLike | nn.Module = 'resnet18_davis2017',
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
        context: int = 7,
        radius: float = 8,
        topk: int = 10,
        layer: int = -1,
        input_size: int = 240,
    ) -> None:
        self.matching = dict(context=context, radius=radius, topk=topk)
        self.seen = dict(layer=layer, input_size=input_size)
        super().__init__(model, weights, device, show_progress)

    def __call__(
        self,
        inputs: Any,
        mask: str | np.ndarray | None = None,
        boxes: Sequence[Sequence[int]] | None = None,
        batch_size: int | None = None,
        return_vis: bool = False,
        **kwargs,
    ) -> InferenceResult:
        """See the class and :class:`Inferencer`."""
        if mask is not None or boxes is not None:
            inputs = dict(video=inputs, mask=mask, boxes=boxes)
        return super().__call__(inputs, batch_size, return_vis, **kwargs)

    def _inputs_to_list(self, inputs: Any) -> list[dict]:
        inputs = [inputs] if isinstance(inputs, dict) else inputs
        for one in inputs if isinstance(inputs, list | tuple) else [inputs]:
            if not isinstance(one, dict) or set(one) - set(INPUT_KEYS):
                raise UsageError(
                    'VOSPropagator: an input is dict(video=..., mask=...) or '
                    'dict(video=..., boxes=...); one video alone may also be '
                    "given as propagator('film.mp4', mask='first.png')"
                )
        return list(inputs)

    def _init_pipeline(self, cfg):
        return self.open

    def open(
        self,
        video: str | os.PathLike | np.ndarray,
        mask: str | os.PathLike | np.ndarray | None = None,
        boxes: Sequence[Sequence[int]] | None = None,
        first: int = 0,
        max_frames: int | None = None,
    ) -> Clip:
        """A video with the objects of its first frame.

        Raises:
            UsageError: No such video, or a part without frames; not one of
                mask and boxes; one that does not fit.
        """
        if (mask is None) == (boxes is None):
            raise UsageError('give one of mask and boxes for each video')
        frames, names, rate = open_frames(video, first, max_frames)
        size = frames[0].shape[1:]
        ids = (
            boxes_to_ids(boxes, size)
            if mask is None
            else checked_mask(mask, size)
        )
        return Clip(frames, ids, names, rate)

    def preprocess(
        self,
        inputs: list[dict],
        batch_size: int = 1,
        first: int = 0,
        max_frames: int | None = None,
    ) -> Iterator[list[tuple[int, Clip]]]:
        """Opened videos with their numbers; the first may be alone."""
        for number, one in enumerate(inputs):
            clip = self.pipeline(**one, first=first, max_frames=max_frames)
            place = number if len(inputs) > 1 else None
            yield [(place, clip)]

    def steps(self, clip: Clip) -> Iterator[Step]:
        """Frame after frame of an opened video; few are in memory."""
        with undisturbed(self.model):
            found = propagate_sequence(
                frame_maps(self.model, clip.frames, **self.seen),
                {0: torch.from_numpy(clip.ids)},
                **self.matching,
            )
            for frame, name, result in zip(
                clip.frames, clip.names, found, strict=True
            ):
                picture = frame.permute(1, 2, 0).numpy()
                yield Step(picture, name, result.ids.cpu().numpy())

    def forward(
        self,
        inputs: list[tuple[int | None, Clip]],
        out_dir: str | os.PathLike | None = None,
    ) -> list[tuple[Clip, np.ndarray]]:
        """Each video with the masks of its frames (t, h, w)."""
        predictions = []
        for number, clip in inputs:
            masks: list[np.ndarray] = []
            steps = _kept(self.steps(clip), masks)
            if out_dir is None:
                deque(steps, maxlen=0)
            else:
                part = '' if number is None else str(number)
                write_steps(Path(out_dir) / part, steps, clip.rate)
            predictions.append((clip, np.stack(masks)))
        return predictions

    def visualize(
        self, inputs: list[dict], preds: list[tuple[Clip, np.ndarray]]
    ) -> list[np.ndarray]:
        """Frames with the tinted objects, (t, h, w, 3) a video."""
        return [
            np.stack(
                [
                    overlay_masks(frame.permute(1, 2, 0).numpy(), ids)
                    for frame, ids in zip(clip.frames, masks, strict=True)
                ]
            )
            for clip, masks in preds
        ]

    def postprocess(
        self,
        preds: list[tuple[Clip, np.ndarray]],
        visualization: list[np.ndarray],
    ) -> InferenceResult:
        """Masks, names of the frames and rate of each video."""
        found = [
            dict(masks=masks, names=clip.names, rate=clip.rate)
            for clip, masks in preds
        ]
        return super().postprocess(found, visualization)


def _kept(steps: Iterable[Step], masks: list[np.ndarray]) -> Iterator[Step]:
    for step in steps:
        masks.append(step.ids)
        yield step


def write_steps(
    folder: str | os.PathLike, steps: Iterable[Step], rate: float
) -> int:
    """Write ``overlay.mp4`` and ``masks/NAME.png``; returns the count."""
    folder = Path(folder)

    def drawn() -> Iterator[np.ndarray]:
        for step in steps:
            write_id_map(folder / 'masks' / f'{step.name}.png', step.ids)
            yield overlay_masks(step.frame, step.ids)

    return write_video(folder / 'overlay.mp4', drawn(), rate)


def open_frames(
    video: str | os.PathLike | np.ndarray,
    first: int = 0,
    max_frames: int | None = None,
) -> tuple[Sequence[Tensor], list[str], float]:
    """A part of a video, the names of its frames, frames a second.

    Raises:
        UsageError: No such video, or the part has no frames.
    """
    rate = FRAME_RATE
    if isinstance(video, np.ndarray):
        if video.ndim != 4 or video.shape[-1] != 3 or video.dtype != np.uint8:
            raise UsageError(
                'a video as array is (t, h, w, 3) uint8 RGB, got '
                f'{video.shape} {video.dtype}'
            )
        source, shown = ArrayFrames(video), 'the array'
        names = [f'{t:05d}' for t in range(len(video))]
    else:
        path = shown = Path(video)
        if not path.exists():
            raise UsageError(f'no video: there is no {path}')
        if path.is_dir():
            source = FrameFolder(path)
            if not len(source):
                raise UsageError(f'no video: {path} has no frames {FRAMES}')
            names = [file.stem for file in source.paths]
        else:
            source = VideoFile(path)
            rate = source.rate
            names = [f'{t:05d}' for t in range(len(source))]
    stop = len(source)
    if max_frames is not None:
        stop = min(stop, first + max_frames)
    if not 0 <= first < stop:
        raise UsageError(
            f'{shown} has {len(source)} frames: first {first} and max_frames '
            f'{max_frames} leave none'
        )
    part = range(first, stop)
    return PartOfVideo(source, part), [names[t] for t in part], rate


class ArrayFrames:
    """Frames (t, h, w, 3) that are in memory."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return len(self.frames)

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """(len(ids), h, w, 3)."""
        return self.frames[list(ids)]


class PartOfVideo(Sequence):
    """A part of a video, read a few frames at a time.

    Args:
        video: With ``read(ids)``.
        part (range): Numbers of the frames.
        ahead (int): Frames read at once; single ones would decode those
            since the last key frame again and again.
    """

    def __init__(self, video, part: range, ahead: int = 32) -> None:
        self.video, self.part, self.ahead = video, part, ahead
        self._kept: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int) -> Tensor:
        number = self.part[index]
        if number not in self._kept:
            ids = list(self.part[index : index + self.ahead])
            self._kept = dict(zip(ids, self.video.read(ids), strict=True))
        return torch.from_numpy(self._kept[number]).permute(2, 0, 1)


def checked_mask(
    mask: str | os.PathLike | np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Object numbers (h, w) uint8 of the first frame.

    Raises:
        UsageError: Unreadable, of another size, or without object.
    """
    is_array = isinstance(mask, np.ndarray)
    name = 'the mask' if is_array else f'mask {mask}'
    ids = np.asarray(mask, np.uint8) if is_array else read_id_map(mask)
    if ids.shape != tuple(size):
        raise UsageError(
            f'{name} has height x width '
            f'{" x ".join(map(str, ids.shape))}, the frames '
            f'{size[0]} x {size[1]}'
        )
    if not ((ids > 0) & (ids < 255)).any():
        raise UsageError(f'{name} has no object: all of it is background')
    return ids


def boxes_to_ids(
    boxes: Sequence[Sequence[int]], size: tuple[int, int]
) -> np.ndarray:
    """Object numbers of boxes, the first is 1; later ones lie in front.

    Args:
        boxes (Sequence): (x, y, width, height), pixels.
        size (tuple[int, int]): (h, w) of the frame.

    Raises:
        UsageError: No box; one without area or outside the frame.
    """
    if len(boxes) == 0:
        raise UsageError('there is no box; give (x, y, width, height)')
    ids = np.zeros(size, np.uint8)
    for number, (x, y, width, height) in enumerate(boxes, 1):
        inside = (
            0 <= x < x + width <= size[1] and 0 <= y < y + height <= size[0]
        )
        if not inside:
            raise UsageError(
                f'box {x} {y} {width} {height} (x y width height) must lie '
                f'in the frame of width x height {size[1]} x {size[0]}'
            )
        ids[y : y + height, x : x + width] = number
    return ids
