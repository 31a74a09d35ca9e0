# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Unpack PASCAL VOC 2007 and 2012, check, write boxes in COCO's format."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from argparse import Namespace
from pathlib import Path

from mmssl.utils.archives import unpack
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat',
    'chair', 'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person',
    'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor',
)  # fmt: skip
SPLITS = {
    'voc07_trainval': ('VOC2007', 'trainval', 5011),
    'voc07_test': ('VOC2007', 'test', 4952),
    'voc12_trainval': ('VOC2012', 'trainval', 11540),
}
"""Name of our file: folder, list in ImageSets/Main, pictures."""
EXAMPLES = """\
  python tools/dataset_tools/prepare_voc.py --archives downloads \\
      --out data/VOCdevkit
archives, from http://host.robots.ox.ac.uk/pascal/VOC:
VOCtrainval_06-Nov-2007.tar, VOCtest_06-Nov-2007.tar,
VOCtrainval_11-May-2012.tar.  Layout:
  data/VOCdevkit/VOC2007/{JPEGImages,Annotations,ImageSets/Main}
  data/VOCdevkit/VOC2012/{JPEGImages,Annotations,ImageSets/Main}
  data/VOCdevkit/{voc07_trainval,voc07_test,voc12_trainval}.json
objects marked difficult get ignore=1"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='prepare-voc')
    parser.add_argument(
        '--out', default='data/VOCdevkit', metavar='DIR',
        help='the folder VOCdevkit',
    )  # fmt: skip
    parser.add_argument(
        '--archives', metavar='DIR', help='folder of tars to unpack first'
    )
    parser.add_argument(
        '--any-count',
        action='store_true',
        help='accept lists that are not complete',
    )
    return parser.parse_args(argv)


def convert(root: Path, split: str) -> dict:
    """Boxes of a list of pictures in COCO's format.

    VOC counts pixels from 1 and includes the last, so x = xmin - 1 and
    w = xmax - xmin + 1.

    Args:
        root (Path): VOC2007 or VOC2012.
        split (str): Name of the list.

    Raises:
        UsageError: A file is missing or damaged, or names another class.
    """
    images, boxes = [], []
    listing = root / 'ImageSets/Main' / f'{split}.txt'
    try:
        names = listing.read_text(encoding='utf-8').split()
        for number, name in enumerate(names, 1):
            path = root / 'Annotations' / f'{name}.xml'
            tree = ElementTree.parse(path).getroot()
            size = tree.find('size')
            images.append(
                dict(
                    id=number,
                    file_name=f'{name}.jpg',
                    width=int(size.find('width').text),
                    height=int(size.find('height').text),
                )
            )
            for item in tree.iter('object'):
                box = item.find('bndbox')
                left, top, right, bottom = (
                    int(float(box.find(key).text))
                    for key in ('xmin', 'ymin', 'xmax', 'ymax')
                )
                w, h = right - left + 1, bottom - top + 1
                boxes.append(
                    dict(
                        id=len(boxes) + 1,
                        image_id=number,
                        category_id=1 + CLASSES.index(item.find('name').text),
                        bbox=[left - 1, top - 1, w, h],
                        area=w * h,
                        iscrowd=0,
                        ignore=int(item.findtext('difficult', '0')),
                    )
                )
    except (OSError, AttributeError, ValueError, TypeError,
            ElementTree.ParseError) as error:  # fmt: skip
        where = listing if not images else path
        raise UsageError(f'{where} cannot be read as VOC: {error}') from error
    categories = [
        dict(id=number, name=name) for number, name in enumerate(CLASSES, 1)
    ]
    return dict(images=images, annotations=boxes, categories=categories)


def run(args: Namespace) -> None:
    """Unpack, convert, check."""
    out = Path(args.out)
    if args.archives:
        archives = sorted(Path(args.archives).glob('VOC*.tar'))
        if not archives:
            raise UsageError(f'no VOC*.tar in {args.archives}')
        for archive in archives:
            unpack(archive, out, without='VOCdevkit/')
    for name, (folder, split, count) in SPLITS.items():
        content = convert(out / folder, split)
        found = len(content['images'])
        if found != count and not args.any_count:
            raise UsageError(
                f'the list {split} of {folder} holds {found} pictures, '
                f'expected are {count}; unpack its archive again, or accept '
                'it by --any-count'
            )
        write_text(out / f'{name}.json', json.dumps(content))
        print(f'{name}: {found} pictures, {len(content["annotations"])} boxes')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
