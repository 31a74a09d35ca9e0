# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Action recognition on our backbones: settings, weights, short runs."""

import re
from pathlib import Path

import pytest
import torch
from golden import load_golden
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.utils import import_modules_from_strings
from small_videos import numbered_frames, write_video

import mmssl
import mmssl.engine
import mmssl.models
from mmssl.apis import cli
from mmssl.registry import DATASETS, MODELS, PARAM_SCHEDULERS
from mmssl.utils.config import follow_data_root_variable
from mmssl.utils.data_root import DATA_ROOT_VARIABLE

FOLDER = Path(__file__).parents[2] / 'configs/benchmarks/action'
EVERY = sorted(p.stem for p in FOLDER.glob('*.py'))
TRAINED = [n for n in EVERY if 'retrieval' not in n]
PUBLISHED = [n for n in TRAINED if '_mini' not in n and '_tiny' not in n]
STEPS = 100  # of an epoch


def load(name):
    cfg = Config.fromfile(FOLDER / f'{name}.py', format_python_code=False)
    import_modules_from_strings(**cfg.custom_imports)
    return cfg


def build(model, device='cpu'):
    with DefaultScope.overwrite_default_scope('mmssl'), torch.device(device):
        return MODELS.build(model)


@pytest.mark.parametrize(
    'name, epochs, lr, decay, dropout, batch',
    [
        ('linear_slowonly50-8x8_64xb8-coslr-60e_k400', 60, 4, 0, 0, 512),
        ('linear_slowonly50-8x8_64xb8-coslr-100e_k400', 100, 4, 0, 0, 512),
        ('finetune_slowonly50-8x8_8xb8-coslr-200e_ucf101',
         200, 0.01, 0, 0.8, 64),
        ('finetune-moco_slowonly50-8x8_8xb8-coslr-200e_hmdb51',
         200, 0.005, 1e-4, 0.5, 64),
        ('finetune_slowonly50-8x8_8xb8-steplr-200e_ucf101',
         200, 0.025, 0, 0.8, 64),
        ('finetune_slowonly50-8seg_8xb8-steplr-22e_sthv2',
         22, 0.12, 1e-6, 0.5, 64),
        ('finetune_slowonly50-16x8_8xb8-steplr-60e_charades',
         60, 0.2, 1e-4, 0.5, 64),
        ('finetune_slowonly50-8x8_8xb8-steplr-32e_ava22',
         32, 0.3, 1e-7, 0.5, 64),
        ('finetune-cmd_r3d26-16x4_1xb8-coslr-120e_ucf101',
         120, 8e-4, 0.003, 0.3, 8),
        ('finetune-cmd_c3d-16x4_1xb8-coslr-120e_hmdb51',
         120, 16e-4, 0.002, 0.3, 8),
        ('finetune-dsm_i3d-64x1_1xb4-steplr-45e_ucf101',
         45, 1e-3, 1e-8, 0.5, 4),
    ],
)  # fmt: skip
def test_settings_are_the_published_ones(
    name, epochs, lr, decay, dropout, batch
):
    cfg = load(name)
    assert cfg.train_cfg.max_epochs == epochs
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (lr, decay)
    assert optimizer.get('nesterov', False) == ('dsm' not in name)
    assert optimizer.momentum == 0.9
    assert cfg.auto_scale_lr.base_batch_size == batch
    model = cfg.model
    head = model.get('cls_head') or model.roi_head.bbox_head
    assert head.dropout_ratio == dropout
    rho = 'cmd' not in name and 'dsm' not in name
    assert (model.data_preprocessor.mean == [114.75] * 3) == rho
    assert not model.backbone.get('norm_eval', False)


@pytest.mark.parametrize(
    'name, rates',
    [
        ('linear_slowonly50-8x8_64xb8-coslr-60e_k400',
         {0: 0, 4: 1.913, 8: 3.827, 30: 2, 59.99: 0}),
        ('finetune_slowonly50-8x8_8xb8-coslr-200e_ucf101',
         {0: 0.01, 100: 0.005}),
        ('finetune_slowonly50-8x8_8xb8-steplr-200e_ucf101',
         {0: 0.025, 59.9: 0.025, 60: 0.0025, 120: 2.5e-4, 180: 2.5e-5}),
        ('finetune_slowonly50-8seg_8xb8-steplr-22e_sthv2',
         {0: 1e-4, 1: 0.12, 14: 0.012, 18: 0.0012}),
        ('finetune_slowonly50-16x8_8xb8-steplr-60e_charades',
         {0: 0, 5: 0.2, 40: 0.02, 50: 0.002}),
        ('finetune_slowonly50-8x8_8xb8-steplr-32e_ava22',
         {0: 5e-4, 5.3: 0.3, 16: 0.03, 24: 0.003, 28: 3e-4}),
    ],
)  # fmt: skip
def test_schedules_are_the_published_ones(name, rates):
    found = schedule_of(load(name))
    for epoch, rate in rates.items():
        assert found[round(epoch * STEPS)] == pytest.approx(rate, abs=2e-3)


def schedule_of(cfg):
    """The learning rate of every iteration, as the runner sets it."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    settings = {
        k: v for k, v in cfg.optim_wrapper.optimizer.items() if k != 'type'
    }
    optimizer = torch.optim.SGD([parameter], **settings)
    schedules = []
    for entry in cfg.param_scheduler:
        entry = dict(entry, optimizer=optimizer)
        entry.setdefault('end', cfg.train_cfg.max_epochs)
        if entry.pop('convert_to_iter_based', False):
            cls = PARAM_SCHEDULERS.get(entry.pop('type'))
            made = cls.build_iter_from_epoch(**entry, epoch_length=STEPS)
        else:
            made = PARAM_SCHEDULERS.build(entry)
        schedules.append(made)
    rates = []
    for _ in range(cfg.train_cfg.max_epochs):
        for _ in range(STEPS):
            rates.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for schedule in schedules:
                if not schedule.by_epoch:
                    schedule.step()
        for schedule in schedules:
            if schedule.by_epoch:
                schedule.step()
    return rates


def test_rates_of_cmd_and_dsm_are_the_authors():
    """CMD's first warm-up iterations differ by one step of the warm-up."""
    g = load_golden('cmd/lr_finetune.npz')
    found = schedule_of(load('finetune-cmd_r3d26-16x4_1xb8-coslr-120e_ucf101'))
    for epoch, step, rate in g['epoch_step_lr'].tolist():
        place = int((epoch - 1) * STEPS + step) - 1
        late = 1e-9 if epoch > 10 else 8e-7
        assert found[place] == pytest.approx(rate, abs=late)
    g = load_golden('dsm/lr.npz')
    found = schedule_of(load('finetune-dsm_i3d-64x1_1xb4-steplr-45e_ucf101'))
    for epoch, rate in enumerate(g['finetune_lr'].tolist()):
        assert found[epoch * STEPS] == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize('name', EVERY)
def test_networks_are_those_of_pre_training_and_need_a_checkpoint(name):
    backbone = load(name).model.backbone
    assert backbone.get('pretrained') is None
    assert not backbone.get('with_pool2', False)
    if name in TRAINED:
        assert backbone.init_cfg == dict(
            type='Pretrained', checkpoint=None, prefix='backbone.'
        )


@pytest.fixture
def narrow(tmp_path):
    """A config's model at an eighth of its width, with a checkpoint."""

    def write(name):
        cfg = load(name)
        model = cfg.model
        model.backbone.base_channels = 8
        source = build(dict(model.backbone, init_cfg=None, _scope_='mmaction'))
        head = model.get('cls_head') or model.roi_head.bbox_head
        head.in_channels = source(torch.rand(1, 3, 16, 32, 32)).shape[1]
        weights = {f'backbone.{k}': v for k, v in source.state_dict().items()}
        path = str(tmp_path / 'rho.pth')
        torch.save(dict(state_dict=weights), path)
        cfg.merge_from_dict({'model.backbone.init_cfg.checkpoint': path})
        return cfg, source.state_dict()

    return write


def frames_of(name):
    """Length of a clip, which the config's name says, 8 of a short one's."""
    named = re.search(r'-(\d+)x\d_', name)
    return int(named[1]) if named else 8


def clips_and_samples(name, cfg):
    from mmaction.structures import ActionDataSample
    from mmengine.structures import InstanceData

    torch.manual_seed(0)
    frames = frames_of(name)
    data = []
    for _ in range(2):
        clip = torch.randint(0, 256, (1, 3, frames, 64, 64), dtype=torch.uint8)
        sample = ActionDataSample()
        if 'ava' in name:
            box = torch.tensor([[5.0, 6, 50, 60]])
            label = torch.zeros(1, 81)
            label[0, [3, 7]] = 1
            sample.gt_instances = InstanceData(bboxes=box, labels=label)
            sample.proposals = InstanceData(bboxes=box)
            sample.set_metainfo(dict(img_shape=(64, 64)))
            clip = clip[0]
        elif 'charades' in name:
            sample.set_gt_label(torch.eye(157)[3] + torch.eye(157)[8])
        else:
            sample.set_gt_label(2)
        data.append((clip, sample))
    inputs, samples = zip(*data, strict=True)
    return dict(inputs=list(inputs), data_samples=list(samples))


@pytest.mark.parametrize('name', TRAINED)
def test_every_config_takes_a_checkpoint_and_one_step(name, narrow):
    from mmengine.model import revert_sync_batchnorm

    cfg, weights = narrow(name)
    model = revert_sync_batchnorm(build(cfg.model))
    with DefaultScope.overwrite_default_scope('mmssl'):
        model.init_weights()
    for key, value in model.backbone.state_dict().items():
        assert torch.equal(weights[key], value), key
    model.train()
    data = model.data_preprocessor(clips_and_samples(name, cfg), True)
    total, named = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert all(torch.isfinite(value) for value in named.values())
    moved = next(model.backbone.parameters()).grad is not None
    assert moved == ('linear' not in name)
    model.eval()
    if 'ava' in name:  # which tests one clip at a time
        data = clips_and_samples(name, cfg)
        data = {key: value[:1] for key, value in data.items()}
        data = model.data_preprocessor(data)
    with torch.no_grad():
        found = model(**data, mode='predict')
    if 'ava' in name:
        assert found[0].pred_instances.scores.shape == (1, 81)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Each data set with one list line or more, in its published layout."""
    video = write_video(
        tmp_path / 'x.mp4', numbered_frames(40, (80, 120)), codec='mpeg4'
    )
    for folder in ('kinetics400', 'ucf101', 'hmdb51', 'sthv2'):
        root = tmp_path / folder
        for name in ('videos', 'videos_train', 'videos_val'):
            (root / name).mkdir(parents=True)
            (root / name / 'x.mp4').write_bytes(video.read_bytes())
        split = '' if folder in ('kinetics400', 'sthv2') else '_split_1'
        text = 'x.mp4 1\n' * 6
        if folder == 'ucf101':
            text += 'x.mp4 0\n' * 6
        for part in ('train', 'val'):
            path = root / f'{folder}_{part}'
            path = (
                root / f'{folder}_{part}{split}_videos.txt'
                if split
                else root / f'{folder}_{part}_list_videos.txt'
            )
            path.write_text(text)
    root = tmp_path / 'charades'
    (root / 'videos').mkdir(parents=True)
    (root / 'videos/x.mp4').write_bytes(video.read_bytes())
    for part in ('train', 'test'):
        (root / f'Charades_v1_{part}.csv').write_text(
            'id,actions\nx,c001 0.0 0.5;c156 1.0 9.9\n'
        )
    write_jhmdb(tmp_path / 'video_actions/jhmdb', video)
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tmp_path))
    return tmp_path


def write_jhmdb(root, video):
    root.mkdir(parents=True)
    for i in range(4):
        (root / f'{i}.mp4').write_bytes(video.read_bytes())
    for part in ('train', 'test'):
        rows = [f'{i}.mp4,{i % 2},{"ab"[i % 2]}' for i in range(4)] * 3
        (root / f'{part}.csv').write_text(
            '\n'.join(['path,label,class', *rows])
        )


@pytest.mark.parametrize(
    'name', [n for n in PUBLISHED if 'ava' not in n] + ['action-linear_mini']
)
def test_loaders_give_clips_of_the_published_kind(name, data):
    cfg = load(name)
    sides = dict(train=224, val=256 if 'sthv2' in name else 224, test=256)
    if 'mini' in name:
        sides = dict(train=32, val=40, test=40)
    views = dict(train=1, val=1, test=30)
    if 'cmd' in name or 'dsm' in name:
        side = 224 if 'i3d' in name else 112
        sides = dict(train=side, val=side, test=side)
        views = dict(train=1, val=10, test=10)
    elif 'sthv2' in name:
        views = dict(train=1, val=1, test=1)
    elif 'mini' in name:
        views = dict(train=1, val=30, test=30)
    for part, side in sides.items():
        with DefaultScope.overwrite_default_scope('mmssl'):
            dataset = DATASETS.build(cfg[f'{part}_dataloader'].dataset)
        sample = dataset[0]
        shape = (views[part], 3, frames_of(name), side, side)
        assert sample['inputs'].shape == shape
        label = sample['data_samples'].gt_label
        if 'charades' in name:
            assert label.sum() == 2 and label.shape == (157,)
        else:
            assert label.shape == (1,)


def test_something_something_is_never_mirrored():
    cfg = load('finetune_slowonly50-8seg_8xb8-steplr-22e_sthv2')
    steps = [s.type for s in cfg.train_dataloader.dataset.pipeline]
    assert 'Flip' not in steps and 'mmssl.RandomShortSide' in steps


def test_ava_data_follow_the_variable_of_the_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tmp_path))
    cfg = load('finetune_slowonly50-8x8_8xb8-steplr-32e_ava22')
    follow_data_root_variable(cfg._cfg_dict)
    text = str(cfg.train_dataloader) + str(cfg.val_evaluator)
    assert "'data/" not in text and text.count(str(tmp_path / 'ava')) == 7


def train(name, out, *options):
    return cli.main([
        'train', name, '--work-dir', str(out), '--cfg-options', *options,
    ])  # fmt: skip


@pytest.mark.parametrize(
    'name', ['action-finetune_tiny', 'action-linear_tiny']
)
def test_a_tiny_run_takes_weights_lowers_the_loss_and_is_evaluated(
    name, narrow, tmp_path, capsys
):
    from mmssl.visualization import find_scalars, read_scalars

    narrow(name)
    out = tmp_path / 'run'
    weights = tmp_path / 'rho.pth'
    assert train(name, out, f'pretrained={weights}') == 0
    (log,) = out.rglob('*.log')
    assert 'weights: matched 120/120, missing 0' in log.read_text()
    curves = read_scalars(find_scalars(out))
    losses = curves['loss'][1]
    assert losses[-1] < losses[0] - 0.1
    assert curves['acc/top1'][1][-1] > 0.4  # of 4 classes
    if name == 'action-finetune_tiny':
        metrics = tmp_path / 'metrics.json'
        arguments = [
            'action-retrieval_tiny', str(out / 'epoch_6.pth'), '--out',
            str(metrics), '--work-dir', str(tmp_path / 'test'),
        ]  # fmt: skip
        assert cli.main(['test', *arguments]) == 0
        assert 'retrieval/R@50' in metrics.read_text()


def test_weights_that_do_not_fit_and_none_at_all_are_refused(tmp_path, capsys):
    other = tmp_path / 'tiny.pth'
    model = mmssl.get_model('simclr_tiny')
    torch.save(dict(state_dict=model.state_dict()), other)
    name = 'action-finetune_tiny'
    assert train(name, tmp_path / 'a', f'pretrained={other}') == 2
    assert 'backbone weights of the model match' in capsys.readouterr().err
    assert train(name, tmp_path / 'b', 'train_cfg.max_epochs=1') == 2
    assert 'starts from pre-trained weights' in capsys.readouterr().err


def test_a_mini_run_reads_videos_and_reports_accuracy(data, narrow, tmp_path):
    narrow('action-finetune_mini')
    out = tmp_path / 'run'
    assert train(
        'action-finetune_mini', out, f'pretrained={tmp_path / "rho.pth"}',
        'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
        'train_dataloader.batch_size=4', 'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
    ) == 0  # fmt: skip
    (log,) = out.rglob('*.log')
    text = log.read_text()
    assert 'matched 120/120' in text and 'acc/top1' in text
