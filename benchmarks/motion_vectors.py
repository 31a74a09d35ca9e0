# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Motion vectors of video files: frames a second of one core.

Of each file: vectors only (as tables; as maps, too), pictures only, both from
one decode, and the usual way: every frame to RGB and its records to an array,
straight from PyAV.  Printed: frames a second of processor time (the best of
the repeats), and what vectors and pictures together cost as a multiple of
pictures alone.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av

from mmssl.datasets.transforms import CompressedReader, dense_motion
from mmssl.utils.files import write_text

FORMS = ('vectors', 'maps', 'pictures', 'both', 'usual')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('files', nargs='+', help='videos')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    return parser.parse_args(argv)


def read(path: str, vectors: bool, pictures: bool, maps: bool = False) -> int:
    """All frames by our reader; returns their number."""
    with CompressedReader(path, pixels=pictures) as reader:
        every = range(reader.num_frames)
        parts = reader.read_parts(
            every if vectors else (), every if pictures else ()
        )
        if maps:
            for table in parts.tables.values():
                dense_motion(table, *reader.size)
        return len(every)


def usual(path: str) -> int:
    """Every frame to RGB and its vectors to an array."""
    count = 0
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {'flags2': '+export_mvs'}
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            frame.to_ndarray(format='rgb24')
            data = frame.side_data.get('MOTION_VECTORS')
            if data is not None:
                data.to_ndarray()
            count += 1
    return count


WAYS: dict[str, Callable[[str], int]] = dict(
    vectors=lambda path: read(path, True, False),
    maps=lambda path: read(path, True, False, True),
    pictures=lambda path: read(path, False, True),
    both=lambda path: read(path, True, True),
    usual=usual,
)


def measure(path: str, repeats: int) -> dict[str, float]:
    """Frames a second of processor time of each form, in turns."""
    best = dict.fromkeys(FORMS, 0.0)
    for _ in range(repeats):
        for form in FORMS:
            begin = time.process_time()
            count = WAYS[form](path)
            rate = count / (time.process_time() - begin)
            best[form] = max(best[form], rate)
    return best


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    found = {}
    print('| file | frame | ' + ' | '.join(FORMS) + ' | both / pictures |'
          ' vectors / usual |')  # fmt: skip
    print('|---' * (len(FORMS) + 4) + '|')
    for path in args.files:
        with CompressedReader(path) as reader:
            height, width = reader.size
            kind = f'{width}x{height} {reader.codec}'
        rates = measure(path, args.repeats)
        found[path] = rates
        cells = [f'{rates[form]:.0f}' for form in FORMS]
        print(
            f'| {Path(path).name} | {kind} | {" | ".join(cells)} | '
            f'{rates["pictures"] / rates["both"]:.2f} | '
            f'{rates["vectors"] / rates["usual"]:.1f} |',
            flush=True,
        )
    if args.json:
        write_text(args.json, json.dumps(found, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
