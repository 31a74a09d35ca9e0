# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Files of ORL's second stage, and what is refused."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmssl.datasets.correspondences import (
    Correspondences,
    check_correspondences,
    from_official,
    official_proposals,
    offsets_of,
    pack_rows,
    read_correspondences,
    to_official,
    write_correspondences,
)
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

NAMES = ['a.jpg', 'b/c.jpg', 'd.jpg']


def example():
    """Three pictures of 40 x 30 with 1 to 3 boxes, two neighbours each."""
    boxes = [
        [[0, 0, 40, 30]],
        [[0, 0, 20, 20], [5, 5, 30, 20]],
        [[1, 2, 20, 20], [3, 4, 10, 10], [10, 0, 30, 30]],
    ]
    knn = np.array([[1, 2], [2, 0], [0, 1]], np.int32)
    pairs = [
        [[*boxes[i][0], *boxes[j][-1]]]
        for i, row in enumerate(knn)
        for j in row
    ]
    pairs[2].append([5, 5, 30, 20, 3, 4, 10, 10])
    packed, box_offsets = pack_rows(boxes, 4)
    rows, pair_offsets = pack_rows(pairs, 8)
    similarity = np.linspace(1, 0, len(rows), dtype=np.float32)
    return Correspondences(
        packed, box_offsets, knn, rows, pair_offsets, similarity
    )


def assert_equal(a, b, but=()):
    for name in Correspondences._fields:
        if name not in but:
            one, other = getattr(a, name), getattr(b, name)
            assert np.array_equal(one, other) and one.dtype == other.dtype


def test_what_is_written_is_read_and_equal_content_gives_equal_bytes(tmp_path):
    for folder in ('one', 'two'):
        write_correspondences(
            tmp_path / folder / 'pairs.npz', NAMES, example(), dict(ratio=0.1)
        )
    names, found, settings = read_correspondences(tmp_path / 'one/pairs.npz')
    assert names == NAMES and settings == dict(ratio=0.1)
    assert_equal(found, example())
    assert found.boxes_of(1).tolist() == [[0, 0, 20, 20], [5, 5, 30, 20]]
    assert len(found.pairs_of(1, 0)) == 2 == len(found.similarity_of(1, 0))
    one, two = (
        (tmp_path / folder / 'pairs.npz').read_bytes()
        for folder in ('one', 'two')
    )
    assert one == two


def test_a_list_of_other_pictures_is_refused(tmp_path):
    path = tmp_path / 'pairs.npz'
    write_correspondences(path, NAMES, example(), {})
    (tmp_path / 'images.txt').write_text('a.jpg\nb/c.jpg\nother.jpg\n')
    with pytest.raises(UsageError, match='another list of pictures'):
        read_correspondences(path)
    with pytest.raises(UsageError, match='lists other pictures'):
        write_correspondences(path, NAMES, example(), {})
    (tmp_path / 'images.txt').unlink()
    with pytest.raises(UsageError, match='images.txt is missing'):
        read_correspondences(path)


@pytest.mark.parametrize('keep', [0, 10, 400])
def test_a_file_cut_short_is_refused(keep, tmp_path):
    path = tmp_path / 'pairs.npz'
    write_correspondences(path, NAMES, example(), {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UsageError, match='cannot be read .* cut short'):
        read_correspondences(path)
    path.unlink()
    with pytest.raises(UsageError, match='pairs.npz is missing'):
        read_correspondences(path)


def changed(name, index, value):
    found = example()
    array = getattr(found, name).copy()
    array[index] = value
    return found._replace(**{name: array})


@pytest.mark.parametrize(
    'found, message',
    [
        (changed('knn', (1, 1), 7), 'neighbour 1 of picture 1 is 7.*0 to 2'),
        (changed('knn', (1, 1), -1), 'neighbour 1 of picture 1 is -1'),
        (changed('knn', (2, 0), 2), 'picture 2 is its own neighbour'),
        (changed('boxes', (0, 2), 0), r'\[0, 0, 0, 30\] is no box'),
        (changed('pairs', (3, 5), -4), 'is no box'),
        (changed('box_offsets', 1, 3), 'picture 1 .* has no boxes'),
        (changed('pair_offsets', 3, 2), 'picture 1 .* has no pairs'),
        (changed('box_offsets', -1, 9), 'need 4 offsets from 0 to 6'),
        (example()._replace(similarity=np.zeros(2)), 'one similarity'),
        (example()._replace(knn=np.zeros((0, 2), int)), r'not \(n, k\)'),
    ],
)
def test_damaged_correspondences_are_refused(found, message):
    with pytest.raises(UsageError, match=f'^x is damaged: .*{message}'):
        check_correspondences(found, 'x')


def test_the_authors_layout_goes_both_ways():
    content = to_official(NAMES, example(), dict(bbox_min_size=96), [9, 4, 2])
    assert content['info'] == dict(bbox_min_size=96, knn_image_num=2)
    assert content['images'] == dict(file_name=NAMES, id=[9, 4, 2])
    assert content['pseudo_annotations']['image_id'] == [9, 4, 2]
    content = json.loads(json.dumps(content))
    names, found, info = from_official([content], 'x')
    assert names == NAMES and info['knn_image_num'] == 2
    assert_equal(found, example(), but=['similarity'])
    assert np.isnan(found.similarity).all()


def part_of(content, rows):
    own = content['pseudo_annotations']
    return dict(
        content,
        pseudo_annotations=dict(
            own,
            bbox=[own['bbox'][i] for i in rows],
            knn_bbox_pair=[own['knn_bbox_pair'][i] for i in rows],
        ),
    )


def test_parts_of_the_authors_are_joined_and_holes_found():
    content = to_official(NAMES, example(), {})
    parts = [part_of(content, [0]), part_of(content, [1, 2])]
    assert_equal(from_official(parts, 'x')[1], example(), but=['similarity'])
    with pytest.raises(UsageError, match='boxes of 2; a part is missing'):
        from_official(parts[1:], 'x')
    # One box, and one pair, are stored flat by the authors' code.
    own = content['pseudo_annotations']
    own['bbox'][0] = own['bbox'][0][0]
    own['knn_bbox_pair'][0][1] = own['knn_bbox_pair'][0][1][0]
    assert_equal(
        from_official([content], 'x')[1], example(), but=['similarity']
    )
    with pytest.raises(UsageError, match="layout of ORL.*'images'"):
        from_official([{}], 'x')
    own['knn_image_id'][0][0] = 3
    with pytest.raises(UsageError, match='positions run from 0 to 2'):
        from_official([content], 'x')


def test_proposals_of_the_authors_are_read():
    contents = [dict(bbox=[[[1, 2, 3, 4]], []]), dict(bbox=[[[5, 6, 7, 8]]])]
    boxes = official_proposals(contents, NAMES, 'x')
    assert [b.tolist() for b in boxes] == [[[1, 2, 3, 4]], [], [[5, 6, 7, 8]]]
    with pytest.raises(UsageError, match='proposals of 2 pictures, but 3'):
        official_proposals(contents[:1], NAMES, 'x')
    with pytest.raises(UsageError, match='no file of proposals'):
        official_proposals([dict(boxes=[])], NAMES, 'x')


def test_boxes_beyond_16_bits_are_refused():
    with pytest.raises(UsageError, match='smaller than 32768'):
        pack_rows([[[0, 0, 40_000, 5]]], 4)
    packed, offsets = pack_rows([np.zeros((0, 4)), [[1, 2, 3, 4]]], 4)
    assert packed.tolist() == [[1, 2, 3, 4]] and offsets.tolist() == [0, 0, 1]
    assert offsets_of([]).tolist() == [0]


@pytest.fixture
def scenes(tmp_path):
    """Pictures and their pair file."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        path = tmp_path / 'pictures' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        img = rng.integers(0, 255, (30, 40, 3), np.uint8)
        cv2.imwrite(str(path), img)
    write_correspondences(tmp_path / 'orl/pairs.npz', NAMES, example(), {})
    return tmp_path


def dataset(scenes, **kwargs):
    return DATASETS.build(
        dict(
            type='ORLPairDataset',
            data_root=str(scenes / 'pictures'),
            pair_file=str(scenes / 'orl/pairs.npz'),
            views=[dict(size=16, num=2)],
            patches=[dict(size=8)] * 2,
            regions=dict(neighbours=2),
            **kwargs,
        )
    )


def test_samples_hold_views_smaller_and_larger_than_the_picture(scenes):
    data = dataset(scenes)
    assert len(data) == 3
    for index in range(3):
        item = data[index]
        sides = [tuple(view.shape) for view in item['inputs']]
        assert sides == [(3, 16, 16)] * 2 + [(3, 8, 8)] * 4
        sample = item['data_samples']
        assert sample.view_sources[:5] == [index] * 5
        assert sample.view_sources[5] in example().knn[index]


def test_a_dataset_without_its_files_says_so(scenes):
    (scenes / 'orl/pairs.npz').unlink()
    with pytest.raises(UsageError, match='ORLPairDataset: no data at .*pairs'):
        dataset(scenes)


def test_an_unreadable_neighbour_does_not_spoil_the_picture(scenes):
    (scenes / 'pictures/d.jpg').write_bytes(b'')
    data = dataset(scenes, max_bad_share=0.9)
    for _ in range(8):
        sample = data[0]['data_samples']
        assert sample.sample_idx == 0
        assert sample.view_sources[5] == 1  # not 2, which is d.jpg
    assert data.bad == []
    assert data[2]['data_samples'].sample_idx == 0
    assert [Path(name).name for name in data.bad] == ['d.jpg']
