# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Every shipped config loads, builds all its parts, and states its numbers.

The data sets that they name are made here with four pictures each.
"""

import json
import re
import zipfile
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings
from scipy.io import savemat
from small_videos import numbered_frames, write_video

import mmssl.engine
import mmssl.evaluation
import mmssl.models  # noqa: F401
from mmssl.datasets import embedded_photos, orl_pairs
from mmssl.datasets.correspondences import (
    Correspondences,
    write_correspondences,
)
from mmssl.datasets.image_dataset import DATA_ROOT_VARIABLE
from mmssl.registry import (
    DATASETS,
    HOOKS,
    LOOPS,
    METRICS,
    MODELS,
    PARAM_SCHEDULERS,
)

CONFIGS = Path(__file__).parents[2] / 'configs'
BASES = sorted((CONFIGS / '_base_').rglob('*.py'))
SHIPPED = sorted(set(CONFIGS.rglob('*.py')) - set(BASES))
EPOCH_LENGTH = 100
WHOLE_VIDEOS = 'Sequences', 'SequenceDataset', 'PoseDataset'
# 8 x 128 rows are too few for whitening groups of 1024 on each process.

every = pytest.mark.parametrize('path', SHIPPED, ids=lambda p: p.stem)


load_photo = lru_cache(embedded_photos.load_photo)


@lru_cache
def loaded(path):
    # yapf, which only makes the text pretty, takes most of the time.
    return Config.fromfile(path, format_python_code=False)


def load(path):
    """A config of its own for each test, read once."""
    return Config(loaded(path).to_dict(), format_python_code=False)


@lru_cache
def model_of(path):
    """The model without memory for its weights."""
    cfg = load(path)
    with torch.device('meta'), scope_of(cfg):
        return MODELS.build(cfg.model)


def scope_of(cfg):
    """What names without a prefix mean; a detector's are mmdet's."""
    if cfg.get('custom_imports'):
        import_modules_from_strings(**cfg.custom_imports)
    return DefaultScope.overwrite_default_scope(cfg.default_scope)


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmssl'):
        yield


@pytest.fixture(scope='session')
def tiny_data(tmp_path_factory):
    """Four pictures in the layout of each data set below ``data/``."""
    root = tmp_path_factory.mktemp('data')
    picture = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    _, jpeg = cv2.imencode('.jpg', picture)
    jpeg = jpeg.tobytes()
    names = [f'{c}/{i}.jpg' for c in ('cat', 'dog') for i in range(2)]
    folders = ['coco/train2017', 'pictures', 'tiny_coco/scenes2017']
    folders += ['image900', 'eurosat', 'cropdiseases', 'coco/unlabeled2017']
    for data in ('imagenet', 'places205', 'inaturalist18'):
        folders += [f'{data}/{split}' for split in ('train', 'val')]
    folders += [f'imagenet100/{split}' for split in ('train', 'clf', 'test')]
    folders += [f'tiny_imagenet/{split}' for split in ('train', 'test')]
    for folder in folders:
        for name in names:
            file = root / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(jpeg)
    for data in ('VOCdevkit/VOC2007', 'YTO', 'vod_mini'):
        (root / data / 'annotations').mkdir(parents=True)
        (root / data / '1.jpg').write_bytes(jpeg)
        (root / data / 'trainval_pictures.txt').write_text('1.jpg\n1.jpg\n')
    (root / 'vod_mini/frames').mkdir()
    (root / 'vod_mini/frames/1.jpg').write_bytes(jpeg)
    (root / 'vod_mini/annotations/vod_train.json').write_text(
        '{"images": [{"file_name": "1.jpg"}]}'
    )
    content = dict(
        images=[dict(id=i, file_name='1.jpg') for i in range(4)],
        categories=[dict(id=0, name='cat')],
        annotations=[dict(image_id=i, category_id=0) for i in range(2)],
    )
    for folder, files in (
        ('VOCdevkit', ('voc07_trainval', 'voc07_test')),
        ('tiny_coco/annotations', ('boxes_scenes2017', 'instances_val2017')),
    ):
        (root / folder).mkdir(exist_ok=True)
        for name in files:
            path = root / folder / f'{name}.json'
            path.write_text(json.dumps(content))
    for folder in (
        'VOCdevkit/VOC2007/JPEGImages', 'tiny_coco/scenes2017',
        'tiny_coco/val2017',
    ):  # fmt: skip
        (root / folder).mkdir(exist_ok=True)
        (root / folder / '1.jpg').write_bytes(jpeg)
    (root / 'coco/coco_plus.txt').write_text(
        '\n'.join(f'unlabeled2017/{name}' for name in names)
    )
    for folder, below in (
        ('coco/orl', ''), ('coco/orl_plus', 'unlabeled2017/'),
        ('tiny_coco/orl', ''),
    ):  # fmt: skip
        write_pairs(root / folder, [below + name for name in names])
    (root / 'imagenet/meta').mkdir()
    for share in (1, 10):
        text = '\n'.join(f'{name} 0' for name in names)
        (root / f'imagenet/meta/train_{share}percent.txt').write_text(text)
    for data in ('miniimagenet', 'cub200', 'fewshot_mini', 'isic', 'chestx'):
        write_few_shot(root / data, jpeg)
    for data in ('cifar10', 'cifar100'):
        (root / data).mkdir()
        for split in ('train', 'test'):
            with zipfile.ZipFile(root / data / f'{split}.zip', 'w') as archive:
                for name in names:
                    archive.writestr(name, jpeg)
    stl10 = root / 'stl10'
    stl10.mkdir()
    for split in ('train', 'unlabeled', 'test'):
        np.zeros(4 * 3 * 96 * 96, np.uint8).tofile(stl10 / f'{split}_X.bin')
        np.array([1, 1, 2, 2], np.uint8).tofile(stl10 / f'{split}_y.bin')
    (stl10 / 'class_names.txt').write_text('cat\ndog\n')
    write_characters(root)
    write_videos(root, jpeg)
    write_action_clips(root)
    return root


def write_action_clips(root):
    """Two videos in the layout of each data set of actions."""
    frames = numbered_frames(30)
    folders = {
        'kinetics400/videos_train': ['kinetics400_train_list_videos.txt'],
        'kinetics400/videos_val': ['kinetics400_val_list_videos.txt'],
        'ucf101/videos': ['ucf101_train_split_1_videos.txt',
                          'ucf101_val_split_1_videos.txt'],
        'hmdb51/videos': ['hmdb51_train_split_1_videos.txt',
                          'hmdb51_val_split_1_videos.txt'],
        'video_actions/jhmdb': ['train.csv', 'test.csv'],
        'videos': [],
    }  # fmt: skip
    text = 'clap/1.mp4 0\nwave/1.mp4 1\n'
    table = 'path,label,class\nclap/1.mp4,0,clap\nwave/1.mp4,1,wave\n'
    for folder, lists in folders.items():
        for name in ('clap', 'wave'):
            (root / folder / name).mkdir(parents=True)
            write_video(root / folder / name / '1.mp4', frames)
        for name in lists:
            if name.endswith('.csv'):
                (root / folder / name).write_text(table)
            else:
                (root / folder).parent.joinpath(name).write_text(text)


def write_videos(root, jpeg):
    """Frames and masks in the layout of each video data set."""
    folders = [
        f'{name}/{video}'
        for name in (
            'youtube_vos/train/JPEGImages', 'youtube_vos/valid/JPEGImages',
            'oxuva/images/dev', 'trackingnet/frames',
            'kinetics400/video_jpeg/train/run', 'davis/JPEGImages/480p',
            'davis_mini/JPEGImages/480p', 'vip/Images',
            'jhmdb/Rename_Images/run',
        )
        for video in ('bmx-trees', 'kite-surf', 'motocross-jump')
    ]  # fmt: skip
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for t in range(5):
            (root / folder / f'{t:05d}.jpg').write_bytes(jpeg)
    _, png = cv2.imencode('.png', np.ones((40, 48), np.uint8))
    for name in ('davis', 'davis_mini'):
        lists = root / name / 'ImageSets/2017'
        lists.mkdir(parents=True)
        (lists / 'train.txt').write_text('bmx-trees\nkite-surf\n')
        (lists / 'val.txt').write_text('motocross-jump\n')
    for folder in (
        'davis/Annotations/480p', 'davis_mini/Annotations/480p',
        'youtube_vos/valid/Annotations', 'vip/Annotations/Category_ids',
    ):  # fmt: skip
        masks = root / folder / 'motocross-jump'
        masks.mkdir(parents=True)
        for t in range(5):
            (masks / f'{t:05d}.png').write_bytes(png.tobytes())

    (root / 'vip/lists').mkdir()
    (root / 'vip/lists/val_videos.txt').write_text('motocross-jump')
    joints = root / 'jhmdb/joint_positions/run/motocross-jump'
    joints.mkdir(parents=True)
    savemat(joints / 'joint_positions.mat', {'pos_img': np.ones((2, 15, 5))})
    (root / 'jhmdb/splits').mkdir()
    lists = root / 'jhmdb/splits/run_test_split1.txt'
    lists.write_text('motocross-jump.avi 2\nkite-surf.avi 1\n')


def write_pairs(folder, names):
    """Every picture has one region and ten neighbours."""
    n, k = len(names), 10
    box = np.array([[2, 3, 20, 30]], np.int16)
    knn = (np.arange(n)[:, None] + 1 + np.arange(k) % (n - 1)) % n
    found = Correspondences(
        box.repeat(n, 0), np.arange(n + 1), knn,
        np.concatenate([box, box], 1).repeat(n * k, 0),
        np.arange(n * k + 1), np.ones(n * k, np.float32),
    )  # fmt: skip
    write_correspondences(folder / 'pairs.npz', names, found, {})


def write_characters(root):
    """MNIST with its real numbers of pictures, 50 alphabets of Omniglot."""
    (root / 'mnist').mkdir()
    for split, count in (('train', 60000), ('t10k', 10000)):
        for kind, data in (
            ('images-idx3', np.zeros((count, 28, 28), np.uint8)),
            ('labels-idx1', np.arange(count, dtype=np.uint8) % 10),
        ):
            head = (0x800 + data.ndim, *data.shape)
            path = root / f'mnist/{split}-{kind}-ubyte'
            path.write_bytes(np.array(head, '>u4').tobytes() + data.tobytes())
    _, png = cv2.imencode('.png', np.eye(105, dtype=np.uint8) * 255)
    for name, alphabets in (('background', 8), ('evaluation', 42)):
        (root / 'omniglot').mkdir(exist_ok=True)
        path = root / f'omniglot/images_{name}.zip'
        with zipfile.ZipFile(path, 'w') as archive:
            for alphabet in range(alphabets):
                for drawer in range(1, 21):
                    archive.writestr(
                        f'{name}{alphabet:02}/character01/0001_{drawer:02}'
                        '.png',
                        png.tobytes(),
                    )


def write_few_shot(root, jpeg):
    """Splits of five classes with one picture twenty times."""
    (root / 'images').mkdir(parents=True)
    (root / 'images/1.jpg').write_bytes(jpeg)
    with zipfile.ZipFile(root / 'images.zip', 'w') as archive:
        archive.writestr('1.jpg', jpeg)
    lines = [f'1.jpg,class{i % 5}' for i in range(100)]
    for split in ('train', 'val', 'test', root.name):
        text = '\n'.join(['filename,label', *lines])
        (root / f'{split}.csv').write_text(text)


@every
def test_a_dumped_config_reloads_to_an_equal_one(path, tmp_path):
    cfg = load(path)
    cfg.dump(tmp_path / 'dumped.py')
    again = Config.fromfile(tmp_path / 'dumped.py', format_python_code=False)
    assert again.to_dict() == cfg.to_dict()


@pytest.mark.parametrize('path', SHIPPED + BASES, ids=lambda p: p.stem)
def test_no_config_holds_an_absolute_path(path):
    text = path.read_text()
    for quoted in re.findall(r'[\'"]([^\'"\n]*)[\'"]', text):
        assert not re.match(r'/|~|\w:\\|file:', quoted), quoted
    for root in re.findall(r'\bdata_root\s*=\s*[\'"]([^\'"]*)', text):
        assert root.startswith('data/') and root.endswith('/')


@every
def test_no_config_searches_for_unused_parameters(path):
    assert not load(path).get('find_unused_parameters', False)
    wrapper = load(path).get('model_wrapper_cfg', {})
    assert not wrapper.get('find_unused_parameters', False)


@every
def test_the_learning_rate_says_its_batch_and_the_name_agrees(path):
    cfg = load(path)
    if cfg.get('train_dataloader') is None:
        return
    batch = cfg.train_dataloader.batch_size
    base = cfg.auto_scale_lr.base_batch_size
    named = re.search(r'_(\d+)xb(\d+)-', path.stem)
    if named is None:
        assert base == batch
        return
    gpus, named_batch = map(int, named.groups())
    assert named_batch == batch
    assert base == gpus * batch
    epochs = re.search(r'-(\d+)e_', path.stem)
    if epochs is not None:
        assert int(epochs.group(1)) == cfg.train_cfg.max_epochs


@every
def test_the_model_and_its_optimizer_and_schedules_build(path):
    cfg = load(path)
    if cfg.get('train_dataloader') is None:
        assert model_of(path) is not None
        return
    model = model_of(path)
    with scope_of(cfg):
        built = build_optim_wrapper(model, cfg.optim_wrapper)
    several = isinstance(built, OptimWrapperDict)
    for wrapper in built.values() if several else [built]:
        groups = wrapper.optimizer.param_groups
        assert sum(len(group['params']) for group in groups) > 0
        for schedule in cfg.param_scheduler:
            assert build_schedule(schedule, wrapper).optimizer is wrapper
            if schedule.get('by_epoch', True):
                assert schedule.get('end', 0) <= cfg.train_cfg.max_epochs


def build_schedule(schedule, optimizer):
    schedule = dict(schedule, optimizer=optimizer)
    if not schedule.pop('convert_to_iter_based', False):
        return PARAM_SCHEDULERS.build(schedule)
    schedule.setdefault('by_epoch', True)
    cls = PARAM_SCHEDULERS.get(schedule.pop('type'))
    return cls.build_iter_from_epoch(**schedule, epoch_length=EPOCH_LENGTH)


@every
def test_hooks_loops_and_metrics_build(path):
    cfg = load(path)
    hooks = [*cfg.default_hooks.values(), *cfg.get('custom_hooks', [])]
    with scope_of(cfg):
        for hook in hooks:
            assert hook is None or HOOKS.build(hook)
        loops_and_metrics_build(cfg)


def loops_and_metrics_build(cfg):
    for part in ('train', 'val', 'test'):
        loop = cfg.get(f'{part}_cfg')
        if loop is not None and 'type' in loop:
            assert LOOPS.get(loop.type) is not None, loop.type
        metrics = cfg.get(f'{part}_evaluator') or []
        for metric in [metrics] if 'type' in metrics else metrics:
            if metric.get('_scope_') == 'mmdet':  # reads its data at once
                assert METRICS.get(f'mmdet.{metric.type}') is not None
            elif 'ann_file' not in metric:
                assert METRICS.build(metric)


@every
def test_every_data_loader_gives_the_views_of_a_batch(
    path, tiny_data, monkeypatch
):
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tiny_data))
    for module in (embedded_photos, orl_pairs):
        monkeypatch.setattr(module, 'load_photo', load_photo)
    for name, settings in data_loaders(load(path)).items():
        if settings.dataset.type.endswith(WHOLE_VIDEOS):
            dataset = DATASETS.build(settings.dataset)
            assert len(dataset[0]['data_samples'].frames) >= 5, name
            continue
        steps = [s.type for s in settings.dataset.get('pipeline', ())]
        if 'views' not in settings.dataset and 'MultiView' not in steps:
            continue  # whole sequences, questions, detectors
        settings.update(batch_size=2, num_workers=0)
        settings.update(persistent_workers=False, pin_memory=False)
        if settings.dataset.type == 'EmbeddedPhotos':
            sampler = settings.sampler
            count = sampler.get('shot', 1) + sampler.get('query', 0)
            settings.dataset.update(per_class=count)
        loader = Runner.build_dataloader(settings, seed=0)
        batch = next(iter(loader))
        if 'Clip' in settings.dataset.type:
            plain, guided = batch['inputs']
            assert plain.shape == guided.shape and plain.ndim == 5
            assert all('affine' in sample for sample in batch['data_samples'])
            continue
        sizes = [tuple(view.shape[-2:]) for view in batch['inputs']]
        assert len(batch['data_samples']) == 2, name
        assert all(len(view) == 2 for view in batch['inputs']), name
        assert sizes == view_sizes(views_of(settings.dataset), sizes), name


def data_loaders(cfg):
    """The different loaders by their first name."""
    found = {
        f'{part}_dataloader': cfg.get(f'{part}_dataloader')
        for part in ('train', 'val', 'test')
    }
    for part in ('val', 'test'):
        loop = cfg.get(f'{part}_cfg') or {}
        found[f'{part}_bank'] = loop.get('bank_dataloader')
    different = {}
    for name, settings in found.items():
        if settings is not None and settings not in different.values():
            different[name] = settings
    return different


def views_of(dataset):
    """The views, given directly or to a step of the pipeline."""
    if dataset.type == 'UnpairedImageDataset':
        return dataset.views * 2  # one of each domain
    if 'patches' in dataset:  # ORL: two of the picture, two pairs of regions
        return [*dataset.views, *dataset.patches, *dataset.patches]
    if 'views' in dataset:
        return dataset.views
    (step,) = (s for s in dataset.pipeline if s.type == 'MultiView')
    return step.views


def view_sizes(views, sizes):
    """Sizes that the views ask for; those met where they do not say."""
    wanted = [
        view.get('size') for view in views for _ in range(view.get('num', 1))
    ]
    return [
        met if size is None else (size, size)
        for size, met in zip(wanted, sizes, strict=True)
    ]
