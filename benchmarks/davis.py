# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""J and F of masks: ours against the plain full-frame formulation.

The plain one is the metric's definition as it stands: masks of the whole
frame, contours by comparing shifted masks, dilation by a disk.  Both get the
same decoded masks, one thread, in turn; values must be equal to the last bit.
Then folders are scored, reading included: the masks delayed by two frames
against themselves.  Counted is processor time.  Without GT the masks are
generated: 480 x 854, two objects that drift and change their shape.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from memory import peak

from mmssl.evaluation import vos_folders
from mmssl.evaluation.functional import (
    count_objects,
    frame_scores,
    tolerance_radius,
)
from mmssl.utils.id_maps import read_id_map, write_id_map

DELAY = 2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--gt', help='folder of DAVIS, or of SEQUENCE/FRAME.png'
    )
    parser.add_argument('--sequences', nargs='+', default=[])
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    parser.add_argument('--worker', nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def generate(folder: Path, frames: int = 40) -> None:
    """Ellipses with wavy outlines, one sequence."""
    y, x = np.mgrid[:480, :854]
    for t in range(frames):
        ids = np.zeros((480, 854), np.uint8)
        for i, (row, column, size) in enumerate(
            [(260, 300, 130), (180, 560, 70)]
        ):
            dy, dx = y - row - 2 * np.sin(t / 3), x - column - 3 * t
            wave = 1 + 0.15 * np.sin(5 * np.arctan2(dy, dx) + t / 4)
            ids[np.hypot(dy, dx / 1.3) < size * wave] = i + 1
        write_id_map(folder / 'shapes' / f'{t:05d}.png', ids)


def plain_scores(gt_ids, pred_ids, count: int):
    """As ``frame_scores``, full frames and nothing else."""
    radius = tolerance_radius(gt_ids.shape)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x**2 + y**2 <= radius**2).astype(np.uint8)

    def contour(mask):
        right, below, both = (np.zeros_like(mask) for _ in range(3))
        right[:, :-1] = mask[:, 1:]
        below[:-1] = mask[1:]
        both[:-1, :-1] = mask[1:, 1:]
        edge = mask ^ right | mask ^ below | mask ^ both
        edge[-1] = mask[-1] ^ right[-1]
        edge[:, -1] = mask[:, -1] ^ below[:, -1]
        edge[-1, -1] = 0
        return edge

    j, f = np.empty(count), np.empty(count)
    for i in range(count):
        gt, pred = gt_ids == i + 1, pred_ids == i + 1
        union = (gt | pred).sum()
        j[i] = (gt & pred).sum() / union if union else 1
        gt, pred = contour(gt), contour(pred)
        met = [
            (one & (cv2.dilate(other.astype(np.uint8), disk) > 0)).sum()
            for one, other in ((pred, gt), (gt, pred))
        ]
        counts = pred.sum(), gt.sum()
        if min(counts) == 0:
            f[i] = max(counts) == 0
            continue
        precision, recall = met[0] / counts[0], met[1] / counts[1]
        total = precision + recall
        f[i] = 2 * precision * recall / total if total else 0
    return j, f


def compare(folder: Path, names: list[str]) -> dict[str, float]:
    """Milliseconds an object-frame of both, on decoded masks."""
    seconds, objects = dict(ours=0.0, plain=0.0), 0
    for name in names:
        ids = [read_id_map(path) for path in sorted((folder / name).glob('*'))]
        count = count_objects(ids[0])
        for t in range(DELAY, len(ids) - 1):
            values = {}
            for key, score in (
                ('ours', frame_scores),
                ('plain', plain_scores),
            ):
                start = time.process_time()
                values[key] = score(ids[t], ids[t - DELAY], count)
                seconds[key] += time.process_time() - start
            if not np.array_equal(values['ours'], values['plain']):
                raise SystemExit(f'values differ: {name}, frame {t}')
            objects += count
    return {key: 1e3 * value / objects for key, value in seconds.items()}


def score(results: str, gt: str, names: list[str]) -> dict[str, float]:
    """Score folders in this process: time, peak memory, J&F."""
    start = time.process_time()
    scores = vos_folders.score_folder(results, gt, names)
    seconds = time.process_time() - start
    return dict(
        objects=sum(value.j.size for value in scores.values()),
        ms=1e3 * seconds / sum(value.j.size for value in scores.values()),
        peak_mb=peak(),
        jf=vos_folders.score_table(scores)[-1]['J&F'],
    )


def delay(gt: Path, results: Path, names: list[str]) -> None:
    """Results: the masks of two frames before."""
    for name in names:
        frames = sorted((gt / name).glob('*.png'))
        (results / name).mkdir(parents=True)
        for t, frame in enumerate(frames):
            source = frames[max(0, t - DELAY)]
            (results / name / frame.name).symlink_to(source.absolute())


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    cv2.setNumThreads(1)
    if args.worker:
        print(json.dumps(score(*args.worker, args.sequences)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        gt = args.gt
        if gt is None:
            gt = Path(temporary) / 'gt'
            generate(gt)
        folder, names = vos_folders.find_annotations(
            gt, sequences=args.sequences
        )
        numbers = compare(folder, names)
        results = Path(temporary) / 'results'
        delay(folder, results, names)
        command = [
            sys.executable, __file__, '--worker', str(results), str(folder),
            '--sequences', *names,
        ]  # fmt: skip
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    whole = json.loads(done.stdout)
    ratio = numbers['plain'] / numbers['ours']
    print(
        f'decoded masks, ms an object-frame: ours {numbers["ours"]:.2f}, '
        f'plain {numbers["plain"]:.2f}, ratio {ratio:.1f}; values equal\n'
        f'folders, reading included: {whole["objects"]} object-frames, '
        f'{whole["ms"]:.2f} ms each, peak of the process '
        f'{whole["peak_mb"]:.0f} MB (libraries included), J&F '
        f'{whole["jf"]:.5f}'
    )
    if args.json:
        content = dict(decoded=numbers, ratio=ratio, folders=whole)
        Path(args.json).write_text(json.dumps(content, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
