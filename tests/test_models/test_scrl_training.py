# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A short run of SCRL on real photographs learns what it should."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmssl.models  # noqa: F401
from mmssl import get_config_dir
from mmssl.datasets import SampleIndex, collate_views
from mmssl.models.algorithms.scrl import boxes_of_batch, pool_boxes
from mmssl.registry import DATASETS, MODELS

STEPS = 30


def similarities(model, batch):
    """Mean cosine of box features with their match, and with others."""
    model.eval()
    with torch.no_grad():
        maps = model.backbone(torch.cat(batch['inputs']))[-1]
    rois = boxes_of_batch(batch['data_samples'])
    features = torch.nn.functional.normalize(pool_boxes(maps, rois, 8))
    model.train()
    one, other = features.chunk(2)
    cosines = one @ other.T
    matched = cosines.diagonal().mean().item()
    n = len(cosines)
    return matched, ((cosines.sum() - cosines.trace()) / (n * n - n)).item()


@pytest.fixture(scope='module')
def trained():
    """Losses and embeddings of a run, similarities before and after it."""
    cfg = Config.fromfile(Path(get_config_dir()) / 'scrl/scrl_tiny.py')
    with DefaultScope.overwrite_default_scope('mmssl'):
        cfg.train_dataloader.dataset.per_class = 10
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        torch.manual_seed(0)
        model = MODELS.build(
            dict(cfg.model, data_preprocessor=cfg.data_preprocessor)
        )
    model.init_weights()
    rng = np.random.default_rng(0)

    def batch(step):
        chosen = rng.choice(len(dataset), 64, replace=False).tolist()
        items = [dataset[SampleIndex(i, 0, step)] for i in chosen]
        return model.data_preprocessor(collate_views(items))

    held_out = batch(STEPS)
    before = similarities(model, held_out)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for step in range(STEPS):
        loss = model(**batch(step), mode='loss')['loss_boxes']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.update_target(step / STEPS)
        losses.append(loss.item())
    with torch.no_grad():
        embedding = model.extract_feat(held_out['inputs'], 'neck')
    return losses, embedding, before, similarities(model, held_out)


def test_the_loss_falls(trained):
    losses, *_ = trained
    assert np.mean(losses[-5:]) < 0.6 * losses[0]


def test_embeddings_do_not_collapse(trained):
    _, embedding, *_ = trained
    unit = torch.nn.functional.normalize(embedding)
    assert unit.std(0).mean() > 0.3 / unit.shape[1] ** 0.5


def test_features_of_matched_boxes_are_nearer_than_of_others(trained):
    *_, before, after = trained
    assert after[0] > after[1] + 0.1
    assert after[0] - after[1] > before[0] - before[1]
