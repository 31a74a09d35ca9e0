# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: the embedding of every picture."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/extract_features.py CONFIG epoch_800.pth \\
      --images data/coco/train2017 --out data/coco/orl
  the same with --shard 0/4, ..., --shard 3/4, then tools/orl/merge.py"""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('features', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
