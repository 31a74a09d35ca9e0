# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw what ORL's second stage found: matched boxes and neighbours."""

import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/orl/draw_pairs.py data/coco/orl/pairs.npz \\
      --images data/coco/train2017 --output-dir work_dirs/pairs
written are pairs.png and neighbours.png"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='draw-pairs')
    parser.add_argument('pairs', help='pairs.npz, images.txt beside it')
    parser.add_argument(
        '--images', required=True, metavar='DIR', help='their folder'
    )
    parser.add_argument(
        '--output-dir', default='pairs', metavar='DIR', help='where to write'
    )
    parser.add_argument(
        '-n', type=int, default=12, help='pictures, spread over the list'
    )
    args = parser.parse_args(argv)
    if args.n < 1:
        parser.error(f'-n must be >= 1, got {args.n}')
    return args


def run(args: Namespace) -> None:
    """Draw."""
    from mmssl.apis.orl_pictures import load_picture
    from mmssl.datasets.correspondences import read_correspondences
    from mmssl.datasets.sources import FileSource
    from mmssl.visualization import (
        Correspondence,
        correspondence_figure,
        neighbour_figure,
        save_figure,
    )

    names, found, _ = read_correspondences(args.pairs)
    source = FileSource(args.images, names)
    count = min(args.n, len(names))
    chosen = np.linspace(0, len(names) - 1, count).round().astype(int)
    rows = [
        Correspondence(
            load_picture(source, row),
            load_picture(source, int(found.knn[row, 0])),
            found.pairs_of(row, 0),
            found.similarity_of(row, 0),
            names[row],
        )
        for row in chosen.tolist()
    ]
    out = Path(args.output_dir)
    save_figure(correspondence_figure(rows), out / 'pairs.png')
    near = [
        [load_picture(source, other) for other in found.knn[row][:8].tolist()]
        for row in chosen.tolist()
    ]
    figure = neighbour_figure([row.query for row in rows], near)
    save_figure(figure, out / 'neighbours.png')
    print(f'{count} of {len(names)} pictures: {out}/pairs.png, '
          f'{out}/neighbours.png')  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
