# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmssl.structures import ViewGeometry, overlap_box


def random_geometry(rng, source=(90, 120)):
    h, w = rng.uniform(1, source[0]), rng.uniform(1, source[1])
    y, x = rng.uniform(0, source[0] - h), rng.uniform(0, source[1] - w)
    size = tuple(rng.integers(1, 300, 2).tolist())
    return ViewGeometry(source, (x, y, w, h), size, bool(rng.integers(2)))


@pytest.fixture(params=range(25))
def geometry(request):
    return random_geometry(np.random.default_rng(request.param))


def test_the_crop_becomes_the_whole_view(geometry):
    x, y, w, h = geometry.crop
    height, width = geometry.size
    box = geometry.map_boxes(np.array([[x, y, x + w, y + h]]))
    np.testing.assert_allclose(box, [[0, 0, width, height]], atol=1e-9)


def test_the_inverse_undoes_the_map(geometry):
    def square(matrix):
        return np.vstack([matrix, [0, 0, 1]])

    product = square(geometry.inverse()) @ square(geometry.matrix())
    np.testing.assert_allclose(product, np.eye(3), atol=1e-9)
    boxes = np.array([[3.0, 4.0, 30.0, 50.0], [0, 0, 120, 90]])
    there = geometry.map_boxes(boxes)
    assert (there[:, :2] <= there[:, 2:]).all()
    np.testing.assert_allclose(geometry.unmap_boxes(there), boxes)


def test_a_flip_mirrors_the_view_left_to_right(geometry):
    straight = geometry._replace(flip=False)
    mirrored = geometry._replace(flip=True)
    point = np.array([20.0, 30.0, 1.0])
    x, y = straight.matrix() @ point
    mirrored_x, mirrored_y = mirrored.matrix() @ point
    assert mirrored_x == pytest.approx(geometry.size[1] - x)
    assert mirrored_y == y


def test_a_map_by_hand():
    geometry = ViewGeometry((100, 100), (10, 20, 40, 50), (100, 80), True)
    # The left upper corner of the crop is the right upper one of the view.
    np.testing.assert_allclose(geometry.matrix() @ (10, 20, 1), (80, 0))
    np.testing.assert_allclose(geometry.matrix() @ (20, 30, 1), (60, 20))


@pytest.mark.parametrize('seed', range(25))
def test_the_overlap_is_what_both_crops_cover(seed):
    rng = np.random.default_rng(seed)
    covered = []
    views = []
    for _ in range(2):
        x, y = rng.integers(0, 15, 2).tolist()
        w, h = rng.integers(1, 16, 2).tolist()
        views.append(ViewGeometry((31, 31), (x, y, w, h), (8, 8)))
        mask = np.zeros((31, 31), bool)
        mask[y : y + h, x : x + w] = True
        covered.append(mask)
    both = covered[0] & covered[1]
    found = np.zeros_like(both)
    box = overlap_box(*views)
    if box is not None:
        x1, y1, x2, y2 = box
        found[y1:y2, x1:x2] = True
    assert (found == both).all()
    assert (box is None) == (not both.any())
