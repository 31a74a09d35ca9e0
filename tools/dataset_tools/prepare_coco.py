# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Unpack COCO 2017's archives, check what is there, write COCO+'s list."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.archives import unpack
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

COUNTS = dict(train2017=118287, val2017=5000, unlabeled2017=123403)
ANNOTATIONS = ('instances_train2017.json', 'instances_val2017.json')
EXAMPLES = """\
  python tools/dataset_tools/prepare_coco.py --archives downloads \\
      --out data/coco
  python tools/dataset_tools/prepare_coco.py --out data/coco   only checks
archives, from https://cocodataset.org: train2017.zip, val2017.zip,
annotations_trainval2017.zip, and for COCO+ unlabeled2017.zip.  Layout:
  data/coco/{train2017,val2017,unlabeled2017}/*.jpg
  data/coco/annotations/instances_{train,val}2017.json
  data/coco/coco_plus.txt   names of train2017, then unlabeled2017"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='prepare-coco')
    parser.add_argument(
        '--out', default='data/coco', metavar='DIR', help='where COCO lies'
    )
    parser.add_argument(
        '--archives', metavar='DIR', help='folder of zips to unpack first'
    )
    parser.add_argument(
        '--any-count',
        action='store_true',
        help='accept folders that are not complete',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Unpack, check, list."""
    out = Path(args.out)
    if args.archives:
        archives = sorted(Path(args.archives).glob('*.zip'))
        if not archives:
            raise UsageError(f'no zip in {args.archives}')
        for archive in archives:
            unpack(archive, out)
    names = {
        split: sorted(p.name for p in (out / split).glob('*.jpg'))
        for split in COUNTS
    }
    for split, count in COUNTS.items():
        found = len(names[split])
        print(f'{split}: {found} of {count} pictures')
        optional = split == 'unlabeled2017' and found == 0
        if found != count and not (optional or args.any_count):
            raise UsageError(
                f'{out / split} holds {found} pictures, expected are '
                f'{count}; unpack its archive again (--archives), or accept '
                'it by --any-count'
            )
    for name in ANNOTATIONS:
        if not (out / 'annotations' / name).is_file():
            raise UsageError(
                f'{out / "annotations" / name} is missing; it is in '
                'annotations_trainval2017.zip'
            )
    if names['unlabeled2017']:
        listed = [
            f'{split}/{name}'
            for split in ('train2017', 'unlabeled2017')
            for name in names[split]
        ]
        write_text(out / 'coco_plus.txt', '\n'.join(listed) + '\n')
        print(f'COCO+: {len(listed)} names in {out / "coco_plus.txt"}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
