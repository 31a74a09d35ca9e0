# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Every shipped config loads, builds all its parts, and states its numbers.

The data sets that they name are made here with four pictures each.
"""

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

import mmssl.engine
import mmssl.evaluation
import mmssl.models  # noqa: F401
from mmssl.datasets import embedded_photos
from mmssl.datasets.image_dataset import DATA_ROOT_VARIABLE
from mmssl.registry import HOOKS, LOOPS, METRICS, MODELS, PARAM_SCHEDULERS

CONFIGS = Path(__file__).parents[2] / 'configs'
BASES = sorted((CONFIGS / '_base_').rglob('*.py'))
SHIPPED = sorted(set(CONFIGS.rglob('*.py')) - set(BASES))
EPOCH_LENGTH = 100
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
    folders.append('image900')
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
    (root / 'imagenet/meta').mkdir()
    for share in (1, 10):
        text = '\n'.join(f'{name} 0' for name in names)
        (root / f'imagenet/meta/train_{share}percent.txt').write_text(text)
    for data in ('miniimagenet', 'cub200', 'fewshot_mini'):
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
    return root


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
    for split in ('train', 'val', 'test'):
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
    for root in re.findall(r'data_root\s*=\s*[\'"]([^\'"]*)', text):
        assert root.startswith('data/') and root.endswith('/')


@every
def test_the_learning_rate_says_its_batch_and_the_name_agrees(path):
    cfg = load(path)
    if cfg.get('train_dataloader') is None:
        return
    batch = cfg.train_dataloader.batch_size
    base = cfg.auto_scale_lr.base_batch_size
    named = re.search(r'_(\d+)xb(\d+)-(?:.*-)?(\d+)e_', path.stem)
    if named is None:
        assert base == batch
        return
    gpus, named_batch, epochs = map(int, named.groups())
    assert (named_batch, epochs) == (batch, cfg.train_cfg.max_epochs)
    assert base == gpus * batch


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
        for metric in cfg.get(f'{part}_evaluator') or []:
            # One that opens its file of true boxes at once.
            if 'ann_file' not in metric:
                assert METRICS.build(metric)


@every
def test_every_data_loader_gives_the_views_of_a_batch(
    path, tiny_data, monkeypatch
):
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tiny_data))
    monkeypatch.setattr(embedded_photos, 'load_photo', load_photo)
    for name, settings in data_loaders(load(path)).items():
        if 'views' not in settings.dataset:
            continue  # whole sequences
        settings.update(batch_size=2, num_workers=0)
        settings.update(persistent_workers=False, pin_memory=False)
        if settings.dataset.type == 'EmbeddedPhotos':
            sampler = settings.sampler
            count = sampler.get('shot', 1) + sampler.get('query', 0)
            settings.dataset.update(per_class=count)
        loader = Runner.build_dataloader(settings, seed=0)
        batch = next(iter(loader))
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
