# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM's warp of a clip: an index built at once against a loop over pixels.

Three warps in sequence on one clip of 16 frames of 224 x 224, as training
does at most.  The loop is the published form: every pixel of a box is copied,
for all frames, one after the other, which takes a copy of the clip for each
warp.  All run in turn in one process; counted is time of the processor, and
the least of the repetitions stands.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from mmssl.structures import local_warp_index, move_pixels

WARPS = [(100, 100, 15, 15), (80, 120, 19, 11), (120, 70, 12, 17)]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--clips', type=int, default=1)
    parser.add_argument('--frames', type=int, default=16)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    return parser.parse_args(argv)


def in_place(clips: Tensor) -> Tensor:
    """Ours as training calls it: index and look-up, no pixel is copied."""
    index = local_warp_index(clips.shape[-2:], WARPS)
    return move_pixels(clips, index, inplace=True)


def copied(clips: Tensor) -> Tensor:
    """Ours, with a copy of the clips."""
    return move_pixels(clips, local_warp_index(clips.shape[-2:], WARPS))


def pixel_by_pixel(clips: Tensor) -> Tensor:
    """A copy for every pixel of every box."""
    height, width = clips.shape[-2:]
    for px, py, dx, dy in WARPS:
        out = clips.clone()
        norm = math.hypot(dx, dy)
        for i in range(max(0, px - 3 * dx), min(height, px + 3 * dx)):
            for j in range(max(0, py - 3 * dy), min(width, py + 3 * dy)):
                r = math.hypot(i - px - dx, j - py - dy) / norm
                weight = 0.5 / (3 * r**4 + 1)
                row = min(max(i + int(-weight * dx), 0), height - 1)
                column = min(max(j + int(-weight * dy), 0), width - 1)
                out[..., i, j] = clips[..., row, column]
        clips = out
    return clips


def timed(function: Callable, clips: Tensor) -> tuple[float, Tensor]:
    """Seconds of the processor, and what came out."""
    start = time.process_time()
    out = function(clips)
    return time.process_time() - start, out


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    shape = args.clips, 3, args.frames, 224, 224
    clips = torch.randn(shape, generator=generator)
    forms = dict(in_place=in_place, copied=copied, loop=pixel_by_pixel)
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    outputs = {}
    for _ in range(args.repeats):
        for name, function in forms.items():
            spent, outputs[name] = timed(function, clips.clone())
            seconds[name].append(spent)
    least = {name: 1000 * min(spent) for name, spent in seconds.items()}
    ratios = {name: least['loop'] / spent for name, spent in least.items()}
    for name in forms:
        same = torch.equal(outputs[name], outputs['loop'])
        print(
            f'{name:8} {least[name]:8.2f} ms  {ratios[name]:6.1f} times the '
            f"loop's speed  {'identical' if same else 'DIFFERENT'}"
        )
        if not same:
            return 1
    if args.json:
        text = json.dumps(dict(milliseconds=least, ratio=ratios), indent=2)
        Path(args.json).write_text(text + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
