# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD's expectation of the future on a data set, in numbers and pictures."""

from pathlib import Path
from statistics import fmean

import numpy as np
from torch import nn
from torch.utils.data import DataLoader

from mmssl.datasets.transforms import CompressedReader, dense_motion
from mmssl.evaluation.extraction import undisturbed
from mmssl.evaluation.functional import (
    Expectation,
    effective_rank,
    feature_std,
    motion_expectation,
)
from mmssl.visualization import (
    expectation_figure,
    motion_figure,
    save_figure,
)


def evaluate_expectation(
    model: nn.Module, loader: DataLoader, epochs: int = 1
) -> tuple[dict[str, float], Expectation]:
    """Top-1 of the motion task in evaluation mode, and its control.

    Args:
        model (nn.Module): ``CMD``.
        loader (DataLoader): As in training.
        epochs (int): Passes, each with windows and crops of its own.

    Returns:
        tuple: Means over batches: ``cell_top1`` and ``window_top1`` with
        their chance; ``foreign_...``, the same with the windows of the next
        sample in the batch; ``feature_std`` and ``effective_rank`` of the
        expected cells.  And the first batch.
    """
    found: dict[str, list[float]] = {}
    example = None
    with undisturbed(model):
        for epoch in range(epochs):
            if hasattr(loader.sampler, 'set_epoch'):
                loader.sampler.set_epoch(epoch)
            for batch in loader:
                inputs = model.data_preprocessor(batch)['inputs']
                (query, key), _ = model.pairs(inputs)
                count = len(inputs[0])
                result = motion_expectation(query, key, count)
                example = example or result
                cells = key.view(-1, count, len(query) // count, key.shape[1])
                foreign = motion_expectation(
                    query, cells.roll(1, 1).flatten(0, 2), count
                )
                row = {
                    'cell_top1': result.cell_top1,
                    'cell_chance': result.cell_chance,
                    'foreign_cell_top1': foreign.cell_top1,
                    'window_top1': result.window_top1,
                    'window_chance': result.window_chance,
                    'foreign_window_top1': foreign.window_top1,
                    'feature_std': feature_std(query),
                    'effective_rank': effective_rank(query),
                }
                for name, value in row.items():
                    found.setdefault(name, []).append(value)
    return {name: fmean(values) for name, values in found.items()}, example


def draw_expectation(path: Path, example: Expectation) -> None:
    """Similarity of expected and true motion of a batch."""
    similarity = example.similarity.cpu().numpy()
    windows = similarity.shape[1] // similarity.shape[0]
    save_figure(expectation_figure(similarity, windows), path)


def draw_motion(path: Path, dataset, frames: int = 4) -> None:
    """Motion vectors of the video of a data set that moves most.

    Args:
        path (Path): Ends with .png.
        dataset (CompressedVideoDataset): Its first 20 videos are looked at.
        frames (int): Pictures drawn.
    """
    best, chosen, most = None, [], -1.0
    for position in range(min(20, len(dataset))):
        found = dataset.read(position)
        name = found.get('motion_path') or found['path']
        with CompressedReader(name, pixels=False) as reader:
            tables = reader.read_parts(range(reader.num_frames)).tables
            area = reader.size[0] * reader.size[1]
        moved = {i: _moved(table) / area for i, table in tables.items()}
        largest = sorted(moved, key=moved.get)[-frames:]
        total = sum(moved[i] for i in largest)
        if total > most:
            best, chosen, most = name, sorted(largest), total
    with CompressedReader(best) as reader:
        parts = reader.read_parts(chosen, chosen)
        maps = [dense_motion(parts.tables[i], *reader.size) for i in chosen]
    save_figure(
        motion_figure(
            [parts.pictures[i] for i in chosen],
            maps,
            [f'frame {i} ({parts.types[i]})' for i in chosen],
        ),
        path,
    )


def _moved(table: np.ndarray) -> float:
    """Pixels of a frame times how far they have moved."""
    rows = table.astype(np.float64)
    length = np.hypot(*(rows[:, 5:7] - rows[:, 3:5]).T)
    return float((rows[:, 1] * rows[:, 2] * length).sum())
