# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pickle

import pytest

from mmssl.datasets.samplers import EpochSampler, SampleIndex, epoch_sampler


def ranks(monkeypatch, world_size, size=10, epoch=0, **settings):
    """The indices that each rank draws."""
    drawn = []
    for rank in range(world_size):
        monkeypatch.setattr(
            epoch_sampler, 'get_dist_info', lambda r=rank: (r, world_size)
        )
        sampler = EpochSampler(range(size), seed=3, **settings)
        sampler.set_epoch(epoch)
        drawn.append(list(sampler))
        assert len(sampler) == len(drawn[-1])
    return drawn


def test_an_index_carries_its_key_through_a_pickle():
    index = pickle.loads(pickle.dumps(SampleIndex(7, seed=2, epoch=5)))
    assert (index, index.key) == (7, (2, 5, 7))
    assert 'abcdefgh'[index] == 'h'


def test_ranks_share_one_permutation(monkeypatch):
    (alone,) = ranks(monkeypatch, 1)
    assert sorted(alone) == list(range(10)) and alone != sorted(alone)
    assert {index.key[:2] for index in alone} == {(3, 0)}
    first, second = ranks(monkeypatch, 2)
    assert first == alone[::2] and second == alone[1::2]


def test_epochs_and_seeds_differ_and_repeat():
    def order(seed, epoch):
        sampler = EpochSampler(range(50), seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    orders = [order(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(o) for o in orders}) == 4
    assert order(1, 1) == orders[3]


@pytest.mark.parametrize('shuffle', [True, False])
def test_short_data_are_repeated_from_the_beginning(monkeypatch, shuffle):
    drawn = ranks(monkeypatch, 4, shuffle=shuffle)
    assert [len(d) for d in drawn] == [3] * 4
    (alone,) = ranks(monkeypatch, 1, shuffle=shuffle)
    together = [drawn[i % 4][i // 4] for i in range(12)]
    assert together == alone + alone[:2]
    tiny = ranks(monkeypatch, 4, size=1, shuffle=shuffle)
    assert tiny == [[0]] * 4


def test_without_rounding_up_every_sample_is_drawn_once(monkeypatch):
    drawn = ranks(monkeypatch, 4, shuffle=False, round_up=False)
    assert drawn == [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]


def test_skipping_leaves_out_the_beginning_of_one_pass():
    sampler = EpochSampler(range(10), seed=3)
    whole = list(sampler)
    sampler.skip(4)
    assert len(sampler) == 10
    assert list(sampler) == whole[4:]
    assert list(sampler) == whole
