# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The embeddings of earlier batches: negatives of MoCo, company of SwAV."""

import torch
import torch.nn.functional as F
from mmengine.dist import get_world_size
from torch import Tensor, nn

from .gather import all_gather


class FeatureQueue(nn.Module):
    """A ring of the newest embeddings of all processes, in order.

    :meth:`push` only remembers a batch; :meth:`write` puts everything that
    was pushed into the ring, over the oldest rows.  So the losses of all
    micro-batches of one optimizer step see the same ring.  Every process
    gathers the same rows and holds the same ring.

    The ring starts as random unit rows, drawn with a seed of their own, so
    that they too are equal on all processes.

    Args:
        dim (int): d, width of an embedding.
        length (int): m, rows of the ring; a multiple of the batch of all
            processes together.

    Raises:
        ValueError: If length is not above 0.
    """

    def __init__(self, dim: int, length: int) -> None:
        super().__init__()
        if length < 1:
            raise ValueError(f'queue length must be > 0, got {length}')
        generator = torch.Generator().manual_seed(0)
        rows = torch.randn(length, dim, generator=generator)
        self.register_buffer('rows', F.normalize(rows, dim=1))  # (m, d)
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
                length.
        """
        batch = len(embeddings) * get_world_size()
        if len(self.rows) % batch:
            raise ValueError(
                'the queue length must be a multiple of the batch of all '
                f'processes, got a queue of {len(self.rows)} and a batch of '
                f'{batch}; change queue_length or batch_size, and set '
                'drop_last=True in train_dataloader'
            )
        self.pending.append(all_gather(embeddings.detach()))

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
