# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What is drawn, against torchvision; what is recorded, against the pixels."""

import itertools
import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import chisquare, ks_2samp, kstest
from torchvision import transforms
from torchvision.transforms import functional as F

from mmssl.datasets.transforms import (
    CenterView,
    RandomView,
    SquashedView,
    view_rng,
)
from mmssl.datasets.transforms.views import ORDER, ViewParams

SOURCE = (180, 240)
COLOUR = dict(
    jitter=(0.4, 0.3, 0.2, 0.1), jitter_prob=0.8, gray_prob=0.2,
    blur_prob=0.5, solarize_prob=0.3,
)  # fmt: skip


def draws(count, source=SOURCE, **settings):
    view = RandomView(size=32, **settings)
    return [view.draw(view_rng((0, 0, i), 0), source) for i in range(count)]


@pytest.fixture(scope='module')
def drawn():
    return draws(4000, **COLOUR)


@pytest.mark.parametrize(
    'happens, probability',
    [
        (lambda p: p.flip, 0.5), (lambda p: p.jitter != (), 0.8),
        (lambda p: p.gray, 0.2), (lambda p: p.blur is not None, 0.5),
        (lambda p: p.solarize, 0.3),
    ],
    ids=['flip', 'jitter', 'gray', 'blur', 'solarize'],
)  # fmt: skip
def test_operations_happen_as_often_as_asked(drawn, happens, probability):
    share = np.mean([happens(params) for params in drawn])
    deviation = math.sqrt(probability * (1 - probability) / len(drawn))
    assert abs(share - probability) < 4 * deviation


def test_operations_are_independent(drawn):
    facts = np.array(
        [
            (p.flip, p.jitter != (), p.gray, p.blur is not None, p.solarize)
            for p in drawn
        ],
        float,
    )
    correlation = np.corrcoef(facts.T) - np.eye(5)
    assert np.abs(correlation).max() < 4 / math.sqrt(len(drawn))


@pytest.mark.parametrize(
    'name', ['brightness', 'contrast', 'saturation', 'hue']
)
def test_factors_are_even_in_torchvisions_range(drawn, name):
    factors = [dict(p.jitter)[name] for p in drawn if p.jitter]
    theirs = transforms.ColorJitter(*COLOUR['jitter'])
    low, high = getattr(theirs, name)
    assert kstest(factors, 'uniform', (low, high - low)).pvalue > 0.001


def test_the_blur_is_even_in_its_range(drawn):
    sigmas = [p.blur for p in drawn if p.blur is not None]
    assert kstest(sigmas, 'uniform', (0.1, 1.9)).pvalue > 0.001


def test_the_other_blur_shrinks_by_each_factor_as_often():
    factors = (1.1, 1.2, 1.5)
    drawn = draws(3000, blur_prob=1.0, blur_factors=factors)
    counts = [sum(p.blur == f for p in drawn) for f in factors]
    assert sum(counts) == 3000 and min(counts) > 900


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_the_other_blur_is_two_bicubic_resizes_of_pillow(photos, backend):
    view = RandomView(64, blur_prob=1.0, blur_factors=(1.5,), backend=backend)
    params = view.draw(view_rng((0, 0, 0), 0), photos[0].shape[:2])
    sharp = view.apply(photos[0], params._replace(blur=None))
    pil = Image.fromarray(sharp)
    for size in (42, 64):  # floor(64 / 1.5)
        pil = pil.resize((size, size), Image.Resampling.BICUBIC)
    difference = view.apply(photos[0], params).astype(int) - np.array(pil)
    assert np.abs(difference).max() <= (0 if backend == 'pillow' else 12)
    assert np.abs(difference).mean() < 0.5
    assert np.abs(sharp.astype(int) - np.array(pil)).mean() > 1


def test_all_orders_of_the_jitter_are_as_likely(drawn):
    orders = [tuple(name for name, _ in p.jitter) for p in drawn if p.jitter]
    names = ('brightness', 'contrast', 'saturation', 'hue')
    counts = [orders.count(o) for o in itertools.permutations(names)]
    assert sum(counts) == len(orders)
    assert chisquare(counts).pvalue > 0.001


def test_a_strength_of_zero_leaves_its_operation_out():
    params = draws(20, jitter=(0.5, 0.0, 2.0, 0.0))
    names = {name for p in params for name, _ in p.jitter}
    assert names == {'brightness', 'saturation'}
    factors = [dict(p.jitter)['saturation'] for p in params]
    assert min(factors) >= 0 and max(factors) <= 3


@pytest.mark.parametrize(
    'area, ratio, source',
    [
        ((0.08, 1.0), (3 / 4, 4 / 3), SOURCE),
        ((0.2, 1.0), (3 / 4, 4 / 3), (200, 200)),
        ((0.05, 0.14), (0.5, 2.0), (60, 300)),
    ],
)
def test_crops_are_distributed_as_torchvisions(area, ratio, source):
    ours = np.array(
        [p.crop for p in draws(3000, source, area=area, ratio=ratio)]
    )
    torch.manual_seed(1)
    picture = torch.empty(3, *source)
    theirs = np.array(
        [
            transforms.RandomResizedCrop.get_params(picture, area, ratio)
            for _ in range(3000)
        ]
    )[:, [1, 0, 3, 2]]  # i j h w to x y w h
    for get in (
        lambda c: c[:, 2] * c[:, 3], lambda c: c[:, 2] / c[:, 3],
        lambda c: c[:, 0], lambda c: c[:, 1],
        lambda c: c[:, 0] + c[:, 2], lambda c: c[:, 1] + c[:, 3],
    ):  # fmt: skip
        assert ks_2samp(get(ours), get(theirs)).pvalue > 0.001
    assert (ours >= 0).all()
    assert (ours[:, 0] + ours[:, 2] <= source[1]).all()
    assert (ours[:, 1] + ours[:, 3] <= source[0]).all()


@pytest.mark.parametrize('source', [(10, 500), (500, 10), (1, 1), (3, 3)])
def test_a_picture_that_fits_no_crop_gives_torchvisions(source):
    area, ratio = (1.0, 1.0), (3 / 4, 4 / 3)
    i, j, h, w = transforms.RandomResizedCrop.get_params(
        torch.empty(3, *source), area, ratio
    )
    (params,) = draws(1, source, area=area, ratio=ratio)
    assert params.crop == (j, i, w, h)


def test_the_same_number_of_draws_whatever_the_settings():
    plain, full = RandomView(size=8), RandomView(size=8, **COLOUR)
    rngs = [np.random.default_rng(0) for _ in range(2)]
    for _ in range(20):
        a, b = plain.draw(rngs[0], SOURCE), full.draw(rngs[1], SOURCE)
        assert (a.crop, a.flip) == (b.crop, b.flip)


def ramp():
    """Red is 1.4 times the column, green 1.4 times the row."""
    y, x = np.mgrid[: SOURCE[0], : SOURCE[1]]
    img = np.stack([x, y, 0 * x], axis=-1) * 1.05
    return np.round(img).astype(np.uint8)


def check_record(view, geometry):
    """The record says which source pixel each pixel of the view shows."""
    height, width = view.shape[:2]
    assert geometry.size == (height, width)
    assert geometry.source_size == SOURCE
    y, x = np.mgrid[:height, :width] + 0.5  # centres of pixels
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    source_x, source_y = geometry.inverse() @ points
    left, top, w, h = geometry.crop
    # Next to the border the kernel of the resize is cut off.
    reach_x, reach_y = 2 * max(w / width, 1), 2 * max(h / height, 1)
    inside = (source_x > left + reach_x) & (source_x < left + w - reach_x)
    inside &= (source_y > top + reach_y) & (source_y < top + h - reach_y)
    red, green = view[..., 0].ravel(), view[..., 1].ravel()
    for shown, place in ((red, source_x), (green, source_y)):
        error = shown[inside] - 1.05 * (place[inside] - 0.5)
        assert np.abs(error).max(initial=0) <= 1.2
    return inside.any()


@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic'])
@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_the_record_of_a_random_view_maps_its_pixels(backend, interpolation):
    img, checked = ramp(), 0
    for i in range(40):
        rng = view_rng((7, 0, i), 0)
        size = tuple(rng.integers(6, 120, 2).tolist())
        view = RandomView(
            size, area=(0.05, 1.0), interpolation=interpolation,
            backend=backend,
        )  # fmt: skip
        checked += check_record(*view(img, rng))
    assert checked > 30


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
@pytest.mark.parametrize(
    'settings',
    [dict(), dict(size=64), dict(size=64, resize=70), dict(size=(50, 90)),
     dict(resize=101), dict(size=200), dict(size=(300, 20))],
)  # fmt: skip
def test_the_record_of_a_centre_view_maps_its_pixels(settings, backend):
    view, geometry = CenterView(**settings, backend=backend)(ramp())
    assert check_record(view, geometry)


@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic'])
@pytest.mark.parametrize('size, resize', [(224, 256), (64, 70), (96, 96)])
def test_the_centre_is_torchvisions(photos, size, resize, interpolation):
    chain = transforms.Compose(
        [
            transforms.Resize(
                resize, getattr(F.InterpolationMode, interpolation.upper())
            ),
            transforms.CenterCrop(size),
        ]
    )
    for photo in photos[:6]:
        expected = np.array(chain(Image.fromarray(photo)))
        exact, _ = CenterView(size, resize, interpolation, 'pillow')(photo)
        assert (exact == expected).all()
        ours, _ = CenterView(size, resize, interpolation)(photo)
        assert np.abs(ours.astype(int) - expected).mean() < 0.3


def by_torchvision(img, params, size, order):
    """The view with torchvision's functions on a PIL image."""
    work = Image.fromarray(img)
    x, y, w, h = params.crop
    for name in order:
        if name == 'crop':
            work = F.resized_crop(work, y, x, h, w, (size, size))
        elif name == 'flip' and params.flip:
            work = F.hflip(work)
        elif name == 'jitter':
            for colour, factor in params.jitter:
                work = getattr(F, f'adjust_{colour}')(work, factor)
        elif name == 'gray' and params.gray:
            work = F.rgb_to_grayscale(work, num_output_channels=3)
        elif name == 'solarize' and params.solarize:
            work = F.solarize(work, 128)
    return np.array(work)


ORDERS = [
    ORDER,
    ('jitter', 'gray', 'crop', 'flip', 'blur', 'solarize'),
    ('crop', 'jitter', 'gray', 'blur', 'solarize', 'flip'),
]


@pytest.mark.parametrize('order', ORDERS)
def test_a_view_is_torchvisions_in_every_order(photos, order):
    settings = dict(COLOUR, size=64, blur_prob=0.0, order=order)
    exact = RandomView(**settings, backend='pillow')
    ours = RandomView(**settings)
    means = []
    for i, photo in enumerate(photos):
        params = exact.draw(view_rng((0, 0, i), 0), photo.shape[:2])
        expected = by_torchvision(photo, params, 64, order)
        assert (exact.apply(photo, params) == expected).all()
        if params.solarize:  # a jump: one level may become 255
            params = params._replace(solarize=False)
            expected = by_torchvision(photo, params, 64, order)
        view = ours.apply(photo, params)
        assert view.flags.c_contiguous
        means.append(np.abs(view.astype(int) - expected).mean())
    assert np.mean(means) < 1


def test_applying_leaves_the_picture_alone(photos):
    photo = photos[0].copy()
    for order, backend in itertools.product(ORDERS, ('cv2', 'pillow')):
        settings = {k: 1.0 for k in COLOUR if k.endswith('prob')}
        view = RandomView(
            photo.shape[:2], **dict(COLOUR, **settings), order=order,
            backend=backend,
        )  # fmt: skip
        params = ViewParams(
            (0, 0, photo.shape[1], photo.shape[0]), True,
            (('hue', 0.1), ('contrast', 0.5)), True, 1.0, True,
        )  # fmt: skip
        view.apply(photo, params)
        assert (photo == photos[0]).all()


def test_views_smaller_than_a_kernel_are_possible():
    img = np.random.default_rng(0).integers(0, 256, (1, 2, 3))
    view, _ = RandomView(size=(1, 3), **COLOUR)(
        img.astype(np.uint8), np.random.default_rng(1)
    )
    assert view.shape == (1, 3, 3)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(size=0), 'size must be one or two lengths >= 1, got 0'),
        (dict(size=(1, 2, 3)), 'size must be one or two lengths'),
        (dict(size=8, area=(0.0, 1.0)), r'area .* 0 < low <= high <= 1'),
        (dict(size=8, area=(0.5, 1.5)), 'area .* got'),
        (dict(size=8, ratio=(2, 1)), r'ratio must be \(low, high\)'),
        (dict(size=8, blur_sigma=(0.1,)), 'blur_sigma must be'),
        (dict(size=8, blur_factors=(0.5,)), r'blur_factors .* \[1, 8\]'),
        (dict(size=8, flip_prob=1.5), r'flip_prob must be in \[0, 1\]'),
        (dict(size=8, jitter=(1, 1, 1, 0.6)), 'hue <= 0.5'),
        (dict(size=8, jitter=(1, 1)), 'four strengths'),
        (dict(size=8, interpolation='area'), 'interpolation must be one of'),
        (dict(size=8, backend='gpu'), "backend must be one of .*got 'gpu'"),
        (dict(size=8, order=('crop',)), 'order must hold each of'),
        (dict(size=8, order=ORDER[::-1]), "'flip' after 'crop'"),
    ],
)
def test_wrong_settings_of_a_random_view_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RandomView(**settings)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(size=64, resize=32), 'resize must be >= size, got resize=32'),
        (dict(size=-1), 'size must be'),
        (dict(resize=0), 'resize must be'),
    ],
)
def test_wrong_settings_of_a_centre_view_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CenterView(**settings)


def test_a_squashed_view_is_the_whole_picture_resized_twice():
    photo = ramp()
    view, geometry = SquashedView(28)(photo)
    image = transforms.Resize(32)(Image.fromarray(photo))
    wanted = np.asarray(transforms.Resize((28, 28))(image), np.int16)
    assert np.abs(view.astype(np.int16) - wanted).max() <= 2
    height, width = photo.shape[:2]
    assert geometry.source_size == (height, width)
    assert geometry.crop == (0, 0, width, height)
    assert geometry.size == (28, 28)
