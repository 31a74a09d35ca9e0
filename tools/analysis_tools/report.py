# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write a page about a run, or about a checkpoint.

Of a run folder, finished, killed or resumed: state, metrics, curves, and
pictures of its method. Of a config with a checkpoint: accuracy beside the
untrained network, curves, neighbours, map."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils import launch
from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/report.py work_dirs/simclr_tiny
  python tools/analysis_tools/report.py CONFIG work_dirs/a/epoch_10.pth
  python tools/analysis_tools/report.py CONFIG CHECKPOINT --out page
writes report.html, which needs no other file, its pictures as PNG, and the
table as results.json"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='report')
    parser.add_argument(
        'config',
        help='a run folder; or the path of a config, or the name of a '
        'shipped one',
    )
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='with a config: file or URL of the weights',
    )
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='folder of the page; None is report/ in the run folder, or '
        'beside the checkpoint',
    )
    parser.add_argument(
        '--run-dir',
        metavar='DIR',
        help="run whose curves are drawn; None is the checkpoint's folder",
    )
    parser.add_argument(
        '--baselines',
        action='store_true',
        help='add raw pixels and mean colour to the table; for small pictures',
    )
    parser.add_argument('--title', help='None is the name of the config')
    parser.add_argument(
        '--seed',
        type=int,
        help='of the untrained network; None is that of the checkpoint',
    )
    parser.add_argument(
        '--no-pictures',
        action='store_true',
        help='of a run folder: load neither data nor weights',
    )
    launch.add_common_arguments(parser)
    args = parser.parse_args(argv)
    if args.checkpoint is None and not Path(args.config).is_dir():
        parser.error(
            f'{args.config} is no run folder; a config needs a checkpoint'
        )
    if args.checkpoint is not None and Path(args.config).is_dir():
        parser.error(
            f'{args.config} is a run folder, whose newest checkpoint is taken'
        )
    return args


def run(args: Namespace) -> int:
    """Write the page."""
    return about_run(args) if args.checkpoint is None else about_weights(args)


def about_run(args: Namespace) -> int:
    """The page of a run folder."""
    from mmssl.apis.run_report import run_report

    report = run_report(args.config, not args.no_pictures, args.title)
    page = report.write(Path(args.out or Path(args.config) / 'report'))
    print(f'report written to {page}')
    return 0


def about_weights(args: Namespace) -> int:
    """Evaluate the network before and after, and write the page."""
    from mmengine.dist import is_main_process

    from mmssl.evaluation.session import seed_of

    cfg = launch.config_of(args)
    folder = Path(args.checkpoint).parent
    seed = args.seed
    if seed is None:
        seed = seed_of(args.checkpoint, args.trust_checkpoint)
    report, table = compose(cfg, args, seed, Path(args.run_dir or folder))
    if is_main_process():
        out = Path(args.out or folder / 'report')
        print(to_text(table))
        write_json(out / 'results.json', table)
        page = report.write(out)
        print(f'report written to {page}')
    return 0


def compose(cfg, args: Namespace, seed: int | None, run_dir: Path):
    """The report and its table of results.

    Args:
        cfg (Config): What ``args`` say, merged.
        args (Namespace): Of the command line.
        seed (int, optional): Of the untrained network.
        run_dir (Path): Where the log is.

    Returns:
        tuple: Report, list of rows.
    """
    from mmssl.apis.neighbours import show_neighbours
    from mmssl.evaluation.session import (
        evaluate_features,
        evaluate_inputs,
        evaluation_runner,
        feature_loaders,
        picture,
    )
    from mmssl.visualization import (
        Report,
        add_map,
        add_training,
    )

    name = args.title or Path(cfg.filename).stem
    with evaluation_runner(cfg, None, seed) as runner:
        inputs = evaluate_inputs(runner) if args.baselines else {}
        _, before, untrained = evaluate_features(runner)
    with evaluation_runner(cfg, args.checkpoint) as runner:
        bank, test, trained = evaluate_features(runner)
        _, test_loader = feature_loaders(runner)
    table = [
        *({'network': name, **values} for name, values in inputs.items()),
        {'network': 'untrained', **untrained},
        {'network': Path(args.checkpoint).name, **trained},
    ]
    classes = getattr(test_loader.dataset, 'metainfo', {}).get('classes')
    report = Report(name, f'{args.checkpoint}, frozen features')
    report.heading('Evaluation')
    report.text(
        f'{len(test.labels)} test pictures against {len(bank.labels)} '
        'training pictures; accuracies in percent.'
    )
    report.table(table)
    add_training(report, run_dir)
    show_neighbours(report, runner, bank, test)
    add_map(
        report,
        dict(untrained=before.features.numpy(), trained=test.features.numpy()),
        test.labels.numpy(),
        classes,
        lambda row: picture(test_loader, test, row),
    )
    return report, table


def to_text(table: list[dict]) -> str:
    """The table with aligned columns; numbers with three digits."""
    rows = [list(table[0])]
    for row in table:
        rows.append(
            [f'{v:.3f}' if isinstance(v, float) else v for v in row.values()]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return '\n'.join(
        '  '.join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(
                zip(row, widths, strict=True)
            )
        )
        for row in rows
    )


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
