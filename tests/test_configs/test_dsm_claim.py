# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM tells moments of one video apart, which plain MoCo does less."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmssl import get_config_dir
from mmssl.apis import cli
from mmssl.datasets import SampleIndex, collate_views
from mmssl.models.losses import unit_rows
from mmssl.registry import DATASETS, MODELS
from mmssl.utils.checkpoint import read_checkpoint, state_dict_of


def load(name):
    path = f'{get_config_dir()}/dsm/{name}.py'
    return Config.fromfile(path, format_python_code=False)


def trained(name, folder):
    """Weights after the config's 300 steps."""
    assert cli.main(['train', name, '--work-dir', str(folder)]) == 0
    return state_dict_of(read_checkpoint(folder / 'epoch_30.pth'))


@torch.no_grad()
def gap(weights):
    """On unseen videos: mean of q k - q n, key less own negative."""
    cfg = load('dsm-scenes_mini')
    cfg.train_dataloader.dataset.split = 'test'
    with DefaultScope.overwrite_default_scope('mmssl'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        settings = dict(cfg.model, data_preprocessor=cfg.data_preprocessor)
        model = MODELS.build(settings)
    model.load_state_dict(weights, strict=False)
    model.eval()
    batch = [dataset[SampleIndex(i, 0)] for i in range(len(dataset))]
    views = model.data_preprocessor(collate_views(batch))['inputs']
    torch.manual_seed(0)
    query, key, own = (
        unit_rows(model.neck(model.backbone(view)))
        for view in model.triplet(views)
    )
    return ((query * key).sum(1) - (query * own).sum(1)).mean().item()


@pytest.mark.slow
def test_moments_of_one_video_are_told_apart(tmp_path):
    # Of the first runs, seed 0: 0.11 and 0.05.  That the movement is also read
    # from the features better than after MoCo did not come out at this size;
    # see "Measured here" in configs/dsm/README.md.
    dsm = gap(trained('dsm-scenes_mini', tmp_path / 'dsm'))
    moco = gap(trained('moco-scenes_mini', tmp_path / 'moco'))
    assert dsm > moco + 0.03
