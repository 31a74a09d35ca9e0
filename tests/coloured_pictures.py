# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Labelled pictures of a few colours, a method and a runner on them."""

import copy
import itertools
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement
from torch.utils.data import Dataset

import mmssl
from mmssl.engine.runner import Runner
from mmssl.registry import DATASETS, FUNCTIONS, MODELS


@DATASETS.register_module(force=True)
class ColouredPictures(Dataset):
    """Class c is a colour; pictures (3, 8, 8) uint8 with noise."""

    def __init__(self, size=12, views=1, labelled=True, offset=0):
        self.size, self.views = size, views
        self.labelled, self.offset = labelled, offset
        self.metainfo = dict(classes=('red', 'green', 'blue'))

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        index, label = int(index), int(index) % 3
        generator = torch.Generator().manual_seed(index + self.offset)
        colour = torch.full((3, 1, 1), 60.0)
        colour[label] = 200
        inputs = [
            (colour + 20 * torch.randn(3, 8, 8, generator=generator))
            .clamp(0, 255)
            .to(torch.uint8)
            for _ in range(self.views)
        ]
        sample = BaseDataElement()
        sample.set_field(index, 'sample_idx', field_type='metainfo')
        sample.set_field(f'{index}.png', 'path', field_type='metainfo')
        if self.labelled:
            sample.set_field(label, 'label', field_type='metainfo')
        return dict(inputs=inputs, data_samples=sample)


@FUNCTIONS.register_module(force=True)
def collate_pictures(batch):
    views = zip(*(item['inputs'] for item in batch), strict=True)
    return dict(
        inputs=[torch.stack(view) for view in views],
        data_samples=[item['data_samples'] for item in batch],
    )


def loader(shuffle=False, batch_size=4, num_workers=0, **dataset):
    return dict(
        batch_size=batch_size,
        num_workers=num_workers,
        dataset=dict(type='mmssl.ColouredPictures', **dataset),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        collate_fn=dict(type='mmssl.collate_pictures'),
    )


MODEL = dict(
    type='SimCLR',
    backbone=dict(type='SmallConvNet', channels=(4, 6), strides=(1, 2)),
    neck=dict(type='ProjectionMLP', sizes=(6, 8, 5)),
)
EVALUATOR = [
    dict(type='KNNMetric', k=3),
    dict(type='LinearProbeMetric', epochs=60, batch_size=8),
    dict(type='LogisticProbeMetric'),
    dict(type='CollapseMetric'),
]
BANK = loader(size=24, offset=100)


def config(**changes):
    cfg = Config(
        copy.deepcopy(
            dict(
                default_scope='mmssl',
                model=MODEL,
                train_dataloader=loader(True, size=8, views=2),
                train_cfg=dict(
                    type='EpochTrainLoop', max_epochs=2, val_interval=1
                ),
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
                val_dataloader=loader(),
                val_cfg=dict(type='FeatureValLoop', bank_dataloader=BANK),
                val_evaluator=EVALUATOR,
                test_dataloader=loader(),
                test_cfg=dict(type='FeatureTestLoop', bank_dataloader=BANK),
                test_evaluator=EVALUATOR,
                default_hooks=dict(
                    logger=dict(type='LoggerHook', interval=1),
                    checkpoint=None,
                ),
                randomness=dict(seed=0),
                log_level='ERROR',
            )
        )
    )
    cfg.merge_from_dict({k.replace('__', '.'): v for k, v in changes.items()})
    return cfg


def write_run(folder):
    """Write a config and the untrained checkpoints of seeds 3 and 4.

    Returns:
        tuple[str, str]: Names of the config and of the first checkpoint.
    """
    cfg = config()
    cfg.custom_imports = dict(imports=['coloured_pictures', 'mmssl.engine'])
    cfg.default_hooks = {}
    for metric in cfg.test_evaluator:
        if metric.type == 'LinearProbeMetric':
            metric.update(lr=0.1, epochs=20)
    runtime = Path(mmssl.get_config_dir()) / '_base_' / 'default_runtime.py'
    text = f'_base_ = [{str(runtime)!r}]\n{cfg.pretty_text}'
    (folder / 'colours.py').write_text(text)
    for seed in (3, 4):
        torch.manual_seed(seed)
        weights = MODELS.build(cfg.model).state_dict()
        torch.save(
            dict(state_dict=weights, meta=dict(seed=seed)),
            folder / f'seed{seed}.pth',
        )
    return 'colours.py', 'seed3.pth'


@pytest.fixture
def make_runner(tmp_path, monkeypatch):
    """Build a runner; dotted names (with __) override its config."""
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)
    names = itertools.count()

    def make(**changes):
        cfg = config(**changes)
        number = next(names)
        cfg.work_dir = str(tmp_path / f'run{number}')
        cfg.experiment_name = f'{tmp_path.name}_{number}'
        return Runner.from_cfg(cfg)

    return make


@pytest.fixture
def method():
    """The untrained method in training mode."""
    return MODELS.build(copy.deepcopy(MODEL))


@pytest.fixture
def make_loader():
    """Build a data loader of the pictures."""

    def make(**settings):
        return Runner.build_dataloader(loader(**settings), seed=0)

    return make
