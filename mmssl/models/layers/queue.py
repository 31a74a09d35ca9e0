# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The embeddings of earlier batches: negatives of MoCo, company of SwAV."""

import math

import torch
import torch.nn.functional as F
from mmengine.dist import get_world_size
from torch import Tensor, nn

from .gather import all_gather

INITS = ('unit', 'uniform')


class FeatureQueue(nn.Module):
    """A ring of the newest embeddings of all processes, in order.

    :meth:`push` only remembers a batch; :meth:`write` puts everything that
    was pushed into the ring, over the oldest rows.  So the losses of all
    micro-batches of one optimizer step see the same ring.  Every process
    gathers the same rows and holds the same ring.

    The ring starts random, drawn with a seed of its own, so that it too is
    equal on all processes.

    Args:
        dim (int): d, width of an embedding.
        length (int): m, rows of the ring; a multiple of the batch of all
            processes together, unless batches may wrap.
        gather (bool): Hold the rows of all processes; False keeps those of
            each process to itself.
        init (str): 'unit': random unit rows; 'uniform': entries evenly in
            [-s, s], s = 1 / sqrt(d / 3), so of unit length in the mean (the
            code of rho-MoCo).
        wrap (bool): A batch may run over the end of the ring (DSM, whose
            queue has 3569 rows); it must only fit into it.

    Raises:
        ValueError: If length is not above 0 or init unknown.
    """

    def __init__(
        self,
        dim: int,
        length: int,
        gather: bool = True,
        init: str = 'unit',
        wrap: bool = False,
    ) -> None:
        super().__init__()
        if length < 1:
            raise ValueError(f'queue length must be > 0, got {length}')
        if init not in INITS:
            raise ValueError(f'queue init must be in {INITS}, got {init!r}')
        self.gather = gather
        self.wrap = wrap
        generator = torch.Generator().manual_seed(0)
        if init == 'unit':
            rows = torch.randn(length, dim, generator=generator)
            rows = F.normalize(rows, dim=1)
        else:
            rows = torch.rand(length, dim, generator=generator)
            rows = (2 * rows - 1) / math.sqrt(dim / 3)
        self.register_buffer('rows', rows)  # (m, d)
        self.register_buffer('written', torch.zeros((), dtype=torch.long))
        self.pending: list[Tensor] = []

    @property
    def pointer(self) -> int:
        """int: Row that is written next, the oldest one."""
        return int(self.written % len(self.rows))

    @property
    def full(self) -> bool:
        """bool: Whether every random row has been replaced."""
        return bool(self.written >= len(self.rows))

    def push(self, embeddings: Tensor) -> None:
        """Gather a batch over processes and keep it for :meth:`write`.

        Args:
            embeddings (Tensor): (n, d) of this process.

        Raises:
            ValueError: If the batch of all processes does not divide the
                length (with ``wrap``: is longer), or the width differs.
        """
        if embeddings.shape[1] != self.rows.shape[1]:
            raise ValueError(
                f'the queue holds rows of {self.rows.shape[1]} numbers, got '
                f'embeddings of {embeddings.shape[1]}; the last entry of '
                'sizes of the neck is the width of the queue'
            )
        batch = len(embeddings) * (get_world_size() if self.gather else 1)
        if self.wrap and batch > len(self.rows):
            raise ValueError(
                f'the queue has {len(self.rows)} rows and cannot hold the '
                f'batch of all processes, {batch}; raise queue_length or '
                'lower batch_size'
            )
        if not self.wrap and len(self.rows) % batch:
            raise ValueError(
                'the queue length must be a multiple of the batch of all '
                f'processes, got a queue of {len(self.rows)} and a batch of '
                f'{batch}; change queue_length or batch_size, and set '
                'drop_last=True in train_dataloader'
            )
        rows = embeddings.detach()
        self.pending.append(all_gather(rows) if self.gather else rows)

    @torch.no_grad()
    def write(self) -> None:
        """Write all pushed rows, in the order of pushes, then of ranks."""
        if not self.pending:
            return
        new = torch.cat(self.pending)
        self.pending.clear()
        self.written += len(new)
        kept = new[-len(self.rows) :].to(self.rows)
        age = torch.arange(-len(kept), 0, device=kept.device)
        index = (self.written + age) % len(self.rows)
        self.rows.index_copy_(0, index, kept)
