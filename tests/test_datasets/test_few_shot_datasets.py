# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import zipfile

import pytest
from numbered_pictures import WHOLE, encode, number_picture, numbers

from mmssl.datasets import (
    EpisodicSampler,
    FewShotCSV,
    ImageFolder,
    OmniglotCharacters,
)
from mmssl.utils.errors import UsageError

FILES = {f'n{i}/p{i}.png': encode(number_picture(i)) for i in range(1, 5)}
ROWS = ['n3/p3.png,n3', 'n1/p1.png,n1', 'n4/p4.png,n3']


def write(root, rows=ROWS, name='train.csv', header='filename,label'):
    (root / name).write_text('\n'.join([header, *rows]) + '\n')
    for path, data in FILES.items():
        file = root / 'images' / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    with zipfile.ZipFile(root / 'images.zip', 'w') as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    return str(root)


def read(root, ann_file='train.csv', **settings):
    return FewShotCSV(root, ann_file, views=WHOLE, **settings)


@pytest.mark.parametrize('images', ['images', 'images.zip'])
def test_a_csv_gives_order_and_classes(tmp_path, images):
    dataset = read(write(tmp_path), images=images)
    assert numbers(dataset) == [3, 1, 4]
    assert dataset.labels.tolist() == [0, 1, 0]
    assert dataset.metainfo['classes'] == ('n3', 'n1')


def test_files_are_joined_and_further_fields_ignored(tmp_path):
    root = write(tmp_path)
    header = 'filename, label, concept_label'  # CUB's
    write(tmp_path, ['n2/p2.png, 019.Catbird, 3'], 'val.csv', header)
    dataset = read(root, ['train.csv', 'val.csv'])
    assert numbers(dataset) == [3, 1, 4, 2]
    assert dataset.metainfo['classes'] == ('n3', 'n1', '019.Catbird')


@pytest.mark.parametrize(
    'rows, header, message',
    [
        (['n9/p9.png,n9'], 'filename,label',
         r'train.csv, line 2: no picture n9/p9.png in .*images'),
        (['n1/p1.png'], 'filename,label', 'line 2: expected filename,label'),
        (['n1/p1.png,n1'], 'file,class', 'must begin with the line'),
        ([], 'filename,label', 'no picture|no image|empty'),
    ],
)  # fmt: skip
def test_bad_files_are_named(tmp_path, rows, header, message):
    with pytest.raises(UsageError, match=message):
        read(write(tmp_path, rows, header=header))


def omniglot(root, names):
    for number, name in enumerate(names, 1):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(number_picture(number)))
    return str(root)


NAMES = [
    'set1/Greek/character01/1_01.png',
    'set1/Greek/character01/1_02.png',
    'set1/Latin/character01/2_01.png',
    'set2/Tagalog/character03/3_01.png',
]


def test_a_character_of_an_alphabet_is_a_class(tmp_path):
    root = omniglot(tmp_path, NAMES)
    dataset = OmniglotCharacters(root, views=WHOLE)
    assert dataset.labels.tolist() == [0, 0, 1, 2]
    assert dataset.metainfo['classes'][1] == 'Latin/character01'
    chosen = OmniglotCharacters(root, ['Tagalog', 'Greek'], views=WHOLE)
    assert numbers(chosen) == [1, 2, 4]
    with pytest.raises(UsageError, match=r"no alphabet \['Klingon'\]"):
        OmniglotCharacters(root, ['Klingon'], views=WHOLE)


def test_other_layouts_are_no_omniglot(tmp_path):
    with pytest.raises(UsageError, match='folder of a character'):
        OmniglotCharacters(omniglot(tmp_path, ['Greek/1.png']), views=WHOLE)


def csv_split(root):
    return read(write(root))


def class_folders(root):
    names = ['a/1.png', 'a/2.png', 'b/1.png']
    return ImageFolder(omniglot(root, names), with_label=True, views=WHOLE)


def characters(root):
    return OmniglotCharacters(omniglot(root, NAMES), views=WHOLE)


@pytest.mark.parametrize(
    'build, short, count',
    [
        (csv_split, r'class 0 \(n3\) has 2', 2),
        (class_folders, r'class 0 \(a\) has 2', 2),
        (characters, r'class 0 \(Greek/character01\) has 2', 3),
    ],
)
def test_episodes_are_checked_against_the_data(tmp_path, build, short, count):
    dataset = build(tmp_path)
    with pytest.raises(UsageError, match=f'{short} pictures'):
        EpisodicSampler(dataset, way=2, shot=1, query=2, seed=0)
    with pytest.raises(UsageError, match=f'the data have {count}; lower way'):
        EpisodicSampler(dataset, way=4, shot=1, query=1, seed=0)
