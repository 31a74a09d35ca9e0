# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import gzip
import struct
import zipfile

import cv2
import numpy as np
import pytest
import scipy.io

from mmssl.datasets import MNIST, EmbeddedDigits, Omniglot
from mmssl.utils.errors import UsageError

VIEWS = [dict(type='CenterView')]


def idx(array):
    array = np.asarray(array, np.uint8)
    head = struct.pack(f'>{array.ndim + 1}I', 0x800 + array.ndim, *array.shape)
    return head + array.tobytes()


@pytest.fixture(params=['', '.gz'])
def mnist(tmp_path, request):
    images = np.arange(20 * 28 * 28) % 251
    pack = gzip.compress if request.param else bytes
    for name, array in (
        ('train-images-idx3-ubyte', images.reshape(20, 28, 28)),
        ('train-labels-idx1-ubyte', np.arange(20) % 10),
    ):
        path = tmp_path / f'{name}{request.param}'
        path.write_bytes(pack(idx(array)))
    return tmp_path, images.reshape(20, 28, 28)


def test_mnist_reads_its_format_gzipped_or_not(mnist):
    root, images = mnist
    data = MNIST(root, views=VIEWS)
    assert len(data) == 20 and data.labels.tolist() == [*range(10)] * 2
    view = data[3]['inputs'][0]
    assert view.shape == (3, 28, 28)
    assert (view[0].numpy() == images[3]).all()


def test_a_subset_of_mnist_is_the_first_or_a_known_permutation(mnist):
    root, _ = mnist
    assert MNIST(root, count=4, views=VIEWS).labels.tolist() == [0, 1, 2, 3]
    order = np.random.RandomState(0).permutation(20)[:5]
    data = MNIST(root, count=5, subset_seed=0, views=VIEWS)
    assert data.labels.tolist() == (order % 10).tolist()
    with pytest.raises(UsageError, match='between 1 and the 20 pictures'):
        MNIST(root, count=21, views=VIEWS)


def test_absent_and_broken_files_are_named(mnist):
    root, _ = mnist
    with pytest.raises(UsageError, match='t10k-images-idx3-ubyte.gz is exp'):
        MNIST(root, split='test', views=VIEWS)
    (root / 't10k-images-idx3-ubyte').write_bytes(b'\0\0\x08')
    with pytest.raises(UsageError, match='cut off or no IDX file'):
        MNIST(root, split='test', views=VIEWS)
    (root / 't10k-images-idx3-ubyte').write_bytes(idx(np.zeros(50)))
    with pytest.raises(UsageError, match='begins with 0x801'):
        MNIST(root, split='test', views=VIEWS)


def test_embedded_digits_are_split_without_overlap():
    train, test = (EmbeddedDigits(s, views=VIEWS) for s in ('train', 'test'))
    assert (len(train), len(test)) == (1347, 450)
    assert train.source.images.shape[1:] == (8, 8)
    assert train.source.images.max() == 255
    assert set(test.labels.tolist()) == set(range(10))


def letter(column):
    picture = np.full((105, 105), 255, np.uint8)
    picture[10:90, column : column + 3] = 0
    return cv2.imencode('.png', picture)[1].tobytes()


@pytest.fixture
def omniglot(tmp_path):
    for number, alphabets in enumerate((('Greek',), ('Greek', 'Tagalog'))):
        path = tmp_path / f'images_background_small{number + 1}.zip'
        with zipfile.ZipFile(path, 'w') as archive:
            for alphabet in alphabets:
                for drawer in range(1, 21):
                    archive.writestr(
                        f'images_background_small{number + 1}/{alphabet}/'
                        f'character01/0394_{drawer:02}.png',
                        letter(4 * drawer),
                    )
    return tmp_path


def test_omniglot_is_split_by_drawers_and_drops_doubles(omniglot):
    train = Omniglot(omniglot, views=VIEWS)
    test = Omniglot(omniglot, 'test', views=VIEWS)
    assert train.metainfo['classes'] == ('Greek', 'Tagalog')
    assert np.bincount(train.labels).tolist() == [15, 15]
    assert np.bincount(test.labels).tolist() == [5, 5]
    other = Omniglot(omniglot, 'test', split_seed=1, views=VIEWS)
    assert (test.source.images != other.source.images).any()


def test_omniglot_is_small_and_its_ink_is_white(omniglot):
    data = Omniglot(omniglot, views=VIEWS)
    images = data.source.images
    assert images.shape == (30, 28, 28)
    assert images.max() == 255 and images.min() == 0
    assert 0.01 < (images > 127).mean() < 0.1


def test_omniglot_reads_folders_too(omniglot, tmp_path):
    root = tmp_path / 'unpacked'
    for path in omniglot.glob('*.zip'):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(root)
    ours, theirs = (Omniglot(p, views=VIEWS) for p in (root, omniglot))
    assert (ours.source.images == theirs.source.images).all()


def test_a_folder_without_omniglot_is_refused(tmp_path):
    with pytest.raises(UsageError, match='no Omniglot in .*Greek/character'):
        Omniglot(tmp_path, views=VIEWS)
    folder = tmp_path / 'Greek/character01'
    folder.mkdir(parents=True)
    for drawer in range(1, 21):
        (folder / f'0394_{drawer:02}.png').write_bytes(b'none')
    with pytest.raises(UsageError, match='is not a picture'):
        Omniglot(tmp_path, views=VIEWS)


def character_file(path, **changes):
    """Four pictures of 3 x 3 pixels, of two alphabets, in MATLAB's layout."""
    upright = np.zeros((4, 3, 3))
    upright[:, 0] = [1, 0.5, 0]  # the top row
    columns = upright.transpose(0, 2, 1).reshape(4, 9).T
    arrays = dict(data=columns, target=np.eye(2)[[0, 1, 1, 0]].T)
    arrays |= dict(
        testdata=columns[:, :1], testtarget=arrays['target'][:, 1:2]
    )
    arrays |= changes
    arrays = {k: v for k, v in arrays.items() if v is not None}
    if path.suffix == '.npz':
        np.savez(path, **arrays)
    else:
        scipy.io.savemat(path, arrays)
    return path


@pytest.mark.parametrize('name', ['chardata.mat', 'chardata.npz'])
def test_omniglot_reads_the_file_of_28_pixels(name, tmp_path):
    path = character_file(tmp_path / name)
    train = Omniglot(path, views=VIEWS)
    assert train.labels.tolist() == [0, 1, 1, 0]
    assert train.metainfo['classes'] == ('alphabet 0', 'alphabet 1')
    assert train.source.images[0].tolist() == [[255, 128, 0], [0] * 3, [0] * 3]
    test = Omniglot(path, 'test', views=VIEWS)
    assert test.labels.tolist() == [1]
    assert test[0]['inputs'][0].shape == (3, 3, 3)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(data=None), 'no Omniglot file with the arrays data and target'),
        (dict(target=np.ones((2, 3))), r'got \(9, 4\) and \(2, 3\)'),
        (dict(data=np.ones((8, 4))), r'pixels of a square.*\(8, 4\)'),
        (dict(data=np.full((9, 4), 255.0)), r'in \[0, 1\], got 255 to 255'),
        (dict(target=np.ones((2, 4))), 'needs one alphabet in target'),
    ],
)
def test_a_broken_file_of_omniglot_is_named(changes, message, tmp_path):
    path = character_file(tmp_path / 'chardata.mat', **changes)
    with pytest.raises(UsageError, match=message):
        Omniglot(path, views=VIEWS)


@pytest.mark.parametrize('name', ['chardata.mat', 'chardata.npz'])
def test_a_file_that_is_no_omniglot_is_named(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b'nothing of the kind')
    with pytest.raises(UsageError, match='no Omniglot file'):
        Omniglot(path, views=VIEWS)
