# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""GAN losses and the memory of translated pictures."""

import random

import torch
import torch.nn.functional as F
from torch import Tensor

GAN_TYPES = ('lsgan', 'vanilla')


def gan_loss(logits: Tensor, real: bool, gan_type: str = 'lsgan') -> Tensor:
    r"""How far verdicts are from "real" or "translated".

    .. math::
        \text{lsgan: } \overline{(p - t)^2}, \quad
        \text{vanilla: binary cross-entropy of } p \text{ and } t, \quad
        t = [\text{real}]

    Args:
        logits (Tensor): p, any shape, without sigmoid.
        real (bool): What they should say.
        gan_type (str): 'lsgan' or 'vanilla'.

    Returns:
        Tensor: Scalar, mean over all verdicts; single precision or better.

    Raises:
        ValueError: Unknown type.
    """
    if gan_type not in GAN_TYPES:
        raise ValueError(
            f'gan_type must be one of {", ".join(GAN_TYPES)}, got {gan_type!r}'
        )
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    target = torch.full_like(logits, float(real))
    if gan_type == 'lsgan':
        return F.mse_loss(logits, target)
    return F.binary_cross_entropy_with_logits(logits, target)


class ImagePool:
    """Lets a discriminator also see pictures of earlier generators.

    Until it is full a picture is stored and returned.  Then, for each
    picture of a batch in turn, p is drawn from [0, 1): above 0.5 a random
    stored picture is returned and replaced by the new one, else the new one
    is returned and not stored.

    It is no part of the checkpoint: a resumed run starts with an empty one,
    as the authors' does.

    Args:
        size (int): Pictures kept; 0 returns all as they come.
        rng (random.Random, optional): Source of the draws; the global
            generator of Python by default.
    """

    def __init__(
        self, size: int = 50, rng: random.Random | None = None
    ) -> None:
        if size < 0:
            raise ValueError(f'the size of a pool must be >= 0, got {size}')
        self.size = size
        self.rng = rng or random
        self.images: list[Tensor] = []

    def query(self, images: Tensor) -> Tensor:
        """Exchange a batch.

        Args:
            images (Tensor): (n, c, h, w); detached here.

        Returns:
            Tensor: (n, c, h, w), without gradient.
        """
        images = images.detach()
        if self.size == 0:
            return images
        return torch.stack([self._exchange(image) for image in images])

    def _exchange(self, image: Tensor) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if self.rng.uniform(0, 1) <= 0.5:
            return image
        slot = self.rng.randint(0, self.size - 1)
        stored, self.images[slot] = self.images[slot], image.clone()
        return stored
