# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw few-shot episodes and which classes are mistaken, without display.

episode_0.png ...: support, queries, and what was answered; confusion.png:
true against predicted class over all episodes."""

import csv
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/visualize_episodes.py CONFIG CHECKPOINT \\
      --out-dir work_dirs/pictures
  python tools/analysis_tools/visualize_episodes.py CONFIG \\
      --metric 5way_5shot --sheets 3
without a checkpoint the network is untrained"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='visualize-episodes')
    parser.add_argument(
        'config', help='config with a FewShotAccuracy in test_evaluator'
    )
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='file or URL of the weights; None: an untrained network',
    )
    parser.add_argument(
        '--metric',
        help='prefix of the FewShotAccuracy whose episodes are drawn, such '
        'as 5way_1shot; None: the first one',
    )
    parser.add_argument(
        '--out-dir', default='work_dirs/episodes', metavar='DIR',
        help='folder of the pictures',
    )  # fmt: skip
    parser.add_argument(
        '--names',
        metavar='CSV',
        help='lines of class,name with a header: names to show instead of '
        'the classes, such as those of ImageNet numbers',
    )
    parser.add_argument(
        '--sheets', type=int, default=2, help='episodes to draw'
    )
    parser.add_overrides('test_dataloader.dataset.data_root=PATH')
    args = parser.parse_args(argv)
    if args.sheets < 0:
        parser.error(f'--sheets must be at least 0, got {args.sheets}')
    return args


def run(args: Namespace) -> int:
    """Draw."""
    from mmssl.evaluation.extraction import extract_features
    from mmssl.evaluation.functional import (
        confidence_interval,
        episode_confusion,
    )
    from mmssl.evaluation.session import evaluation_runner
    from mmssl.visualization import confusion_figure, save_figure

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    out = Path(args.out_dir)
    with (
        tempfile.TemporaryDirectory() as cfg.work_dir,
        evaluation_runner(cfg, args.checkpoint) as runner,
    ):
        loop = runner.test_loop
        names = class_names(loop.dataloader.dataset, args.names)
        metric = few_shot_metric(loop.evaluator.metrics, args.metric)
        found = extract_features(runner.model, loop.dataloader)
        results = metric.classify(found)
        for number in range(min(args.sheets, len(results.rows))):
            shown = show_episode(
                loop.dataloader, found, results, number, metric, names
            )
            save_figure(shown, out / f'episode_{number}.png')
    confusion = episode_confusion(results, found.labels).numpy()
    save_figure(confusion_figure(confusion, names), out / 'confusion.png')
    mean, half_width = confidence_interval(100 * results.accuracy)
    print(
        f'{metric.prefix}: {mean:.2f} +- {half_width:.2f} % over '
        f'{len(results.rows)} episodes; pictures written to {out}'
    )
    return 0


def few_shot_metric(metrics: list, prefix: str | None = None):
    """The first FewShotAccuracy, or the one with a prefix.

    Raises:
        UsageError: There is none; names those that there are.
    """
    from mmssl.evaluation.metrics import FewShotAccuracy

    found = {m.prefix: m for m in metrics if isinstance(m, FewShotAccuracy)}
    if not found:
        raise UsageError(
            'the config measures no episodes; add dict('
            "type='FewShotAccuracy', shot=1) to its test_evaluator"
        )
    prefix = prefix or next(iter(found))
    if prefix not in found:
        raise UsageError(
            f'test_evaluator has no FewShotAccuracy {prefix}; there are '
            f'{", ".join(found)}'
        )
    return found[prefix]


def class_names(dataset, path: str | None = None) -> list[str]:
    """Names of the classes, from a file where it has them.

    Raises:
        UsageError: The file is absent, or names no class of the data.
    """
    classes = list(dataset.metainfo['classes'])
    if path is None:
        return classes
    try:
        with open(path, newline='', encoding='utf-8') as file:
            names = {row[0]: row[1] for row in csv.reader(file) if row[1:]}
    except FileNotFoundError as error:
        raise UsageError(f'file of class names not found: {path}') from error
    if not names.keys() & set(classes):
        raise UsageError(
            f'{path} names none of the classes {", ".join(classes[:3])}, ...; '
            'its lines must begin with class,name'
        )
    # ImageNet's synonyms follow the name after a comma.
    return [names.get(name, name).split(',')[0] for name in classes]


def show_episode(loader, found, results, number: int, metric, names):
    """The figure of one episode of the results."""
    from mmssl.evaluation.session import picture
    from mmssl.visualization import episode_figure

    rows = results.rows[number].tolist()
    way = metric.settings['way']
    support = way * metric.settings['shot']
    pictures = [picture(loader, found, row) for row in rows]
    return episode_figure(
        pictures[:support],
        pictures[support:],
        results.predicted[number].tolist(),
        [names[int(found.labels[row])] for row in rows[:way]],
    )


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
