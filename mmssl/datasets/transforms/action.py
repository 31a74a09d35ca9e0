# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Steps between our clips and the pipelines of mmaction2's recognisers."""

from collections.abc import Sequence

import numpy as np
import torch

from mmssl.datasets.transforms import clip_backend
from mmssl.datasets.transforms.load_clips import LoadClips
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.datasets.transforms.triplet_clips import frame_walk
from mmssl.datasets.transforms.turned_view import turn
from mmssl.registry import TRANSFORMS

IMGS_STREAM = 2**20 + 1  # beside LoadClips's, above all views
OVERRUNS = ('first', 'wrap')


@TRANSFORMS.register_module()
class ClipsToImgs:
    """What :class:`LoadClips` wrote, in the words of mmaction2.

    Reads ``clips``, ``clip_frames``, ``num_frames`` and ``fps``; writes
    ``imgs``: the frames of all clips in a row, and the numbers that
    mmaction2's transforms read.
    """

    def __call__(self, results: dict) -> dict:
        clips = results.pop('clips')
        results['imgs'] = [frame for clip in clips for frame in clip]
        results['original_shape'] = results['img_shape'] = clips[0].shape[1:3]
        results['num_clips'] = len(clips)
        results['clip_len'] = len(clips[0])
        results['frame_inds'] = np.concatenate(results['clip_frames'])
        results['total_frames'] = results['num_frames']
        results['avg_fps'] = results['fps']
        results.setdefault('modality', 'RGB')
        return results


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
        results['frame_interval'] = self.frame_interval
        return ClipsToImgs()(results)


@TRANSFORMS.register_module()
class DecodeSegments(DecodeClips):
    """One frame of each of ``clip_len`` equal segments, as for SSv2.

    ``sampling='random'`` takes any frame of a segment, 'uniform' its middle:
    ``slowfast/datasets/ssv2.py`` of
    https://github.com/facebookresearch/SlowFast.

    Args:
        clip_len (int): Segments.
        **kwargs: See :class:`LoadClips`; one clip a video.

    Raises:
        ValueError: More than one clip is asked for.
    """

    def __init__(self, clip_len: int = 8, **kwargs) -> None:
        kwargs.setdefault('num_clips', 1)
        super().__init__(clip_len=clip_len, **kwargs)
        if self.num_clips != 1:
            raise ValueError(
                'segments span the whole video, so num_clips must be 1, got '
                f'{self.num_clips}'
            )

    def choose(
        self, num_frames: int, fps: float, rng: np.random.Generator
    ) -> np.ndarray:
        edges = np.arange(self.clip_len + 1) * (num_frames - 1) / self.clip_len
        edges = np.round(edges).astype(np.int64)
        starts, ends = edges[:-1], edges[1:]
        if self.sampling == 'random':
            return rng.integers(starts, ends + 1)[None]
        return (starts + ends)[None] // 2


@TRANSFORMS.register_module()
class LoadStrided(LoadClips):
    """Clips of every ``frame_interval``-th native frame, as CMD and DSM test.

    Random clips start at any frame from which a whole clip fits; test clips
    at the middles of ``num_clips`` equal parts of these.

    Args:
        overrun (str): Frames beyond a video that is too short: 'first' is
            its first frame (CMD), 'wrap' walks on from the first (DSM).
        **kwargs: See :class:`LoadClips`; ``target_fps`` has no meaning.

    Raises:
        ValueError: Another overrun.
    """

    def __init__(self, overrun: str = 'first', **kwargs) -> None:
        super().__init__(**kwargs)
        if overrun not in OVERRUNS:
            raise ValueError(
                f'overrun must be one of {OVERRUNS}, got {overrun!r}'
            )
        self.overrun = overrun

    def choose(
        self, num_frames: int, fps: float, rng: np.random.Generator
    ) -> np.ndarray:
        stride, count = self.frame_interval, self.clip_len
        room = max(num_frames - (count - 1) * stride - 1, 0)
        if self.sampling == 'random':
            starts = rng.integers(room + 1, size=self.num_clips)
        else:
            middles = (np.arange(self.num_clips) + 0.5) / self.num_clips
            starts = (room * middles).astype(np.int64)
        if self.overrun == 'first':
            frames = starts[:, None] + stride * np.arange(count)
            return np.where(frames < num_frames, frames, 0)
        walks = [frame_walk(num_frames, s + 1, stride, count) for s in starts]
        return np.stack(walks) - 1


@TRANSFORMS.register_module()
class DecodeStrided(DecodeClips, LoadStrided):
    """:class:`LoadStrided` as the first step of a pipeline of mmaction2.

    Args:
        **kwargs: See :class:`LoadStrided`.
    """


@TRANSFORMS.register_module()
class ViewOfImgs:
    """One of our views of each clip, in a pipeline of mmaction2.

    Its numbers are the same for all frames of a clip.  mmaction2's
    ``ColorJitter`` draws the order of its operations once, takes the
    contrast of each frame for itself and turns the hue on another scale.
    Reads and writes ``imgs`` and ``img_shape``.

    Args:
        steps (Sequence[str], optional): Only these operations of
            ``RandomView``, such as ``('gray', 'jitter')``, in this order,
            and no crop unless it is among them.
        view (str): ``RandomView`` or another view of clips.
        **kwargs: Its arguments.
    """

    def __init__(
        self,
        steps: Sequence[str] | None = None,
        view: str = 'RandomView',
        **kwargs,
    ) -> None:
        if steps is not None and 'crop' not in steps:
            kwargs.setdefault('size', 1)
        self.view = TRANSFORMS.build(dict(type=f'mmssl.{view}', **kwargs))
        self.steps = steps

    def __call__(self, results: dict) -> dict:
        frames = np.stack(results['imgs'])
        clips = frames.reshape(-1, results['clip_len'], *frames.shape[1:])
        rng = view_rng(results.get('key') or random_key(), IMGS_STREAM)
        views = [self._view_of(clip, rng) for clip in clips]
        results['imgs'] = [frame for view in views for frame in view]
        results['img_shape'] = views[0].shape[1:3]
        return results

    def _view_of(
        self, clip: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        if self.steps is None:
            return self.view(clip, rng)[0]
        params = self.view.draw(rng, clip.shape[1:3])
        return self.view.apply(clip, params, self.steps)


@TRANSFORMS.register_module()
class TurnImgs:
    """Turn all frames by one random angle; nearest, black corners.

    Reads and writes ``imgs``.

    Args:
        degrees (float): By an angle in [-degrees, degrees].

    Raises:
        ValueError: degrees is below 0.
    """

    def __init__(self, degrees: float = 10.0) -> None:
        if degrees < 0:
            raise ValueError(f'degrees must be >= 0, got {degrees}')
        self.degrees = degrees

    def __call__(self, results: dict) -> dict:
        angle = (2 * torch.rand(()).item() - 1) * self.degrees
        results['imgs'] = list(turn(np.stack(results['imgs']), angle))
        return results


@TRANSFORMS.register_module()
class RandomShortSide:
    """Scale so that 1 / the shorter side is uniform, as for SSv2.

    Args:
        low (int): Least length, pixels.
        high (int): Greatest length, pixels.

    Raises:
        ValueError: Not 0 < low <= high.
    """

    def __init__(self, low: int = 256, high: int = 320) -> None:
        if not 0 < low <= high:
            raise ValueError(
                f'sides need 0 < low <= high, got {low} and {high}'
            )
        self.low, self.high = low, high

    def __call__(self, results: dict) -> dict:
        share = torch.rand(()).item()
        inverse = 1 / self.high + share * (1 / self.low - 1 / self.high)
        side = round(1 / inverse)
        clip = np.stack(results['imgs'])
        height, width = clip.shape[1:3]
        short = min(height, width)
        size = height * side // short, width * side // short
        clip = clip_backend.resize(clip, size, 'bilinear', antialias=False)
        results['imgs'] = list(clip)
        results['img_shape'] = size
        return results


@TRANSFORMS.register_module()
class ClipLabels:
    """Labels of the actions that a clip shows, or its whole video.

    Reads ``actions``: list of (class, start, end) in seconds, ``frame_inds``
    and ``fps``; writes ``label``: (num_classes,) float32 of 0 and 1, for
    several actions at once (Charades).

    Args:
        num_classes (int): Classes.
        whole (bool): All actions of the video, for testing.
    """

    def __init__(self, num_classes: int, whole: bool = False) -> None:
        self.num_classes = num_classes
        self.whole = whole

    def __call__(self, results: dict) -> dict:
        first, last = np.array(results['frame_inds'])[[0, -1]] / results['fps']
        label = torch.zeros(self.num_classes)
        for number, start, end in results['actions']:
            if self.whole or (start <= last and end >= first):
                label[number] = 1
        results['label'] = label
        return results
