# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From a config and a checkpoint to features and their evaluation."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmssl.evaluation.extraction import (
    FeatureSet,
    extract_features,
    warmed_up,
)
from mmssl.utils.build_errors import explained
from mmssl.utils.checkpoint import read_checkpoint
from mmssl.utils.config import require_keys
from mmssl.utils.errors import UsageError
from mmssl.utils.launch import build_runner, data_loaders


@contextmanager
def evaluation_runner(
    cfg: Config, checkpoint: str | None, seed: int | None = None
) -> Iterator[Runner]:
    """A runner whose model is ready: loaded, or as training would start.

    Args:
        cfg (Config): With model and test settings; not changed.
        checkpoint (str, optional): File or URL; None initialises the model
            as a run with this seed does.
        seed (int, optional): Defaults to that of the config.

    Yields:
        Runner: Its data-loading workers end with the block.

    Raises:
        UsageError: The config has no test settings, or the weights do not
            fit.
    """
    require_keys(
        cfg,
        ('model', 'test_dataloader', 'test_cfg', 'test_evaluator'),
        'evaluation',
    )
    cfg = Config(cfg.to_dict(), filename=cfg.filename)
    cfg.load_from, cfg.resume = checkpoint, False
    cfg.log_level = 'WARNING'
    # MMEngine shares loggers by this name, which has the second otherwise.
    cfg.experiment_name = f'evaluation_{time.time_ns()}'
    if seed is not None:
        cfg.setdefault('randomness', {})['seed'] = seed
    for loader in data_loaders(cfg):
        if not loader.get('num_workers'):
            loader.persistent_workers = False
    runner = build_runner(cfg)
    try:
        with explained():
            if checkpoint is None:
                runner._init_model_weights()
            else:
                runner.load_or_resume()
            loop = runner.test_loop
            loader = getattr(loop, 'warmup_dataloader', None)
            with warmed_up(runner.model, loader):
                yield runner
    finally:
        runner.stop_workers()


def feature_loaders(runner: Runner) -> tuple[DataLoader, DataLoader]:
    """The bank's and the test set's data loader of a config.

    Raises:
        UsageError: The config does not evaluate features.
    """
    loop = runner.test_loop
    if getattr(loop, 'bank_dataloader', None) is None:
        raise UsageError(
            'the config does not evaluate features; it needs test_cfg='
            "dict(type='FeatureTestLoop', bank_dataloader=dict(...))"
        )
    return loop.bank_dataloader, loop.dataloader


def features_of(runner: Runner) -> tuple[FeatureSet, FeatureSet]:
    """Bank and test features, as the test loop of a config takes them.

    Raises:
        UsageError: The config does not evaluate features.
    """
    loop = runner.test_loop
    average = getattr(loop, 'average_views', False)
    bank, test = (
        extract_features(runner.model, loader, loop.stage, average)
        for loader in feature_loaders(runner)
    )
    return bank, test


def evaluate_features(
    runner: Runner,
) -> tuple[FeatureSet, FeatureSet, dict[str, float]]:
    """Bank and test features, and the results of the test evaluator.

    Args:
        runner (Runner): See :func:`evaluation_runner`.

    Returns:
        tuple: Bank, test features, results by name.

    Raises:
        UsageError: The config does not evaluate features.
    """
    loop = runner.test_loop
    bank, test = features_of(runner)
    return bank, test, measure_features(loop.evaluator.metrics, bank, test)


class InputFeatures(nn.Module):
    """The pictures themselves as features: what learning has to beat.

    Stands where :func:`extract_features` takes a model.

    Args:
        data_preprocessor (nn.Module): Of the model compared with.
        kind (str): 'raw pixels' (all of them), or 'mean colour' (c numbers
            a picture).
    """

    KINDS = ('mean colour', 'raw pixels')

    def __init__(self, data_preprocessor: nn.Module, kind: str) -> None:
        super().__init__()
        self.data_preprocessor = data_preprocessor
        self.kind = kind

    def extract_feat(self, inputs: list[Tensor], stage: str) -> Tensor:
        """(b, d) of the first view; the stage has no meaning here."""
        pixels = inputs[0].flatten(2)  # (b, c, space)
        return (
            pixels.mean(2)
            if self.kind == 'mean colour'
            else (pixels.flatten(1))
        )


def evaluate_inputs(runner: Runner) -> dict[str, dict[str, float]]:
    """The test evaluator's results on :class:`InputFeatures`, by kind."""
    results = {}
    for kind in InputFeatures.KINDS:
        model = InputFeatures(runner.model.data_preprocessor, kind)
        bank, test = (
            extract_features(model, loader)
            for loader in feature_loaders(runner)
        )
        metrics = runner.test_loop.evaluator.metrics
        results[kind] = measure_features(metrics, bank, test)
    return results


def measure_features(
    metrics: list, bank: FeatureSet, test: FeatureSet
) -> dict[str, float]:
    """Results of all feature metrics on features extracted before."""
    results: dict[str, float] = {}
    for metric in metrics:
        if hasattr(metric, 'set_bank'):  # others need more than features
            metric.set_bank(bank)
            results.update(metric.measure(test))
    return results


def picture(loader: DataLoader, features: FeatureSet, row: int) -> np.ndarray:
    """The picture of a row of features, (h, w, 3) uint8 RGB, as evaluated.

    Args:
        loader (DataLoader): The one that the features came from.
        features (FeatureSet): Knows the sample of each row.
        row (int): In [0, n).
    """
    return still(loader.dataset[int(features.indices[row])]['inputs'][0])


def still(view: Tensor) -> np.ndarray:
    """A picture (3, h, w), or the middle frame of a clip, as (h, w, 3)."""
    if view.ndim == 4:
        view = view[:, view.shape[1] // 2]
    return view.permute(1, 2, 0).numpy()


def clip(loader: DataLoader, features: FeatureSet, row: int) -> np.ndarray:
    """All frames of the middle clip of a row of features.

    Args:
        loader (DataLoader): The one that the features came from.
        features (FeatureSet): Knows the sample of each row.
        row (int): In [0, n).

    Returns:
        ndarray: (t, h, w, 3) uint8 RGB; one frame of a picture.
    """
    views = loader.dataset[int(features.indices[row])]['inputs']
    view = views[len(views) // 2]
    frames = view if view.ndim == 4 else view[:, None]
    return frames.permute(1, 2, 3, 0).numpy()


def seed_of(checkpoint: str, trust: bool = False) -> int | None:
    """Seed of the run that wrote a checkpoint; None if it does not say."""
    if '://' not in checkpoint and not Path(checkpoint).is_file():
        raise UsageError(f'checkpoint not found: {checkpoint}')
    meta = read_checkpoint(checkpoint, trust=trust).get('meta') or {}
    return meta.get('seed')
