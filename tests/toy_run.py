# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A model, a data set and a config small enough to train in a blink."""

import torch
from mmengine.dist import get_rank
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel, ExponentialMovingAverage
from torch import nn
from torch.utils.data import Dataset, Sampler

from mmssl.models.layers import FeatureQueue
from mmssl.registry import DATA_SAMPLERS, DATASETS, METRICS, MODELS

SAMPLES, BATCH = 22, 4  # six iterations an epoch, the last one short


@DATASETS.register_module(force=True)
class ToyData(Dataset):
    metainfo = dict(name='toy')

    def __len__(self):
        return SAMPLES

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(int(index))
        return dict(inputs=torch.randn(3, 4, 4, generator=generator))


@DATA_SAMPLERS.register_module(force=True)
class ToySampler(Sampler):
    """Shuffles by (seed, epoch) and can skip, as ours does."""

    def __init__(self, dataset, seed=0):
        self.size, self.seed, self.epoch, self.left_out = (
            len(dataset), seed, 0, 0,
        )  # fmt: skip

    def set_epoch(self, epoch):
        self.epoch = epoch

    def skip(self, samples):
        self.left_out = samples

    def __len__(self):
        return self.size

    def __iter__(self):
        generator = torch.Generator()
        generator.manual_seed(1000 * self.seed + self.epoch)
        order = torch.randperm(self.size, generator=generator).tolist()
        order, self.left_out = order[self.left_out :], 0
        return iter(order)


@MODELS.register_module(force=True)
class ToyModel(BaseModel):
    """Batch norm, dropout, momentum copy, queue: state of every kind."""

    def __init__(
        self, width=4, broken_from=None, idle=False, failing_rank=None
    ):
        super().__init__()
        self.failing_rank = failing_rank
        if idle:
            self.idle = nn.Linear(1, 1)
        self.backbone = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Linear(width, 2), nn.Dropout(0.5))
        self.momentum_encoder = ExponentialMovingAverage(
            self.backbone, momentum=0.1
        )
        self.queue = FeatureQueue(2, 8)
        self.broken_from = broken_from
        self.calls = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.calls += 1
        if self.failing_rank == get_rank() and self.calls > 1:
            raise RuntimeError(f'rank {self.failing_rank} fails')
        output = self.head(self.backbone(inputs).mean((2, 3)))
        if mode == 'predict':
            return list(output)
        noise = torch.rand(())
        loss = (output - 1).square().mean() + noise * output.mean()
        loss = loss + (output @ self.queue.rows.T).square().mean()
        self.queue.push(output)
        if self.broken_from is not None and self.calls > self.broken_from:
            loss = loss * float('nan')
        return dict(loss=loss)

    def update_target(self, progress):
        self.momentum_encoder.update_parameters(self.backbone)

    def update_queue(self):
        self.queue.write()


@METRICS.register_module(force=True)
class ToyMetric(BaseMetric):
    """Mean of what the model predicts."""

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        return dict(mean=float(torch.stack(results).mean()))


HOOKS = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    step_seed=dict(type='StepSeedHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=2),
    param_scheduler=dict(type='ParamSchedulerHook'),
    momentum=dict(type='MomentumUpdateHook'),
    nonfinite=dict(type='NonFiniteLossHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    stop_signal=dict(type='StopSignalHook'),
)

CONFIG = dict(
    default_scope='mmssl',
    default_hooks=HOOKS,
    model=dict(type='ToyModel'),
    train_dataloader=dict(
        batch_size=BATCH,
        num_workers=0,
        dataset=dict(type='ToyData'),
        sampler=dict(type='ToySampler'),
        collate_fn=dict(type='default_collate'),
    ),
    train_cfg=dict(type='EpochTrainLoop', max_epochs=3),
    optim_wrapper=dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
    ),
    param_scheduler=[
        dict(
            type='CosineAnnealingLR',
            T_max=3,
            by_epoch=True,
            convert_to_iter_based=True,
        ),
        dict(type='MultiStepLR', milestones=[2], gamma=0.5),
    ],
    randomness=dict(seed=3),
    log_level='ERROR',
)
