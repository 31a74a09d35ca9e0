# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Scenes with correspondences of their regions, for ORL's third stage."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from mmssl.datasets.correspondences import (
    Correspondences,
    offsets_of,
    read_correspondences,
)
from mmssl.datasets.embedded_photos import (
    cut_patches,
    load_photo,
    photo_paths,
)
from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.sources import ArraySource, FileSource, Source
from mmssl.datasets.transforms import PictureRegions
from mmssl.registry import DATASETS


class RegionPairs(ImageDataset):
    """Two views of a picture, then four of regions.

    Args:
        source (Source): The pictures.
        correspondences (Correspondences): Of the same pictures.
        views (Sequence[dict]): Configs of the two views of the picture.
        patches (Sequence[dict]): Two configs of views of regions.
        regions (dict, optional): Settings of :class:`MatchedRegions`.
        **kwargs: ``max_bad_share``, see :class:`ImageDataset`.
    """

    def __init__(
        self,
        source: Source,
        correspondences: Correspondences,
        views: Sequence[dict],
        patches: Sequence[dict],
        regions: dict | None = None,
        **kwargs,
    ) -> None:
        self.correspondences = correspondences
        pipeline = [
            dict(type='LoadImage'),
            dict(type='MultiView', views=views),
            dict(type='MatchedRegions', views=patches, **dict(regions or {})),
            dict(type='PackViews', keys=['view_sources']),
        ]
        super().__init__(source, pipeline, **kwargs)

    def read(self, position: int) -> dict:
        """As the parent, with ``regions``."""
        found = self.correspondences
        return dict(
            super().read(position),
            regions=PictureRegions(
                found.boxes_of(position),
                found.knn[position],
                partial(found.pairs_of, position),
                super().read,
            ),
        )


@DATASETS.register_module()
class ORLPairDataset(RegionPairs):
    """Pictures of a folder, with the pairs that ``tools/orl`` found.

    Args:
        data_root (str): Folder that the names in ``images.txt`` are
            relative to.
        pair_file (str): ``pairs.npz`` as ``tools/orl/run.py`` writes it,
            with ``images.txt`` beside it.
        **kwargs: See :class:`RegionPairs`.

    Raises:
        UsageError: The files are not there, damaged, or do not belong
            together.
    """

    def __init__(self, data_root: str, pair_file: str, **kwargs) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        path = find_data(pair_file, owner)
        names, correspondences, _ = read_correspondences(path)
        super().__init__(FileSource(root, names), correspondences, **kwargs)


@DATASETS.register_module()
class EmbeddedScenes(RegionPairs):
    """Four patches of photographs in a square, with known correspondences.

    For trying ORL out without data: patches are cut as by
    :class:`EmbeddedPhotos` (training part); regions are the four quarters,
    and two regions correspond if they show the same photograph.  All of a
    scene's neighbours share a photograph with it.

    Args:
        num_scenes (int): Pictures of 2 ``tile`` pixels a side.
        tile (int): Side of a patch, pixels.
        neighbours (int): Stored for each scene.
        **kwargs: See :class:`RegionPairs`.
    """

    def __init__(
        self,
        num_scenes: int,
        tile: int = 32,
        neighbours: int = 4,
        **kwargs,
    ) -> None:
        per_class = 100
        patches = np.stack(
            [
                cut_patches(load_photo(path, True, 512), 'train', tile,
                            per_class, number)
                for number, path in enumerate(photo_paths())
            ]
        )  # fmt: skip
        rng = np.random.default_rng(0)
        shown = rng.integers(len(patches), size=(num_scenes, 4))
        tiles = patches[shown, rng.integers(per_class, size=shown.shape)]
        scenes = tiles.reshape(num_scenes, 2, 2, tile, tile)
        scenes = scenes.transpose(0, 1, 3, 2, 4)
        scenes = scenes.reshape(num_scenes, 2 * tile, 2 * tile)
        super().__init__(
            ArraySource(np.ascontiguousarray(scenes), 'EmbeddedScenes'),
            known_pairs(shown, tile, neighbours, rng),
            **kwargs,
        )


def known_pairs(
    shown: np.ndarray, tile: int, k: int, rng: np.random.Generator
) -> Correspondences:
    """Correspondences of scenes of which every quarter's class is known.

    Args:
        shown (ndarray): (n, 4) class of each quarter, row by row.
        tile (int): Side of a quarter, pixels.
        k (int): Neighbours of each scene, drawn from those that share a
            class.
        rng (Generator): Draws the neighbours.
    """
    n = len(shown)
    corners = np.array([(0, 0), (tile, 0), (0, tile), (tile, tile)])
    quarters = np.concatenate([corners, np.full((4, 2), tile)], axis=1)
    # (n, n): how many classes two scenes share is not counted, only if any.
    classes = np.zeros((n, shown.max() + 1), bool)
    np.put_along_axis(classes, shown, True, axis=1)
    knn, pairs = [], []
    for i in range(n):
        shares = (classes & classes[i]).any(1)
        shares[i] = False
        others = np.flatnonzero(shares)
        chosen = rng.choice(others, k, replace=len(others) < k)
        knn.append(chosen)
        for j in chosen:
            here, there = np.nonzero(shown[i][:, None] == shown[j])
            pairs.append(np.concatenate([quarters[here], quarters[there]], 1))
    rows = np.concatenate(pairs).astype(np.int16)
    return Correspondences(
        np.tile(quarters, (n, 1)).astype(np.int16),
        offsets_of(np.full(n, 4)),
        np.array(knn, np.int32),
        rows,
        offsets_of([len(pair) for pair in pairs]),
        np.ones(len(rows), np.float32),
    )
