# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ORL's second stage: which regions of which pictures are alike.

features  embedding of each picture         neighbours  k pictures alike
proposals boxes of each picture             rois        kept boxes, features
pairs     for each neighbour the most similar boxes

How a step is divided and resumed is in ``orl_step.py``, what pictures look
like to the network in ``orl_pictures.py``.  Features of regions are taken
once a picture, not once a neighbour.
"""

import shutil
from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmssl.apis.orl_pictures import (
    Pictures,
    Regions,
    embed,
    load_picture,
    readable,
)
from mmssl.apis.orl_step import Arrays, Step
from mmssl.datasets.correspondences import (
    Correspondences,
    offsets_of,
    pack_rows,
    write_correspondences,
)
from mmssl.datasets.proposals import PROPOSERS
from mmssl.datasets.sources import Source
from mmssl.datasets.transforms import UnreadableImage
from mmssl.evaluation.extraction import undisturbed
from mmssl.evaluation.functional import retrieve_neighbours, top_region_pairs
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path
from mmssl.utils.parallel import Progress, process_map

ROI_FEATURES = 'roi_features.npy'


def extract_features(
    step: Step,
    source: Source,
    model: nn.Module,
    size: int,
    shard: tuple[int, int] = (0, 1),
    workers: int = 0,
) -> None:
    """Embeddings of whole pictures: projector, unit length (stage 2a).

    Args:
        step (Step): Of kind 'features'.
        source (Source): The pictures.
        model (nn.Module): Of stage 1.
        size (int): Side of the middle that is cut out, pixels.
        shard (tuple[int, int]): See :meth:`Step.todo`.
        workers (int): Processes that load pictures.
    """
    todo = step.todo(shard)
    # A batch is a chunk, so that no number hangs on the shard.
    loader = DataLoader(
        Pictures(source, size),
        batch_sampler=[list(step.rows(c)) for c in todo],
        num_workers=workers,
        collate_fn=list,
    )
    progress = Progress('features', sum(len(step.rows(c)) for c in todo))
    with undisturbed(model):
        for number, images in zip(todo, loader, strict=True):
            batch = torch.stack([readable(image) for image in images])
            step.write(
                number, dict(features=embed(model, batch, 'neck').numpy())
            )
            progress.add(len(images))


def merge_features(step: Step) -> None:
    """Join the chunks of features."""
    step.check_complete()
    parts = [part['features'] for part in step.merged_parts()]
    step.finish(dict(features=np.concatenate(parts)))


def find_neighbours(step: Step, features: np.ndarray, k: int) -> None:
    """The k pictures most alike to each (stage 2a), in one go."""
    found = retrieve_neighbours(torch.from_numpy(features), k)
    step.finish(dict(knn=found.numpy().astype(np.int32)))


def propose(
    step: Step,
    source: Source,
    kind: str,
    shard: tuple[int, int] = (0, 1),
    workers: int = 1,
) -> None:
    """Raw boxes of every picture (stage 2b), in parallel processes.

    Args:
        step (Step): Of kind 'proposals'.
        source (Source): The pictures.
        kind (str): A key of ``PROPOSERS``.
        shard (tuple[int, int]): See :meth:`Step.todo`.
        workers (int): Processes; 1 works in this one.
    """
    todo = step.todo(shard)
    rows = [row for number in todo for row in step.rows(number)]
    work = partial(_propose_one, source, kind)
    progress = Progress('proposals', len(rows))
    with process_map(workers) as run:
        found = run(work, rows)
        for number in todo:
            parts = [readable(next(found)) for _ in step.rows(number)]
            step.write(number, dict(zip(('boxes', 'offsets'),
                                        pack_rows(parts, 4),
                                        strict=True)))  # fmt: skip
            progress.add(len(parts))


def _propose_one(source: Source, kind: str, row: int) -> np.ndarray | str:
    cv2.setNumThreads(0)
    try:
        return PROPOSERS[kind](load_picture(source, row))
    except UnreadableImage as error:
        return str(error)


def store_proposals(step: Step, boxes: Sequence[np.ndarray]) -> None:
    """Raw boxes that come from a file; their order is kept."""
    packed, offsets = pack_rows(boxes, 4)
    step.finish(dict(boxes=packed, offsets=offsets))


def merge_rows(step: Step) -> Arrays:
    """Join chunks of boxes; offsets become those of all pictures."""
    step.check_complete()
    parts = list(step.merged_parts())
    counts = np.concatenate([np.diff(part['offsets']) for part in parts])
    boxes = np.concatenate([part['boxes'] for part in parts])
    return dict(boxes=boxes, offsets=offsets_of(counts))


def extract_regions(
    step: Step,
    source: Source,
    model: nn.Module,
    proposals: Arrays,
    size: int,
    rules: dict,
    shard: tuple[int, int] = (0, 1),
    workers: int = 0,
) -> int:
    """Kept boxes and their features (stage 2c), once for each picture.

    Args:
        step (Step): Of kind 'rois'.
        source (Source): The pictures.
        model (nn.Module): Of stage 1; its backbone's pooled map, unit
            length, is the feature.
        proposals (dict): ``boxes`` and ``offsets``.
        size (int): Side to which a region is resized, pixels.
        rules (dict): Settings of :func:`filter_proposals`.
        shard (tuple[int, int]): See :meth:`Step.todo`.
        workers (int): Processes that load pictures.

    Returns:
        int: Regions that passed the network.
    """
    todo = step.todo(shard)
    rows = [row for number in todo for row in step.rows(number)]
    loader = iter(
        DataLoader(
            Regions(source, size, proposals, rules),
            batch_size=None,
            sampler=rows,
            num_workers=workers,
        )
    )
    progress, regions = Progress('rois', len(rows)), 0
    with undisturbed(model):
        for number in todo:
            boxes, features = [], []
            for _ in step.rows(number):
                own, pixels = readable(next(loader))
                boxes.append(np.asarray(own))
                # The regions of one picture are one batch, always.
                features.append(embed(model, pixels, 'pool').numpy())
                progress.add(1)
            packed, offsets = pack_rows(boxes, 4)
            step.write(
                number,
                dict(
                    boxes=packed,
                    offsets=offsets,
                    features=np.concatenate(features),
                ),
            )
            regions += len(packed)
    return regions


def merge_regions(step: Step) -> None:
    """Join the chunks of regions; features go to a file read in place."""
    step.check_complete()
    first = next(step.merged_parts())['features']
    merged = merge_rows(step)
    shape = (len(merged['boxes']), first.shape[1])
    with atomic_path(step.path.with_name(ROI_FEATURES)) as temporary:
        target = np.lib.format.open_memmap(
            temporary, 'w+', dtype=first.dtype, shape=shape
        )
        start = 0
        for part in step.merged_parts():
            stop = start + len(part['features'])
            target[start:stop] = part['features']
            start = stop
        target.flush()
        del target
    step.finish(merged)


def pair_regions(
    step: Step,
    regions: Arrays,
    features: np.ndarray,
    knn: np.ndarray,
    ratio: float,
    shard: tuple[int, int] = (0, 1),
) -> None:
    """The most similar regions of each picture and its neighbours (2c).

    Args:
        step (Step): Of kind 'pairs'.
        regions (dict): ``boxes`` and ``offsets``.
        features (ndarray): (m, c) unit rows, may be a file on the disk.
        knn (ndarray): (n, k) positions.
        ratio (float): See :func:`top_region_pairs`.
        shard (tuple[int, int]): See :meth:`Step.todo`.
    """
    boxes, offsets = regions['boxes'], regions['offsets']

    def of(row: int) -> slice:
        return slice(*offsets[row : row + 2].tolist())

    todo = step.todo(shard)
    progress = Progress('pairs', sum(len(step.rows(c)) for c in todo))
    for number in todo:
        pairs, similarity = [], []
        for row in step.rows(number):
            query = torch.from_numpy(np.array(features[of(row)]))
            for other in knn[row].tolist():
                key = torch.from_numpy(np.array(features[of(other)]))
                best = top_region_pairs(query, key, ratio)
                pairs.append(
                    np.concatenate(
                        [
                            boxes[of(row)][best.query.numpy()],
                            boxes[of(other)][best.key.numpy()],
                        ],
                        axis=1,
                    )
                )
                similarity.append(best.similarity.numpy())
        packed, pair_offsets = pack_rows(pairs, 8)
        step.write(
            number,
            dict(
                boxes=packed,
                offsets=pair_offsets,
                similarity=np.concatenate(similarity),
            ),
        )
        progress.add(len(step.rows(number)))


def merge_pairs(
    step: Step, regions: Arrays, knn: np.ndarray
) -> Correspondences:
    """Join the chunks of pairs to the file that stage 3 reads."""
    merged = merge_rows(step)
    similarity = [part['similarity'] for part in step.merged_parts()]
    found = Correspondences(
        regions['boxes'],
        regions['offsets'],
        knn,
        merged['boxes'],
        merged['offsets'],
        np.concatenate(similarity),
    )
    settings = step.header['settings']
    write_correspondences(step.path, step.names, found, settings)
    shutil.rmtree(step.parts, ignore_errors=True)
    return found


def checked_neighbours(knn: np.ndarray, count: int, where: str) -> np.ndarray:
    """Neighbours whose positions all are pictures.

    Raises:
        UsageError: Another number of rows, or a position out of range.
    """
    if knn.ndim != 2 or len(knn) != count:
        raise UsageError(
            f'{where} has neighbours of shape {knn.shape}, wanted are '
            f'({count}, k)'
        )
    bad = (knn < 0) | (knn >= count)
    if bad.any():
        row, rank = np.argwhere(bad)[0].tolist()
        raise UsageError(
            f'{where}: neighbour {rank} of picture {row} is '
            f'{knn[row, rank]}, but positions run from 0 to {count - 1}; '
            'make it again'
        )
    return knn
