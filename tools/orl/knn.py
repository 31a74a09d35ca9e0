# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL: the nearest pictures of every picture."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/knn.py --out data/coco/orl -k 10"""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('neighbours', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
