# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmssl.datasets import EpochSampler, LengthBucketBatchSampler


class Lengths:
    """A data set of which only lengths are known."""

    def __init__(self, count=100):
        rng = np.random.default_rng(0)
        self.lengths = rng.integers(1, 100, count)

    def __len__(self):
        return len(self.lengths)

    def length(self, index):
        return int(self.lengths[index])


def make(epoch=0, seed=0, data=None, **settings):
    sampler = EpochSampler(data or Lengths(), seed=seed)
    sampler.set_epoch(epoch)
    return LengthBucketBatchSampler(sampler, batch_size=8, **settings)


def padding(batches, data):
    return sum(
        max(map(data.length, batch)) - data.length(index)
        for batch in batches
        for index in batch
    )


def test_every_sample_comes_once_with_its_key():
    batches = list(make(epoch=3))
    assert len(batches) == len(make()) == 13
    indices = [index for batch in batches for index in batch]
    assert sorted(map(int, indices)) == list(range(100))
    assert all(index.key == (0, 3, int(index)) for index in indices)


def test_there_is_less_padding_and_still_another_order_each_epoch():
    data = Lengths()
    plain = list(EpochSampler(data, seed=0))
    naive = [plain[i : i + 8] for i in range(0, 100, 8)]
    assert padding(make(), data) < padding(naive, data) / 5
    assert list(make()) == list(make())
    assert list(make()) != list(make(epoch=1)) != list(make(seed=1))
    lengths = [data.length(batch[0]) for batch in make()]
    assert lengths != sorted(lengths)
    ordered = [data.length(batch[0]) for batch in make(shuffle=False)]
    assert ordered == sorted(ordered)


def test_a_last_batch_that_is_not_full_can_be_dropped():
    batches = list(make(drop_last=True))
    assert len(batches) == len(make(drop_last=True)) == 12
    assert {len(batch) for batch in batches} == {8}


def test_a_resumed_pass_begins_where_it_was_left():
    whole = list(make())
    sampler = make()
    sampler.skip_batches(5)
    assert list(sampler) == whole[5:]
    assert list(sampler) == whole  # the next pass is whole again


@pytest.mark.parametrize('settings', [dict(window=0), dict(window=-2)])
def test_impossible_windows_are_refused(settings):
    with pytest.raises(ValueError, match='must be at least 1'):
        make(**settings)
