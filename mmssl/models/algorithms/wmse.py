# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""W-MSE: whitened embeddings of views of one picture meet.

views -> backbone (view by view) -> projector (all views) -> whitening inside
random sub-batches -> mean squared distance of partners
"""

import warnings
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from mmssl.models.losses import embedding_distance, full_precision
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


def covariance(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and unbiased covariance of rows.

    Args:
        x (Tensor): (..., w, d), w rows each.

    Returns:
        tuple[Tensor, Tensor]: (..., 1, d) and (..., d, d).
    """
    mean = x.mean(-2, keepdim=True)
    centred = x - mean
    return mean, centred.mT @ centred / (x.shape[-2] - 1)


def whiten_with(x: Tensor, mean: Tensor, cov: Tensor, eps: float) -> Tensor:
    r"""Whiten rows by given statistics: ``(x - mean) L^-T``.

    .. math:: (1 - \epsilon) \Sigma + \epsilon I = L L^T

    Args:
        x (Tensor): (..., w, d).
        mean (Tensor): (..., 1, d).
        cov (Tensor): (..., d, d).
        eps (float): Shrinkage towards the identity, in [0, 1].

    Returns:
        Tensor: (..., w, d).

    Raises:
        ValueError: If a covariance is not positive definite; names the
            group and its smallest eigenvalue.
    """
    eye = torch.eye(cov.shape[-1], dtype=cov.dtype, device=cov.device)
    shrunk = (1 - eps) * cov + eps * eye
    factor, failed = torch.linalg.cholesky_ex(shrunk)
    if failed.any():
        group = int(failed.flatten().nonzero()[0])
        matrix = shrunk.detach().reshape(-1, *shrunk.shape[-2:])[group]
        raise ValueError(
            f'the covariance of whitening group {group} is not positive '
            'definite (smallest eigenvalue '
            f'{torch.linalg.eigvalsh(matrix)[0].item():.3g}); raise w_size, '
            f'or set eps above {eps:g}, for example eps=1e-3'
        )
    return torch.linalg.solve_triangular(factor, (x - mean).mT, upper=False).mT


@full_precision
def cholesky_whitening(x: Tensor, eps: float = 0.0) -> Tensor:
    r"""Rows with zero mean and identity covariance; gradients flow through.

    .. math:: Z = (X - \mu) L^{-T}, \quad
        L L^T = (1 - \epsilon) \Sigma + \epsilon I

    Section 3.1 of https://arxiv.org/abs/2007.06346; the covariance is the
    unbiased one and L has a positive diagonal.

    Args:
        x (Tensor): (..., w, d); every group of w rows is whitened alone.
        eps (float): Shrinkage towards the identity, in [0, 1].

    Returns:
        Tensor: (..., w, d).

    Raises:
        ValueError: If a covariance is singular.
    """
    return whiten_with(x, *covariance(x), eps)


class CholeskyWhitening(nn.Module):
    """Whitening layer, with running statistics for evaluation if asked for.

    Args:
        num_features (int): d.
        eps (float): Shrinkage towards the identity.
        momentum (float): Share of the NEW statistics taken, as in
            PyTorch's batch norm.
        track_running_stats (bool): Keep running mean (from 0) and
            covariance (from the identity, before shrinkage), and use them
            in eval mode.  W-MSE trains without.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 0.0,
        momentum: float = 0.01,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self.register_buffer('running_mean', torch.zeros(num_features))
            self.register_buffer('running_cov', torch.eye(num_features))

    def forward(self, x: Tensor) -> Tensor:
        """(w, d) to whitened (w, d), in the input's dtype or float32."""
        if not self.track_running_stats:
            return cholesky_whitening(x, self.eps)
        return self._track(x)

    @full_precision
    def _track(self, x: Tensor) -> Tensor:
        if not self.training:
            mean, cov = self.running_mean, self.running_cov
            return whiten_with(x, mean, cov, self.eps)
        mean, cov = covariance(x)
        with torch.no_grad():
            self.running_mean.lerp_(mean.squeeze(-2), self.momentum)
            self.running_cov.lerp_(cov, self.momentum)
        return whiten_with(x, mean, cov, self.eps)


def check_w_size(n: int, d: int, w_size: int, eps: float) -> None:
    """Refuse sub-batches that cannot be whitened.

    Raises:
        ValueError: If w_size does not divide the batch, or if w_size <= d
            without shrinkage, where the covariance is singular.
    """
    if n % w_size:
        raise ValueError(
            f'w_size must divide the batch of each process, got a batch of '
            f'{n} and w_size={w_size}; change batch_size, or set '
            'drop_last=True in train_dataloader'
        )
    if w_size <= d and eps == 0:
        raise ValueError(
            f'singular covariance: w_size={w_size} rows cannot whiten '
            f'{d}-dimensional embeddings; raise w_size above {d} (published: '
            'twice the embedding) or set eps above 0'
        )


@full_precision
def wmse_loss(
    embeddings: Tensor,
    w_size: int,
    w_iter: int = 1,
    normalize: bool = True,
    eps: float = 0.0,
    perms: Sequence[Tensor] | None = None,
) -> Tensor:
    r"""Distance of whitened partners, averaged over pairs and repeats.

    Each repeat cuts one random permutation of the pictures, the same for
    all views, into groups of w_size; each view of each group is whitened on
    its own statistics.  Eq. 6 and section 3.2 of
    https://arxiv.org/abs/2007.06346; nothing is detached.

    Args:
        embeddings (Tensor): (v, n, d), v >= 2 views of n pictures.
        w_size (int): w, rows of a group; divides n, above d.
        w_iter (int): R, repeats with new permutations.
        normalize (bool): Distance on the unit sphere, or Euclidean.
        eps (float): Shrinkage of the covariance towards the identity.
        perms (Sequence[Tensor], optional): w_iter permutations (n,) to use
            instead of random ones.

    Returns:
        Tensor: Scalar; with normalize in [0, 4], 2 for unrelated views.

    Raises:
        ValueError: If w_size does not fit n and d, or a group's covariance
            is singular.
    """
    views, n, d = embeddings.shape
    check_w_size(n, d, w_size, eps)
    losses = []
    for repeat in range(w_iter):
        perm = (
            torch.randperm(n, device=embeddings.device)
            if perms is None
            else perms[repeat]
        )
        groups = embeddings[:, perm].view(views, -1, w_size, d)
        white = cholesky_whitening(groups, eps).view(views, n, d)
        losses += [
            embedding_distance(a, b, normalize)
            for a, b in combinations(white, 2)
        ]
    return torch.stack(losses).mean()


@MODELS.register_module()
class WMSE(BaseSelfSupervisor):
    r"""Whitening for Self-Supervised Representation Learning.

    Paper https://arxiv.org/abs/2007.06346, code
    https://github.com/htdt/self-supervised.  Whitening spreads the
    embeddings, so that neither negatives nor a second network are needed.

    On several processes each whitens its own sub-batches: they are random
    subsets anyway, so the expected loss is the same and nothing is gathered.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w); n is a multiple of
    w_size.  The backbone sees the views one by one, the projector all
    together.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector; its embedding has d values.
        w_size (int): w, rows of a whitening group; published: 2 d.
        w_iter (int): R, whitening repeats with new permutations.
        normalize (bool): Distance on the unit sphere (published default)
            or Euclidean.
        eps (float): Shrinkage of the covariance towards the identity.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        w_size: int,
        w_iter: int = 1,
        normalize: bool = True,
        eps: float = 0.0,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if w_iter < 1:
            raise ValueError(f'w_iter must be at least 1, got {w_iter}')
        if not 0 <= eps <= 1:
            raise ValueError(f'eps must be in [0, 1], got {eps}')
        embed_dim = neck['sizes'][-1] if 'sizes' in neck else 0
        if w_size < 2 * embed_dim:
            warnings.warn(
                f'w_size={w_size} is below twice the embedding '
                f'({embed_dim}): whitening leaves little signal; the '
                f'published settings use w_size={2 * embed_dim}'
            )
        self.w_size = w_size
        self.w_iter = w_iter
        self.normalize = normalize
        self.eps = eps

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """The W-MSE loss of all pairs of views."""
        features = self.pooled_features(inputs, jointly=False)
        embeddings = torch.stack(self.neck(features).chunk(len(inputs)))
        return dict(
            loss=wmse_loss(
                embeddings, self.w_size, self.w_iter, self.normalize, self.eps
            )
        )
