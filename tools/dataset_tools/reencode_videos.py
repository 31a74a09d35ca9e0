# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Encode videos anew in short groups of pictures without B-frames.

So every window has an I-frame, and every vector points to the picture
before.  A folder keeps its folders; what is there is left alone."""

import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/reencode_videos.py data/ucf101 \\
      data/ucf101_gop12 --workers 8
  python tools/dataset_tools/reencode_videos.py clip.webm clip_gop12.mp4 \\
      --codec h264 --short-side 256"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='reencode-videos')
    parser.add_argument('source', help='folder of videos, or one video')
    parser.add_argument('target', help='folder, or for one video an .mp4 file')
    parser.add_argument(
        '--codec', choices=('mpeg4', 'h264'), default='mpeg4',
        help='MPEG-4 Part 2, as published, or H.264',
    )  # fmt: skip
    parser.add_argument(
        '--gop', type=int, default=12, help='frames between I-frames'
    )
    parser.add_argument(
        '--short-side', type=int, metavar='PIXELS',
        help='length to scale to; the size is kept without it',
    )  # fmt: skip
    parser.add_argument(
        '--bit-rate', type=int, metavar='BITS',
        help="bits a second; the encoder's own without it",
    )  # fmt: skip
    parser.add_argument(
        '--workers', type=int, default=1, metavar='N', help='processes'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Encode; 1 where a video could not be read."""
    from mmssl.datasets.video_dataset import find_videos_below
    from mmssl.utils.parallel import Progress, process_map

    if args.gop < 1:
        raise UsageError(f'--gop must be >= 1, got {args.gop}')
    source, target = Path(args.source), Path(args.target)
    root, names = find_videos_below(source)
    if source.is_file():
        if target.suffix != '.mp4':
            raise UsageError(f'{target} must end with .mp4')
        jobs = [(source, target)]
    else:
        jobs = [
            (root / name, (target / name).with_suffix('.mp4'))
            for name in names
        ]
    if len({written for _, written in jobs}) < len(jobs):
        raise UsageError(
            f'{source}: two videos differ in their ending alone, and would '
            'have one name as .mp4'
        )
    todo = [job for job in jobs if not job[1].is_file()]
    progress = Progress('encoding', len(todo), 'videos')
    frames, failed = 0, 0
    settings = dict(
        codec=args.codec,
        gop=args.gop,
        short_side=args.short_side,
        bit_rate=args.bit_rate,
    )
    with process_map(min(args.workers, len(todo))) as run_all:
        for found in run_all(partial(encode_or_reason, **settings), todo):
            if isinstance(found, str):
                failed += 1
                print(f'left out: {found}', file=sys.stderr, flush=True)
            else:
                frames += found
            progress.add()
    print(
        f'{len(todo) - failed} videos with {frames} frames written to '
        f'{target}, {len(jobs) - len(todo)} were there, {failed} left out'
    )
    return int(failed > 0)


def encode_or_reason(job: tuple[Path, Path], **settings) -> int | str:
    """Frames written, or why none."""
    from mmssl.utils.video_writer import reencode_video

    try:
        return reencode_video(*job, **settings)
    except UsageError as error:
        return str(error)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
