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
    parser.add_config()
    add('checkpoint', help="its weights, or 'untrained'")
    add('--train', required=True, metavar='JSON', help="boxes, COCO's format")
    add('--test', required=True, metavar='JSON', help='likewise')
    add('--images', required=True, metavar='DIR', help='of the pictures')
    add('--test-images', metavar='DIR', help='if they lie elsewhere')
    add('--size', type=int, default=224, help='side, pixels')
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
    if min(args.size, args.workers, args.samples) < 1:
        parser.error('--size, --workers and --samples must be >= 1')
    return args


def run(args: Namespace) -> None:
    """Extract, train, print."""
    import torch
    from torch.utils.data import DataLoader

    from mmssl.apis.model_zoo import get_model
    from mmssl.datasets import ImageCoco, collate_views
    from mmssl.evaluation import extract_features
    from mmssl.evaluation.functional import (
        frequent_classes,
        neighbour_label_overlap,
    )
    from mmssl.evaluation.metrics import VOC07SVM, LowShotSVM
    from mmssl.evaluation.session import measure_features

    torch.manual_seed(args.seed)
    untrained = args.checkpoint == 'untrained'
    model = get_model(args.config, False if untrained else args.checkpoint)
    if torch.cuda.is_available():
        model = model.cuda()
    view = dict(type='SquashedView', size=args.size)
    train, test = (
        ImageCoco(path, images=folder, with_label=True, views=[view])
        for path, folder in (
            (args.train, args.images),
            (args.test, args.test_images or args.images),
        )
    )
    if train.metainfo != test.metainfo:
        raise UsageError('training and test list different classes')
    bank, found = (
        extract_features(
            model,
            DataLoader(
                part,
                batch_size=64,
                collate_fn=collate_views,
                num_workers=args.workers if args.workers > 1 else 0,
            ),
            'corners',
        )
        for part in (train, test)
    )
    settings = dict(least=args.least, workers=args.workers)
    metrics = [VOC07SVM(**settings)]
    metrics[0].dataset_meta = test.metainfo
    if args.low_shot:
        metrics.append(
            LowShotSVM(args.low_shot, args.samples, args.seed, **settings)
        )
    results = measure_features(metrics, bank, found)
    if args.neighbours:
        labels = [part.labels.numpy() for part in (bank, found)]
        often = torch.from_numpy(frequent_classes(*labels, args.least))
        results['svm/neighbours'] = 100 * neighbour_label_overlap(
            bank.features, bank.labels[:, often] > 0, args.neighbours
        )
    print(f'{len(train)} pictures to train, {len(test)} to test, '
          f'{bank.features.shape[1]} numbers each; percent:')  # fmt: skip
    for name, value in results.items():
        print(f'{name}  {value:.2f}')
    if args.out:
        write_json(args.out, results)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
