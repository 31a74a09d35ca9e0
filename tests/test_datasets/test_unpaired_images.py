# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two domains, one sample; toy shapes; the view of translation."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

from mmssl.datasets import (
    DataError,
    ImageCoco,
    SampleIndex,
    ToyShapes,
    UnpairedImageDataset,
)
from mmssl.datasets.toy_shapes import toy_scenes, write_coco
from mmssl.datasets.transforms import ScaledCropView
from mmssl.utils.errors import UsageError

VIEW = dict(type='ScaledCropView', resize=20, size=16)
TOY = dict(type='ToyShapes', side=24)


@pytest.fixture
def folders(tmp_path):
    """Pictures whose level is their number: 5 of A, 3 of B."""
    for domain, count in (('a', 5), ('b', 3)):
        (tmp_path / domain).mkdir()
        for number in range(count):
            picture = np.full((24, 30, 3), 10 * number, np.uint8)
            Image.fromarray(picture).save(tmp_path / domain / f'{number}.png')
    return [
        dict(type='ImageFolder', data_root=str(tmp_path / name))
        for name in 'ab'
    ]


def levels(sample):
    return [int(x.float().mean()) // 10 for x in sample['inputs']]


def test_the_larger_domain_gives_the_length_and_b_is_random(folders):
    data = UnpairedImageDataset(*folders, views=[VIEW])
    assert len(data) == 5 and data.metainfo == dict(pictures=[5, 3])
    pairs = [
        levels(data[SampleIndex(i, 0, epoch)])
        for epoch in range(40)
        for i in range(5)
    ]
    assert [a for a, _ in pairs] == [0, 1, 2, 3, 4] * 40
    counts = Counter(b for _, b in pairs)
    assert set(counts) == {0, 1, 2} and min(counts.values()) > 40
    reverse = UnpairedImageDataset(*folders[::-1], views=[VIEW])
    assert [levels(reverse[SampleIndex(i)])[0] for i in range(5)] == [
        0, 1, 2, 0, 1,
    ]  # fmt: skip


def test_samples_hang_on_seed_epoch_and_index_alone(folders):
    data = UnpairedImageDataset(*folders, views=[VIEW])
    index = SampleIndex(3, 7, 2)
    first, again = data[index], data[index]
    for x, y in zip(first['inputs'], again['inputs'], strict=True):
        assert (x == y).all()
    sample = first['data_samples']
    assert sample.path.count('.png') == 2 and len(sample.views) == 2
    keyless = [data[3] for _ in range(2)]
    assert keyless[0]['inputs'][0].shape == (3, 16, 16)


def test_serial_takes_both_by_index(folders):
    data = UnpairedImageDataset(*folders, views=[VIEW], serial=True)
    pairs = [levels(data[SampleIndex(i)]) for i in range(5)]
    assert pairs == [[0, 0], [1, 1], [2, 2], [3, 0], [4, 1]]
    assert levels(data[4]) == [4, 1]


def test_cuts_of_a_and_b_differ(folders):
    data = UnpairedImageDataset(
        dict(TOY, domain='still'), dict(TOY, domain='still'), [VIEW]
    )
    same = 0
    for i in range(20):
        a, b = data[SampleIndex(i)]['data_samples'].views
        same += a.crop == b.crop
    assert same < 5


def test_an_empty_or_absent_domain_is_named(folders, tmp_path):
    (tmp_path / 'empty').mkdir()
    empty = dict(type='ImageFolder', data_root=str(tmp_path / 'empty'))
    with pytest.raises(UsageError, match='no pictures in .*empty'):
        UnpairedImageDataset(folders[0], empty, [VIEW])
    absent = dict(type='ImageFolder', data_root=str(tmp_path / 'absent'))
    with pytest.raises(UsageError, match='no data at .*absent'):
        UnpairedImageDataset(absent, folders[0], [VIEW])


def test_an_unreadable_picture_is_named(folders, tmp_path):
    (tmp_path / 'b' / '1.png').write_bytes(b'no picture')
    data = UnpairedImageDataset(*folders, views=[VIEW], serial=True)
    with pytest.raises(DataError, match=r'1 of 3 images .*b/1\.png'):
        data[SampleIndex(1)]
    assert [name[-7:] for name in data.bad] == ['b/1.png']


def test_one_view_is_needed(folders):
    for views in ([], [VIEW, VIEW], [dict(VIEW, num=2)]):
        with pytest.raises(ValueError, match='cuts one view of each'):
            UnpairedImageDataset(*folders, views=views)


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_the_view_scales_without_aspect_and_records_its_cut(backend):
    picture = np.zeros((60, 90, 3), np.uint8)
    picture[:, 45:] = 200
    view = ScaledCropView(40, 32, flip_prob=1.0, backend=backend)
    places = set()
    for seed in range(60):
        out, geometry = view(picture, np.random.default_rng(seed))
        assert out.shape == (32, 32, 3) and geometry.flip
        x, _, w, h = geometry.crop
        assert (w, h) == pytest.approx((72, 48))
        places.add(round(x * 40 / 90))
        # The edge of the picture stands where the record says.
        edge = geometry.map_boxes(np.array([[0, 0, 45, 60.0]]))[0, 0]
        bright = out[:, :, 0].mean(0) > 100
        assert bright.sum() == pytest.approx(edge, abs=1)
    assert places == set(range(9))
    full = ScaledCropView(32, 32, flip_prob=0.0, backend=backend)
    out, _ = full(picture[:32, :32], np.random.default_rng(0))
    assert (out == picture[:32, :32]).all()


def test_a_view_larger_than_the_picture_is_refused():
    with pytest.raises(ValueError, match='size must fit into resize'):
        ScaledCropView(resize=10, size=12)


def test_pictures_that_an_annotation_file_lists(tmp_path, folders):
    path = tmp_path / 'some.json'
    path.write_text(json.dumps(dict(images=[dict(file_name='2.png')])))
    data = ImageCoco('some.json', str(tmp_path), 'a', views=[VIEW])
    assert len(data) == 1 and data.source.name(0).endswith('a/2.png')
    path.write_text('{"images": []}')
    with pytest.raises(UsageError, match='no pictures in .*some.json'):
        ImageCoco('some.json', str(tmp_path), 'a', views=[VIEW])
    path.write_text('[]')
    with pytest.raises(UsageError, match='is no annotation file with images'):
        ImageCoco('some.json', str(tmp_path), 'a', views=[VIEW])


def test_boxes_say_which_classes_a_picture_shows(tmp_path, folders):
    boxes = [
        dict(image_id=7, category_id=3),
        dict(image_id=7, category_id=5, ignore=1),
        dict(image_id=9, category_id=5, iscrowd=1),
        dict(image_id=9, category_id=5),
    ]
    content = dict(
        images=[dict(id=i, file_name='2.png') for i in (7, 9)],
        categories=[dict(id=3, name='cat'), dict(id=5, name='dog')],
        annotations=boxes,
    )
    path = tmp_path / 'some.json'
    path.write_text(json.dumps(content))
    own = dict(images='a', with_label=True, views=[VIEW])
    data = ImageCoco('some.json', str(tmp_path), **own)
    assert data.labels.tolist() == [[1, 0], [-1, 1]]
    assert data[0]['data_samples'].label == [1, 0]
    assert data.metainfo == dict(classes=('cat', 'dog'))
    boxes.append(dict(image_id=8, category_id=3))
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r'boxes and classes: KeyError\(8\)'):
        ImageCoco('some.json', str(tmp_path), **own)


def test_toy_frames_are_darker_flatter_and_smoother():
    stills, boxes, labels = toy_scenes('still', 30, 64, 0)
    frames, *_ = toy_scenes('video', 30, 64, 0)
    assert frames.mean() < 0.6 * stills.mean()
    assert frames.std() < 0.6 * stills.std()
    edges = [
        np.abs(np.diff(x.astype(int), axis=2)).mean() for x in (stills, frames)
    ]
    assert edges[1] < 0.6 * edges[0]
    assert all(
        len(b) == len(k) > 0 for b, k in zip(boxes, labels, strict=True)
    )
    again = toy_scenes('still', 30, 64, 0)[0]
    assert (again == stills).all()
    with pytest.raises(ValueError, match='domain must be one of still, video'):
        ToyShapes('photo', views=[VIEW])


def test_toy_boxes_are_tight_and_written_as_coco(tmp_path):
    rng_scenes = toy_scenes('still', 3, 64, 1)
    write_coco(tmp_path / 'a.json', tmp_path / 'pictures', *rng_scenes)
    content = json.loads((tmp_path / 'a.json').read_text())
    assert len(content['images']) == 3
    picture = cv2.imread(str(tmp_path / 'pictures/00001.png'))
    assert (picture[..., ::-1] == rng_scenes[0][1]).all()
    box = content['annotations'][0]
    assert box['image_id'] == 0 and box['category_id'] in (1, 2, 3)
    x1, y1, x2, y2 = rng_scenes[1][0][0].tolist()
    assert box['bbox'] == [x1, y1, x2 - x1, y2 - y1]
