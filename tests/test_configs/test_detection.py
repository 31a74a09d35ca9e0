# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mmdet's detectors on our backbones: settings, weights, a short run."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmssl
import mmssl.engine
import mmssl.models
from mmssl.apis import cli
from mmssl.registry import MODELS

FOLDER = Path(__file__).parents[2] / 'configs/benchmarks/detection'
PUBLISHED = sorted(p.stem for p in FOLDER.glob('*_8xb2-*.py'))
SMALL = 'faster-rcnn_small-conv_mini'


def load(name):
    return Config.fromfile(FOLDER / f'{name}.py', format_python_code=False)


def build(cfg, device='meta'):
    with DefaultScope.overwrite_default_scope('mmssl'), torch.device(device):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize(
    'name, steps, milestones, lr',
    [
        ('mask-rcnn_r50_fpn_syncbn_8xb2-1x_coco', 90, (60, 80), 0.02),
        ('mask-rcnn_r50_fpn_syncbn_8xb2-2x_coco', 180, (120, 160), 0.02),
        ('mask-rcnn_r50_c4_syncbn_8xb2-1x_coco', 90, (60, 80), 0.02),
        ('retinanet_r50_fpn_8xb2-1x_coco', 90, (60, 80), 0.01),
        ('faster-rcnn_r50_c4_syncbn_8xb2-24k_voc0712', 24, (18, 22), 0.02),
    ],
)
def test_settings_are_the_published_ones(name, steps, milestones, lr):
    cfg = load(name)
    assert cfg.train_cfg.max_iters == 1000 * steps
    assert 'max_epochs' not in cfg.train_cfg
    _, drops = cfg.param_scheduler
    assert drops.milestones == [1000 * m for m in milestones]
    assert drops.end == cfg.train_cfg.max_iters and not drops.by_epoch
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=lr, momentum=0.9, weight_decay=1e-4
    )
    preprocessor = cfg.model.data_preprocessor
    assert preprocessor.bgr_to_rgb
    assert preprocessor.mean == [123.675, 116.28, 103.53]
    assert preprocessor.std[0] > 50


@pytest.mark.parametrize('name', PUBLISHED)
def test_nothing_is_frozen_and_norms_are_synchronous(name):
    cfg = load(name)
    backbone = cfg.model.backbone
    assert backbone.frozen_stages == -1 and not backbone.norm_eval
    assert backbone.style == 'pytorch'
    model = build(cfg)
    kinds = {
        type(m).__name__
        for m in model.modules()
        if isinstance(m, torch.nn.modules.batchnorm._NormBase)
    }
    assert kinds == {'SyncBatchNorm'}
    assert all(p.requires_grad for p in model.parameters())


def test_heads_are_those_of_the_papers():
    fpn = load('mask-rcnn_r50_fpn_syncbn_8xb2-1x_coco').model
    assert fpn.roi_head.bbox_head.type == 'Shared4Conv1FCBBoxHead'
    c4 = build(load('mask-rcnn_r50_c4_syncbn_8xb2-1x_coco'))
    assert c4.roi_head.shared_head.norm.num_features == 2048
    scales = load('mask-rcnn_r50_fpn_syncbn_8xb2-2x_coco').train_dataloader
    (resize,) = (s for s in scales.dataset.pipeline if 'Resize' in s.type)
    assert [s[1] for s in resize.scales] == [640, 672, 704, 736, 768, 800]


@pytest.mark.parametrize('name', PUBLISHED)
def test_all_of_a_checkpoint_of_ours_is_taken(name, tmp_path):
    """A ResNet-50 that we pre-train fills the backbone (and C4's head)."""
    cfg = load(name)
    settings = dict(type='mmdet.ResNet', depth=50, norm_eval=False)
    with DefaultScope.overwrite_default_scope('mmssl'):
        own = MODELS.build(settings)
    weights = {f'backbone.{k}': v for k, v in own.state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'ours.pth')
    path = str(tmp_path / 'ours.pth')
    for part in (cfg.model.backbone, cfg.model.get('roi_head', {})):
        part = part.get('shared_head', part)
        if 'init_cfg' in part:
            assert part.init_cfg.type == 'Pretrained'
            part.init_cfg.checkpoint = path
    with DefaultScope.overwrite_default_scope('mmssl'):
        backbone = MODELS.build(dict(cfg.model.backbone, _scope_='mmdet'))
        backbone.init_weights()
        state = backbone.state_dict()
        assert all(torch.equal(own.state_dict()[k], state[k]) for k in state)
        if 'c4' in name:
            shared = cfg.model.roi_head.shared_head
            shared = MODELS.build(dict(shared))
            shared.init_weights()
            state = shared.state_dict()
            for key, value in state.items():
                if key.startswith('layer4.'):
                    assert torch.equal(own.state_dict()[key], value)


@pytest.fixture
def data(tmp_path):
    """Six pictures with a bright person each, in tiny_coco's layout."""
    from mmdet.datasets import CocoDataset

    names = CocoDataset.METAINFO['classes']
    categories = [dict(id=i, name=name) for i, name in enumerate(names, 1)]
    root = tmp_path / 'tiny'
    for folder, kind in (('scenes2017', 'boxes_scenes2017'),
                         ('val2017', 'instances_val2017')):  # fmt: skip
        images, boxes = [], []
        (root / folder).mkdir(parents=True)
        for number in range(6):
            img = np.full((60, 80, 3), 30, np.uint8)
            x, y = 5 + 6 * number, 4 + 3 * number
            img[y : y + 36, x : x + 36] = 220
            cv2.imwrite(str(root / folder / f'{number}.jpg'), img)
            images.append(
                dict(id=number, file_name=f'{number}.jpg', width=80, height=60)
            )
            boxes.append(
                dict(id=number + 1, image_id=number, category_id=1,
                     bbox=[x, y, 36, 36], area=36 * 36, iscrowd=0)
            )  # fmt: skip
        content = dict(
            images=images, annotations=boxes,
            categories=categories,
        )  # fmt: skip
        (root / 'annotations').mkdir(exist_ok=True)
        text = json.dumps(content)
        (root / f'annotations/{kind}.json').write_text(text)
    return root


def train(data, out, *options, config=SMALL):
    key = 'rcnn.score_thr' if config == SMALL else 'score_thr'
    return cli.main([
        'train', config, '--work-dir', str(out), '--cfg-options',
        f'data_root={data}/', 'train_cfg.max_epochs=1',
        'train_cfg.val_interval=1', 'param_scheduler.1.end=1',
        'train_dataloader.num_workers=0', 'val_dataloader.num_workers=0',
        'train_dataloader.batch_size=2',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.persistent_workers=False',
        'optim_wrapper.optimizer.lr=0.0', f'model.test_cfg.{key}=0.0',
        *options,
    ])  # fmt: skip


@pytest.mark.parametrize('config', [SMALL, 'fcos_small-conv-2class_mini'])
def test_a_detector_takes_our_weights_trains_and_is_evaluated(
    config, data, tmp_path
):
    model = mmssl.get_model('scrl_mini')
    own = tmp_path / 'scrl.pth'
    torch.save(dict(state_dict=model.state_dict()), own)
    weights = f'pretrained={own}'
    assert train(data, tmp_path / 'run', weights, config=config) == 0
    (log,) = (tmp_path / 'run').rglob('*.log')
    text = log.read_text()
    assert 'weights: matched 24/24, missing 0' in text
    assert 'coco/bbox_mAP' in text and 'coco/person_precision' in text
    saved = torch.load(tmp_path / 'run/epoch_1.pth')['state_dict']
    for name, value in model.backbone.state_dict().items():
        if 'running' not in name and 'num_batches' not in name:
            assert torch.equal(saved[f'backbone.{name}'], value), name


def test_weights_that_do_not_fit_and_none_at_all_are_refused(
    data, tmp_path, capsys
):
    other = tmp_path / 'tiny.pth'
    model = mmssl.get_model('scrl_tiny')
    torch.save(dict(state_dict=model.state_dict()), other)
    assert train(data, tmp_path / 'run', f'pretrained={other}') == 2
    assert 'backbone weights of the model match' in capsys.readouterr().err
    assert train(data, tmp_path / 'run') == 2
    assert 'starts from pre-trained weights' in capsys.readouterr().err


def test_the_c4_detector_with_its_further_norm_trains():
    from mmdet.structures import DetDataSample
    from mmengine.model import revert_sync_batchnorm
    from mmengine.structures import InstanceData

    cfg = load('faster-rcnn_r50_c4_syncbn_8xb2-24k_voc0712')
    cfg.model.roi_head.shared_head.init_cfg = None
    cfg.model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=8)
    cfg.model.train_cfg.rcnn.sampler.num = 8
    torch.manual_seed(0)
    model = revert_sync_batchnorm(build(cfg, 'cpu')).train()
    samples = []
    for _ in range(2):
        sample = DetDataSample(
            metainfo=dict(
                img_shape=(96, 96),
                ori_shape=(96, 96),
                scale_factor=(1.0, 1.0),
            )
        )
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor([[10.0, 12, 60, 70]]),
            labels=torch.tensor([14]),
        )
        samples.append(sample)
    images = [torch.randint(0, 256, (3, 96, 96), dtype=torch.uint8)] * 2
    data = dict(inputs=images, data_samples=samples)
    data = model.data_preprocessor(data, training=True)
    total, named = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert all(torch.isfinite(value) for value in named.values())
    head = model.roi_head.shared_head
    for weight in (head.norm.weight, head.layer4[0].conv1.weight):
        assert weight.grad.abs().sum() > 0
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
