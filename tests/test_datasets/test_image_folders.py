# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One set of pictures in every layout: the same samples in the same order."""

import os
import zipfile

import numpy as np
import pytest
from numbered_pictures import NAMES, WHOLE, encode, number_picture, numbers

from mmssl.datasets import (
    ImageFolder,
    ImageList,
    ImageNet,
    ImageNpz,
    ImageZip,
    write_image_npz,
)
from mmssl.utils.errors import UsageError

LABELS = [0, 0, 0, 1, 2]


def zipped(folder, path, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', method) as archive:
        archive.mkdir('folder.png')
        archive.writestr('__MACOSX/a/._1.png', b'no picture')
        for name in reversed(NAMES):
            archive.write(folder / name, name)
    return path


def listed(folder, lines, name='list.txt'):
    (folder / name).write_text('\n'.join(lines), encoding='utf-8')
    return dict(data_root=str(folder), ann_file=name)


def test_a_folder_is_read_sorted_nested_and_without_hidden_files(folder):
    dataset = ImageFolder(str(folder), views=WHOLE)
    assert numbers(dataset) == [1, 2, 3, 4, 5]
    samples = [dataset[i]['data_samples'] for i in range(5)]
    assert [s.path for s in samples] == [f'{folder}/{name}' for name in NAMES]
    assert [s.sample_idx for s in samples] == [0, 1, 2, 3, 4]
    assert not dataset.has_labels and 'label' not in samples[0]


def test_folders_are_classes_where_labels_are_asked_for(folder):
    dataset = ImageFolder(str(folder), with_label=True, views=WHOLE)
    assert dataset.labels.tolist() == LABELS
    assert dataset.metainfo['classes'] == ('a', 'b c', 'ö')
    assert dataset[3]['data_samples'].label == dataset.get_label(3) == 1


def test_a_link_that_leads_back_ends(folder):
    os.symlink(folder, folder / 'b c' / 'round')
    os.symlink(folder / 'a', folder / 'z')
    assert numbers(ImageFolder(str(folder), views=WHOLE)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize('method', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_in_place(folder, tmp_path, method):
    path = zipped(folder, tmp_path / 'pictures.zip', method)
    before = sorted(tmp_path.rglob('*'))
    dataset = ImageZip(str(path), with_label=True, views=WHOLE)
    assert numbers(dataset) == [1, 2, 3, 4, 5]
    assert dataset.labels.tolist() == LABELS
    assert dataset[4]['data_samples'].path == f'{path}/{NAMES[4]}'
    assert sorted(tmp_path.rglob('*')) == before


def test_a_zip_behind_other_bytes_is_read(folder, tmp_path):
    path = zipped(folder, tmp_path / 'pictures.zip')
    path.write_bytes(b'prefix' * 100 + path.read_bytes())
    assert numbers(ImageZip(str(path), views=WHOLE)) == [1, 2, 3, 4, 5]


def test_a_wrong_byte_in_a_zip_is_noticed(folder, tmp_path):
    path = zipped(folder, tmp_path / 'pictures.zip')
    data = path.read_bytes()
    content = (folder / NAMES[4]).read_bytes()
    place = data.index(content) + len(content) - 3
    path.write_bytes(data[:place] + b'?' + data[place + 1 :])
    dataset = ImageZip(str(path), views=WHOLE, max_bad_share=0.5)
    assert numbers(dataset) == [1, 2, 3, 4, 1]
    assert dataset.bad == [f'{path}/{NAMES[4]}']


def test_an_npz_holds_encoded_pictures(tmp_path):
    images = [encode(number_picture(i)) for i in (7, 8, 9)]
    path = tmp_path / 'set.npz'
    write_image_npz(path, images, [1, 0, 1], ['cat', 'dog'])
    dataset = ImageNpz(str(path), views=WHOLE)
    assert numbers(dataset) == [7, 8, 9]
    assert dataset.labels.tolist() == [1, 0, 1]
    assert dataset.metainfo['classes'] == ('cat', 'dog')
    assert dataset[1]['data_samples'].path == f'{path}#1'
    write_image_npz(path, images)
    assert not ImageNpz(str(path), views=WHOLE).has_labels


def test_an_npz_of_jpegs_gives_the_photographs(tmp_path, photos):
    path = tmp_path / 'set.npz'
    write_image_npz(path, [encode(p, '.jpg') for p in photos[:3]])
    dataset = ImageNpz(str(path), views=WHOLE)
    for i in range(3):
        view = dataset[i]['inputs'][0].numpy().transpose(1, 2, 0)
        assert view.shape == photos[i].shape
        assert np.abs(view.astype(int) - photos[i]).mean() < 4


def test_a_list_keeps_its_order_and_names_with_blanks(folder):
    lines = [
        '# a comment', f'{NAMES[3]} 7', '', f'{NAMES[0]}\t0', f'{NAMES[4]} 12',
    ]  # fmt: skip
    dataset = ImageList(**listed(folder, lines), views=WHOLE)
    assert numbers(dataset) == [4, 1, 5]
    assert dataset.labels.tolist() == [7, 0, 12]


def test_a_list_without_labels_is_read(folder):
    names = [NAMES[3], NAMES[0], str(folder / NAMES[1])]
    dataset = ImageList(**listed(folder, names), views=WHOLE)
    assert numbers(dataset) == [4, 1, 2]
    assert not dataset.has_labels


def test_imagenet_is_read_from_class_folders_or_with_a_list(folder, tmp_path):
    folder.rename(tmp_path / 'train')
    dataset = ImageNet(str(tmp_path), 'train', views=WHOLE)
    assert numbers(dataset) == [1, 2, 3, 4, 5]
    assert dataset.labels.tolist() == LABELS
    (tmp_path / 'meta').mkdir()
    lines = [f'{NAMES[4]} 3', f'{NAMES[0]} 1']
    (tmp_path / 'meta/some.txt').write_text('\n'.join(lines))
    dataset = ImageNet(
        str(tmp_path), 'train', ann_file='meta/some.txt', views=WHOLE
    )
    assert numbers(dataset) == [5, 1]
    assert dataset.labels.tolist() == [3, 1]


@pytest.mark.parametrize(
    'build',
    [
        lambda path: ImageFolder(path, views=WHOLE),
        lambda path: ImageList('train.txt', path, views=WHOLE),
        lambda path: ImageZip(path, views=WHOLE),
        lambda path: ImageNpz(path, views=WHOLE),
        lambda path: ImageNet(path, views=WHOLE),
    ],
)
def test_missing_data_says_where_and_what_to_do(build, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        build('data/nothing')
    text = str(error.value)
    assert f'no data at {tmp_path}/data/nothing' in text
    for part in (
        'key data_root', '--cfg-options data_root=PATH', 'docs/your_data.md',
        'MMSSL_DATA_ROOT', 'EmbeddedPhotos',
    ):  # fmt: skip
        assert part in text


def test_a_variable_moves_data(folder, tmp_path, monkeypatch):
    monkeypatch.setenv('MMSSL_DATA_ROOT', str(tmp_path))
    dataset = ImageFolder('data/some pictures', views=WHOLE)
    assert len(dataset) == 5


@pytest.mark.parametrize('make', [ImageFolder, ImageZip, ImageNpz])
def test_data_without_a_picture_is_refused(make, tmp_path):
    path = tmp_path / 'empty'
    if make is ImageFolder:
        path.mkdir()
        (path / 'a.txt').write_text('no picture')
    elif make is ImageZip:
        zipfile.ZipFile(path, 'w').close()
    else:
        write_image_npz(path, [])
    with pytest.raises(UsageError, match=f'no pictures in {path}.*jpg'):
        make(str(path), views=WHOLE)


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 and no more', b'text'])
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f'{path} is not a zip'):
        ImageZip(str(path), views=WHOLE)
    with pytest.raises(UsageError, match=f'{path} is no npz of pictures'):
        ImageNpz(str(path), views=WHOLE)
    with pytest.raises(UsageError, match='is not a zip: .*directory'):
        ImageZip(str(tmp_path), views=WHOLE)


@pytest.mark.parametrize(
    'arrays',
    [
        dict(data=np.zeros(4, np.uint8)),
        dict(data=np.zeros(4, np.uint8), offsets=np.array([0, 9])),
        dict(data=np.zeros(4, np.uint8), offsets=np.array([0, 3, 2, 4])),
        dict(data=np.array([object()]), offsets=np.array([0, 1])),
    ],
)
def test_an_npz_of_other_arrays_is_refused(arrays, tmp_path):
    path = tmp_path / 'set.npz'
    np.savez(path, **arrays)
    with pytest.raises(UsageError, match='write it with.*write_image_npz'):
        ImageNpz(str(path), views=WHOLE)


def test_as_many_labels_as_pictures_are_needed(tmp_path):
    path = tmp_path / 'set.npz'
    write_image_npz(path, [b'1', b'2'], [1])
    with pytest.raises(UsageError, match='1 labels for the 2 pictures'):
        ImageNpz(str(path), views=WHOLE)


def test_labels_that_are_not_there_are_missed(folder):
    (folder / 'loose.png').write_bytes(b'')
    with pytest.raises(UsageError, match='loose.png in .* one folder a class'):
        ImageFolder(str(folder), with_label=True, views=WHOLE)
    with pytest.raises(UsageError, match="none; .*'cat/0001.jpg 0'"):
        ImageList(**listed(folder, NAMES), with_label=True, views=WHOLE)
    with pytest.raises(UsageError, match='such as .a/1.png.; write'):
        ImageList(**listed(folder, ['a/2.jpeg 1', 'a/1.png']), views=WHOLE)
    with pytest.raises(
        UsageError, match='5 pictures of this ImageList .*two columns'
    ):
        _ = ImageList(**listed(folder, NAMES), views=WHOLE).labels


def test_some_folders_only(folder):
    data = ImageFolder(str(folder), folders=['a'], views=WHOLE)
    inside = [n for n, name in enumerate(NAMES, 1) if name.startswith('a/')]
    assert numbers(data) == inside and len(inside) < len(NAMES)
    with pytest.raises(UsageError, match='no data at .*absent'):
        ImageFolder(str(folder), folders=['absent'], views=WHOLE)
