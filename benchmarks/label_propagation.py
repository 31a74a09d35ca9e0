# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Label propagation: ours against a dense affinity in chunks of columns.

One frame takes its labels from a context.  The dense form compares every
cell with every cell of every context frame, 100 query cells at a time, adds
-1e10 beyond the radius and takes the top k of all, as the published code
does.  Same features (a drifting random texture), one run; each in a process
of its own, so that its peak memory is its own.  Printed: seconds on the clock
and of the processor, memory beside the inputs and with them, the ratio, and
the largest difference of the labels.
"""

import argparse
import sys

import torch
import torch.nn.functional as F
from processes import make_parser, report, run_forms
from torch import Tensor

from mmssl.evaluation.functional import propagate_labels

CHUNK = 100


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = make_parser(__doc__)
    parser.add_argument('--size', type=int, nargs=2, default=(60, 107))
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument('--context', type=int, default=20)
    parser.add_argument('--radius', type=float, default=12)
    parser.add_argument('--topk', type=int, default=10)
    parser.add_argument('--objects', type=int, default=2)
    return parser.parse_args(argv)


def inputs(args: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor]:
    """Query (h, w, k), context (c, h, w, k) and labels (c, h, w, m)."""
    height, width = args.size
    frames = args.context + 2
    random = torch.Generator().manual_seed(0)
    texture = torch.randn(
        height, width + frames, args.channels, generator=random
    )
    maps = torch.empty(frames, height, width, args.channels)
    for t in range(frames):
        noise = torch.randn(maps[t].shape, generator=random)
        torch.add(texture[:, t : t + width], noise, alpha=0.3, out=maps[t])
        maps[t] = F.normalize(maps[t], dim=2)
    labels = torch.rand(
        frames - 1, height, width, args.objects + 1, generator=random
    )
    return maps[-1], maps[:-1], labels


def dense(query, context, labels, radius, topk, temperature=0.05) -> Tensor:
    """The dense form; the first context frame has no radius."""
    height, width, channels = query.shape
    query = query.view(-1, channels)
    context = context.view(len(context), -1, channels)
    labels = labels.flatten(0, 2)
    y, x = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing='ij'
    )
    y, x = y.flatten(), x.flatten()
    parts = []
    for first in range(0, len(query), CHUNK):
        part = slice(first, first + CHUNK)
        scores = context @ query[part].T  # (c, h w, CHUNK)
        distance = (y[:, None] - y[part]) ** 2 + (x[:, None] - x[part]) ** 2
        scores[1:] += -1e10 * (distance >= radius**2)
        scores = scores.flatten(0, 1) / temperature
        values, cells = scores.topk(topk, dim=0)
        weights = values.softmax(0)[..., None]
        parts.append((weights * labels[cells]).sum(0))
    return torch.cat(parts).view(height, width, -1)


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)

    def form(function):
        return lambda *tensors: dict(
            labels=function(*tensors, args.radius, args.topk)
        )

    forms = dict(mmssl=form(propagate_labels), dense=form(dense))
    outcomes = run_forms(__file__, argv, args, inputs, forms)
    if outcomes:
        report(args, outcomes, 'cpu')
    return 0


if __name__ == '__main__':
    sys.exit(main())
