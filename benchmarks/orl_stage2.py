# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ORL's second stage: the box filter, region passes, selective search.

The filter: ours against the rules written down as a loop over boxes, on the
raw boxes of selective search, results equal.  Region passes: once for each
region, against once for each picture whose neighbour it is in.  Selective
search: pictures a second in one process and in several, and processor time a
picture, which tells on a busy machine what the processes cost each other.
"""

import sys
import time
from argparse import Namespace
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
from photos import jpeg_photos, use_one_thread

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python benchmarks/orl_stage2.py
  python benchmarks/orl_stage2.py --workers 1 2 4 8 --pictures 64"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='orl-stage2')
    parser.add_argument('--pictures', type=int, default=12)
    parser.add_argument('--side', type=int, default=320, help='longer one')
    parser.add_argument('--workers', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--repeats', type=int, default=20)
    return parser.parse_args(argv)


def loop_filter(
    boxes: list[list[int]], min_size: int, most: int = 100
) -> list[int]:
    """The rules of the filter, box by box."""
    kept = []
    for place, (x, y, w, h) in enumerate(boxes):
        if w < min_size or h < min_size or w / h > 3 or h / w > 3:
            continue
        for other in kept:
            x2, y2, w2, h2 = boxes[other]
            width = min(x + w, x2 + w2) - max(x, x2)
            height = min(y + h, y2 + h2) - max(y, y2)
            shared = max(width, 0) * max(height, 0)
            if shared / (w * h + w2 * h2 - shared) > 0.5:
                break
        else:
            kept.append(place)
    return (kept or [0])[:most]


def search(img: np.ndarray) -> tuple[np.ndarray, float]:
    """Proposals of a picture, by one thread, and processor seconds."""
    from mmssl.datasets.proposals import selective_search

    cv2.setNumThreads(0)
    start = time.process_time()
    return selective_search(img), time.process_time() - start


def pictures(count: int, side: int) -> list[np.ndarray]:
    """Photographs of wheels, again and again, scaled."""
    photos = [
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        for data in jpeg_photos()
    ]
    scaled = []
    for img in photos:
        scale = side / max(img.shape[:2])
        scaled.append(cv2.resize(img, None, fx=scale, fy=scale))
    return [scaled[i % len(scaled)] for i in range(count)]


def measure_search(
    images: list[np.ndarray], workers: list[int]
) -> list[np.ndarray]:
    """Print pictures a second; return the boxes."""
    first = None
    for count in workers:
        with ProcessPoolExecutor(count) as pool:
            list(pool.map(search, images[:count]))  # start the processes
            start = time.perf_counter()
            found = list(pool.map(search, images))
            rate = len(images) / (time.perf_counter() - start)
        first = first or rate
        cost = sum(seconds for _, seconds in found) / len(found)
        print(f'selective search, {count} processes: {rate:.2f} pictures/s, '
              f'ratio {rate / first:.2f}; processor {cost:.2f} s a picture',
              flush=True)  # fmt: skip
    return [boxes for boxes, _ in found]


def measure_filter(boxes: list[np.ndarray], side: int, repeats: int) -> int:
    """Print times and ratio; return the regions kept."""
    from mmssl.datasets.proposals import filter_proposals

    min_size = side * 96 // 640
    seconds, regions = dict(ours=0.0, loop=0.0), 0
    for raw in boxes:
        rows = raw.tolist()
        filter_proposals(raw, min_size)  # the first call loads code
        start = time.process_time()
        for _ in range(repeats):
            ours = filter_proposals(raw, min_size)
        middle = time.process_time()
        for _ in range(repeats):
            plain = loop_filter(rows, min_size)
        seconds['loop'] += time.process_time() - middle
        seconds['ours'] += middle - start
        assert ours.tolist() == plain
        regions += len(ours)
    count = repeats * len(boxes)
    raw = sum(map(len, boxes)) / len(boxes)
    print(
        f'filter of {raw:.0f} boxes to {regions / len(boxes):.0f}: ours '
        f'{1e3 * seconds["ours"] / count:.2f} ms, loop '
        f'{1e3 * seconds["loop"] / count:.2f} ms, ratio '
        f'{seconds["loop"] / seconds["ours"]:.1f}'
    )
    return regions


def run(args: Namespace) -> None:
    """Measure and print."""
    use_one_thread()
    images = pictures(args.pictures, args.side)
    boxes = measure_search(images, args.workers)
    regions = measure_filter(boxes, args.side, args.repeats)
    print(
        f'{args.pictures} pictures, 10 neighbours: {regions} regions pass the '
        f'network once; again for each picture that uses them: {11 * regions} '
        'passes, ratio 11'
    )


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
