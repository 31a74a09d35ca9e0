# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of a data set from a model, without a trace in the model.

loader -> data preprocessor -> model.extract_feat(stage) -> FeatureSet
"""

import hashlib
import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dist import (
    all_gather_object,
    all_reduce_params,
    get_rank,
    get_world_size,
)
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmssl.structures import short_edge_size
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

FORMAT_VERSION = 1
STAGES = ('pool', 'corners', 'neck')
PROGRESS_SECONDS = 30


class FeatureSet(NamedTuple):
    """Features of n samples, ordered by their index in the data set.

    ``features`` (n, c) float32; ``labels`` (n,) int64, -1 where there is
    none, or (n, classes) in {1, 0, -1}, see :class:`ImageCoco`; ``indices``
    (n,) int64, distinct; ``paths``: n names of files, '' where there is
    none.  All on the CPU.
    """

    features: Tensor
    labels: Tensor
    indices: Tensor
    paths: list[str]


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, then everything as it was.

    Restored are the mode of every single module (a frozen batch norm stays
    frozen) and the random state of Python, NumPy and torch on the CPU and
    the current GPU, which even an empty pass over a data loader moves.

    Args:
        model (nn.Module): Any model.
    """
    modes = {module: module.training for module in model.modules()}
    python, numpy = random.getstate(), np.random.get_state()
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    devices = [torch.cuda.current_device()] if cuda else []
    model.eval()
    try:
        with torch.random.fork_rng(devices), torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def warmed_up(
    model: nn.Module, dataloader: DataLoader | None, batches: int = 50
) -> Iterator[None]:
    """Running statistics of batch norms that follow some data, for a while.

    Batches go through the model with its batch norms in training mode, as
    https://github.com/Philip-Bachman/amdim-public does with 50 of the test
    data before it evaluates; at the end the statistics are as before.

    Args:
        model (nn.Module): See :func:`predict_features`.
        dataloader (DataLoader, optional): Without one nothing is changed.
        batches (int): Batches at most.
    """
    if dataloader is None:
        yield
        return
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    buffers = [buffer for norm in norms for buffer in norm.buffers()]
    before = [buffer.clone() for buffer in buffers]
    with undisturbed(model):
        for norm in norms:
            norm.train()
        for batch in islice(dataloader, batches):
            if len(batch['data_samples']) > 1:  # one has no variance
                predict_features(model, batch)
        # Each process has seen its share, of equally many batches.
        means = [buffer for buffer in buffers if buffer.is_floating_point()]
        all_reduce_params(means, op='mean')
    try:
        yield
    finally:
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)


def predict_features(
    model: nn.Module,
    batch: dict,
    stage: str = 'pool',
    annotate: bool = False,
    average_views: bool = False,
) -> list:
    """The data samples of a batch, each with its ``feature`` on the CPU.

    Args:
        model (nn.Module): A self-supervised method, in evaluation mode; a
            wrapper for distributed training is looked through.
        batch (dict): ``inputs``: list of views; ``data_samples``: list of n
            samples.
        stage (str): 'pool' (the backbone's pooled feature), 'corners' (four
            averages of its map, one after the other) or 'neck' (the
            embedding).
        average_views (bool): Take the mean of the features of all views,
            such as the clips of a video, not that of the first alone.
        annotate (bool): Let a model with ``annotate(inputs, samples)`` add
            what else it knows, such as scores.

    Returns:
        list: The n data samples, with ``feature`` (c,) float32.

    Raises:
        UsageError: The stage is unknown, or the model gives no features.
    """
    model = model.module if is_model_wrapper(model) else model
    if stage not in STAGES:
        raise UsageError(f'stage must be in {STAGES}, got {stage!r}')
    if not hasattr(model, 'extract_feat'):
        raise UsageError(
            f'{type(model).__name__} has no extract_feat(), so it gives no '
            'features to evaluate'
        )
    batch = model.data_preprocessor(batch, False)
    views = batch['inputs']
    features = model.extract_feat(views, stage)
    if average_views:
        rest = [model.extract_feat([view], stage) for view in views[1:]]
        features = torch.stack([features, *rest]).mean(0)
    samples = batch['data_samples']
    for sample, feature in zip(samples, features.float().cpu(), strict=True):
        sample.feature = feature
    if annotate and hasattr(model, 'annotate'):
        model.annotate(batch['inputs'], samples)
    return samples


def extract_features(
    model: nn.Module,
    dataloader: DataLoader,
    stage: str = 'pool',
    average_views: bool = False,
) -> FeatureSet:
    """Features of a whole data set; the same on every process.

    In distributed runs each process extracts its share; samples that the
    sampler repeats to fill the last batches are dropped by their index, so
    that the result is that of one process.

    Args:
        model (nn.Module): See :func:`predict_features`; left as it was,
            modes, batch statistics and random state included.
        dataloader (DataLoader): Yields batches of :func:`predict_features`.
        stage (str): See :func:`predict_features`.
        average_views (bool): See :func:`predict_features`.

    Returns:
        FeatureSet: Of all processes.

    Raises:
        UsageError: No samples, or no sample indices to tell them apart.
    """
    samples = []
    progress = _Progress(len(dataloader))
    with undisturbed(model):
        for batch in dataloader:
            predicted = predict_features(
                model, batch, stage, average_views=average_views
            )
            samples += [row(sample) for sample in predicted]
            progress.step()
    return gather(samples, len(dataloader.dataset))


@torch.no_grad()
def frame_maps(
    model: nn.Module,
    frames: Iterable[Tensor],
    stage: str = 'backbone',
    layer: int = -1,
    input_size: int | tuple[int, int] = -1,
    as_clips: bool = False,
) -> Iterator[Tensor]:
    """The map of each frame of a video, when it is asked for.

    Args:
        model (nn.Module): With ``data_preprocessor`` and ``extract_feat``,
            in evaluation mode.
        frames (Iterable[Tensor]): (3, h, w) uint8 RGB.
        stage (str): 'backbone' or 'neck', whose maps are taken.
        layer (int): Which of them, where there are several.
        input_size (int or tuple[int, int]): Short edge, or (h, w), to which
            frames are scaled (bilinear, aligned corners); -1 leaves them.
        as_clips (bool): Each frame enters as a clip of one frame, for
            networks of videos.

    Yields:
        Tensor: (k, h', w') float32, on the model's device.
    """
    for frame in frames:
        batch = model.data_preprocessor(dict(inputs=[frame[None]]), False)
        (image,) = batch['inputs']
        if input_size != -1:
            size = input_size
            if isinstance(size, int):
                size = short_edge_size(image.shape[-2:], size)
            image = interpolate(
                image, tuple(size), mode='bilinear', align_corners=True
            )
        if as_clips:
            image = image[:, :, None]
        maps = model.extract_feat([image], stage)
        maps = maps if isinstance(maps, Tensor) else maps[layer]
        found = maps[0].float()
        yield found.mean(1) if as_clips else found


def row(sample: Any) -> tuple[int | None, Tensor, np.ndarray, str]:
    """Index, feature on the CPU, label or labels and path of a data sample.

    Args:
        sample (BaseDataElement or dict): With ``feature``.
    """
    return (
        sample.get('sample_idx'),
        sample.get('feature').float().cpu(),
        np.asarray(sample.get('label', -1)),
        str(sample.get('path', '')),
    )


def gather(rows: Sequence[tuple], size: int | None = None) -> FeatureSet:
    """Join the rows of all processes, each sample once, in their order.

    Args:
        rows (Sequence[tuple]): What :func:`row` returns, of this process.
        size (int, optional): Samples in the data set; fewer are reported.

    Returns:
        FeatureSet: The same on every process.

    Raises:
        UsageError: No rows at all, or rows without index.
    """
    indices = [index for index, *_ in rows]
    if any(index is None for index in indices):
        if get_world_size() > 1:
            raise UsageError(
                'distributed evaluation needs sample_idx in every data '
                'sample, to drop what the sampler repeats'
            )
        indices = list(range(len(rows)))
    part = (
        np.array(indices, dtype=np.int64),
        np.stack([r[1].numpy() for r in rows]) if rows else None,
        np.array([r[2] for r in rows], dtype=np.int64),
        np.array([r[3] for r in rows], dtype=str),
    )
    parts = [p for p in all_gather_object(part) if len(p[0])]
    if not parts:
        raise UsageError('there are no samples to extract features from')
    indices, features, labels, paths = (
        np.concatenate(arrays) for arrays in zip(*parts, strict=True)
    )
    indices, first = np.unique(indices, return_index=True)
    if size is not None and len(indices) < size and get_rank() == 0:
        print_log(
            f'features of {len(indices)} of the {size} samples of the data '
            'set were extracted; the others were not loaded',
            logger='current',
            level=30,
        )
    return FeatureSet(
        torch.from_numpy(features[first]),
        torch.from_numpy(labels[first]),
        torch.from_numpy(indices),
        paths[first].tolist(),
    )


class _Progress:
    """One log line every 30 seconds: batches, rate, time left."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.start = self.shown = time.perf_counter()

    def step(self) -> None:
        self.done += 1
        now = time.perf_counter()
        if now - self.shown < PROGRESS_SECONDS or get_rank() > 0:
            return
        self.shown = now
        rate = self.done / (now - self.start)
        print_log(
            f'features: batch {self.done}/{self.total}, {rate:.2f} batches/s'
            f', {(self.total - self.done) / rate:.0f} s left',
            logger='current',
        )


def save_features(
    path: str | os.PathLike,
    features: FeatureSet,
    stage: str = 'pool',
    config: str = '',
    checkpoint: str = '',
) -> None:
    """Write features as ``.npz`` without pickles, atomically.

    The entry ``header`` is JSON: format version, stage, config and
    checkpoint names, and the SHA-256 of the file list.

    Args:
        path (str or PathLike): Ends with .npz.
        features (FeatureSet): What to write.
        stage (str): Where the features were taken.
        config (str): Name of the config.
        checkpoint (str): Name of the checkpoint, '' for none.
    """
    header = dict(
        format_version=FORMAT_VERSION,
        stage=stage,
        config=config,
        checkpoint=checkpoint,
        file_list_sha256=file_list_hash(features.paths),
    )
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        np.savez(
            file,
            header=np.array(json.dumps(header)),
            features=features.features.numpy(),
            labels=features.labels.numpy(),
            indices=features.indices.numpy(),
            paths=np.array(features.paths, dtype=str),
        )


def load_features(path: str | os.PathLike) -> tuple[FeatureSet, dict]:
    """Read what :func:`save_features` wrote.

    Returns:
        tuple: The features and the header.

    Raises:
        UsageError: The file is absent, no feature file, or of another
            format version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file['header']))
            arrays = {name: file[name] for name in FeatureSet._fields}
    except FileNotFoundError as error:
        raise UsageError(f'feature file not found: {path}') from error
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise UsageError(
            f'{path} is not a feature file; write one with '
            'tools/analysis_tools/extract_features.py'
        ) from error
    if header.get('format_version') != FORMAT_VERSION:
        raise UsageError(
            f'{path} has format version {header.get("format_version")}, '
            f'this release reads {FORMAT_VERSION}; extract the features anew'
        )
    tensors = {
        name: torch.from_numpy(arrays[name])
        for name in ('features', 'labels', 'indices')
    }
    return FeatureSet(**tensors, paths=arrays['paths'].tolist()), header


def file_list_hash(paths: Sequence[str]) -> str:
    """SHA-256 of file names in their order, one a line."""
    return hashlib.sha256('\n'.join(paths).encode()).hexdigest()
