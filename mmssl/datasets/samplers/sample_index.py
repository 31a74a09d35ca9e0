# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""An index that carries the key of all random numbers of its sample."""


class SampleIndex(int):
    """An int that knows the seed and the epoch for which it was drawn.

    Datasets draw every random number of a sample from ``key`` (and the view
    number), so that neither the worker that happens to load a sample nor
    the samples before it can matter.

    Args:
        value (int): Position in the dataset.
        seed (int): Seed of the run, >= 0.
        epoch (int): Pass over the data, >= 0.
    """

    def __new__(
        cls, value: int, seed: int = 0, epoch: int = 0
    ) -> 'SampleIndex':
        self = super().__new__(cls, value)
        self.seed = seed
        self.epoch = epoch
        return self

    @property
    def key(self) -> tuple[int, int, int]:
        """(seed, epoch, index)."""
        return self.seed, self.epoch, int(self)

    def __reduce__(self) -> tuple:
        return SampleIndex, (int(self), self.seed, self.epoch)
