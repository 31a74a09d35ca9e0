# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CURL's bound of all components at once, against a loop over them.

    python benchmarks/curl_components.py

Forward and backward pass of the published MNIST model, 30 active components,
a batch of 100; the two take turns, medians of the processor's time (of the
clock on a GPU).
"""

import argparse
import statistics
import time

import torch
from torch import Tensor

import mmssl.models  # noqa: F401
from mmssl.models.algorithms.curl.curl import CURL
from mmssl.models.algorithms.curl.objective import (
    bernoulli_log_likelihood,
    cluster_kl,
    gaussian_kl,
)
from mmssl.registry import MODELS


def build(count: int) -> CURL:
    """The published model with all components active."""
    return MODELS.build(
        dict(
            type='mmssl.CURL',
            backbone=dict(
                type='mmssl.CURLEncoder', sizes=(784, 1200, 600, 300, 150)
            ),
            neck=dict(
                type='mmssl.MixtureLatent',
                in_features=150,
                latent_dim=32,
                n_components=count,
            ),
            head=dict(
                type='mmssl.BernoulliMLPDecoder', sizes=(32, 500, 500, 784)
            ),
            n_active=count,
        )
    )


def at_once(model: CURL, x: Tensor, noise: Tensor) -> Tensor:
    """As the method does it."""
    return -model.bound(x, noise)[0].ll.mean()


def by_loop(model: CURL, x: Tensor, noise: Tensor) -> Tensor:
    """One component after another, each with its own small products."""
    neck = model.neck
    hidden = model.backbone(x)
    log_q = neck.log_q(hidden, model.n_active)
    prior_mean, prior_var = neck.prior(slice(model.n_active))
    total = -cluster_kl(log_q)
    for k in range(model.n_active):
        output = hidden @ neck.heads.weight[k] + neck.heads.bias[k]
        mean, var = output.chunk(2, 1)
        var = torch.nn.functional.softplus(var)
        logits = model.head((mean + var.sqrt() * noise[k])[None])[0]
        kl = gaussian_kl(mean, var, prior_mean[k], prior_var[k])
        value = bernoulli_log_likelihood(logits, x) - kl
        total = total + log_q[:, k].exp() * value
    return -total.mean()


def now(device: str) -> float:
    """Seconds; of the processor, which other work does not disturb."""
    if device == 'cpu':
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--components', type=int, default=30)
    parser.add_argument('--batch', type=int, default=100)
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = build(args.components).to(args.device)
    x = (torch.rand(args.batch, 784) > 0.5).float().to(args.device)
    noise = torch.randn(args.components, args.batch, 32, device=args.device)
    values, times = {}, {at_once: [], by_loop: []}
    for _ in range(args.repeats + 1):
        for function in times:
            start = now(args.device)
            loss = function(model, x, noise)
            model.zero_grad()
            loss.backward()
            values[function] = loss.item()
            times[function].append(now(args.device) - start)
    torch.testing.assert_close(*values.values(), rtol=1e-5, atol=0)
    medians = {f: statistics.median(t[1:]) for f, t in times.items()}
    for function, seconds in medians.items():
        print(f'{function.__name__}: {1000 * seconds:.1f} ms')
    print(f'ratio: {medians[by_loop] / medians[at_once]:.2f}')


if __name__ == '__main__':
    main()
