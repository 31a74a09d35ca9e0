# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ORL's second stage: which regions of which pictures are alike.

features  embedding of each picture         neighbours  k pictures alike
proposals boxes of each picture             rois        kept boxes, features
pairs     for each neighbour the most similar boxes

A step works in chunks of pictures.  Each chunk is a file, written
atomically, so a step that was stopped goes on where it was; shards are
shares of the chunks, so however the work is divided, the merged file is the
same to the byte.  Features of regions are taken once a picture, not once a
neighbour.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mmssl.datasets.correspondences import (
    Correspondences,
    make_header,
    offsets_of,
    pack_rows,
    read_arrays,
    read_header,
    write_arrays,
    write_correspondences,
)
from mmssl.datasets.proposals import PROPOSERS, kept_proposals
from mmssl.datasets.sources import Source
from mmssl.datasets.transforms import LoadImage, UnreadableImage, views
from mmssl.evaluation.extraction import undisturbed
from mmssl.evaluation.functional import retrieve_neighbours, top_region_pairs
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path
from mmssl.utils.parallel import Progress, process_map

CHUNK = 64
ROI_FEATURES = 'roi_features.npy'
Arrays = dict[str, np.ndarray]


class Step:
    """A step of the second stage: chunks, shards, the merged file.

    Args:
        folder (str or PathLike): Of all files of the second stage.
        kind (str): Name of the step and of its file.
        names (Sequence[str]): The pictures.
        settings (dict): What the result depends on, plain Python.
        chunk (int): Pictures in a chunk.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        kind: str,
        names: Sequence[str],
        settings: dict,
        chunk: int = CHUNK,
    ) -> None:
        self.path = Path(folder) / f'{kind}.npz'
        self.parts = Path(folder) / 'parts' / kind
        self.kind, self.names, self.chunk = kind, names, chunk
        self.header = make_header(kind, names, dict(settings, chunk=chunk))
        self.count = -(-len(names) // chunk)

    def part(self, number: int) -> Path:
        """File of a chunk."""
        return self.parts / f'{number:06}.npz'

    def rows(self, number: int) -> range:
        """Pictures of a chunk."""
        start = number * self.chunk
        return range(start, min(start + self.chunk, len(self.names)))

    @property
    def done(self) -> bool:
        """Whether the merged file is there; one made otherwise is refused."""
        return self._is_ours(self.path)

    def _is_ours(self, path: Path) -> bool:
        if not path.exists():
            return False
        header = read_header(path, self.kind, self.names)
        if header['settings'] != self.header['settings']:
            different = [
                f'{key}={header["settings"].get(key)!r} there, {value!r} here'
                for key, value in self.header['settings'].items()
                if header['settings'].get(key) != value
            ]
            raise UsageError(
                f'{path} was made with other settings '
                f'({"; ".join(different) or "more of them"}); take another '
                '--out, or delete it'
            )
        return True

    def todo(self, shard: tuple[int, int] = (0, 1)) -> list[int]:
        """Chunks of a shard that are not on the disk.

        Args:
            shard (tuple[int, int]): Number p of P; chunks
                [p C // P, (p + 1) C // P).
        """
        p, shards = shard
        share = range(p * self.count // shards, (p + 1) * self.count // shards)
        return [c for c in share if not self._is_ours(self.part(c))]

    def write(self, number: int, arrays: Arrays) -> None:
        """Write a chunk."""
        write_arrays(self.part(number), self.header, arrays)

    def check_complete(self) -> None:
        """Refuse to merge with holes.

        Raises:
            UsageError: Names the pictures of the first missing chunk.
        """
        holes = [c for c in range(self.count) if not self.part(c).exists()]
        if holes:
            rows = self.rows(holes[0])
            raise UsageError(
                f'{len(holes)} of {self.count} parts of {self.kind} are '
                f'missing in {self.parts}, the first that of the pictures '
                f'{rows.start} to {rows.stop - 1}; run the shards that did '
                'not finish again'
            )

    def merged_parts(self) -> Iterator[Arrays]:
        """The chunks in order."""
        for number in range(self.count):
            yield read_arrays(self.part(number), self.kind, self.names)[0]

    def finish(self, arrays: Arrays) -> None:
        """Write the merged file and drop the chunks."""
        write_arrays(self.path, self.header, arrays)
        shutil.rmtree(self.parts, ignore_errors=True)

    def read(self) -> Arrays:
        """The merged file."""
        return read_arrays(self.path, self.kind, self.names)[0]


def file_digest(path: str | os.PathLike) -> str:
    """First 16 digits of the SHA-256 of a file: which weights these are."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:16]


def load_picture(source: Source, position: int) -> np.ndarray:
    """A picture, (h, w, 3) uint8 RGB.

    Raises:
        UsageError: It cannot be read; here none may be left out.
    """
    data = source.read(position)
    name = source.name(position)
    key = 'img_bytes' if isinstance(data, bytes) else 'img'
    return LoadImage()({key: data, 'path': name})['img']


class _Pictures(Dataset):
    """Whole pictures, cut in the middle: (3, s, s) uint8."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.cut = views.CenterView(size=size, resize=round(size * 8 / 7))

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, position: int) -> Tensor | str:
        cv2.setNumThreads(0)
        try:
            view, _ = self.cut(load_picture(self.source, position))
        except UnreadableImage as error:
            return str(error)
        return torch.from_numpy(view).permute(2, 0, 1)


class _Regions(Dataset):
    """Kept boxes (b, 4) of a picture and their pixels, (b, 3, s, s) uint8."""

    def __init__(
        self, source: Source, size: int, proposals: Arrays, rules: dict
    ) -> None:
        self.source, self.size, self.rules = source, size, rules
        self.boxes, self.offsets = proposals['boxes'], proposals['offsets']

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, position: int) -> tuple[np.ndarray, Tensor] | str:
        cv2.setNumThreads(0)
        try:
            img = load_picture(self.source, position)
        except UnreadableImage as error:
            return str(error)
        own = self.boxes[slice(*self.offsets[position : position + 2])]
        boxes = kept_proposals(own, img.shape[:2], **self.rules)
        return boxes, cut_regions(img, boxes, self.size)


def cut_regions(img: np.ndarray, boxes: np.ndarray, size: int) -> Tensor:
    """Regions of a picture, resized without regard to their shape.

    Args:
        img (ndarray): (h, w, 3) uint8.
        boxes (ndarray): (b, 4) xywh inside the picture.
        size (int): Side, pixels.

    Returns:
        Tensor: (b, 3, size, size) uint8, bilinear, antialiased.
    """
    ops = views.BACKENDS['cv2']
    cuts = [
        ops.resize(ops.crop(img, tuple(box)), (size, size), 'bilinear')
        for box in np.asarray(boxes).tolist()
    ]
    stacked = np.ascontiguousarray(np.stack(cuts).transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked)


def _readable(item):
    if isinstance(item, str):
        raise UsageError(
            f'{item}; the second stage needs every picture that images.txt '
            'lists: mend it, or leave it out and start in another folder'
        )
    return item


def embed(model: nn.Module, images: Tensor, stage: str) -> Tensor:
    """Unit features of pictures, (n, c) on the CPU.

    Args:
        model (nn.Module): A method, in evaluation mode: batches of regions
            have other statistics than training batches.
        images (Tensor): (n, 3, h, w) uint8.
        stage (str): 'neck' (pictures) or 'pool' (regions).
    """
    batch = model.data_preprocessor(dict(inputs=[images]), False)
    return F.normalize(model.extract_feat(batch['inputs'], stage)).cpu()


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
        _Pictures(source, size),
        batch_sampler=[list(step.rows(c)) for c in todo],
        num_workers=workers,
        collate_fn=list,
    )
    progress = Progress('features', sum(len(step.rows(c)) for c in todo))
    with undisturbed(model):
        for number, images in zip(todo, loader, strict=True):
            batch = torch.stack([_readable(image) for image in images])
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
            parts = [_readable(next(found)) for _ in step.rows(number)]
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
            _Regions(source, size, proposals, rules),
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
                own, pixels = _readable(next(loader))
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
