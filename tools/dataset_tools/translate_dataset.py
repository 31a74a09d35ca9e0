# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write a translated copy of annotated stills, ready for a detector."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/dataset_tools/translate_dataset.py CONFIG CHECKPOINT \\
    --layout voc --source data/VOCdevkit/VOC2007 --split trainval \\
    --out data/VOC_as_video/VOC2007
  python tools/dataset_tools/translate_dataset.py CONFIG CHECKPOINT \\
    --layout coco --source data/coco/annotations/instances_train2017.json \\
    --images data/coco/train2017 --out data/coco_as_video --workers 8
  one translator a class: CONFIG car=a.pth dog=b.pth --assign largest
started again, it goes on where it was stopped"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='translate_dataset')
    parser.add_argument('config', help='config of the translator, or its name')
    parser.add_argument(
        'checkpoint',
        nargs='+',
        help='its weights; or CLASS=FILE for each class that has its own',
    )
    parser.add_argument(
        '--layout',
        choices=('voc', 'coco'),
        required=True,
        help='of the stills',
    )
    parser.add_argument(
        '--source',
        required=True,
        help='voc: the folder with JPEGImages and Annotations; coco: the '
        'annotation file',
    )
    parser.add_argument(
        '--images', help='coco: folder that the file names are relative to'
    )
    parser.add_argument(
        '--split',
        help='voc: list of ImageSets/Main, e.g. trainval; None takes all '
        'annotated pictures',
    )
    parser.add_argument('--out', required=True, help='folder of the copy')
    parser.add_argument(
        '--direction',
        choices=('a2b', 'b2a'),
        default='a2b',
        help='a2b: from the first domain of the training to the second',
    )
    parser.add_argument(
        '--mode',
        choices=('full', 'scale_width'),
        default='full',
        help='full: at full resolution, padded; scale_width: scaled to '
        '--width and back',
    )
    parser.add_argument(
        '--width', type=int, default=256, help='for scale_width, pixels'
    )
    parser.add_argument(
        '--assign',
        choices=('largest', 'all'),
        default='largest',
        help='with translators of classes: a picture goes through that of '
        'its largest box, or through each (a copy for each class)',
    )
    parser.add_argument('--quality', type=int, default=95, help='of JPEG')
    parser.add_argument('--device', default='cpu', help='e.g. cuda:0')
    parser.add_argument(
        '--workers', type=int, default=0, help='processes; 0: this one'
    )
    args = parser.parse_args(argv)
    if args.layout == 'coco' and not args.images:
        parser.error('--layout coco needs --images')
    if args.layout == 'voc' and args.images:
        parser.error('--images is for --layout coco only')
    if args.layout == 'coco' and args.split:
        parser.error('--split is for --layout voc only')
    if not 0 <= args.quality <= 100 or args.workers < 0:
        parser.error('--quality must be in 0..100 and --workers >= 0')
    return args


def checkpoints_of(names: list[str]) -> dict[str, str]:
    """Key of jobs to file.

    Raises:
        UsageError: Several files without classes; a file that is not there.
    """
    found = {}
    for name in names:
        if Path(name).is_file() or '=' not in name:
            key, path = '', name
        else:
            key, path = name.split('=', 1)
        if key in found:
            raise UsageError(
                f'two checkpoints for {key or "all pictures"}; write '
                'CLASS=FILE for each class'
            )
        if not Path(path).is_file():
            raise UsageError(f'checkpoint not found: {path}')
        found[key] = path
    if '' in found and len(found) > 1:
        raise UsageError('give one checkpoint, or CLASS=FILE for each class')
    return found


def progress(done: int, total: int, seconds: float) -> None:
    """A line with rate and remaining time, ten times in all."""
    if done % max(1, total // 10) and done != total:
        return
    rate = done / max(seconds, 1e-9)
    print(
        f'{done}/{total} pictures, {rate:.2f} a second, eta '
        f'{(total - done) / rate:.0f} s',
        flush=True,
    )


def run(args: Namespace) -> int:
    """Translate."""
    from mmssl.apis import still_layouts, translation

    checkpoints = checkpoints_of(args.checkpoint)
    classes = [key for key in checkpoints if key]
    source, out = Path(args.source), Path(args.out)
    if args.layout == 'voc':
        jobs, finish = still_layouts.voc_jobs(
            source, out, args.split, classes, args.assign
        )
    else:
        jobs, finish = still_layouts.coco_jobs(
            source, Path(args.images), out, classes, args.assign
        )
    settings = dict(
        config=args.config,
        checkpoints=checkpoints,
        direction=args.direction,
        mode=args.mode,
        width=args.width,
        quality=args.quality,
        device=args.device,
    )
    counts = translation.translate_dataset(
        jobs, finish, out, settings, args.workers, progress
    )
    unchanged = sum(job.key == still_layouts.UNCHANGED for job in jobs)
    print(
        f'{out}: {counts["written"]} written, {counts["kept"]} were there, '
        f'{unchanged} of no class with a translator, so not translated'
    )
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
