# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Keep some pictures of an annotation file in COCO's format."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/coco_subset.py instances_train2017.json \\
      few.json --count 32
  python tools/dataset_tools/coco_subset.py instances_train2017.json \\
      part.json --count 11828 --seed 0
the first pictures that have boxes; with --seed a random choice of them"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='coco-subset')
    parser.add_argument('source', help='the JSON to read')
    parser.add_argument('out', help='the JSON to write')
    parser.add_argument(
        '--count', type=int, required=True, help='pictures to keep'
    )
    parser.add_argument('--seed', type=int, help='choose by this seed')
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error(f'--count must be >= 1, got {args.count}')
    return args


def subset(content: dict, count: int, seed: int | None) -> dict:
    """The content with ``count`` pictures that have boxes, and their boxes.

    Raises:
        UsageError: There are not so many.
    """
    from random import Random

    boxed = {item['image_id'] for item in content['annotations']}
    images = [item for item in content['images'] if item['id'] in boxed]
    if len(images) < count:
        raise UsageError(
            f'--count {count}, but only {len(images)} pictures have boxes'
        )
    if seed is not None:
        images = Random(seed).sample(images, count)
    images = images[:count]
    kept = {item['id'] for item in images}
    boxes = [a for a in content['annotations'] if a['image_id'] in kept]
    return dict(content, images=images, annotations=boxes)


def run(args: Namespace) -> None:
    """Read, choose, write."""
    try:
        content = json.loads(Path(args.source).read_text(encoding='utf-8'))
        kept = subset(content, args.count, args.seed)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{args.source} is no file in COCO's format: {error!r}"
        ) from error
    write_text(args.out, json.dumps(kept))
    print(f'{len(kept["images"])} pictures with {len(kept["annotations"])} '
          f'boxes written to {args.out}')  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
