# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mmcv's operators on torchvision against formulas written out as loops."""

import math
from importlib.machinery import PathFinder

import mmcv
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from torch.testing import assert_close

from mmssl import compat

compat.install()

from mmcv import ops  # noqa: E402  (needs the operators)

HALVES = [torch.float16, torch.bfloat16]
DEVICES = ['cpu', pytest.param('cuda', marks=pytest.mark.gpu)]
HAS_COMPILED = PathFinder.find_spec('mmcv._ext', mmcv.__path__) is not None


def leaf(x, *to):
    """A copy of ``x``, moved, that collects a gradient."""
    return x.clone().to(*to).requires_grad_()


# --------------------------------------------------------------------- nms


def greedy_nms(boxes, scores, threshold, offset=0):
    """Keep the best box, drop what overlaps it, repeat."""
    order, kept = list(np.argsort(-scores, kind='stable')), []
    while order:
        best = order.pop(0)
        kept.append(int(best))
        order = [
            i for i in order if iou(boxes[best], boxes[i], offset) <= threshold
        ]
    return kept


def iou(a, b, offset):
    width = min(a[2], b[2]) - max(a[0], b[0]) + offset
    height = min(a[3], b[3]) - max(a[1], b[1]) + offset
    common = max(width, 0) * max(height, 0)
    area_a, area_b = (
        (box[2] - box[0] + offset) * (box[3] - box[1] + offset)
        for box in (a, b)
    )
    return common / (area_a + area_b - common)


def random_boxes(count, seed=0):
    """Boxes on 40 x 40 pixels, the second half near the first; scores."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 40
    size = torch.rand(count, 2, generator=generator) * 20 + 1
    boxes = torch.cat([corner, corner + size], dim=1)
    half = count // 2
    boxes[half : 2 * half] = boxes[:half] + 0.3 * torch.rand(
        half, 4, generator=generator
    )
    return boxes, torch.rand(count, generator=generator)


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.2, 0.5, 0.8])
def test_nms_keeps_what_greedy_suppression_keeps(threshold, offset, device):
    boxes, scores = random_boxes(60)
    dets, kept = ops.nms(
        boxes.to(device), scores.to(device), threshold, offset=offset
    )
    expected = greedy_nms(boxes.numpy(), scores.numpy(), threshold, offset)
    assert kept.tolist() == expected
    assert len(expected) < 60
    assert_close(dets.cpu(), torch.cat([boxes, scores[:, None]], 1)[expected])


def test_nms_keeps_a_box_whose_overlap_equals_the_threshold():
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 2]])  # overlap 1/2
    scores = torch.tensor([0.9, 0.8])
    assert ops.nms(boxes, scores, 0.5)[1].tolist() == [0, 1]
    assert ops.nms(boxes, scores, 0.49)[1].tolist() == [0]


def test_nms_counts_the_last_pixel_with_offset_one():
    boxes = torch.tensor([[0.0, 0, 1, 0], [0, 0, 0, 0]])  # 2 and 1 pixels
    scores = torch.tensor([0.9, 0.8])
    assert ops.nms(boxes, scores, 0.45, offset=1)[1].tolist() == [0]
    assert ops.nms(boxes, scores, 0.55, offset=1)[1].tolist() == [0, 1]


@pytest.mark.parametrize('count', [0, 1])
def test_nms_of_no_box_or_one_box_returns_it(count):
    boxes, scores = random_boxes(count)
    dets, kept = ops.nms(boxes, scores, 0.5)
    assert kept.tolist() == list(range(count))
    assert dets.shape == (count, 5)


@pytest.mark.parametrize('dtype', HALVES)
def test_nms_takes_half_precision(dtype):
    boxes, scores = (x.to(dtype) for x in random_boxes(40))
    kept = ops.nms(boxes, scores, 0.5)[1]
    expected = greedy_nms(boxes.float().numpy(), scores.float().numpy(), 0.5)
    assert kept.tolist() == expected


def test_nms_filters_by_score_and_count():
    boxes, scores = random_boxes(40)
    _, kept = ops.nms(boxes, scores, 0.5, score_threshold=0.3, max_num=4)
    expected = greedy_nms(boxes.numpy(), scores.numpy(), 0.5)
    assert kept.tolist() == [i for i in expected if scores[i] > 0.3][:4]


def test_batched_nms_never_mixes_classes():
    boxes, scores = random_boxes(60)
    labels = torch.arange(60) % 3
    _, kept = ops.batched_nms(
        boxes, scores, labels, dict(type='nms', iou_threshold=0.3)
    )
    expected = set()
    for label in range(3):
        rows = (labels == label).nonzero()[:, 0]
        chosen = greedy_nms(boxes[rows].numpy(), scores[rows].numpy(), 0.3)
        expected |= set(rows[chosen].tolist())
    assert set(kept.tolist()) == expected
    assert_close(scores[kept], scores[kept].sort(descending=True)[0])


# --------------------------------------------------------------- roi align


def bilinear(image, y, x):
    """Value at (y, x), 0 outside, the border's within one pixel: (c, )."""
    height, width = image.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return image.new_zeros(len(image))
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    return (
        (1 - dy) * (1 - dx) * image[:, top, left]
        + (1 - dy) * dx * image[:, top, right]
        + dy * (1 - dx) * image[:, bottom, left]
        + dy * dx * image[:, bottom, right]
    )


def roi_align_loops(images, rois, size, scale, ratio, mode, aligned):
    pooled = []
    for index, *box in rois.tolist():
        shift = 0.5 if aligned else 0.0
        left, top, right, bottom = (edge * scale - shift for edge in box)
        height, width = bottom - top, right - left
        if not aligned:
            height, width = max(height, 1.0), max(width, 1.0)
        bin_h, bin_w = height / size[0], width / size[1]
        rows = ratio or math.ceil(bin_h)
        columns = ratio or math.ceil(bin_w)
        for i in range(size[0]):
            for j in range(size[1]):
                samples = [
                    bilinear(
                        images[int(index)],
                        top + (i + (a + 0.5) / rows) * bin_h,
                        left + (j + (b + 0.5) / columns) * bin_w,
                    )
                    for a in range(rows)
                    for b in range(columns)
                ]
                stacked = torch.stack(samples)
                pooled.append(
                    stacked.mean(0) if mode == 'avg' else stacked.amax(0)
                )
    out = torch.stack(pooled).view(len(rois), *size, -1)
    return out.permute(0, 3, 1, 2)  # (r, c, h, w)


IMAGES = torch.randn(
    2, 3, 9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(5)
)
ROIS = torch.tensor(
    [
        [0, 1.3, 2.1, 9.7, 14.2],
        [1, 0.2, 0.4, 13.1, 17.3],  # larger than the image
        [1, 4.0, 3.0, 5.1, 4.4],  # less than a feature pixel
        [0, -2.5, -3.1, 3.3, 2.7],  # begins outside
    ],
    dtype=torch.float64,
)
SETTINGS = [
    (ratio, mode, aligned)
    for ratio in (0, 2)
    for mode in ('avg', 'max')
    for aligned in (True, False)
]


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize(('ratio', 'mode', 'aligned'), SETTINGS)
def test_roi_align_equals_its_loops_forward_and_backward(
    ratio, mode, aligned, device
):
    settings = ((2, 3), 0.5, ratio, mode, aligned)
    x = leaf(IMAGES)
    expected = roi_align_loops(x, ROIS, *settings)
    weights = torch.randn(
        expected.shape,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(6),
    )
    (expected * weights).sum().backward()
    y = leaf(IMAGES, device)
    out = ops.roi_align(y, ROIS.to(device), *settings)
    (out * weights.to(device)).sum().backward()
    assert_close(out.cpu(), expected)
    assert_close(y.grad.cpu(), x.grad)
    assert x.grad.abs().sum() > 1


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('ratio', [0, 2])
def test_roi_align_passes_gradcheck(ratio, mode):
    x = leaf(IMAGES[:, :1, :5, :5])
    assert gradcheck(
        lambda x: ops.roi_align(x, ROIS, (2, 2), 0.5, ratio, mode, True), (x,)
    )


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('dtype', HALVES)
def test_roi_align_keeps_half_precision(dtype, mode):
    x = leaf(IMAGES, dtype)
    out = ops.roi_align(x, ROIS.to(dtype), (2, 3), 0.5, 0, mode, True)
    out.sum().backward()
    wide = leaf(x.detach(), torch.float32)
    expected = ops.roi_align(
        wide, ROIS.to(dtype).float(), (2, 3), 0.5, 0, mode, True
    )
    expected.sum().backward()
    assert out.dtype == x.grad.dtype == dtype
    assert_close(out, expected.to(dtype))
    assert_close(x.grad, wide.grad.to(dtype))


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('ratio', [0, 2])
def test_roi_align_of_no_region_is_empty_with_zero_gradient(ratio, mode):
    x = leaf(IMAGES)
    out = ops.roi_align(x, ROIS[:0], (2, 3), 0.5, ratio, mode, True)
    out.sum().backward()
    assert out.shape == (0, 3, 2, 3)
    assert_close(x.grad, torch.zeros_like(x))


def test_roi_align_under_autocast_returns_the_input_type():
    x = IMAGES.bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        out = ops.RoIAlign((2, 3), 0.5, 2)(x, ROIS.bfloat16())
    assert_close(out, ops.RoIAlign((2, 3), 0.5, 2)(x, ROIS.bfloat16()))


# ---------------------------------------------------------------- roi pool


def test_roi_pool_takes_the_maximum_of_whole_pixels():
    x = leaf(IMAGES)
    roi = torch.tensor([[1, 0.0, 1, 3, 4]], dtype=torch.float64)
    out = ops.roi_pool(x, roi, (2, 2), 1.0)  # pixels 0..3 by 1..4
    block = IMAGES[1, :, 1:5, 0:4].reshape(3, 2, 2, 2, 2)
    assert_close(out[0], block.amax(dim=(2, 4)))
    out.sum().backward()
    assert x.grad[1].sum() == 12  # one pixel for each of 3 x 2 x 2 bins
    assert x.grad[0].abs().sum() == 0
    assert (x.grad[1, :, 1:5, 0:4] * IMAGES[1, :, 1:5, 0:4]).sum() == (
        pytest.approx(out.sum().item())
    )


@pytest.mark.parametrize('dtype', HALVES)
def test_roi_pool_keeps_half_precision(dtype):
    x = leaf(IMAGES, dtype)
    out = ops.roi_pool(x, ROIS.to(dtype), (2, 2), 0.5)
    out.sum().backward()
    wide = ops.roi_pool(x.float(), ROIS.to(dtype).float(), (2, 2), 0.5)
    assert out.dtype == x.grad.dtype == dtype
    assert_close(out, wide.to(dtype))


# -------------------------------------------------------------- focal loss

LOGITS = 3 * torch.randn(
    6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(7)
)
TARGET = torch.tensor([0, 3, 4, 1, 4, 2])  # 4 is the background


def focal_loss_loops(logits, target, gamma, alpha, weight=None):
    rows = []
    for row, label in zip(logits, target.tolist(), strict=True):
        for k, logit in enumerate(row):
            p = 1 / (1 + torch.exp(-logit))
            if k == label:
                loss = -alpha * (1 - p) ** gamma * torch.log(p)
            else:
                loss = -(1 - alpha) * p**gamma * torch.log(1 - p)
            if weight is not None and label < len(weight):
                loss = loss * weight[label]
            rows.append(loss)
    return torch.stack(rows).view_as(logits)


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_focal_loss_is_its_formula_forward_and_backward(gamma, device):
    x = leaf(LOGITS)
    expected = focal_loss_loops(x, TARGET, gamma, 0.25)
    expected.sum().backward()
    y = leaf(LOGITS, device)
    loss = ops.sigmoid_focal_loss(
        y, TARGET.to(device), gamma, 0.25, None, 'none'
    )
    loss.sum().backward()
    assert_close(loss.cpu(), expected)
    assert_close(y.grad.cpu(), x.grad)


def test_focal_loss_weighs_samples_by_their_class():
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    x = leaf(LOGITS)
    focal_loss_loops(x, TARGET, 2.0, 0.25, weight).mean(0).sum().backward()
    y = leaf(LOGITS)
    ops.sigmoid_focal_loss(y, TARGET, 2.0, 0.25, weight, 'mean').backward()
    assert_close(y.grad, x.grad)


def test_focal_loss_passes_gradcheck():
    x = leaf(LOGITS)
    assert gradcheck(
        lambda x: ops.sigmoid_focal_loss(x, TARGET, 2.0, 0.25, None, 'sum'),
        (x,),
    )


def test_focal_loss_is_finite_for_saturated_logits():
    x = torch.tensor([[200.0, -200.0]], requires_grad=True)
    loss = ops.sigmoid_focal_loss(x, torch.tensor([1]), 0.5, 0.25, None, 'sum')
    loss.backward()
    assert_close(loss, torch.tensor(200 * 0.25 + 200 * 0.75))
    assert_close(x.grad, torch.tensor([[0.75, -0.25]]))


@pytest.mark.parametrize('dtype', HALVES)
def test_focal_loss_keeps_half_precision(dtype):
    x = leaf(LOGITS, dtype)
    loss = ops.sigmoid_focal_loss(x, TARGET, 2.0, 0.25, None, 'none')
    loss.sum().backward()
    wide = focal_loss_loops(x.detach().float(), TARGET, 2.0, 0.25)
    assert loss.dtype == x.grad.dtype == dtype
    assert_close(loss, wide.to(dtype))


def test_focal_loss_of_no_sample_is_zero():
    x = leaf(LOGITS[:0])
    ops.sigmoid_focal_loss(x, TARGET[:0], 2.0, 0.25, None, 'sum').backward()
    assert x.grad.shape == (0, 4)


# ------------------------------------------------------ the other operators


def test_the_environment_report_names_no_compiler():
    from mmcv.ops import get_compiler_version

    if not HAS_COMPILED:
        assert get_compiler_version() == 'none (torchvision operators)'


if HAS_COMPILED:
    # Both can be compared only where somebody compiled mmcv.
    from mmcv import _ext as compiled

    from mmssl.compat import operators

    @pytest.mark.parametrize('offset', [0, 1])
    def test_nms_equals_compiled_mmcv(offset):
        boxes, scores = random_boxes(200)
        found, wanted = (
            ext.nms(boxes, scores, iou_threshold=0.5, offset=offset)
            for ext in (operators, compiled)
        )
        assert found.tolist() == wanted.tolist()

    @pytest.mark.parametrize(('ratio', 'mode', 'aligned'), SETTINGS)
    def test_roi_align_equals_compiled_mmcv(ratio, mode, aligned):
        results = []
        for ext in (operators, compiled):
            out = IMAGES.new_zeros(4, 3, 2, 3)
            argmax = [torch.zeros_like(out) for _ in range(2)]
            settings = dict(
                aligned_height=2,
                aligned_width=3,
                spatial_scale=0.5,
                sampling_ratio=ratio,
                pool_mode=int(mode == 'avg'),
                aligned=aligned,
            )
            ext.roi_align_forward(IMAGES, ROIS, out, *argmax, **settings)
            grad = torch.zeros_like(IMAGES)
            ext.roi_align_backward(out, ROIS, *argmax, grad, **settings)
            results.append((out, grad))
        assert_close(*results)

else:

    def test_an_operator_without_stand_in_names_itself_and_the_remedy():
        layer = ops.DeformConv2d(3, 4, 3)
        with pytest.raises(
            NotImplementedError,
            match="'deform_conv_forward' .*pip install --no-deps",
        ):
            layer(torch.zeros(1, 3, 8, 8), torch.zeros(1, 18, 6, 6))
