# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write the motion vectors of the videos of a folder to .npz files.

One file a video, in the same folders; what is there and fits its video is
left alone, so a run that was stopped goes on where it was."""

import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/extract_motion.py data/ucf101 \\
      data/ucf101_motion --workers 8
  python tools/dataset_tools/extract_motion.py clip.mp4 work_dirs/motion \\
      --form dense"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='extract-motion')
    parser.add_argument('source', help='folder of videos, or one video')
    parser.add_argument('out', help='folder to write to')
    parser.add_argument(
        '--form',
        choices=('table', 'dense'),
        default='table',
        help='rows of the encoder, or a map of every frame',
    )
    parser.add_argument(
        '--workers', type=int, default=1, metavar='N', help='processes'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Extract; 1 where a video could not be read."""
    from mmssl.datasets.motion_files import extract_or_reason
    from mmssl.datasets.video_dataset import find_videos_below
    from mmssl.utils.parallel import Progress, process_map

    root, names = find_videos_below(args.source)
    jobs = [
        (str(root / name), str(Path(args.out) / f'{name}.npz'))
        for name in names
    ]
    if len({target for _, target in jobs}) < len(jobs):
        raise UsageError(f'{args.source}: two videos of one name')
    progress = Progress('motion vectors', len(jobs), 'videos')
    frames = written = failed = 0
    with process_map(min(args.workers, len(jobs))) as run_all:
        work = partial(extract_or_reason, form=args.form)
        for found in run_all(work, jobs):
            if isinstance(found, str):
                failed += 1
                print(f'left out: {found}', file=sys.stderr, flush=True)
            else:
                frames += found
                written += found > 0
            progress.add()
    print(
        f'{written} videos with {frames} frames written to {args.out}, '
        f'{len(jobs) - written - failed} were there, {failed} left out'
    )
    return int(failed > 0)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
