# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Several views of one picture, and their packing into a sample."""

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
    """Cut the views of a picture, each from its own random numbers.

    Args:
        views (Sequence[dict]): Configs of the views, by default of type
            ``RandomView``.  ``num`` repeats one: ``dict(num=6, size=96)``
            gives six independent views.

    Reads ``img`` and ``key`` (seed, epoch, index); without a key (a foreign
    sampler or dataset) one is drawn from torch's global generator.  Writes
    ``views``: list of (h, w, 3) uint8, ``geometry``: list of
    :class:`ViewGeometry`, and ``rng``: the generator of the last view, behind
    its numbers, for what follows (making one costs as much as its use).
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
        pairs = []
        for number, view in enumerate(self.views):
            results['rng'] = view_rng(key, number)
            pairs.append(view(results['img'], results['rng']))
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
            results['views'] = [view[:, ::-1].copy() for view in views]
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
        inputs = [
            torch.from_numpy(np.stack(cv2.split(view)))  # channels first
            for view in results['views']
        ]
        return dict(inputs=inputs, data_samples=DataSample(**fields))
