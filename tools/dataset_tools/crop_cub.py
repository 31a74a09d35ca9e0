# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Cut the pictures of CUB-200-2011 to their boxes, for few-shot splits."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/crop_cub.py CUB_200_2011 --out data/cub200/images
CUB_200_2011 holds images.txt, bounding_boxes.txt and images/; the pictures
lie in --out without class folders, as the authors' splits name them"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='crop-cub')
    parser.add_argument('root', help='the unpacked data set')
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder to write to'
    )
    parser.add_argument(
        '--again',
        action='store_true',
        help='write anew what is there already',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Cut and write; each picture is there as a whole or not at all."""
    from PIL import Image

    root, out = Path(args.root), Path(args.out)
    names = read_table(root / 'images.txt', 1)
    boxes = read_table(root / 'bounding_boxes.txt', 4)
    if missing := sorted(names.keys() - boxes.keys()):
        raise UsageError(
            f'{root / "bounding_boxes.txt"} has no box for the picture '
            f'{missing[0]} ({names[missing[0]][0]}), {len(missing)} in all'
        )
    written = 0
    for done, (number, (name,)) in enumerate(names.items(), 1):
        path = out / Path(name).name
        if args.again or not path.is_file():
            box = tuple(float(value) for value in boxes[number])
            try:
                picture = Image.open(root / 'images' / name).convert('RGB')
            except OSError as error:
                raise UsageError(
                    f'{root / "images" / name} is missing or no picture'
                ) from error
            with atomic_path(path) as temporary:
                cut(picture, box).save(temporary, 'JPEG', quality=95)
            written += 1
        if done % 1000 == 0 or done == len(names):
            print(f'{done}/{len(names)} pictures', flush=True)
    print(f'{written} pictures written to {out}, the others were there')
    return 0


def read_table(path: Path, columns: int) -> dict[str, list[str]]:
    """Lines of a number and ``columns`` values, by the number.

    Raises:
        UsageError: The file is absent, or a line has another form.
    """
    if not path.is_file():
        raise UsageError(
            f'no file {path}; the folder must be the unpacked CUB_200_2011'
        )
    table = {}
    lines = path.read_text(encoding='utf-8').splitlines()
    for place, line in enumerate(lines, 1):
        number, *values = line.split()
        if len(values) != columns:
            raise UsageError(
                f'{path}, line {place}: expected a number and {columns} '
                f'values, got {line!r}'
            )
        table[number] = values
    return table


def cut(picture, box: tuple[float, float, float, float]):
    """The part of a PIL picture in a box (x, y, width, height), pixels."""
    left, top, width, height = box
    right = min(left + width, picture.width)
    bottom = min(top + height, picture.height)
    return picture.crop((int(left), int(top), int(right), int(bottom)))


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
