# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Translators and detectors: published settings, a run of the tiny one."""

import math
from pathlib import Path
from statistics import fmean

import pytest
import torch
from mmengine.config import Config

from mmssl import get_config_dir, get_model
from mmssl.apis import cli
from mmssl.datasets.toy_shapes import toy_scenes
from mmssl.visualization.curves import find_scalars, read_scalars

FOLDER = Path(get_config_dir()) / 'uda_vod'
TRANSLATORS = ('cyclegan_resnet9_1xb1-200e', 'forwardgan_resnet9_1xb1-200e')


def load(name):
    path = next(FOLDER.rglob(f'{name}*.py'))
    return Config.fromfile(path, format_python_code=False)


@pytest.mark.parametrize('name', TRANSLATORS)
def test_published_settings_of_the_translators(name):
    cfg = load(name)
    model = cfg.model
    assert (model.lambda_a, model.lambda_b, model.lambda_idt) == (10, 10, 0.5)
    assert model.lambda_cycle == (1 if name.startswith('cycle') else 0)
    assert model.pool_size == 50 and model.gan_type == 'lsgan'
    for child in ('generators', 'discriminators'):
        adam = cfg.optim_wrapper[child].optimizer
        assert adam == dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))
    (schedule,) = cfg.param_scheduler
    assert (schedule.begin, schedule.end) == (99, 200)
    assert schedule.end_factor == 1 / 101
    (view,) = cfg.train_dataloader.dataset.views
    assert (view.resize, view.size, view.flip_prob) == (286, 256, 0.5)
    wrapper = cfg.model_wrapper_cfg.type
    assert wrapper == 'MMSeparateDistributedDataParallel'


def test_published_settings_of_the_detectors():
    cfg = load('faster-rcnn_vgg16')
    assert cfg.train_cfg.max_iters == 70000
    assert cfg.optim_wrapper.optimizer.weight_decay == 0
    assert cfg.param_scheduler[0].milestones == [50000]
    assert cfg.model.test_cfg.rcnn.nms.iou_threshold == 0.3
    assert cfg.test_dataloader.dataset.type == 'mmssl.YouTubeObjectsDataset'
    assert len(cfg.test_dataloader.dataset.metainfo.classes) == 20
    cfg = load('rfbnet300')
    assert cfg.optim_wrapper.optimizer.lr == 4e-3
    warmup, steps = cfg.param_scheduler
    start = warmup.start_factor * cfg.optim_wrapper.optimizer.lr
    assert math.isclose(start, 1e-6)
    assert steps.milestones == [150, 200, 250]
    for name in ('faster-rcnn', 'rfbnet300'):
        lists = load(name).train_dataloader.dataset.ann_file
        assert lists == 'VOC2007/ImageSets/Main/trainval.txt'
        assert 'trainval' in load(name).video_dataset.ann_file


@pytest.mark.parametrize('name', ['fcos_small_mini', 'fcos_overfit_mini'])
def test_classes_stand_in_the_order_of_the_categories_of_coco(name):
    """mmdet's CocoDataset numbers them by the file, not by ``classes``."""
    numbers = dict(person=1, car=3, bird=16, dog=18)
    cfg = load(name)
    for data in (cfg.train_dataloader.dataset, cfg.test_dataloader.dataset):
        own = [numbers[c] for c in data.metainfo.classes]
        assert own == sorted(own)


def statistics(pictures):
    """Light, contrast, gradient energy."""
    x = pictures.double().mean(1)
    energy = (x[..., 1:] - x[..., :-1]).square().mean()
    return x.mean().item(), x.std((1, 2)).mean().item(), energy.item()


def test_the_tiny_translator_moves_stills_towards_frames(tmp_path):
    arguments = [
        'cyclegan_tiny', '--work-dir', str(tmp_path), '--cfg-options',
        'default_hooks.logger.interval=1',
        'default_hooks.checkpoint.interval=5',
    ]  # fmt: skip
    assert cli.main(['train', *arguments]) == 0
    curves = read_scalars(find_scalars(tmp_path))
    for name in ('loss_cycle_A', 'loss_cycle_B', 'loss_G'):
        values = curves[name][1]
        assert all(map(math.isfinite, values))
        assert fmean(values[-40:]) < 0.9 * fmean(values[:20]), name
    assert {'loss_D_A', 'loss_D_B', 'loss_idt_A'} <= set(curves)
    sheets = [p.name for p in (tmp_path / 'samples').iterdir()]
    assert sheets == ['iter_200.png']
    assert not (tmp_path / 'backbone.pth').exists()

    model = get_model('cyclegan_tiny', str(tmp_path / 'epoch_5.pth'))
    stills, frames = (
        torch.from_numpy(toy_scenes(domain, 60, 64, 5)[0])
        .permute(0, 3, 1, 2) / 127.5 - 1
        for domain in ('still', 'video')
    )  # fmt: skip
    with torch.no_grad():
        translated = model.generators.a2b(stills)
    for still, moved, frame in zip(
        *map(statistics, (stills, translated, frames)), strict=True
    ):
        assert abs(moved - frame) < 0.6 * abs(still - frame)


def test_a_resumed_translator_goes_on(tmp_path):
    arguments = [
        'train', 'cyclegan_tiny', '--work-dir', str(tmp_path),
        '--cfg-options', 'default_hooks.checkpoint.interval=1',
        'train_dataloader.dataset.domain_a.count=6',
        'train_dataloader.dataset.domain_b.count=6',
    ]  # fmt: skip
    assert cli.main([*arguments, 'train_cfg.max_epochs=1']) == 0
    assert cli.main([*arguments, 'train_cfg.max_epochs=2', '--resume']) == 0
    state = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    assert state['meta']['iter'] == 6
    assert set(state['optimizer']) == {'generators', 'discriminators'}
    assert not any('pool' in name for name in state['state_dict'])
    steps = state['optimizer']['generators']['state'].values()
    assert {int(s['step']) for s in steps} == {6}


def test_frames_without_annotation_or_list_are_named(tmp_path):
    pytest.importorskip('mmdet')
    from mmssl.datasets.youtube_objects import CLASSES, YouTubeObjectsDataset
    from mmssl.utils.errors import UsageError

    def dataset():
        return YouTubeObjectsDataset(
            data_root=str(tmp_path),
            ann_file='ImageSets/Main/test.txt',
            data_prefix=dict(sub_data_root=''),
            test_mode=True,
            pipeline=[],
        )

    with pytest.raises(UsageError, match='no list of frames at .*test.txt'):
        dataset()
    for name in ('ImageSets/Main', 'Annotations', 'JPEGImages'):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / 'ImageSets/Main/test.txt').write_text('car_00000001\n')
    with pytest.raises(UsageError, match=r'car_00000001\.xml is missing'):
        dataset()
    (tmp_path / 'Annotations/car_00000001.xml').write_text(
        '<annotation><size><width>9</width><height>8</height></size><object>'
        '<name>car</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>5</xmax>'
        '<ymax>6</ymax></bndbox></object></annotation>'
    )
    with pytest.raises(UsageError, match=r'car_00000001\.jpg is missing'):
        dataset()
    (tmp_path / 'JPEGImages/car_00000001.jpg').write_bytes(b'')
    data = dataset()
    assert data.metainfo['classes'] == CLASSES and len(data) == 1
    (item,) = data.get_data_info(0)['instances']
    assert item['bbox'] == [1, 2, 4, 5] and item['bbox_label'] == 3
