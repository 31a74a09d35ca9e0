# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Plot curves of training logs, or summarize their iteration times."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.names import suggestion
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/analyze_logs.py plot_curve work_dirs/a \\
      work_dirs/b --keys loss lr --out curves.png
  python tools/analysis_tools/analyze_logs.py cal_train_time work_dirs/a
a log is a scalars.json, or a run folder, whose newest one is taken"""

Records = list[dict[str, float]]


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='analyze-logs')
    parser.add_argument(
        'task',
        choices=('plot_curve', 'cal_train_time'),
        help='draw curves, or print seconds per iteration',
    )
    parser.add_argument('logs', nargs='+', help='scalars.json or run folder')
    parser.add_argument(
        '--keys',
        nargs='+',
        default=['loss'],
        help='scalars to plot, e.g. loss lr feat_std',
    )
    parser.add_argument(
        '--legend', nargs='+', help='names of the logs in the picture'
    )
    parser.add_argument('--title', default='', help='title of the picture')
    parser.add_argument(
        '--out', default='curves.png', help='picture file (png, pdf, svg)'
    )
    parser.add_argument(
        '--include-outliers',
        action='store_true',
        help='count the first iteration of an epoch, slow by start-up, in '
        'cal_train_time',
    )
    return parser.parse_args(argv)


def read_log(path: str) -> tuple[Path, Records]:
    """Read one log.

    Args:
        path (str): ``scalars.json``, or a run folder.

    Returns:
        tuple: File, and its records in order.

    Raises:
        UsageError: No log there, or a line that is not JSON.
    """
    file = Path(path)
    if file.is_dir():
        found = sorted(file.rglob('vis_data/scalars.json'))
        if not found:
            raise UsageError(f'no vis_data/scalars.json below {path}')
        file = found[-1]  # folders are named by the time of the start
    if not file.is_file():
        raise UsageError(f'log not found: {path}')
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
        return file, [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise UsageError(f'{file} is not one JSON object a line') from error


def curve(file: Path, records: Records, key: str) -> tuple[list, list]:
    """Steps and values of one scalar.

    Raises:
        UsageError: No record has it.
    """
    points = [(r.get('step', n), r[key]) for n, r in enumerate(records)
              if key in r]  # fmt: skip
    if not points:
        known = {name for record in records for name in record}
        raise UsageError(
            f'{file} has no {key}{suggestion(key, known)}; it has '
            f'{", ".join(sorted(known))}'
        )
    steps, values = zip(*points, strict=True)
    return list(steps), list(values)


def plot_curve(args: Namespace) -> None:
    """Draw one panel for each key, one line for each log."""
    import matplotlib

    matplotlib.use('Agg')  # works without a display
    import matplotlib.pyplot as plt

    logs = [read_log(path) for path in args.logs]
    names = args.legend or args.logs
    if len(names) != len(logs):
        raise UsageError(
            f'{len(logs)} logs need as many --legend names, got {len(names)}'
        )
    figure, axes = plt.subplots(
        1,
        len(args.keys),
        figsize=(5 * len(args.keys), 4),
        squeeze=False,
        layout='constrained',
    )
    for axis, key in zip(axes[0], args.keys, strict=True):
        for name, (file, records) in zip(names, logs, strict=True):
            axis.plot(*curve(file, records, key), label=name)
        axis.set(xlabel='iteration', ylabel=key)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle(args.title)
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out, dpi=120)
    plt.close(figure)
    print(f'picture written to {args.out}')


def cal_train_time(args: Namespace) -> None:
    """Print mean, fastest and slowest epoch of each log."""
    for path in args.logs:
        file, records = read_log(path)
        epochs: dict[int, list[float]] = {}
        for record in records:
            if 'time' in record and 'loss' in record:
                epochs.setdefault(int(record.get('epoch', 1)), []).append(
                    record['time']
                )
        if not epochs:
            raise UsageError(f'{file} has no iteration times')
        if not args.include_outliers:
            epochs = {e: times[1:] or times for e, times in epochs.items()}
        means = {e: sum(t) / len(t) for e, t in epochs.items()}
        slowest = max(means, key=means.get)
        fastest = min(means, key=means.get)
        print(f'{file}')
        print(f'  mean {sum(means.values()) / len(means):.4f} s/iter')
        print(f'  slowest epoch {slowest}: {means[slowest]:.4f} s/iter')
        print(f'  fastest epoch {fastest}: {means[fastest]:.4f} s/iter')


def run(args: Namespace) -> None:
    """Do the task."""
    tasks = dict(plot_curve=plot_curve, cal_train_time=cal_train_time)
    tasks[args.task](args)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
