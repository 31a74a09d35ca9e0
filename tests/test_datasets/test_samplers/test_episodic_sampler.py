# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from golden import load_golden

from mmssl.datasets.samplers import EpisodicSampler, episodic_sampler
from mmssl.utils.episodes import EpisodeShape, draw_episode, rows_of_classes
from mmssl.utils.errors import UsageError

LABELS = torch.arange(6).repeat_interleave(8)


def dataset(labels=LABELS, classes=()):
    """Labels only: a picture that were loaded would fail."""
    return SimpleNamespace(labels=labels.numpy(),
                           metainfo=dict(classes=classes))  # fmt: skip


def sampler(**settings):
    settings = dict(n_episodes=7, way=3, shot=2, query=3, seed=0) | settings
    return EpisodicSampler(dataset(), **settings)


def test_episodes_are_the_authors():
    g = load_golden('ssl_fewshot/categories_sampler.npz')
    per_class = g['n_per'].item()
    shape = EpisodeShape(g['way'].item(), 1, per_class - 1)
    rows = rows_of_classes(g['labels'], shape)
    generator = torch.Generator().manual_seed(g['torch_seed'].item())
    for batch in g['batches']:
        assert torch.equal(draw_episode(rows, shape, generator), batch)


def test_an_episode_has_distinct_classes_and_pictures_shot_by_shot():
    drawn = torch.tensor([int(i) for i in sampler()]).view(7, 5, 3)
    for episode in drawn:
        assert episode.unique().numel() == 15
        labels = LABELS[episode]
        assert (labels == labels[0]).all()
        assert labels[0].unique().numel() == 3


def test_seeds_and_epochs_differ_and_repeat():
    def episodes(seed, epoch):
        one = sampler(seed=seed)
        one.set_epoch(epoch)
        return tuple(one)

    keys = [(s, e) for s in (0, 1) for e in (0, 1)]
    assert len({episodes(*key) for key in keys}) == 4
    assert episodes(1, 1) == episodes(1, 1)
    assert next(iter(sampler(seed=4))).key[:2] == (4, 0)


def test_ranks_share_the_episodes(monkeypatch):
    alone = list(sampler(n_episodes=6))
    for rank in range(2):
        monkeypatch.setattr(
            episodic_sampler, 'get_dist_info', lambda r=rank: (r, 2)
        )
        own = sampler(n_episodes=7)
        episodes = torch.tensor([int(i) for i in own]).view(-1, 15)
        assert len(own) == 45
        whole = torch.tensor([int(i) for i in alone]).view(-1, 15)
        assert torch.equal(episodes, whole[rank::2])
    with pytest.raises(ValueError, match='one a process'):
        sampler(n_episodes=1)


def test_a_resumed_pass_goes_on_where_it_stopped():
    whole, resumed = list(sampler()), sampler()
    resumed.skip(45)
    assert list(resumed) == whole[45:]
    assert list(resumed) == whole


def test_too_few_classes_or_pictures_are_named():
    with pytest.raises(UsageError, match='at least 9 classes.*have 6'):
        sampler(way=9)
    with pytest.raises(UsageError, match=r'class 0 has 8 pictures.*need 9'):
        sampler(query=7)
    short = dataset(LABELS[:-2], ['a', 'b', 'c', 'd', 'e', 'fox'])
    with pytest.raises(UsageError, match=r'class 5 \(fox\) has 6 pictures'):
        EpisodicSampler(short, way=3, shot=2, query=6)
