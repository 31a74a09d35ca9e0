# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: boxes that may hold an object."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/proposals.py --images data/coco/train2017 \\
      --out data/coco/orl --workers 32
  the same with --proposals grid: evenly spread boxes, at once
  the same with --proposals FILE.json: the boxes that ORL's authors publish"""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('proposals', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
