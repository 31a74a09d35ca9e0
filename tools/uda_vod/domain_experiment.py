# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stills to video in one command: translate, train detectors, compare."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/uda_vod/domain_experiment.py --toy --seeds 0 1 2 \\
    --out work_dirs/toy_gap
  python tools/uda_vod/domain_experiment.py --detector fcos_small_mini \\
    --translators cyclegan=cyclegan_mini --seeds 0 1 2 --out work_dirs/mini
  with weights: --translators cyclegan=CONFIG:work_dirs/cyclegan/epoch_40.pth
conditions: original (stills), NAME (stills through the translator NAME),
  NAME+mixed (both), video (labelled frames, where the detector's config has a
  video_dataset); all unless --conditions chooses
started again, it goes on where it was stopped"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='domain_experiment')
    parser.add_argument(
        '--toy',
        action='store_true',
        help='generated shapes, fcos_toy_mini and cyclegan_toy_mini',
    )
    parser.add_argument('--detector', help='config of the detector')
    parser.add_argument(
        '--translators',
        nargs='+',
        metavar='NAME=CONFIG[:CHECKPOINT]',
        help='each is trained for every seed, unless it has a checkpoint',
    )
    parser.add_argument('--conditions', nargs='+', help='some of them')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--out', required=True, help='folder of everything')
    parser.add_argument(
        '--mode', choices=('full', 'scale_width'), default='full',
        help='how stills are translated',
    )  # fmt: skip
    parser.add_argument(
        '--workers', type=int, default=0, help='processes that translate'
    )
    args = parser.parse_args(argv)
    if args.toy:
        args.detector = args.detector or 'fcos_toy_mini'
        args.translators = args.translators or ['cyclegan=cyclegan_toy_mini']
    if not args.detector or not args.translators:
        parser.error('give --detector and --translators, or --toy')
    return args


def translator_of(text: str):
    """NAME=CONFIG[:CHECKPOINT], taken apart.

    Raises:
        UsageError: Another form, or no such checkpoint.
    """
    from mmssl.apis.domain_experiment import TranslatorRun

    name, equals, rest = text.partition('=')
    config, _, checkpoint = rest.partition(':')
    if not (name and equals and config):
        raise UsageError(f'{text!r} is not NAME=CONFIG[:CHECKPOINT]')
    if checkpoint and not Path(checkpoint).is_file():
        raise UsageError(f'checkpoint not found: {checkpoint}')
    return TranslatorRun(name, config, checkpoint or None)


def write_toy_data(root: Path) -> None:
    """Stills, frames to adapt to, and other frames to test on."""
    from mmssl.datasets.toy_shapes import toy_scenes, write_coco

    folder = root / 'toy_shapes'
    for domain, name, count, seed in (
        ('still', 'stills', 300, 0),
        ('video', 'frames_train', 300, 1),
        ('video', 'frames_test', 200, 2),
    ):
        ann_file = folder / 'annotations' / f'{name}.json'
        if not ann_file.is_file():
            scenes = toy_scenes(domain, count, 64, seed)
            write_coco(ann_file, folder / name, *scenes)


def run(args: Namespace) -> int:
    """Run, print the table, write the page."""
    from mmssl.apis import domain_experiment as experiment
    from mmssl.apis.domain_sheet import write_page

    out = Path(args.out)
    if args.toy:
        write_toy_data(out / 'data')
        os.environ['MMSSL_DATA_ROOT'] = str((out / 'data').resolve())
    runs = experiment.Experiment(
        args.detector,
        [translator_of(text) for text in args.translators],
        args.seeds,
        out,
        args.conditions,
        args.mode,
        args.workers,
    )
    rows = experiment.table_of(runs.run())
    print_table(rows)
    print(f'table and pictures: {write_page(runs, rows)}')
    return 0


def print_table(rows: list[dict[str, str]]) -> None:
    """Columns as wide as their longest text."""
    names = list(rows[0])
    widths = [max(len(row[n]) for row in [*rows, {n: n}]) for n in names]
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = [row[n].ljust(w) for n, w in zip(names, widths, strict=True)]
        print('  '.join(cells).rstrip())


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
