# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write a list of a part of the labels: for semi-supervised evaluation."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/benchmarks/classification/write_subset.py data/imagenet/train \\
      --share 0.01 --out data/imagenet/meta/train_1percent.txt
  python tools/benchmarks/classification/write_subset.py data/imagenet/train \\
      --names 1percent.txt --out data/imagenet/meta/train_1percent.txt
FOLDER holds one folder of pictures a class.  The lists that SimCLR published
hold file names without folder: --names finds their class, so that results
compare with published ones."""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='write-subset')
    parser.add_argument('folder', help='class folders of pictures')
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument(
        '--share', type=float, help='of each class, at least one picture'
    )
    choice.add_argument('--per-class', type=int, help='pictures of each class')
    choice.add_argument(
        '--names', metavar='FILE', help='a list of file names, one a line'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='the same seed, the same list'
    )
    parser.add_argument(
        '--out', required=True, metavar='FILE', help="lines of 'path label'"
    )
    args = parser.parse_args(argv)
    if args.share is not None and not 0 < args.share <= 1:
        parser.error(f'--share must be in (0, 1], got {args.share}')
    if args.per_class is not None and args.per_class < 1:
        parser.error(f'--per-class must be at least 1, got {args.per_class}')
    return args


def run(args: Namespace) -> int:
    """Choose and write."""
    from mmssl.datasets.sources import labels_of_folders, list_images

    if not Path(args.folder).is_dir():
        raise UsageError(f'no such folder: {args.folder}')
    paths = list_images(args.folder)
    labels, classes = labels_of_folders(paths, args.folder)
    if not paths:
        raise UsageError(f'no pictures in {args.folder}')
    if args.names:
        rows = rows_of_names(args.names, paths)
    else:
        rows = balanced_rows(labels, args.share, args.per_class, args.seed)
    lines = [f'{paths[row]} {labels[row]}\n' for row in rows]
    write_text(args.out, ''.join(lines))
    print(
        f'{len(rows)} of {len(paths)} pictures of {len(classes)} classes '
        f'written to {args.out}'
    )
    return 0


def balanced_rows(
    labels, share: float | None, per_class: int | None, seed: int
) -> list[int]:
    """Rows of equally treated classes, in the order of the data.

    The choice in a class hangs on the seed and the class alone.

    Args:
        labels (ndarray): (n,) int.
        share (float, optional): Of each class, rounded, at least one.
        per_class (int, optional): Of each class; all of a smaller one.
        seed (int): Of the choice.
    """
    import numpy as np

    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = per_class or max(1, round(share * len(rows)))
        random = np.random.default_rng((seed, int(label)))
        chosen += random.permutation(rows)[:count].tolist()
    return sorted(chosen)


def rows_of_names(path: str, paths: list[str]) -> list[int]:
    """Rows of the pictures that a list names, in the order of the data.

    Raises:
        UsageError: A name is not there, or the list is absent or empty.
    """
    if not Path(path).is_file():
        raise UsageError(f'list not found: {path}')
    names = Path(path).read_text(encoding='utf-8').split()
    known = {Path(name).name: row for row, name in enumerate(paths)}
    missing = [name for name in names if Path(name).name not in known]
    if missing or not names:
        raise UsageError(
            f'{path}: {len(missing)} of {len(names)} names are not among the '
            f'pictures{f", such as {missing[0]}" if missing else ""}'
        )
    return sorted({known[Path(name).name] for name in names})


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
