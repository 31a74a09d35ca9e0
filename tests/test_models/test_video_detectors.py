# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The detectors for video frames: parts, sizes, one step, boxes."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmssl import get_config_dir
from mmssl.models.backbones import RFBVGG, VGG16C5
from mmssl.models.backbones.rfb import rfb_a_block, rfb_block
from mmssl.models.heads.class_limit_ssd_head import (
    ClassLimitSSDHead,
    first_of_each_class,
)
from mmssl.models.heads.dropout_bbox_head import DropoutBBoxHead
from mmssl.models.layers.vgg_fc import reduced_fc
from mmssl.utils.errors import UsageError

FOLDER = Path(get_config_dir()) / 'uda_vod' / 'detectors'


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_vgg_has_stride_16_and_its_first_layers_rest():
    network = VGG16C5()
    (out,) = network(torch.zeros(1, 3, 64, 96))
    assert out.shape == (1, 512, 4, 6)
    resting = [p for p in network.parameters() if not p.requires_grad]
    assert len(resting) == 8  # four convolutions: conv1_x, conv2_x
    assert count(network) == 14_714_688


def test_rfb_gives_the_six_maps_of_the_paper():
    with torch.device('meta'):
        network = RFBVGG()
        maps = network.eval()(torch.zeros(1, 3, 300, 300))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (512, 38, 38), (1024, 19, 19), (512, 10, 10), (256, 5, 5),
        (256, 3, 3), (256, 1, 1),
    ]  # fmt: skip


@torch.no_grad()
def test_the_map_of_conv4_3_is_not_what_later_layers_left():
    torch.manual_seed(0)
    network = RFBVGG().eval()
    seen = []
    network.extras.register_forward_pre_hook(
        lambda module, maps: seen.append(maps[0].clone())
    )
    x = torch.randn(1, 3, 300, 300)
    network(x)
    assert torch.equal(seen[0], network.features[:23](x))


def test_the_norms_of_the_blocks_learn():
    norms = [
        m
        for m in RFBVGG().train().modules()
        if isinstance(m, torch.nn.BatchNorm2d)
    ]
    assert norms and all(m.training and m.momentum == 0.01 for m in norms)


@pytest.mark.parametrize('scale', [0.0, 1.0])
def test_a_block_is_the_scaled_mix_plus_the_shortcut(scale):
    block = rfb_block(16, 8, stride=2).eval()
    block.scale = scale
    x = torch.randn(2, 16, 9, 9)
    mixed = block.mix(torch.cat([b(x) for b in block.branches], 1))
    wanted = (scale * mixed + block.shortcut(x)).relu()
    assert torch.equal(block(x), wanted)
    assert block(x).shape == (2, 8, 5, 5)


def test_receptive_fields_and_biases_of_the_blocks():
    for block, dilations in (
        (rfb_block(16, 8), [3, 5]),
        (rfb_a_block(16, 8), [1, 3, 3, 5]),
    ):
        last = [branch[-1].conv for branch in block.branches]
        assert [conv.dilation[0] for conv in last] == dilations
        convs = [m for m in block.modules() if isinstance(m, torch.nn.Conv2d)]
        assert all(conv.bias is None for conv in convs)
        assert block(torch.randn(2, 16, 12, 12)).shape == (2, 8, 12, 12)


def small(name):
    """A detector of a shipped config, thin where it is wide."""
    cfg = Config.fromfile(
        next(FOLDER.glob(f'{name}*.py')), format_python_code=False
    )
    model = cfg.model
    if name == 'faster-rcnn_vgg16':
        model.roi_head.bbox_head.fc_out_channels = 32
    if name.startswith('faster-rcnn'):
        model.test_cfg.rpn.update(nms_pre=50, max_per_img=20)
        model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
    model.test_cfg.get('rcnn', model.test_cfg).update(score_thr=0.0)
    from mmdet.registry import MODELS

    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(model)


def picture(side):
    from mmdet.structures import DetDataSample

    sample = DetDataSample(
        metainfo=dict(
            img_shape=(side, side), ori_shape=(side, side),
            pad_shape=(side, side), batch_input_shape=(side, side),
            scale_factor=(1.0, 1.0),
        )
    )  # fmt: skip
    boxes = torch.tensor([[10.0, 12, 60, 70], [30, 20, 60, 62]])
    sample.gt_instances = InstanceData(
        bboxes=boxes, labels=torch.tensor([0, 2])
    )
    sample.ignored_instances = InstanceData(
        bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long)
    )
    noise = torch.randint(0, 256, (3, side, side)).to(torch.uint8)
    return dict(inputs=[noise], data_samples=[sample])


@pytest.mark.parametrize(
    ('name', 'side'),
    [
        ('faster-rcnn_vgg16', 224),
        ('rfbnet300', 300),
        ('fcos_toy', 64),
        ('fcos_small', 128),
    ],
)
def test_detectors_train_and_predict(name, side):
    model = small(name)
    model.eval() if name == 'rfbnet300' else model.train()
    data = model.data_preprocessor(picture(side), training=True)
    with DefaultScope.overwrite_default_scope('mmdet'):
        total, parts = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert all(value.isfinite() for value in parts.values())
    assert any(p.grad is not None for p in model.backbone.parameters())
    model.eval()
    with torch.no_grad():
        (found,) = model(**data, mode='predict')
    boxes = found.pred_instances.bboxes
    assert len(boxes) and boxes.shape[1] == 4 and boxes.isfinite().all()


def test_the_anchors_of_the_published_detectors():
    model = small('faster-rcnn_vgg16')
    assert model.rpn_head.prior_generator.num_base_priors == [9]
    assert model.roi_head.bbox_head.relu[1].p == 0.5
    model = small('rfbnet300')
    generator = model.bbox_head.prior_generator
    assert generator.num_base_priors == [6, 6, 6, 6, 4, 4]
    sides = [(b[:, 2] - b[:, 0]).max() for b in generator.base_anchors]
    # The widest: ratio 3 of the least size, sqrt(3) times it.
    assert abs(sides[0] - 30 * 3**0.5) < 1e-3
    squares = generator.base_anchors[0][:2]
    widths = (squares[:, 2] - squares[:, 0]).tolist()
    assert widths == pytest.approx([30, (30 * 60) ** 0.5])


@pytest.fixture(scope='module')
def fc_layers():
    """fc6 and fc7 whose rows and columns say where they stand."""
    rows = torch.arange(4096.0)
    places = torch.arange(7.0)
    window = places[:, None] * 8 + places + torch.zeros(512, 1, 1)
    fc6 = window.flatten().expand(4096, -1), rows
    return fc6, (rows[:, None] + 4096 * rows, -rows)


def checkpoint_of(path, layers):
    names = ('classifier.0', 'classifier.3')
    weights = {}
    for name, (weight, bias) in zip(names, layers, strict=True):
        weights |= {f'{name}.weight': weight, f'{name}.bias': bias}
    torch.save(weights, path)
    return str(path)


def test_the_reduced_layers_are_every_fourth_unit(fc_layers):
    (window, bias6), (square, bias7) = reduced_fc(*fc_layers)
    assert window.shape == (1024, 512, 3, 3)
    wanted = [[0.0, 3.0, 6.0], [24.0, 27.0, 30.0], [48.0, 51.0, 54.0]]
    assert window[7, 11].tolist() == wanted
    assert square.shape == (1024, 1024, 1, 1)
    assert square[2, 3] == 8 + 4096 * 12
    assert bias6[5] == 20 and bias7[5] == -20


def test_fc6_and_fc7_start_from_a_file(fc_layers, tmp_path):
    path = checkpoint_of(tmp_path / 'vgg16.pth', fc_layers)
    network = RFBVGG(fc_checkpoint=path)
    network.init_weights()
    (window, _), (square, bias7) = reduced_fc(*fc_layers)
    assert torch.equal(network.features[31].weight, window)
    assert torch.equal(network.features[33].weight, square)
    assert torch.equal(network.features[33].bias, bias7)
    with DefaultScope.overwrite_default_scope('mmdet'):  # for its losses
        head = DropoutBBoxHead(
            fc_checkpoint=path, in_channels=512, fc_out_channels=4096,
            roi_feat_size=7, num_classes=2,
        )  # fmt: skip
    head.init_weights()
    assert torch.equal(head.shared_fcs[0].weight, fc_layers[0][0])
    assert torch.equal(head.shared_fcs[1].bias, fc_layers[1][1])
    with pytest.raises(UsageError, match='no classifier.3 of 4096 x 4096'):
        short = checkpoint_of(
            tmp_path / 'short.pth', [fc_layers[0], fc_layers[0]]
        )
        RFBVGG(fc_checkpoint=short).init_weights()


def test_at_most_so_many_boxes_of_a_class_are_kept():
    labels = torch.tensor([0, 1, 0, 0, 2, 1, 0])
    kept = first_of_each_class(labels, 2)
    assert kept.tolist() == [True, True, True, False, True, True, False]


@pytest.mark.parametrize(('per_class', 'per_image'), [(2, 100), (3, 4)])
def test_the_limit_of_a_class_comes_before_that_of_the_picture(
    per_class, per_image
):
    from mmengine.config import ConfigDict

    corners = 20.0 * torch.arange(8)[:, None]
    results = InstanceData(
        bboxes=torch.cat([corners, corners, corners + 9, corners + 9], 1),
        scores=torch.linspace(0.9, 0.2, 8),
        labels=torch.tensor([0, 0, 0, 0, 0, 1, 1, 1]),
    )
    cfg = ConfigDict(
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_class=per_class, max_per_img=per_image,
    )  # fmt: skip
    head = object.__new__(ClassLimitSSDHead)
    found = head._bbox_post_process(results, cfg)
    wanted = ([0] * per_class + [1] * per_class)[:per_image]
    assert found.labels.tolist() == wanted
    assert (found.scores.diff() < 0).all()


def test_the_published_limits_of_rfbnet():
    limits = small('rfbnet300').bbox_head.test_cfg
    assert (limits.max_per_class, limits.max_per_img) == (50, 300)
