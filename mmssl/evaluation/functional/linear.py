# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Linear classifiers on frozen features: W-MSE's probe and L-BFGS."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.evaluation.functional.accuracy import rank_classes, topk_accuracy


class ProbeResult(NamedTuple):
    """What a probe found.

    ``weight`` (classes, d), ``bias`` (classes,): the classifier;
    ``ranked`` (n_test, <= 5): classes, best first; ``accuracy``: 'top1'
    and 'top5' in [0, 1].
    """

    weight: Tensor
    bias: Tensor
    ranked: Tensor
    accuracy: dict[str, float]


def linear_probe(
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    epochs: int = 500,
    lr: float = 1e-2,
    lr_end: float = 1e-6,
    weight_decay: float = 5e-6,
    batch_size: int = 1000,
    num_classes: int | None = None,
    generator: torch.Generator | None = None,
    init: tuple[Tensor, Tensor] | None = None,
    perms: Sequence[Tensor] | None = None,
) -> ProbeResult:
    r"""The linear evaluation of W-MSE (https://arxiv.org/abs/2007.06346).

    One linear layer on raw features, cross-entropy, Adam with L2 in the
    gradient, a new permutation each epoch, and

    .. math:: lr_e = lr \cdot (lr_{end} / lr)^{e / epochs}

    Departure from github.com/htdt/self-supervised: the numbers of rows need
    not be multiples of the batch; the last batch is then a smaller one.

    Args:
        train_x (Tensor): (n, d) features, not normalised.
        train_y (Tensor): (n,) int64.
        test_x (Tensor): (q, d).
        test_y (Tensor): (q,) int64.
        epochs (int): Passes over the training rows, >= 1.
        lr (float): Learning rate of the first epoch.
        lr_end (float): Learning rate that the decay would reach after the
            last epoch, > 0.
        weight_decay (float): L2 coefficient.
        batch_size (int): Rows a step.
        num_classes (int, optional): Defaults to the largest label + 1.
        generator (torch.Generator, optional): Of initial weights and
            permutations, on the CPU; defaults to one with seed 0, so that
            the global random state is neither used nor moved.
        init (tuple[Tensor, Tensor], optional): Initial weight and bias;
            defaults to those of ``nn.Linear``.
        perms (Sequence[Tensor], optional): A permutation (n,) each epoch.

    Returns:
        ProbeResult: On the device of ``train_x``.

    Raises:
        ValueError: If there are no training rows, or labels are missing.
    """
    num_classes = _check(train_x, train_y, test_y, num_classes)
    generator = generator or torch.Generator().manual_seed(0)
    parameters = init or _linear_init(train_x, num_classes, generator)
    weight, bias = (
        p.detach().clone().to(train_x).requires_grad_() for p in parameters
    )
    optimizer = torch.optim.Adam(
        [weight, bias], lr=lr, weight_decay=weight_decay
    )
    decay = torch.optim.lr_scheduler.ExponentialLR(
        optimizer, (lr_end / lr) ** (1 / epochs)
    )
    train_y = train_y.to(train_x.device)
    with torch.enable_grad():
        for epoch in range(epochs):
            order = (
                torch.randperm(len(train_x), generator=generator)
                if perms is None
                else perms[epoch].long()
            )
            for rows in order.to(train_x.device).split(batch_size):
                optimizer.zero_grad()
                logits = F.linear(train_x[rows], weight, bias)
                F.cross_entropy(logits, train_y[rows]).backward()
                optimizer.step()
            decay.step()
    weight, bias = weight.detach(), bias.detach()
    logits = F.linear(test_x.to(train_x), weight, bias)
    ranked = rank_classes(logits)
    return ProbeResult(weight, bias, ranked, topk_accuracy(ranked, test_y))


def _check(
    train_x: Tensor, train_y: Tensor, test_y: Tensor, num_classes: int | None
) -> int:
    """The number of classes, after a look at what was given."""
    if len(train_x) == 0 or len(train_x) != len(train_y):
        raise ValueError(
            'a probe needs training rows with one label each, got '
            f'{len(train_x)} rows and {len(train_y)} labels'
        )
    least = min(train_y.min().item(), test_y.min().item())
    most = max(train_y.max().item(), test_y.max().item())
    num_classes = num_classes or most + 1
    if least < 0 or most >= num_classes:
        raise ValueError(
            f'labels must be in [0, {num_classes}), got {least}..{most}'
        )
    return num_classes


def _linear_init(
    features: Tensor, num_classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weight and bias as ``nn.Linear`` draws them, from a generator."""
    size = features.shape[1]
    bound = size**-0.5
    shapes = ((num_classes, size), (num_classes,))
    return tuple(
        torch.empty(s).uniform_(-bound, bound, generator=generator)
        for s in shapes
    )


def logistic_probe(
    train_x: Tensor,
    train_y: Tensor,
    test_x: Tensor,
    test_y: Tensor,
    max_iter: int = 1000,
    C: float = 1.0,
) -> ProbeResult:
    """Multinomial logistic regression by scikit-learn's L-BFGS.

    W-MSE's ``test`` script offers it beside its probe.

    Args:
        train_x (Tensor): (n, d).
        train_y (Tensor): (n,) int64, at least two classes.
        test_x (Tensor): (q, d).
        test_y (Tensor): (q,) int64.
        max_iter (int): Iterations at most.
        C (float): Inverse strength of the L2 penalty.

    Returns:
        ProbeResult: On the CPU; a class without training rows has weight 0
        and bias -inf.

    Raises:
        ValueError: As :func:`linear_probe`, or with one class only.
    """
    from sklearn.linear_model import LogisticRegression

    num_classes = _check(train_x, train_y, test_y, None)
    classes = train_y.unique().cpu()
    if len(classes) < 2:
        raise ValueError(
            'logistic regression needs at least two classes in the training '
            f'rows, got {len(classes)}'
        )
    model = LogisticRegression(max_iter=max_iter, C=C)
    model.fit(train_x.cpu().numpy(), train_y.cpu().numpy())
    coefficients = torch.from_numpy(model.coef_).float()
    intercept = torch.from_numpy(model.intercept_).float()
    if len(classes) == 2:  # scikit-learn then keeps one row
        coefficients = torch.cat([-coefficients, coefficients]) / 2
        intercept = torch.cat([-intercept, intercept]) / 2
    weight = torch.zeros(num_classes, train_x.shape[1])
    bias = torch.full((num_classes,), -torch.inf)
    weight[classes], bias[classes] = coefficients, intercept
    ranked = rank_classes(F.linear(test_x.cpu().float(), weight, bias))
    return ProbeResult(
        weight, bias, ranked, topk_accuracy(ranked, test_y.cpu())
    )
