# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Find codec, frame count and picture types of the videos of a folder.

Writes motion_index.json into the folder; entries that still fit their file
are kept, so a second run looks at new and changed videos alone."""

import sys
from argparse import Namespace
from collections import Counter

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/index_videos.py data/ucf101_gop12 --workers 8"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='index-videos')
    parser.add_argument('folder', help='of the videos')
    parser.add_argument(
        '--workers', type=int, default=1, metavar='N', help='processes'
    )
    parser.add_argument(
        '--again', action='store_true', help='look at every video anew'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Index; 1 where a video cannot be used."""
    from mmssl.datasets.video_dataset import find_videos_below
    from mmssl.datasets.video_index import INDEX_NAME, VideoIndex

    root, names = find_videos_below(args.folder)
    path = root / INDEX_NAME
    known = None
    if path.is_file() and not args.again:
        known = VideoIndex.read(path)
    index = VideoIndex.build(root, names, args.workers, known)
    index.write(path)
    codecs = Counter(entry.codec for entry in index.entries.values())
    types = Counter()
    for entry in index.entries.values():
        types.update(entry.types)
    for reason in index.unreadable.values():
        print(f'left out: {reason}', file=sys.stderr)
    kinds = ', '.join(f'{n} {kind}' for kind, n in sorted(types.items()))
    print(
        f'{len(index.entries)} videos in {path} '
        f'({", ".join(f"{n} {codec}" for codec, n in sorted(codecs.items()))}'
        f'); frames: {kinds or "none"}; {len(index.unreadable)} left out'
    )
    if types['B']:
        print(
            f'{types["B"]} B-frames: their vectors point to the future too, '
            'and make those of P-frames longer; reencode_videos.py removes '
            'them',
            file=sys.stderr,
        )
    if not index.entries:
        raise UsageError(f'{root}: no video can be used')
    return int(bool(index.unreadable))


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
