# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The detectors that stand on mmcv's operators train and predict.

Built from mmdet's and mmaction2's own configs; only sizes that cost time
are changed.
"""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torchvision.ops import box_iou

from mmssl import compat

compat.install()

SIDE = 96
CLASSES = 3
NMS_IOU = 0.5

CONFIGS = {
    'Faster R-CNN FPN': 'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'Faster R-CNN C4': 'mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py',
    'Mask R-CNN': 'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'RetinaNet': 'mmdet::_base_/models/retinanet_r50_fpn.py',
    'SSD': 'mmdet::_base_/models/ssd300.py',
    'FCOS': 'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
}


def inherited_model(base, tmp_path):
    """The model of a config that inherits ``base`` as a user's would.

    ``init_weights`` is not called on it: that would download, and it
    zeroes the last norm of each residual branch, so that the branch gets
    no gradient in the first step.
    """
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = {base!r}\n')
    return Config.fromfile(path).model


def detector(base, tmp_path):
    from mmdet.models.necks.ssd_neck import L2Norm
    from mmdet.registry import MODELS

    init_default_scope('mmdet')
    cfg = inherited_model(base, tmp_path)
    for head in ('bbox_head', 'mask_head'):
        owner = cfg if 'bbox_head' in cfg else cfg.roi_head
        if head in owner:
            owner[head].num_classes = CLASSES
    test_cfg = cfg.test_cfg.get('rcnn', cfg.test_cfg)
    test_cfg.update(
        score_thr=0.01,
        nms=dict(type='nms', iou_threshold=NMS_IOU),
        # An untrained head prefers one class; all of them shall stay.
        max_per_img=5000,
    )
    if cfg.test_cfg.get('rpn'):
        cfg.test_cfg.rpn.update(nms_pre=50, max_per_img=20)
        cfg.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
        cfg.train_cfg.rcnn.sampler.num = 16
    model = MODELS.build(cfg)
    for module in model.modules():
        if isinstance(module, L2Norm):
            # Allocated without a value; 20 is what SSD's init_weights sets.
            torch.nn.init.constant_(module.weight, 20)
    return model


def annotated_pictures(count, side):
    """Pictures of noise with two boxes each, in mmdet's form."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks

    generator = torch.Generator().manual_seed(0)
    pictures, samples = [], []
    for _ in range(count):
        picture = torch.randint(0, 256, (3, side, side), generator=generator)
        boxes = torch.tensor([[10.0, 12, 60, 70], [30, 20, 88, 90]])
        masks = np.zeros((2, side, side), np.uint8)
        masks[0, 12:70, 10:60] = masks[1, 20:90, 30:88] = 1
        sample = DetDataSample(
            metainfo=dict(
                img_shape=(side, side),
                ori_shape=(side, side),
                pad_shape=(side, side),
                batch_input_shape=(side, side),
                scale_factor=(1.0, 1.0),
            )
        )
        sample.gt_instances = InstanceData(
            bboxes=boxes,
            labels=torch.tensor([0, 2]),
            masks=BitmapMasks(masks, side, side),
        )
        sample.ignored_instances = InstanceData(
            bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long)
        )
        pictures.append(picture.to(torch.uint8))
        samples.append(sample)
    return dict(inputs=pictures, data_samples=samples)


def train_one_step(model, batch):
    """Losses by name, after the backward pass of their sum."""
    model.train()
    data = model.data_preprocessor(copy.deepcopy(batch), training=True)
    losses = model(**data, mode='loss')
    total, named = model.parse_losses(losses)
    total.backward()
    return named


def assert_trains(model, batch):
    losses = train_one_step(model, batch)
    assert all(torch.isfinite(value) for value in losses.values()), losses
    gradients = {
        name: p.grad.abs().sum().item()
        for name, p in model.backbone.named_parameters()
        if p.requires_grad
    }
    assert gradients and all(np.isfinite(g) for g in gradients.values())
    assert all(g > 0 for g in gradients.values()), gradients


@torch.no_grad()
def predict(model, batch):
    model.eval()
    data = model.data_preprocessor(copy.deepcopy(batch), training=False)
    return model(**data, mode='predict')


def assert_boxes_survive_nms(predictions):
    for sample in predictions:
        found = sample.pred_instances
        assert len(found) > 1
        assert torch.isfinite(found.bboxes).all()
        assert found.scores.min() > 0.01
        overlap = box_iou(found.bboxes, found.bboxes).fill_diagonal_(0)
        same = found.labels[:, None] == found.labels
        assert overlap[same].max() <= NMS_IOU + 1e-4
        # Boxes of other classes stay: suppression is by class.
        assert len(found.labels.unique()) > 1


@pytest.mark.parametrize(
    'device', ['cpu', pytest.param('cuda', marks=pytest.mark.gpu)]
)
@pytest.mark.parametrize('name', CONFIGS)
def test_detector_trains_and_predicts(name, device, tmp_path):
    torch.manual_seed(0)
    model = detector(CONFIGS[name], tmp_path).to(device)
    count, side = (1, 300) if name == 'SSD' else (2, SIDE)
    batch = annotated_pictures(count, side)
    assert_trains(model, batch)
    predictions = predict(model, batch)
    assert_boxes_survive_nms(predictions)
    if name == 'Mask R-CNN':
        found = predictions[0].pred_instances
        assert found.masks.shape == (len(found), side, side)


def ava_detector(tmp_path):
    import mmaction.models  # noqa: F401  (registers AVA's parts in mmdet)
    from mmdet.registry import MODELS

    init_default_scope('mmaction')
    cfg = inherited_model(
        'mmaction::detection/slowonly/slowonly_kinetics400-pretrained-r50_'
        '8xb16-4x16x1-20e_ava21-rgb.py',
        tmp_path,
    )
    cfg.pop('init_cfg')
    cfg.roi_head.bbox_head.update(num_classes=CLASSES + 1, topk=(1,))
    return MODELS.build(cfg)


@pytest.mark.parametrize(
    'device', ['cpu', pytest.param('cuda', marks=pytest.mark.gpu)]
)
def test_ava_detector_trains_and_predicts(device, tmp_path):
    from mmaction.structures import ActionDataSample

    torch.manual_seed(0)
    model = ava_detector(tmp_path).to(device)
    boxes = torch.tensor([[4.0, 6, 40, 60], [20, 10, 60, 62]])
    labels = torch.tensor([[0.0, 1, 0, 1], [0, 0, 1, 0]])
    samples = []
    for _ in range(2):
        sample = ActionDataSample(
            metainfo=dict(img_shape=(64, 64), scale_factor=np.ones(4))
        )
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
        sample.proposals = InstanceData(
            bboxes=boxes + 1.0, scores=torch.ones(2)
        )
        samples.append(sample)
    clips = [torch.randint(0, 256, (3, 4, 64, 64)).to(torch.uint8)] * 2
    batch = dict(inputs=clips, data_samples=samples)
    assert_trains(model, batch)
    one_clip = dict(inputs=clips[:1], data_samples=samples[:1])
    [sample] = predict(model, one_clip)  # mmaction2 takes one at a time
    found = sample.pred_instances
    assert found.bboxes.shape == (2, 4)
    assert found.scores.shape == (2, CLASSES + 1)
    assert ((found.scores > 0) & (found.scores < 1)).all()
