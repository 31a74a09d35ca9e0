# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SVMs and neighbours on frozen features of scenes with several classes."""

import sys
from argparse import Namespace

from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/evaluation/svm.py CONFIG epoch_800.pth \\
      --train data/VOCdevkit/voc07_trainval.json \\
      --test data/VOCdevkit/voc07_test.json \\
      --images data/VOCdevkit/VOC2007/JPEGImages --workers 8
  the same with --low-shot 1 2 4 8 16 32 64 96
  the same with untrained instead of a checkpoint, --seed 1
protocol of VOC07 as OpenSelfSup runs it: docs/evaluation.md"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='svm')
    add = parser.add_argument
    add('config', help='path of a config, or the name of a shipped one')
    add('checkpoint', help="its weights, or 'untrained'")
    add('--train', required=True, metavar='JSON', help="boxes, COCO's format")
    add('--test', required=True, metavar='JSON', help='likewise')
    add('--images', required=True, metavar='DIR', help='of the pictures')
    add('--test-images', metavar='DIR', help='if they lie elsewhere')
    add('--size', type=int, default=224, help='side, pixels')
    add('--pool', type=int, default=6, help='cells averaged, stride 1')
    add('--least', type=int, default=3,
        help='leave out classes with fewer pictures in a set')  # fmt: skip
    add('--low-shot', type=int, nargs='+', default=[], metavar='K',
        help='positives of a class, several numbers')  # fmt: skip
    add('--neighbours', type=int, default=0, metavar='K',
        help='also classes shared with the K nearest of training')  # fmt: skip
    add('--samples', type=int, default=5, help='choices for each K')
    add('--seed', type=int, default=0,
        help='of the choices, and of an untrained network')  # fmt: skip
    add('--workers', type=int, default=1, help='processes')
    add('--out', metavar='JSON', help='write the numbers here')
    args = parser.parse_args(argv)
    if min(args.size, args.pool, args.workers, args.samples) < 1:
        parser.error('--size, --pool, --workers and --samples must be >= 1')
    return args


def run(args: Namespace) -> None:
    """Extract, train, print."""
    import torch

    from mmssl.apis.model_zoo import get_model
    from mmssl.apis.multilabel import (
        choose_classes,
        map_features,
        read_multilabels,
    )
    from mmssl.evaluation.functional import (
        classify_low_shot,
        classify_multilabel,
        neighbour_label_overlap,
        normalize_features,
    )

    torch.manual_seed(args.seed)
    untrained = args.checkpoint == 'untrained'
    model = get_model(args.config, False if untrained else args.checkpoint)
    if torch.cuda.is_available():
        model = model.cuda()
    sets = [
        read_multilabels(args.train, args.images),
        read_multilabels(args.test, args.test_images or args.images),
    ]
    train, test = choose_classes(sets, args.least)
    data = []
    for part in (train, test):
        features = map_features(model, part.source, args.size, args.pool)
        data += [normalize_features(features), part.labels]
    found = classify_multilabel(*data, workers=args.workers)
    results = dict(
        mAP=100 * found.mean_ap,
        classes=dict(zip(train.classes, (100 * found.ap).tolist(),
                         strict=True)),
    )  # fmt: skip
    counts = [len(data[0]), len(data[2]), data[0].shape[1]]
    print(f'{len(train.classes)} classes, {counts[0]} pictures to train, '
          f'{counts[1]} to test, {counts[2]} numbers each')  # fmt: skip
    print(f'mAP {results["mAP"]:.2f}')
    if args.neighbours:
        features, labels = map(torch.from_numpy, data[:2])
        overlap = neighbour_label_overlap(
            features, labels > 0, args.neighbours
        )
        results['neighbours'] = 100 * overlap
        print(f'classes shared with {args.neighbours} neighbours: '
              f'{100 * overlap:.2f} %')  # fmt: skip
    if args.low_shot:
        try:
            few = classify_low_shot(
                *data, args.low_shot, args.samples, seed=args.seed,
                workers=args.workers,
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(f'--low-shot: {error}') from error
        results['low_shot'] = {}
        for k, mean, std in zip(few.shots, few.mean, few.std, strict=True):
            print(f'{k:3} shots: mAP {100 * mean:.2f} (std {100 * std:.2f})')
            results['low_shot'][k] = dict(mean=100 * mean, std=100 * std)
    if args.out:
        write_json(args.out, results)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
