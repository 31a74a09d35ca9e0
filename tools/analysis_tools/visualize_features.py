# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw feature files as t-SNE or PCA maps, side by side, without display."""

import sys
from argparse import Namespace
from pathlib import Path

import mmssl
from mmssl.utils.config import load_config, require_keys
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/visualize_features.py features.npz --out map.png
  python tools/analysis_tools/visualize_features.py untrained.npz \\
      features.npz --titles untrained SimCLR --out map.png
  python tools/analysis_tools/visualize_features.py features.npz \\
      --config CONFIG --thumbnails pictures.png --out map.png
feature files are written by extract_features.py"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='visualize-features')
    parser.add_argument('features', nargs='+', help='feature files')
    parser.add_argument(
        '--out', default='map.png', metavar='FILE', help='map of points'
    )
    parser.add_argument(
        '--titles', nargs='+', help='one for each file; None: their names'
    )
    parser.add_argument(
        '--config',
        help='config whose test data gives the names of the classes, and '
        'the pictures for --thumbnails',
    )
    parser.add_argument(
        '--thumbnails',
        metavar='FILE',
        help='also draw the map of the last file with pictures, here',
    )
    parser.add_argument(
        '--samples', type=int, default=2000, help='points at most'
    )
    parser.add_argument(
        '--pictures', type=int, default=400, help='thumbnails at most'
    )
    parser.add_argument(
        '--method',
        choices=('tsne', 'pca'),
        default='tsne',
        help='tsne keeps near points near, pca keeps distances',
    )
    parser.add_argument(
        '--perplexity', type=float, default=30, help='of t-SNE'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='the same seed, the same map'
    )
    parser.add_overrides('test_dataloader.dataset.data_root=PATH')
    args = parser.parse_args(argv)
    if args.thumbnails and not args.config:
        parser.error('--thumbnails needs --config, which has the pictures')
    if args.titles and len(args.titles) != len(args.features):
        parser.error(
            f'{len(args.features)} files need as many --titles, got '
            f'{len(args.titles)}'
        )
    return args


def run(args: Namespace) -> int:
    """Draw."""
    import numpy as np

    from mmssl.evaluation.extraction import load_features
    from mmssl.evaluation.session import still
    from mmssl.visualization import (
        pca,
        save_figure,
        scatter_figure,
        thumbnail_figure,
        tsne,
    )

    sets = [load_features(path)[0] for path in args.features]
    _same_samples(args.features, sets)
    chosen = np.linspace(
        0, len(sets[0].labels) - 1, min(args.samples, len(sets[0].labels))
    ).astype(int)
    titles = args.titles or [Path(path).stem for path in args.features]
    maps = {}
    for title, one in zip(titles, sets, strict=True):
        rows = one.features.numpy()[chosen]
        maps[title] = (
            pca(rows)
            if args.method == 'pca'
            else tsne(rows, args.seed, args.perplexity)
        )
    labels = sets[0].labels.numpy()[chosen]
    dataset = test_dataset(args) if args.config else None
    classes = dataset.metainfo.get('classes') if dataset else None
    save_figure(scatter_figure(maps, labels, classes), args.out)
    print(f'map written to {args.out}')
    if args.thumbnails:
        step = max(1, -(-len(chosen) // args.pictures))
        rows = sets[-1].indices.numpy()[chosen][::step]
        pictures = [still(dataset[int(row)]['inputs'][0]) for row in rows]
        points = list(maps.values())[-1][::step]
        save_figure(
            thumbnail_figure(points, pictures, labels[::step]),
            args.thumbnails,
        )
        print(f'map with pictures written to {args.thumbnails}')
    return 0


def _same_samples(names: list[str], sets: list) -> None:
    for name, features in zip(names, sets, strict=True):
        if features.paths != sets[0].paths:
            raise UsageError(
                f'{name} and {names[0]} hold features of different samples; '
                'maps side by side need the same ones'
            )


def test_dataset(args: Namespace):
    """The test data set of a config."""
    from mmssl.registry import DATASETS
    from mmssl.utils.build_errors import explained

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    require_keys(cfg, ('test_dataloader',), 'showing pictures')
    with explained():
        return DATASETS.build(cfg.test_dataloader.dataset)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
