# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Memory of Dense-VOS's losses: ours against all logits at once.

Both compute the published setting's losses (16 clips of 5 frames, 32 x 32
cells of 128 numbers, 64 anchors a clip) and the gradient of the features,
each in a process of its own.  Printed: what the process's peak grew beyond
the features, the processor's seconds, and the largest difference of losses
and gradients.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.models.algorithms.dense_vos import (
    cells_at,
    cross_view_loss,
    dense_vos_losses,
    sample_grid,
    warp,
)

FORMS = ('mmssl', 'naive')
TEMPERATURE = 0.05


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--clips', type=int, default=16)
    parser.add_argument('--frames', type=int, default=5)
    parser.add_argument('--cells', type=int, default=32)
    parser.add_argument('--worker', choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument('--out', help=argparse.SUPPRESS)
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


def peak() -> float:
    """Largest memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(args: argparse.Namespace) -> dict[str, Tensor]:
    """Losses and gradients; the numbers go to standard output."""
    random = torch.Generator().manual_seed(0)
    shape = args.clips, args.frames, 128, args.cells, args.cells
    main, guided = (
        F.normalize(torch.randn(shape, generator=random), dim=2)
        for _ in range(2)
    )
    main.requires_grad_()
    first = guided[:, :1].clone().requires_grad_()
    guided = torch.cat([first, guided[:, 1:]], 1)
    affine = torch.eye(2, 3).repeat(args.clips, 1, 1)
    affine[:, 0] *= -0.7
    affine[:, 1] *= 0.7
    size = shape[-2:]
    grid = sample_grid(args.clips, size, 8, random)
    ref = sample_grid(args.clips, size, 4, random)
    form = dense_vos_losses if args.worker == 'mmssl' else naive
    before, start = peak(), time.process_time()
    losses = form(main, guided, affine, grid, ref)
    sum(losses.values()).backward()
    seconds = time.process_time() - start
    print(json.dumps(dict(memory=peak() - before, cpu=seconds)))
    losses = {key: value.detach() for key, value in losses.items()}
    return dict(losses, main=main.grad, first=first.grad)


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    if args.worker:
        torch.save(work(args), args.out)
        return 0
    numbers, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            out = Path(folder) / f'{form}.pt'
            command = [sys.executable, __file__, *argv]
            command += ['--worker', form, '--out', str(out)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            numbers[form] = result = json.loads(done.stdout.splitlines()[-1])
            found[form] = torch.load(out)
            print(
                f'{form:6} memory {result["memory"]:6.0f} MB  processor '
                f'{result["cpu"]:.2f} s',
                flush=True,
            )
    ratio = numbers['naive']['memory'] / numbers['mmssl']['memory']
    differences = {
        key: f'{(found["naive"][key] - value).abs().max().item():.1e}'
        for key, value in found['mmssl'].items()
    }
    print(f'memory ratio {ratio:.1f}; largest differences {differences}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
