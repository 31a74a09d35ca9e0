# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CIFAR and STL-10 in their official binary layouts, written here."""

import pickle
import zipfile

import numpy as np
import pytest
from numbered_pictures import WHOLE, encode, number_picture, numbers

from mmssl.datasets import CIFAR, STL10
from mmssl.utils.errors import UsageError


def write_cifar10(root, per_batch=2):
    """Picture i is number i + 1 (test: 80 + i), label i % 10."""
    root.mkdir(parents=True)
    names = [f'data_batch_{i}' for i in range(1, 6)] + ['test_batch']
    for batch, name in enumerate(names):
        first = 80 if name == 'test_batch' else 1 + batch * per_batch
        rows = range(first, first + per_batch)
        planes = [number_picture(i, (32, 32)).transpose(2, 0, 1) for i in rows]
        content = {
            b'data': np.stack(planes).reshape(per_batch, -1),
            b'labels': [i % 10 for i in rows],
        }
        (root / name).write_bytes(pickle.dumps(content))
    names = [b'plane', b'car', b'bird', b'cat', b'deer', b'dog', b'frog']
    names += [b'horse', b'ship', b'truck']
    (root / 'batches.meta').write_bytes(pickle.dumps({b'label_names': names}))


def test_cifar10_is_read_from_its_batches(tmp_path):
    write_cifar10(tmp_path / 'cifar-10-batches-py')
    for root in (tmp_path, tmp_path / 'cifar-10-batches-py'):
        dataset = CIFAR(str(root), views=WHOLE)
        assert numbers(dataset) == list(range(1, 11))
        assert dataset.labels.tolist() == [i % 10 for i in range(1, 11)]
        assert dataset.metainfo['classes'][9] == 'truck'
    assert numbers(CIFAR(str(root), split='test', views=WHOLE)) == [80, 81]


def test_planes_rows_and_columns_are_where_cifar_has_them(tmp_path):
    write_cifar10(tmp_path / 'c')
    pixels = np.arange(2 * 3072, dtype=np.uint64).astype(np.uint8)
    content = {b'data': pixels.reshape(2, 3072), b'labels': [0, 1]}
    (tmp_path / 'c/test_batch').write_bytes(pickle.dumps(content))
    view = CIFAR(str(tmp_path / 'c'), 'test', views=WHOLE)[1]['inputs'][0]
    red, green, row, column = 0, 1, 5, 7
    assert view[red, row, column] == pixels[3072 + 32 * row + column]
    assert view[green, row, column] == pixels[3072 + 1024 + 32 * row + column]


def test_cifar100_is_told_by_its_files(tmp_path):
    planes = number_picture(9, (32, 32)).transpose(2, 0, 1)
    content = {b'data': planes.reshape(1, -1), b'fine_labels': [57]}
    for name in ('train', 'test'):
        (tmp_path / name).write_bytes(pickle.dumps(content))
    meta = {b'fine_label_names': [b'class%d' % i for i in range(100)]}
    (tmp_path / 'meta').write_bytes(pickle.dumps(meta))
    dataset = CIFAR(str(tmp_path), views=WHOLE)
    assert numbers(dataset) == [9]
    assert dataset.get_label(0) == 57
    assert dataset.metainfo['classes'][57] == 'class57'


def test_cifar_is_read_from_zips_of_class_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / 'test.zip', 'w') as archive:
        for number, name in ((1, 'cat/1.png'), (2, 'dog/1.png')):
            archive.writestr(name, encode(number_picture(number, (32, 32))))
    dataset = CIFAR(str(tmp_path), split='test', views=WHOLE)
    assert numbers(dataset) == [1, 2]
    assert dataset.metainfo['classes'] == ('cat', 'dog')


def test_a_folder_without_cifar_names_the_files(tmp_path):
    with pytest.raises(UsageError, match='data_batch_1 to 5.*train.zip'):
        CIFAR(str(tmp_path), views=WHOLE)
    with pytest.raises(ValueError, match="split must be .*got 'val'"):
        CIFAR(str(tmp_path), split='val', views=WHOLE)


class _Evil:
    def __reduce__(self):
        return print, ('run',)


@pytest.mark.parametrize(
    'content', [b'', b'text', pickle.dumps(_Evil()), b'\x80\x04}K\x01.']
)
def test_a_batch_that_is_more_than_arrays_is_not_run(
    content, tmp_path, capsys
):
    write_cifar10(tmp_path / 'c')
    (tmp_path / 'c/data_batch_3').write_bytes(content)
    with pytest.raises(UsageError, match='cannot read .*data_batch_3'):
        CIFAR(str(tmp_path / 'c'), views=WHOLE)
    assert capsys.readouterr().out == ''


def write_stl10(root):
    (root / 'class_names.txt').write_text('airplane\nbird\ncar\n')
    for part, count in dict(train=2, test=3, unlabeled=4).items():
        pictures = [
            number_picture(10 * count + i, (96, 96)) for i in range(count)
        ]
        pictures[0][20, 30] = 255
        columns_first = np.stack(pictures).transpose(0, 3, 2, 1)
        (root / f'{part}_X.bin').write_bytes(columns_first.tobytes())
        labels = np.arange(1, count + 1, dtype=np.uint8)
        if part != 'unlabeled':
            (root / f'{part}_y.bin').write_bytes(labels.tobytes())


def test_stl10_is_read_from_its_binary_files(tmp_path):
    write_stl10(tmp_path)
    dataset = STL10(str(tmp_path), split='test', views=WHOLE)
    assert numbers(dataset) == [30, 31, 32]
    assert dataset.labels.tolist() == [0, 1, 2]
    assert dataset.metainfo['classes'] == ('airplane', 'bird', 'car')
    view = dataset[0]['inputs'][0]
    assert view[:, 20, 30].tolist() == [255] * 3
    assert view[:, 30, 20].tolist() == [30, 60, 90]
    dataset = STL10(str(tmp_path), split='train+unlabeled', views=WHOLE)
    assert numbers(dataset) == [20, 21, 40, 41, 42, 43]
    assert not dataset.has_labels


def test_a_cut_off_file_of_stl10_is_named(tmp_path):
    write_stl10(tmp_path)
    path = tmp_path / 'test_X.bin'
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UsageError, match=f'{path} is cut off'):
        STL10(str(tmp_path), split='test', views=WHOLE)
