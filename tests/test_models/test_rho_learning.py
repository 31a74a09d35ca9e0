# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""rho on generated clips: something is learned, and a collapse is seen."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from mmssl import get_config_dir
from mmssl.evaluation import extract_features
from mmssl.evaluation.functional import knn_classify, topk_accuracy
from mmssl.registry import MODELS

FOLDER = Path(get_config_dir()) / 'rho'


def load(method):
    path = FOLDER / f'rho-{method}_rho2_tiny.py'
    return Config.fromfile(path, format_python_code=False)


def build(cfg):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmssl'):
        model = MODELS.build(cfg.model)
        model.init_weights()
        loaders = [
            Runner.build_dataloader(loader, seed=0)
            for loader in (
                cfg.train_dataloader,
                cfg.test_cfg.bank_dataloader,
                cfg.test_dataloader,
            )
        ]
    return model, *loaders


def train(model, loader, steps, lr=1e-3):
    """Losses of so many steps of Adam."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(torch.optim.Adam(parameters, lr=lr))
    model.train()
    losses = []
    while len(losses) < steps:
        loader.sampler.set_epoch(len(losses))
        for batch in loader:
            log = model.train_step(batch, wrapper)
            losses.append(float(log['loss'].detach()))
            model.update_target(min(len(losses) / steps, 1.0))
            model.update_queue()
    return torch.tensor(losses)


def nearest(model, bank, test):
    """Share of test videos whose class the neighbours tell."""
    found, asked = (
        extract_features(model.eval(), loader, 'pool', True)
        for loader in (bank, test)
    )
    ranked = knn_classify(asked.features, found.features, found.labels, k=5)
    return topk_accuracy(ranked, asked.labels)['top1']


def spread(model, loader):
    """Mean deviation of unit embeddings, as a share of 1 / sqrt(d)."""
    found = extract_features(model.eval(), loader, 'neck', True).features
    std = nn.functional.normalize(found, dim=1).std(dim=0).mean()
    return float(std) * found.shape[1] ** 0.5


def test_clips_of_a_video_are_found_and_neighbours_get_better():
    # Measured: 5.6 to 3.1, neighbours 41 % to 61 %, spread 0.87.
    model, loader, bank, test = build(load('moco'))
    before = nearest(model, bank, test)
    losses = train(model, loader, 198)
    assert losses[-12:].mean() < 0.7 * losses[:12].mean()
    assert spread(model, test) > 0.3
    assert nearest(model, bank, test) >= before + 0.05


def test_byol_without_predictor_and_average_collapses():
    # Measured: 0.013.
    cfg = load('byol')
    cfg.model.update(momentum=0.0, end_momentum=None)
    model, loader, _, test = build(cfg)
    model.head = nn.Identity()
    train(model, loader, 60, lr=1e-2)
    assert spread(model, test) < 0.3


def test_byol_as_it_is_does_not():
    model, loader, _, test = build(load('byol'))
    train(model, loader, 60)
    assert spread(model, test) > 0.3
