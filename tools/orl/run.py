# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL, all steps: from a folder of pictures to pairs.npz."""

import sys

from mmssl.apis.orl_tool import main_of

EXAMPLES = """\
  python tools/orl/run.py CONFIG epoch_800.pth \\
      --images data/coco/train2017 --out data/coco/orl --workers 16
what is there is kept: a stopped run goes on where it was.  The steps alone:
extract_features, knn, proposals, rois, pairs; these can be sharded."""


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return main_of('run', __doc__, EXAMPLES, argv)


if __name__ == '__main__':
    sys.exit(main())
