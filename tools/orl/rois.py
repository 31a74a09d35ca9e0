# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: keep some boxes, take the features of each once."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/rois.py CONFIG epoch_800.pth \\
      --images data/coco/train2017 --out data/coco/orl --workers 16"""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('rois', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
