# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Preparing COCO and VOC, from small archives in their layout."""

import io
import json
import tarfile
import zipfile

import pytest

VOC_XML = """<annotation><size><width>50</width><height>40</height></size>
<object><name>dog</name><difficult>0</difficult><bndbox><xmin>1</xmin>
<ymin>2</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>
<object><name>person</name><difficult>1</difficult><bndbox><xmin>5</xmin>
<ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"""


@pytest.fixture
def coco_archives(tmp_path):
    folder = tmp_path / 'downloads'
    folder.mkdir()
    for split, count in (('train2017', 3), ('val2017', 2),
                         ('unlabeled2017', 1)):  # fmt: skip
        with zipfile.ZipFile(folder / f'{split}.zip', 'w') as archive:
            for number in range(count):
                archive.writestr(f'{split}/{number}.jpg', b'x')
    with zipfile.ZipFile(folder / 'annotations.zip', 'w') as archive:
        for split in ('train', 'val'):
            archive.writestr(f'annotations/instances_{split}2017.json', '{}')
    return folder


def test_coco_is_unpacked_checked_and_listed(
    tool, coco_archives, tmp_path, capsys
):
    main = tool('dataset_tools/prepare_coco.py').main
    out = tmp_path / 'coco'
    own = ['--out', str(out)]
    assert main([*own, '--archives', str(coco_archives), '--any-count']) == 0
    assert (out / 'coco_plus.txt').read_text().split() == [
        'train2017/0.jpg', 'train2017/1.jpg', 'train2017/2.jpg',
        'unlabeled2017/0.jpg',
    ]  # fmt: skip
    assert main(own) == 2
    error = capsys.readouterr().err
    assert 'train2017 holds 3 pictures, expected are 118287' in error
    (out / 'annotations/instances_val2017.json').unlink()
    assert main([*own, '--any-count']) == 2
    assert 'it is in annotations_trainval2017.zip' in capsys.readouterr().err
    (coco_archives / 'train2017.zip').write_bytes(b'PK')
    assert main([*own, '--archives', str(coco_archives)]) == 2
    assert 'download it again' in capsys.readouterr().err
    assert main([*own, '--archives', str(out)]) == 2
    assert 'no zip in' in capsys.readouterr().err


def add(archive, name, text):
    member = tarfile.TarInfo(f'VOCdevkit/{name}')
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def voc_archives(tmp_path):
    folder = tmp_path / 'downloads'
    folder.mkdir()
    for name, year, split in (('a', 2007, 'trainval'), ('b', 2007, 'test'),
                              ('c', 2012, 'trainval')):  # fmt: skip
        with tarfile.open(folder / f'VOC{name}.tar', 'w') as archive:
            root = f'VOC{year}'
            add(archive, f'{root}/ImageSets/Main/{split}.txt', f'{name}1\n')
            add(archive, f'{root}/Annotations/{name}1.xml', VOC_XML)
            add(archive, f'{root}/JPEGImages/{name}1.jpg', 'x')
    return folder


def test_voc_is_unpacked_and_converted(tool, voc_archives, tmp_path, capsys):
    main = tool('dataset_tools/prepare_voc.py').main
    out = tmp_path / 'VOCdevkit'
    own = ['--out', str(out)]
    assert main([*own, '--archives', str(voc_archives), '--any-count']) == 0
    content = json.loads((out / 'voc07_trainval.json').read_text())
    assert content['images'] == [
        dict(id=1, file_name='a1.jpg', width=50, height=40)
    ]
    dog, person = content['annotations']
    assert dog['bbox'] == [0, 1, 20, 29] and dog['ignore'] == 0
    assert person['ignore'] == 1 and person['area'] == 25
    names = {c['id']: c['name'] for c in content['categories']}
    assert names[dog['category_id']] == 'dog' and len(names) == 20
    assert main(own) == 2
    assert 'holds 1 pictures, expected are 5011' in capsys.readouterr().err
    path = out / 'VOC2007/Annotations/a1.xml'
    path.write_text(VOC_XML.replace('dog', 'unicorn'))
    assert main([*own, '--any-count']) == 2
    assert 'a1.xml cannot be read as VOC' in capsys.readouterr().err
    (out / 'VOC2007/ImageSets/Main/trainval.txt').unlink()
    assert main([*own, '--any-count']) == 2
    assert 'trainval.txt cannot be read' in capsys.readouterr().err


def test_an_archive_cannot_write_outside_its_folder(tool, tmp_path, capsys):
    main = tool('dataset_tools/prepare_voc.py').main
    folder = tmp_path / 'downloads'
    folder.mkdir()
    with tarfile.open(folder / 'VOCa.tar', 'w') as archive:
        add(archive, '../../evil.txt', 'x')
    argv = ['--out', str(tmp_path / 'out'), '--archives', str(folder)]
    assert main(argv) == 2
    assert 'lies outside' in capsys.readouterr().err
    assert not list(tmp_path.rglob('evil.txt'))


def test_a_subset_keeps_pictures_with_boxes(tool, tmp_path, capsys):
    main = tool('dataset_tools/coco_subset.py').main
    source, out = tmp_path / 'all.json', tmp_path / 'few.json'
    content = dict(
        images=[dict(id=i) for i in range(6)],
        annotations=[dict(id=i, image_id=i // 2 + 1) for i in range(8)],
        categories=[dict(id=1)],
    )
    source.write_text(json.dumps(content))
    assert main([str(source), str(out), '--count', '2']) == 0
    kept = json.loads(out.read_text())
    assert [i['id'] for i in kept['images']] == [1, 2]
    assert [a['id'] for a in kept['annotations']] == [0, 1, 2, 3]
    assert kept['categories'] == content['categories']
    assert main([str(source), str(out), '--count', '3', '--seed', '0']) == 0
    first = out.read_text()
    assert main([str(source), str(out), '--count', '3', '--seed', '0']) == 0
    assert out.read_text() == first
    assert main([str(source), str(out), '--count', '5']) == 2
    assert 'only 4 pictures have boxes' in capsys.readouterr().err
    source.write_text('[]')
    assert main([str(source), str(out), '--count', '1']) == 2
    assert "no file in COCO's format" in capsys.readouterr().err
