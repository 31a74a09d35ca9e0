# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Label propagation: ours against a dense affinity in chunks of columns.

One frame takes its labels from a context.  The dense form compares every
cell with every cell of every context frame, 100 query cells at a time, adds
-1e10 beyond the radius and takes the top k of all, as the published code
does.  Same features (a drifting random texture), one run; each in a process
of its own, so that its peak memory is its own.  Printed: seconds of the
processor and on the clock, peak memory of the process without and with the
inputs, the ratio, and the largest difference of the labels.
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

from mmssl.evaluation.functional import propagate_labels

FORMS = ('mmssl', 'dense')
CHUNK = 100


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--size', type=int, nargs=2, default=(60, 107))
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument('--context', type=int, default=20)
    parser.add_argument('--radius', type=float, default=12)
    parser.add_argument('--topk', type=int, default=10)
    parser.add_argument('--objects', type=int, default=2)
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    parser.add_argument('--worker', choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument('--out', help=argparse.SUPPRESS)
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


def peak() -> float:
    """Largest memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(args: argparse.Namespace) -> Tensor:
    """Labels of the frame; the numbers go to standard output."""
    query, context, labels = inputs(args)
    before = peak()
    start = time.perf_counter(), time.process_time()
    if args.worker == 'mmssl':
        found = propagate_labels(
            query, context, labels, args.radius, args.topk
        )
    else:
        found = dense(query, context, labels, args.radius, args.topk)
    stop = time.perf_counter(), time.process_time()
    clock, cpu = (b - a for a, b in zip(start, stop, strict=True))
    memory = dict(beside_inputs=peak() - before, peak=peak())
    print(json.dumps(dict(clock=clock, cpu=cpu, **memory)))
    return found


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
                f'{form:6} processor {result["cpu"]:6.2f} s  clock '
                f'{result["clock"]:6.2f} s  memory beside inputs '
                f'{result["beside_inputs"]:.0f} MB  peak '
                f'{result["peak"]:.0f} MB',
                flush=True,
            )
    ratio = numbers['dense']['cpu'] / numbers['mmssl']['cpu']
    difference = (found['dense'] - found['mmssl']).abs().max().item()
    print(
        f'ratio dense / mmssl: processor {ratio:.2f}; largest difference of '
        f'labels {difference:.1e}'
    )
    if args.json:
        content = dict(numbers, ratio=ratio, difference=difference)
        Path(args.json).write_text(json.dumps(content, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
