# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Several views of a picture or of clips, and their packing."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from mmssl.registry import TRANSFORMS
from mmssl.structures import DataSample


def view_rng(key: tuple[int, int, int], view: int) -> np.random.Generator:
    """The generator of one view of one sample.

    Args:
        key (tuple[int, int, int]): (seed, epoch, index), all >= 0.
        view (int): Number of the view.
    """
    sequence = np.random.SeedSequence((*key, view))
    return np.random.Generator(np.random.PCG64(sequence))


@TRANSFORMS.register_module()
class MultiView:
    """Cut views, each from its own random numbers.

    Of a picture, or of the clips of a video: view v is cut from clip v, and
    begins again at the first clip where there are more views than clips.

    Args:
        views (Sequence[dict]): Configs of the views, by default of type
            ``RandomView``.  ``num`` repeats one: ``dict(num=6, size=96)``
            gives six independent views.

    Reads ``img`` (h, w, 3), or ``clips``, list of (t, h, w, 3), uint8, and
    ``key`` (seed, epoch, index); without a key (a foreign sampler or
    dataset) one is drawn from torch's global generator.  Writes ``views``:
    list of the same kind, ``geometry``: list of :class:`ViewGeometry`, and
    ``rng``: the generator of the last view, behind its numbers, for what
    follows (making one costs as much as its use).

    Raises:
        ValueError: No views; a num below 1; on use, clips that no view or
            not as many views as other clips would be cut from.
    """

    def __init__(self, views: Sequence[dict]) -> None:
        if not views:
            raise ValueError('views is empty, give at least one')
        self.views = []
        for view in views:
            view = dict(view)
            num = view.pop('num', 1)
            if num < 1:
                raise ValueError(f'num of a view must be >= 1, got {num}')
            view.setdefault('type', 'RandomView')
            self.views += [TRANSFORMS.build(view)] * num

    def __call__(self, results: dict) -> dict:
        key = results.get('key') or random_key()
        sources = results.get('clips') or [results['img']]
        if len(self.views) % len(sources):
            raise ValueError(
                f'{len(self.views)} views cannot be cut evenly from '
                f'{len(sources)} clips; give a multiple of num_clips as '
                'views'
            )
        pairs = []
        for number, view in enumerate(self.views):
            results['rng'] = view_rng(key, number)
            source = sources[number % len(sources)]
            pairs.append(view(source, results['rng']))
        results['views'] = [view for view, _ in pairs]
        results['geometry'] = [geometry for _, geometry in pairs]
        return results


@TRANSFORMS.register_module()
class FlipViews:
    """Mirror all views of a picture together, after :class:`MultiView`.

    For methods whose views share one flip (AMDIM): mirroring each crop is
    mirroring the picture first.  The views' own ``flip_prob`` is then 0.

    Args:
        prob (float): Probability.

    Raises:
        ValueError: It is not in [0, 1].
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        self.prob = prob

    def __call__(self, results: dict) -> dict:
        views = results['views']
        key = results.get('key') or random_key()
        # The generator after the last of the views.
        if view_rng(key, len(views)).random() < self.prob:
            results['views'] = [view[..., ::-1, :].copy() for view in views]
            results['geometry'] = [
                g._replace(flip=not g.flip) for g in results['geometry']
            ]
        return results


def random_key() -> tuple[int, int, int]:
    """The key of a sample that came without one, from torch's generator."""
    return tuple(torch.randint(2**31, (3,)).tolist())


@TRANSFORMS.register_module()
class PackViews:
    """Make ``dict(inputs=[(3, h, w) uint8, ...], data_samples=DataSample)``.

    Clips become (3, t, h, w).

    Args:
        keys (Sequence[str]): Further entries of the results that become
            fields of the data sample.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self.keys = tuple(keys)

    def __call__(self, results: dict) -> dict:
        fields = dict(views=results['geometry'])
        for key in ('sample_idx', 'path', 'label', *self.keys):
            if key in results:
                fields[key] = results[key]
        inputs = [channels_first(view) for view in results['views']]
        return dict(inputs=inputs, data_samples=DataSample(**fields))


def channels_first(view: np.ndarray) -> torch.Tensor:
    """(h, w, c) to (c, h, w), (t, h, w, c) to (c, t, h, w)."""
    tall = view.reshape(-1, *view.shape[-2:])
    planes = np.stack(cv2.split(tall))  # several times faster than a copy
    return torch.from_numpy(planes.reshape(-1, *view.shape[:-1]))
