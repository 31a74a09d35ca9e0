# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: the most similar boxes of neighbouring pictures."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/pairs.py --out data/coco/orl"""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('pairs', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
