# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Few-shot episodes on cached features: ours against one after the other.

The other draws each episode by itself and takes all differences of queries
and prototypes, as the code of SSL-FEW-SHOT does; the features are cached for
both, and the predictions must be equal.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmssl.evaluation.functional import few_shot_classify
from mmssl.utils.episodes import EpisodeShape, draw_episode, rows_of_classes


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--episodes', type=int, default=10_000)
    parser.add_argument('--way', type=int, default=5)
    parser.add_argument('--shot', type=int, default=5)
    parser.add_argument('--query', type=int, default=15)
    parser.add_argument('--dim', type=int, default=1536)
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--per-class', type=int, default=600)
    parser.add_argument('--json', metavar='OUT', help='also write it there')
    return parser.parse_args(argv)


def one_by_one(
    features: Tensor, labels: Tensor, shape: EpisodeShape, episodes: int
) -> Tensor:
    """Predictions (episodes, way * query)."""
    generator = torch.Generator().manual_seed(0)
    classes = rows_of_classes(labels, shape)
    predicted = []
    for _ in range(episodes):
        rows = draw_episode(classes, shape, generator)
        support = features[rows[: shape.support]]
        queries = features[rows[shape.support :]]
        centres = support.view(shape.shot, shape.way, -1).mean(0)
        squared = (queries[:, None] - centres[None]).square().sum(2)
        predicted.append(squared.argmin(1))
    return torch.stack(predicted)


def timed(run: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What it returns; seconds on the clock and of the processor."""
    start = time.perf_counter(), time.process_time()
    result = run()
    stop = time.perf_counter(), time.process_time()
    clock, cpu = (b - a for a, b in zip(start, stop, strict=True))
    return result, dict(clock=clock, cpu=cpu)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    args = parse_args(argv)
    shape = EpisodeShape(args.way, args.shot, args.query)
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(args.classes).repeat_interleave(args.per_class)
    features = torch.randn(args.classes, args.dim, generator=generator)[labels]
    noise = torch.randn(len(labels), args.dim, generator=generator)
    features += 4 * noise
    sizes = dict(way=args.way, shot=args.shot, query=args.query)
    ours, mine = timed(
        lambda: few_shot_classify(
            features,
            labels,
            args.episodes,
            generator=torch.Generator().manual_seed(0),
            **sizes,
        )
    )
    other, theirs = timed(
        lambda: one_by_one(features, labels, shape, args.episodes)
    )
    equal = (other == ours.predicted).double().mean().item()
    for name, seconds in (('ours', mine), ('one by one', theirs)):
        print(
            f'{name:10} clock {seconds["clock"]:6.2f} s  processor '
            f'{seconds["cpu"]:6.2f} s'
        )
    print(
        f'{args.episodes} episodes, {torch.get_num_threads()} threads; ratio '
        f'of the processor {theirs["cpu"] / mine["cpu"]:.2f}; equal '
        f'predictions {equal:.4%}; accuracy {ours.accuracy.mean():.4f}'
    )
    if args.json:
        found = dict(vars(args), ours=mine, one_by_one=theirs, equal=equal)
        Path(args.json).write_text(json.dumps(found, indent=1))


if __name__ == '__main__':
    main()
