# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Random numbers of samples, and what happens to bad files."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from numbered_pictures import NAMES, WHOLE, encode, number_picture, numbers
from torch.utils.data import DataLoader

from mmssl.datasets import (
    EpochSampler,
    ImageFolder,
    SampleIndex,
    collate_views,
)
from mmssl.datasets.image_dataset import DataError, ImageDataset
from mmssl.datasets.sources import ArraySource
from mmssl.registry import DATASETS, TRANSFORMS
from mmssl.utils.build_errors import ConfigError, explained
from mmssl.utils.errors import UsageError

VIEWS = [
    dict(num=2, size=8, jitter=(0.4, 0.4, 0.4, 0.1), blur_prob=0.5),
    dict(size=6, area=(0.05, 0.2)),
]


@TRANSFORMS.register_module(force=True)
class Draws:
    """A transform of another toolbox: draws from the global generators."""

    def __call__(self, results):
        results['drawn'] = (
            random.random(), np.random.rand(), float(torch.rand(()))
        )  # fmt: skip
        return results


Draws.__module__ = 'another.toolbox'


def noise(size=12, **settings):
    images = np.random.default_rng(0).integers(
        0, 256, (size, 16, 20, 3), dtype=np.uint8
    )
    settings.setdefault('views', VIEWS)
    return ImageDataset(ArraySource(images, 'noise'), **settings)


def load(workers, epoch=0, skip=0, seed=3, **settings):
    """All views of a pass, sample by sample, and the samples' indices."""
    dataset = noise(**settings)
    sampler = EpochSampler(dataset, seed=seed)
    sampler.set_epoch(epoch)
    sampler.skip(skip)
    loader = DataLoader(
        dataset, 4, sampler=sampler, num_workers=workers,
        collate_fn=collate_views,
    )  # fmt: skip
    batches = list(loader)
    views = [
        torch.cat([batch['inputs'][v] for batch in batches]) for v in range(3)
    ]
    samples = [s for batch in batches for s in batch['data_samples']]
    return views, samples


@pytest.mark.parametrize('workers', [1, 2])
def test_views_do_not_depend_on_the_number_of_workers(workers):
    views, samples = load(0)
    other_views, other_samples = load(workers)
    for view, other in zip(views, other_views, strict=True):
        assert torch.equal(view, other)
    assert [s.views for s in samples] == [s.views for s in other_samples]


@pytest.mark.parametrize('workers', [0, 2])
def test_a_pass_entered_in_the_middle_is_its_rest(workers):
    views, samples = load(0)
    rest, rest_samples = load(workers, skip=8)
    for view, other in zip(views, rest, strict=True):
        assert torch.equal(view[8:], other)
    assert [s.views for s in samples[8:]] == [s.views for s in rest_samples]


def test_every_view_epoch_seed_and_sample_has_its_own_numbers():
    dataset = noise()
    keys = [(3, 0), (3, 1), (4, 0)]
    crops = [
        view.crop
        for seed, epoch in keys
        for i in range(len(dataset))
        for view in dataset[SampleIndex(i, seed, epoch)]['data_samples'].views
    ]
    assert len(crops) == 3 * 12 * 3
    # 16 x 20 pixels have few crops, so some may agree by chance.
    assert len(set(crops)) > 0.8 * len(crops)


def test_without_keys_workers_and_passes_differ():
    dataset = ImageDataset(
        ArraySource(np.zeros((8, 64, 64, 3), np.uint8), 'black'),
        views=[dict(size=4)],
    )
    torch.manual_seed(0)
    loader = DataLoader(
        dataset, 2, sampler=DefaultSampler(dataset, shuffle=False),
        num_workers=2, collate_fn=collate_views,
    )  # fmt: skip
    crops = [
        sample.views[0].crop
        for _ in range(2)
        for batch in loader
        for sample in batch['data_samples']
    ]
    assert len(set(crops)) == 16


def foreign(keys):
    dataset = noise(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Draws'),
            dict(type='MultiView', views=VIEWS),
            dict(type='PackViews', keys=('drawn',)),
        ],
        views=None,
    )
    return [dataset[SampleIndex(*key)]['data_samples'].drawn for key in keys]


def test_foreign_transforms_draw_from_the_same_key():
    keys = [(1, 3, 0), (2, 3, 0), (1, 3, 1), (1, 4, 0)]
    first = foreign(keys)
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    before = random.getstate()
    state = torch.get_rng_state()
    assert foreign(reversed(keys)) == first[::-1]
    assert random.getstate() == before  # a sample leaves no trace
    assert torch.equal(torch.get_rng_state(), state)
    assert len({number for drawn in first for number in drawn}) == 12


def test_a_dataset_survives_the_way_to_a_spawned_worker(folder):
    dataset = ImageFolder(str(folder), views=VIEWS)
    copy = pickle.loads(pickle.dumps(dataset))
    index = SampleIndex(2, 1, 0)
    for view, other in zip(
        dataset[index]['inputs'], copy[index]['inputs'], strict=True
    ):
        assert torch.equal(view, other)


def broken(folder, content=b'no picture', name=NAMES[1]):
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize(
    'content',
    [b'', b'no picture', encode(number_picture(3), '.jpg')[:-30],
     encode(number_picture(3))[:-20]],
    ids=['empty', 'text', 'truncated JPEG', 'truncated PNG'],
)  # fmt: skip
def test_an_unreadable_picture_is_replaced_by_the_next(
    folder, content, caplog
):
    path = broken(folder, content)
    dataset = ImageFolder(str(folder), views=WHOLE, max_bad_share=0.2)
    with caplog.at_level('WARNING'):
        assert numbers(dataset) == [1, 3, 3, 4, 5]
        assert numbers(dataset) == [1, 3, 3, 4, 5]
    assert dataset.bad == [path]
    sample = dataset[1]['data_samples']
    assert (sample.sample_idx, sample.path) == (2, f'{folder}/{NAMES[2]}')


def test_a_bad_picture_is_named_and_counted_once(folder, monkeypatch):
    lines = []
    monkeypatch.setattr(
        'mmssl.datasets.image_dataset.print_log',
        lambda text, **kwargs: lines.append(text),
    )
    path = broken(folder)
    (folder / NAMES[4]).unlink()
    (folder / NAMES[4]).symlink_to('nowhere')
    dataset = ImageFolder(str(folder), views=WHOLE, max_bad_share=0.5)
    numbers(dataset), numbers(dataset)
    assert len(lines) == 2
    assert lines[0].startswith(f'skipped 1/5 images, last: {path}: ')
    assert 'skipped 2/5' in lines[1] and 'No such file' in lines[1]


def test_too_many_bad_pictures_stop_the_run(folder):
    path = broken(folder)
    dataset = ImageFolder(str(folder), views=WHOLE, max_bad_share=0.1)
    with pytest.raises(
        DataError, match=f'1 of 5 .*max_bad_share=0.1 .*last: {path}'
    ):
        dataset[1]


def test_pictures_that_are_all_bad_end_even_if_allowed(folder):
    for name in NAMES:
        broken(folder, name=name)
    dataset = ImageFolder(str(folder), views=WHOLE, max_bad_share=1.0)
    with pytest.raises(DataError, match='5 of 5 images are unreadable'):
        dataset[0]


def test_workers_share_the_count_and_their_error_is_one_sentence(folder):
    paths = {broken(folder), broken(folder, name=NAMES[3])}
    loader = DataLoader(
        ImageFolder(str(folder), views=WHOLE, max_bad_share=0.4),
        num_workers=2, collate_fn=collate_views,
    )  # fmt: skip
    assert len(list(loader)) == 5
    assert set(loader.dataset.bad) == paths
    loader.dataset.max_bad_share = 0.3
    batches = iter(loader)
    with pytest.raises(DataError) as error:
        list(batches)
    batches._shutdown_workers()  # or the garbage collector waits for them
    assert str(error.value).startswith('2 of 5 images are unreadable')
    assert isinstance(error.value, UsageError)


@pytest.mark.parametrize(
    'img',
    [np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3), np.float32),
     np.zeros((2, 4, 4, 3), np.uint8)],
)  # fmt: skip
def test_an_array_of_another_kind_is_unreadable(img):
    dataset = ImageDataset(ArraySource(img[None], 'memory'), views=WHOLE)
    with pytest.raises(DataError, match=r'memory#0: .*3 \| 4\) uint8, got'):
        dataset[0]


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(views=None), 'give one of views and pipeline'),
        (dict(pipeline=[]), 'give one of views and pipeline'),
        (dict(max_bad_share=2), r'max_bad_share must be in \[0, 1\], got 2'),
        (dict(views=[]), 'views is empty'),
        (dict(views=[dict(size=8, num=0)]), 'num of a view must be >= 1'),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        noise(**settings)


def test_unknown_keys_name_the_class_and_the_nearest(folder):
    def build(**settings):
        with explained():
            DATASETS.build(
                dict(type='ImageFolder', data_root=str(folder), **settings)
            )

    with pytest.raises(ConfigError, match='RandomView has no argument sizes'):
        build(views=[dict(sizes=8)])
    with pytest.raises(ConfigError, match='did you mean blur_prob'):
        build(views=[dict(size=8, blur_probe=0.5)])
    with pytest.raises(ConfigError, match='RandomView needs size'):
        build(views=[dict(area=(0.2, 1.0))])
    with pytest.raises(ConfigError, match='LoadPicture is not in the mmssl'):
        build(pipeline=[dict(type='LoadPicture')])
    with pytest.raises(ConfigError, match='ImageFolder has no argument root'):
        build(root='here', views=WHOLE)
