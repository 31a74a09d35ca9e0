# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Translated copies of annotated stills, in both layouts."""

import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import mmssl
from mmssl.apis import cli, still_layouts, translation
from mmssl.apis.domain_experiment import (
    Experiment,
    TranslatorRun,
    picture_statistics,
    table_of,
)
from mmssl.apis.translator import Translator, translate_picture
from mmssl.utils.errors import UsageError

SIZES = [(333, 499), (30, 31), (64, 48)]  # h, w


class AsItIs(translation.TranslationWorker):
    """One translator that changes nothing, one that inverts."""

    def __init__(self, mode='full', quality=95):
        self.generators = {'': torch.nn.Identity(), 'dog': torch.neg}
        self.mode, self.quality = mode, quality

    def __call__(self, picture, key=''):
        if key == translation.UNCHANGED:
            return super().__call__(picture, key)
        return translate_picture(picture, self.generators[key], self.mode)


def smooth(size, seed):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)


XML = (
    '<annotation><size><width>{w}</width><height>{h}</height></size>'
    '<object><name>dog</name><bndbox><xmin>2</xmin><ymin>3</ymin>'
    '<xmax>20</xmax><ymax>25</ymax></bndbox></object>'
    '<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin>'
    '<xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>'
)


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / 'VOC2007'
    for name in ('JPEGImages', 'Annotations', 'ImageSets/Main'):
        (root / name).mkdir(parents=True)
    for number, size in enumerate(SIZES):
        Image.fromarray(smooth(size, number)).save(
            root / f'JPEGImages/{number}.jpg', quality=95
        )
        (root / f'Annotations/{number}.xml').write_text(
            XML.format(h=size[0], w=size[1])
        )
    (root / 'ImageSets/Main/trainval.txt').write_text('0\n1\n2\n')
    return root


@pytest.fixture
def coco(tmp_path):
    (tmp_path / 'pictures').mkdir()
    images, boxes = [], []
    for number, (h, w) in enumerate(SIZES):
        name = f'{number}.{"png" if number else "jpg"}'
        Image.fromarray(smooth((h, w), number)).save(
            tmp_path / 'pictures' / name
        )
        images.append(dict(id=number, file_name=name, height=h, width=w))
        boxes.append(
            dict(
                id=number + 1, image_id=number, category_id=1 + number % 2,
                bbox=[1, 2, 10, 12], area=120, iscrowd=0,
            )
        )  # fmt: skip
    content = dict(
        images=images,
        annotations=boxes,
        categories=[dict(id=1, name='dog'), dict(id=2, name='cat')],
    )
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(content))
    return path


def translate(jobs, out, translator=None, workers=0, settings=None):
    todo, finish = jobs
    return translation.translate_dataset(
        todo, finish, out, settings or dict(mode='full'), workers,
        translator=translator or AsItIs(),
    )  # fmt: skip


def difference(a, b):
    x, y = (translation.read_picture(str(p)).astype(int) for p in (a, b))
    assert x.shape == y.shape
    return np.abs(x - y).mean()


@pytest.mark.parametrize('mode', ['full', 'scale_width'])
def test_an_identity_generator_gives_the_pictures_back(voc, tmp_path, mode):
    out = tmp_path / 'out'
    jobs = still_layouts.voc_jobs(voc, out, 'trainval', (), 'largest')
    counts = translate(jobs, out, AsItIs(mode))
    assert counts == dict(written=3, kept=0, total=3)
    for number, size in enumerate(SIZES):
        new = out / f'JPEGImages/{number}.jpg'
        assert translation.picture_size(new) == size
        limit = 2 if mode == 'full' else 4
        assert difference(voc / f'JPEGImages/{number}.jpg', new) < limit
        xml = f'Annotations/{number}.xml'
        assert (out / xml).read_text() == (voc / xml).read_text()
    listed = (out / 'ImageSets/Main/trainval.txt').read_text()
    assert listed.split() == ['0', '1', '2']
    assert json.loads((out / 'translation.json').read_text())['complete']
    assert not list(out.rglob('*.tmp'))


def test_coco_keeps_names_formats_and_boxes(coco, tmp_path):
    out = tmp_path / 'out'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, (), 'largest'
    )
    translate(jobs, out)
    # Lossless where the source is.
    assert difference(tmp_path / 'pictures/1.png', out / 'pictures/1.png') == 0
    assert (out / 'annotations/boxes.json').read_text() == coco.read_text()


def test_translated_sets_load_in_the_data_sets_of_mmdet(voc, coco, tmp_path):
    """The same boxes, of pictures that are the translated ones."""
    pytest.importorskip('mmdet')
    from mmdet.registry import DATASETS
    from mmengine.registry import DefaultScope

    out = tmp_path / 'out'
    inner = out / 'VOC2007'
    translate(
        still_layouts.voc_jobs(voc, inner, 'trainval', (), 'largest'), inner
    )
    translate(
        still_layouts.coco_jobs(
            coco, tmp_path / 'pictures', out, (), 'largest'
        ),
        out,
    )
    kinds = dict(
        VOCDataset=dict(
            ann_file='VOC2007/ImageSets/Main/trainval.txt',
            data_prefix=dict(sub_data_root='VOC2007/'),
        ),
        CocoDataset=dict(
            ann_file='annotations/boxes.json',
            data_prefix=dict(img='pictures/'),
            metainfo=dict(classes=('dog', 'cat')),
        ),
    )
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='PackDetInputs'),
    ]
    for kind, settings in kinds.items():
        settings = dict(
            type=kind, data_root=f'{out}/', pipeline=pipeline, **settings
        )
        with DefaultScope.overwrite_default_scope('mmdet'):
            data = DATASETS.build(settings)
        assert len(data) == len(SIZES)
        for sample, size in zip(data, SIZES, strict=True):
            assert tuple(sample['inputs'].shape[1:]) == size
            assert str(out) in sample['data_samples'].img_path
            boxes = sample['data_samples'].gt_instances.bboxes.tensor
            first = [1, 2, 19, 24] if kind == 'VOCDataset' else [1, 2, 11, 14]
            assert boxes[0].tolist() == first


def test_what_is_there_is_kept_and_checked(coco, tmp_path):
    out = tmp_path / 'out'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, (), 'largest'
    )
    translate(jobs, out)
    (out / 'pictures/2.png').unlink()
    (out / 'annotations/boxes.json').unlink()
    before = (out / 'pictures/1.png').stat().st_mtime_ns
    assert translate(jobs, out) == dict(written=1, kept=2, total=3)
    assert (out / 'pictures/1.png').stat().st_mtime_ns == before
    assert (out / 'annotations/boxes.json').is_file()
    Image.new('RGB', (5, 5)).save(out / 'pictures/1.png')
    with pytest.raises(UsageError, match=r'1\.png is 5 x 5 .* 30 x 31'):
        translate(jobs, out)


def test_a_run_that_is_stopped_leaves_whole_files(coco, tmp_path):
    out = tmp_path / 'out'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, (), 'largest'
    )

    class Stops(AsItIs):
        def __call__(self, picture, key=''):
            if picture.shape[0] == 30:
                raise KeyboardInterrupt
            return picture

    with pytest.raises(KeyboardInterrupt):
        translate(jobs, out, Stops())
    assert [p.name for p in (out / 'pictures').iterdir()] == ['0.jpg']
    assert not (out / 'annotations').exists()
    assert translate(jobs, out)['written'] == 2


def test_other_settings_in_the_same_folder_are_refused(coco, tmp_path):
    out = tmp_path / 'out'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, (), 'largest'
    )
    translate(jobs, out)
    with pytest.raises(UsageError, match='other settings; choose another'):
        translate(jobs, out, settings=dict(mode='scale_width'))


def test_a_translation_of_another_size_is_never_kept(coco, tmp_path):
    out = tmp_path / 'out'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, (), 'largest'
    )

    class Grows(AsItIs):
        def __call__(self, picture, key=''):
            return np.pad(picture, ((0, 2), (0, 1), (0, 0)))

    with pytest.raises(UsageError, match='335 x 500 .* its source 333 x 499'):
        translate(jobs, out, Grows())
    assert not list(out.rglob('*.jpg'))


@pytest.mark.parametrize('size', [(9, 9), (30, 31), (33, 40), (64, 64)])
def test_full_mode_pads_by_mirroring_and_cuts_off(size):
    seen = []

    def generator(x):
        seen.append(x)
        return x

    picture = smooth(size, 0)
    out = translate_picture(picture, generator)
    assert (out == picture).all()
    assert all(side % 4 == 0 for side in seen[0].shape[-2:])
    width = size[1]
    if width % 4:
        levels = (seen[0][0, :, : size[0]] + 1) * 127.5
        mirrored = picture[:, width - 2].T
        assert np.allclose(levels[:, :, width], mirrored, atol=1e-3)


def test_levels_are_rounded():
    picture = np.full((8, 8, 3), 100, np.uint8)
    out = translate_picture(picture, lambda x: x + 0.6 / 127.5)
    assert (out == 101).all()


def test_wrong_pictures_and_modes_are_refused():
    picture = np.zeros((3, 40, 3), np.uint8)
    with pytest.raises(ValueError, match='3 x 40 is too small'):
        translate_picture(picture, lambda x: x)
    with pytest.raises(ValueError, match='mode must be one of full'):
        translate_picture(picture, lambda x: x, 'crop')
    with pytest.raises(ValueError, match='width must be a multiple of 4'):
        translate_picture(picture, lambda x: x, 'scale_width', 30)


def test_translators_of_classes(voc, coco, tmp_path):
    which = still_layouts.responsible
    boxes = [('dog', 50.0), ('cat', 90.0), ('car', 20.0)]
    assert which(boxes, (), 'largest') == ['']
    assert which(boxes, ('dog', 'car'), 'largest') == ['dog']
    assert which(boxes, ('dog', 'car'), 'all') == ['car', 'dog']
    assert which(boxes, ('bird',), 'all') == [still_layouts.UNCHANGED]
    out = tmp_path / 'out'
    jobs = still_layouts.voc_jobs(voc, out, None, ('dog',), 'all')
    translate(jobs, out)
    names = sorted(p.name for p in (out / 'Annotations').iterdir())
    assert names == ['0_dog.xml', '1_dog.xml', '2_dog.xml']
    out = tmp_path / 'out2'
    jobs = still_layouts.coco_jobs(
        coco, tmp_path / 'pictures', out, ('dog',), 'all'
    )
    translate(jobs, out)
    content = json.loads((out / 'annotations/boxes.json').read_text())
    names = [image['file_name'] for image in content['images']]
    assert names == ['0_dog.jpg', '1_unchanged.png', '2_dog.png']
    assert [b['image_id'] for b in content['annotations']] == [1, 2, 3]
    source = tmp_path / 'pictures/1.png'
    assert difference(source, out / 'pictures/1_unchanged.png') == 0
    assert difference(tmp_path / 'pictures/2.png', out / 'pictures/2_dog.png')


def test_missing_annotations_and_pictures_are_named(voc, coco, tmp_path):
    def of_voc(split='trainval'):
        return still_layouts.voc_jobs(
            voc, tmp_path / 'o', split, (), 'largest'
        )

    def of_coco():
        return still_layouts.coco_jobs(
            coco, tmp_path / 'pictures', tmp_path / 'o', (), 'largest'
        )

    with pytest.raises(UsageError, match='no list of ids at .*test.txt'):
        of_voc('test')
    (voc / 'Annotations/1.xml').write_text('<annotation>')
    with pytest.raises(UsageError, match=r'1\.xml is no VOC annotation'):
        of_voc()
    (voc / 'Annotations/1.xml').unlink()
    with pytest.raises(UsageError, match=r'no annotation .*1\.xml for the'):
        of_voc()
    (voc / 'JPEGImages/0.jpg').unlink()
    with pytest.raises(UsageError, match='no picture .*0.jpg for the id 0'):
        of_voc()
    (voc / 'ImageSets/Main/trainval.txt').write_text('')
    with pytest.raises(UsageError, match='no ids in .*trainval.txt'):
        of_voc()
    content = json.loads(coco.read_text())
    content['annotations'][0]['image_id'] = 77
    coco.write_text(json.dumps(content))
    with pytest.raises(UsageError, match='box 1 is of the image 77'):
        of_coco()
    content['annotations'] = []
    content['images'][0]['file_name'] = 'no.jpg'
    coco.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r'no picture .*no\.jpg, which'):
        of_coco()
    coco.write_text(json.dumps(dict(content, images=[])))
    with pytest.raises(UsageError, match='no images in .*boxes.json'):
        of_coco()
    coco.write_text('{}')
    with pytest.raises(UsageError, match='is no COCO annotation file'):
        of_coco()


def test_unreadable_pictures_and_false_sizes_are_named(voc, tmp_path):
    out = tmp_path / 'out'
    (voc / 'Annotations/2.xml').write_text(XML.format(h=48, w=64))
    jobs = still_layouts.voc_jobs(voc, out, None, (), 'largest')
    with pytest.raises(UsageError, match=r'2\.jpg is 64 x 48 .* says 48 x 64'):
        translate(jobs, out)
    (voc / 'JPEGImages/1.jpg').write_bytes(b'no picture')
    with pytest.raises(UsageError, match='unreadable picture .*1.jpg'):
        translate(jobs, tmp_path / 'out')


def test_sizes_are_seen_as_the_detector_sees_them(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new('RGB', (20, 10)).save(tmp_path / 'a.jpg', exif=exif)
    size = translation.picture_size(tmp_path / 'a.jpg')
    shape = translation.read_picture(str(tmp_path / 'a.jpg')).shape
    assert size == shape[:2] == (20, 10)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'tiny.pth'
    model = mmssl.get_model('cyclegan_tiny')
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def tool(*args):
    path = mmssl.get_tools_dir() / 'dataset_tools/translate_dataset.py'
    return cli_main(path)(list(map(str, args)))


def cli_main(path):
    import importlib.util

    spec = importlib.util.spec_from_file_location('translate_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_tool_in_one_process_and_in_two(voc, weights, tmp_path, capsys):
    for workers in (0, 2):
        out = tmp_path / f'out{workers}'
        assert tool(
            'cyclegan_tiny', weights, '--layout', 'voc', '--source', voc,
            '--out', out, '--workers', workers,
        ) == 0  # fmt: skip
        assert 'eta 0 s' in capsys.readouterr().out
    for number, size in enumerate(SIZES):
        one, two = (
            tmp_path / f'out{n}/JPEGImages/{number}.jpg' for n in (0, 2)
        )
        assert one.read_bytes() == two.read_bytes()
        assert translation.picture_size(one) == size


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--layout', 'coco', '--source', 'a'], 'coco needs --images'),
        (['--layout', 'voc', '--source', 'a', '--images', 'b'], 'coco only'),
        (['--layout', 'voc', '--source', 'a'], 'checkpoint not found: no.pth'),
    ],
)
def test_wrong_usage_is_one_line(args, message, capsys, tmp_path):
    assert tool('cyclegan_tiny', 'no.pth', *args, '--out', tmp_path) == 2
    assert message in capsys.readouterr().err


def test_another_model_does_not_translate(tmp_path):
    path = tmp_path / 'a.pth'
    model = mmssl.get_model('simclr_tiny')
    torch.save(dict(state_dict=model.state_dict()), path)
    with pytest.raises(UsageError, match='SimCLR, which does not translate'):
        Translator('simclr_tiny', str(path))
    with pytest.raises(UsageError, match='direction must be one of a2b'):
        Translator('cyclegan_tiny', str(path), direction='b2b')


def test_the_table_says_what_is_not_told_apart():
    results = {
        'original': [{'video/mAP': v} for v in (0.1, 0.2, 0.3)],
        'gan': [{'video/mAP': v} for v in (0.8, 0.81, 0.82)],
        'gan+mixed': [{'video/mAP': v} for v in (0.1, 0.25, 0.3)],
    }
    rows = table_of(results)
    assert [row['condition'] for row in rows] == list(results)
    assert rows[0]['mAP'] == '20.0 ± 24.8' and rows[0]['gain'] == ''
    assert 'told' not in rows[1]['gain'] and rows[1]['gain'].endswith('SE')
    assert rows[2]['gain'] == '+0.2 SE (not told apart)'
    single = {name: runs[:1] for name, runs in results.items()}
    assert table_of(single)[1]['gain'] == 'one seed'


def test_conditions_of_an_experiment(tmp_path):
    def experiment(**kwargs):
        runs = [TranslatorRun('gan', 'cyclegan_tiny')]
        return Experiment('fcos_toy_mini', runs, [0], tmp_path, **kwargs)

    assert experiment().conditions == [
        'original', 'gan', 'gan+mixed', 'video',
    ]  # fmt: skip
    with pytest.raises(UsageError, match='no condition other; there are'):
        experiment(conditions=['other'])
    with pytest.raises(UsageError, match='translators need names of their'):
        Experiment(
            'fcos_toy_mini', [TranslatorRun('video', 'a')], [0], tmp_path
        )
    with pytest.raises(UsageError, match='config not found'):
        Experiment('no_such', [TranslatorRun('a', 'b')], [0], tmp_path)


def test_statistics_of_pictures(tmp_path):
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, ::2] = 100
    Image.fromarray(picture).save(tmp_path / 'a.png')
    found = picture_statistics([tmp_path / 'a.png'])
    assert found == dict(mean=50.0, contrast=50.0, energy=5000.0)
    with pytest.raises(ValueError, match='at least one picture'):
        picture_statistics([])


def test_the_experiment_tool_explains_itself(capsys, tmp_path):
    path = mmssl.get_tools_dir() / 'uda_vod/domain_experiment.py'
    main = cli_main(path)
    assert main(['--out', str(tmp_path)]) == 2
    assert '--detector and --translators, or --toy' in capsys.readouterr().err
    args = ['--detector', 'fcos_toy_mini', '--out', str(tmp_path)]
    assert main([*args, '--translators', 'cyclegan']) == 2
    assert 'is not NAME=CONFIG[:CHECKPOINT]' in capsys.readouterr().err
    assert cli.COMMANDS  # the tool has no short name
