# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pairs of ORL between our pairs.npz and the JSON of its authors."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/orl/convert.py data/coco/orl/pairs.npz correspondence.json
  python tools/orl/convert.py correspondence.json data/coco/orl/pairs.npz
  python tools/orl/convert.py part0.json part1.json data/coco/orl/pairs.npz
images.txt, the list of pictures, is written beside pairs.npz"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='convert')
    parser.add_argument(
        'files', nargs='+', help='one or more to read, the last to write'
    )
    args = parser.parse_args(argv)
    if len(args.files) < 2:
        parser.error('name at least one file to read and one to write')
    return args


def run(args: Namespace) -> None:
    """Read and write."""
    from mmssl.apis.orl_tool import official_info
    from mmssl.datasets.correspondences import (
        from_official,
        read_correspondences,
        to_official,
        write_correspondences,
    )

    *given, out = args.files
    if out.endswith('.json'):
        if len(given) > 1:
            raise UsageError('one pairs.npz at a time becomes a JSON')
        names, found, settings = read_correspondences(given[0])
        content = to_official(names, found, official_info(settings))
        write_text(out, json.dumps(content))
    else:
        try:
            parts = [
                json.loads(Path(name).read_text(encoding='utf-8'))
                for name in given
            ]
        except (OSError, ValueError) as error:
            raise UsageError(f'cannot read JSON: {error}') from error
        names, found, info = from_official(parts, ', '.join(given))
        write_correspondences(out, names, found, dict(official=info))
    pairs, pictures = len(found.pairs), len(names)
    print(f'{pairs} pairs of {pictures} pictures written to {out}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
