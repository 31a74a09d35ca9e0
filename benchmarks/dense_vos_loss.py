# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Memory of Dense-VOS's losses: ours against all logits at once.

Both compute the published setting's losses (16 clips of 5 frames, 32 x 32
cells of 128 numbers, 64 anchors a clip) and the gradient of the features,
each in a process of its own.  Printed: seconds on the clock and of the
processor, what the process's peak grew beyond the features, the peak, and the
largest differences of losses and gradients.
"""

import argparse
import sys
from collections.abc import Callable

import torch
import torch.nn.functional as F
from processes import make_parser, report, run_forms
from torch import Tensor

from mmssl.models.algorithms.dense_vos import (
    cells_at,
    cross_view_loss,
    dense_vos_losses,
    sample_grid,
    warp,
)

TEMPERATURE = 0.05


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = make_parser(__doc__)
    parser.add_argument('--clips', type=int, default=16)
    parser.add_argument('--frames', type=int, default=5)
    parser.add_argument('--cells', type=int, default=32)
    return parser.parse_args(argv)


def naive(main, guided, affine, grid, ref) -> dict[str, Tensor]:
    """Logits of all cells over all anchors in both views, warped."""
    batch, frames = main.shape[:2]
    anchors = cells_at(main[:, 0], grid)
    count = anchors.shape[1]
    anchors = anchors.flatten(0, 1) / TEMPERATURE
    logits, targets = (
        torch.einsum('ak,nkhw->nahw', anchors, clips.flatten(0, 1))
        for clips in (main, guided)
    )
    logits = warp(logits, affine.repeat_interleave(frames, 0))
    with torch.no_grad():
        own = torch.arange(batch).repeat_interleave(frames)
        owner = torch.arange(len(anchors)) // count
        foreign = (own[:, None] != owner)[..., None, None]
        labels = targets.masked_fill(foreign, -torch.inf).argmax(1)
    errors = F.cross_entropy(logits, labels, reduction='none')
    errors = errors.view(batch, frames, *errors.shape[1:])
    reference = warp(main[:, 0], affine)
    cross_view = cross_view_loss(reference, guided[:, 0], ref)
    return dict(
        loss_space_time=errors[:, 1:].mean(), loss_cross_view=0.1 * cross_view
    )


def inputs(args: argparse.Namespace) -> tuple[Tensor, ...]:
    """Features of both views, maps of the views, cells of both grids."""
    random = torch.Generator().manual_seed(0)
    shape = args.clips, args.frames, 128, args.cells, args.cells
    main, guided = (
        F.normalize(torch.randn(shape, generator=random), dim=2)
        for _ in range(2)
    )
    affine = torch.eye(2, 3).repeat(args.clips, 1, 1)
    affine[:, 0] *= -0.7
    affine[:, 1] *= 0.7
    size = shape[-2:]
    grid = sample_grid(args.clips, size, 8, random)
    ref = sample_grid(args.clips, size, 4, random)
    main.requires_grad_()
    first = guided[:, :1].clone().requires_grad_()
    guided = torch.cat([first, guided[:, 1:]], 1)
    return main, first, guided, affine, grid, ref


def with_gradients(losses_of: Callable) -> Callable:
    """A form that returns its losses and the gradients of the features."""

    def form(main, first, *others) -> dict[str, Tensor]:
        losses = losses_of(main, *others)
        sum(losses.values()).backward()
        found = {key: value.detach() for key, value in losses.items()}
        return dict(found, main=main.grad, first=first.grad)

    return form


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    forms = dict(
        mmssl=with_gradients(dense_vos_losses), naive=with_gradients(naive)
    )
    outcomes = run_forms(__file__, argv, args, inputs, forms)
    if outcomes:
        report(args, outcomes, 'beside_inputs')
    return 0


if __name__ == '__main__':
    sys.exit(main())
