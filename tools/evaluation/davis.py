# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Score folders of object masks as DAVIS 2017 does: J, F, recall, decay."""

import csv
import io
import os
import sys
from argparse import Namespace

from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/evaluation/davis.py results data/DAVIS
  python tools/evaluation/davis.py results data/DAVIS --csv scores.csv
  python tools/evaluation/davis.py results data/DAVIS --sequences libby camel
RESULTS has a folder for each sequence with a palette PNG for each frame; the
first and the last frame are not evaluated.  J&F is the mean over all objects
of all sequences.  A mask that is missing, of another size, or has more
objects than the first annotation, is an error (exit code 2)."""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='davis')
    parser.add_argument('results', help='folder of SEQUENCE/FRAME.png')
    parser.add_argument(
        'gt',
        help='folder of DAVIS (Annotations, ImageSets), or of SEQUENCE/*.png',
    )
    parser.add_argument(
        '--set',
        default='val',
        help='list of sequences in ImageSets/2017, where there is one',
    )
    parser.add_argument(
        '--sequences',
        nargs='+',
        default=[],
        metavar='NAME',
        help='only these ones, whatever the list says',
    )
    parser.add_argument(
        '--resolution',
        default='480p',
        metavar='FOLDER',
        help='folder below Annotations',
    )
    parser.add_argument(
        '--csv',
        metavar='FILE',
        help='write objects, sequences and the whole, with six decimals',
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=len(os.sched_getaffinity(0)),
        metavar='N',
        help='processes that share the sequences',
    )
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error(f'--workers must be at least 1, got {args.workers}')
    return args


def run(args: Namespace) -> None:
    """Score, print, write."""
    from mmssl.evaluation import vos_folders

    annotations, names = vos_folders.find_annotations(
        args.gt, args.set, args.resolution, args.sequences
    )
    scores = vos_folders.score_folder(
        args.results, annotations, names, args.workers
    )
    rows = vos_folders.score_table(scores)
    print(as_text([row for row in rows if row['level'] != 'sequence']))
    if args.csv:
        write_text(args.csv, as_csv(rows))
        print(f'scores written to {args.csv}')


def as_text(rows: list[dict]) -> str:
    """Aligned columns, the last row apart."""
    numbers = [key for key in rows[0] if key not in ('level', 'name')]
    width = max(len(row['name']) for row in rows)
    head = ' '.join(f'{key.replace("_", "-"):>8}' for key in numbers)
    lines = [f'{"object":<{width}} {head}']
    for row in rows:
        values = ' '.join(f'{row[key]:8.3f}' for key in numbers)
        lines.append(f'{row["name"]:<{width}} {values}')
    return '\n'.join([*lines[:-1], '', lines[-1]])


def as_csv(rows: list[dict]) -> str:
    """One line a row, fractions with six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(
            f'{value:.6f}' if isinstance(value, float) else value
            for value in row.values()
        )
    return text.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
