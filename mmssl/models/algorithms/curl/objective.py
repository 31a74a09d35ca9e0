# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The evidence bounds of CURL as functions of tensors.

B samples, I pixels, A active components, D latent dimensions.  Section
numbers are those of https://arxiv.org/abs/1910.14481; where the paper leaves
a choice it is that of the authors' code,
https://github.com/deepmind/deepmind-research/tree/master/curl.
"""

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from mmssl.models.losses import full_precision


class Bound(NamedTuple):
    """Bound of each sample and its parts, (B,) each, in nats.

    ``ll = log_p_x - kl_z - kl_y``; the loss is the negative mean of ``ll``.
    """

    ll: Tensor
    log_p_x: Tensor
    kl_y: Tensor
    kl_z: Tensor


def bernoulli_log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    r"""Log likelihood of binary pixels, summed over pixels.

    .. math:: \sum_i x_i l_i - \log(1 + e^{l_i})

    Args:
        logits (Tensor): (..., B, I).
        x (Tensor): (B, I) in [0, 1].

    Returns:
        Tensor: (..., B), at most 0 for binary x.
    """
    return (x * logits - F.softplus(logits)).sum(-1)


@full_precision
def gaussian_kl(
    mean: Tensor, var: Tensor, prior_mean: Tensor, prior_var: Tensor
) -> Tensor:
    r"""KL divergence of diagonal Gaussians, summed over dimensions.

    .. math:: \sum_d \tfrac12\bigl(\log\tfrac{v_d}{\sigma^2_d}
        + \tfrac{\sigma^2_d + (\mu_d - m_d)^2}{v_d} - 1\bigr)

    Args:
        mean (Tensor): (..., D).
        var (Tensor): (..., D), variances, > 0.
        prior_mean (Tensor): Broadcast to mean.
        prior_var (Tensor): Broadcast to var.

    Returns:
        Tensor: (...), at least 0.
    """
    distance = (var + (mean - prior_mean).square()) / prior_var
    return 0.5 * (prior_var.log() - var.log() + distance - 1).sum(-1)


def cluster_kl(log_q: Tensor) -> Tensor:
    r"""KL divergence of q(y|x) from the uniform p(y).

    .. math:: \sum_{k<A} q_k (\log q_k + \log A)

    Args:
        log_q (Tensor): (..., A), log probabilities of active components.

    Returns:
        Tensor: (...), in [0, log A].
    """
    return (log_q.exp() * log_q).sum(-1) + math.log(log_q.shape[-1])


@full_precision
def unsupervised_bound(
    logits: Tensor,
    x: Tensor,
    log_q: Tensor,
    kl_z: Tensor,
    kly_over_batch: bool = False,
) -> Bound:
    r"""Evidence bound with the component summed out, section 2.2.

    .. math:: \sum_k q_k \bigl(\log p(x|z_k) - KL_k\bigr)
        - KL(q(y|x) \| p(y))

    The weights q stand outside the logarithm: it is an expectation of log
    likelihoods, not the likelihood of a mixture.  Nothing is detached.

    Args:
        logits (Tensor): (A, B, I), pixels of one z for each component.
        x (Tensor): (B, I) in [0, 1].
        log_q (Tensor): (B, A), log q(y|x).
        kl_z (Tensor): (A, B), KL of q(z|x,y) from p(z|y).
        kly_over_batch (bool): KL of the batch's mean q(y|x) instead of each
            sample's; the same value for all samples.

    Returns:
        Bound: Parts weighted by q.
    """
    q = log_q.exp()
    log_p_x = (q * bernoulli_log_likelihood(logits, x).T).sum(1)
    kl_z = (q * kl_z.T).sum(1)
    kl_y = cluster_kl(log_q)
    if kly_over_batch:
        kl_y = cluster_kl(q.mean(0).log()).expand_as(kl_y)
    return Bound(log_p_x - kl_z - kl_y, log_p_x, kl_y, kl_z)


@full_precision
def labelled_bound(
    logits: Tensor, x: Tensor, log_q: Tensor, kl_z: Tensor, labels: Tensor
) -> Bound:
    r"""Evidence bound of samples whose component is known, section 2.5.

    .. math:: \log p(x|z_c) - KL_c + \log q(y = c|x)

    Args:
        logits (Tensor): (B, I), pixels of z of the known component.
        x (Tensor): (B, I) in [0, 1].
        log_q (Tensor): (B, A), log q(y|x).
        kl_z (Tensor): (B,), KL of the known component.
        labels (Tensor): (B,) int64 in [0, A).

    Returns:
        Bound: ``kl_y`` is the cross entropy of the label.
    """
    log_p_x = bernoulli_log_likelihood(logits, x)
    kl_y = -log_q.gather(1, labels[:, None])[:, 0]
    return Bound(log_p_x - kl_z - kl_y, log_p_x, kl_y, kl_z)
