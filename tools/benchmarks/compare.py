# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Evaluate many checkpoints in many ways: one table and one picture."""

import csv
import glob
import hashlib
import io
import json
import math
import sys
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config, DictAction

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json, write_text
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/benchmarks/compare.py \\
      'SimCLR=simclr_mini:work_dirs/simclr_mini_seed*/epoch_10.pth' \\
      'W-MSE 2=wmse2_mini:work_dirs/wmse2_mini_seed*/epoch_10.pth' \\
      --untrained --out work_dirs/compare
several checkpoints of one NAME are its seeds: rows are means over them, with
95 % intervals, and the gain over the untrained network in standard errors.
Results on disk are reused; --fresh evaluates all again."""

Results = dict[str, float]


class Entry(NamedTuple):
    """One network of the comparison; checkpoint None is the untrained one."""

    name: str
    config: str
    checkpoint: str | None
    seed: int | None
    baseline: str


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='compare')
    parser.add_argument(
        'runs',
        nargs='+',
        metavar='NAME=CONFIG:CHECKPOINT',
        help='CHECKPOINT may be a pattern; a NAME may come again',
    )
    parser.add_argument(
        '--evaluations',
        nargs='+',
        default=[],
        metavar='CONFIG',
        help='configs whose test_dataloader, test_cfg and test_evaluator are '
        "used instead of each run's own",
    )
    parser.add_argument(
        '--untrained',
        action='store_true',
        help='add the networks as they were before training, same seeds',
    )
    parser.add_argument(
        '--out',
        default='work_dirs/compare',
        metavar='DIR',
        help='gets table.md, table.csv, results.json and bars.png',
    )
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=[],
        help='columns, e.g. knn/top1 linear/top1; all without it',
    )
    parser.add_argument(
        '--fresh', action='store_true', help='reuse no results on disk'
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a foreign checkpoint that needs unpickling, which can run '
        'any code',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='K=V',
        help='overrides of every config',
    )
    return parser.parse_args(argv)


def parse_run(text: str) -> tuple[str, str, list[str]]:
    """Name, config and checkpoints of an argument.

    Raises:
        UsageError: Not NAME=CONFIG:CHECKPOINT, or no such file.
    """
    name, equals, rest = text.partition('=')
    config, colon, pattern = rest.partition(':')
    if not (name and equals and config and colon and pattern):
        raise UsageError(f'{text!r} is not NAME=CONFIG:CHECKPOINT')
    if '://' in pattern:
        return name, config, [pattern]
    checkpoints = sorted(glob.glob(pattern))
    if not checkpoints:
        raise UsageError(f'{name}: no checkpoint matches {pattern}')
    return name, config, checkpoints


def entries_of(args: Namespace) -> list[Entry]:
    """Every network to evaluate, untrained ones first.

    Runs that share backbone and test data share their untrained network.
    """
    from mmssl.evaluation.session import seed_of

    trained, groups = [], {}
    for name, config, checkpoints in map(parse_run, args.runs):
        cfg = load_config(config, args.cfg_options, mmssl.get_config_dir())
        key = _digest(cfg.model.get('backbone'), cfg.get('test_dataloader'))
        first, _, seeds = groups.setdefault(key, (name, config, set()))
        for number, checkpoint in enumerate(checkpoints):
            seed = seed_of(checkpoint, args.trust_checkpoint)
            seeds.add(number if seed is None else seed)
            trained.append(Entry(name, config, checkpoint, seed, first))
    labels = {
        first: 'untrained' if len(groups) == 1 else f'untrained ({first})'
        for first, *_ in groups.values()
    }
    untrained = [
        Entry(labels[first], config, None, seed, '')
        for first, config, seeds in groups.values()
        for seed in sorted(seeds)
    ]
    trained = [e._replace(baseline=labels[e.baseline]) for e in trained]
    return (untrained if args.untrained else []) + trained


def evaluation_config(
    entry: Entry, evaluation: str | None, args: Namespace
) -> Config:
    """The config of a network with the test settings of an evaluation."""
    folder = mmssl.get_config_dir()
    cfg = load_config(entry.config, args.cfg_options, folder)
    if evaluation is not None:
        other = load_config(evaluation, args.cfg_options, folder)
        for key in ('test_dataloader', 'test_cfg', 'test_evaluator'):
            cfg[key] = other[key]
    cfg.work_dir = str(Path(args.out) / 'logs')
    cfg.trust_checkpoint = args.trust_checkpoint
    return cfg


def evaluate(entry: Entry, args: Namespace, known: dict) -> Results:
    """Results of all evaluations of a network, from ``known`` if there."""
    from mmssl.evaluation.session import evaluation_runner

    results: Results = {}
    for evaluation in args.evaluations or [None]:
        cfg = evaluation_config(entry, evaluation, args)
        cfg_text = {k: v for k, v in cfg.to_dict().items() if k != 'work_dir'}
        path = Path(entry.checkpoint or '')
        changed = path.stat().st_mtime_ns if path.is_file() else 0
        key = _digest(cfg_text, entry.checkpoint, entry.seed, changed)
        if key not in known:
            with evaluation_runner(cfg, entry.checkpoint, entry.seed) as r:
                known[key] = {k: float(v) for k, v in r.test().items()}
        prefix = '' if len(args.evaluations) < 2 else f'{evaluation}: '
        results.update({prefix + k: v for k, v in known[key].items()})
    return results


def _digest(*content: object) -> str:
    text = json.dumps(content, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summarize_rows(
    entries: list[Entry], results: list[Results], metrics: list[str]
) -> list[dict]:
    """One row a name: seeds, means, intervals and gains of each metric.

    Returns:
        list[dict]: ``name``, ``seeds`` and, by metric, a dict of ``mean``,
        ``half_interval`` (95 %), ``values`` and ``gain`` (standard errors
        over the untrained network; None where there is none).
    """
    from mmssl.evaluation.functional import gain_in_standard_errors, summarize

    def values_of(name: str, metric: str) -> list[float]:
        pairs = zip(entries, results, strict=True)
        return [r[metric] for e, r in pairs if e.name == name and metric in r]

    rows = []
    for name in dict.fromkeys(entry.name for entry in entries):
        own = [entry for entry in entries if entry.name == name]
        row = dict(name=name, seeds=[entry.seed for entry in own])
        for metric in metrics:
            values = values_of(name, metric)
            if not values:
                continue
            summary = summarize(values)
            base = values_of(own[0].baseline, metric)
            gain = gain_in_standard_errors(values, base) if base else None
            row[metric] = dict(
                mean=summary.mean,
                half_interval=summary.half_interval,
                values=values,
                gain=gain,
            )
        rows.append(row)
    return rows


def table(rows: list[dict], metrics: list[str]) -> list[list[str]]:
    """Cells as text, the head first."""
    gains = any(r.get(m, {}).get('gain') is not None
                for r in rows for m in metrics)  # fmt: skip
    head = ['network', 'seeds']
    for metric in metrics:
        head += [metric, f'{metric} gain (s.e.)'] if gains else [metric]
    cells = [head]
    for row in rows:
        line = [row['name'], str(len(row['seeds']))]
        for metric in metrics:
            entry = row.get(metric)
            line.append(_interval(entry) if entry else '')
            if gains:
                gain = entry and entry['gain']
                known = gain is not None and not math.isnan(gain)
                line.append(f'{gain:+.1f}' if known else '')
        cells.append(line)
    return cells


def _interval(entry: dict) -> str:
    digits = 1 if abs(entry['mean']) >= 10 else 3
    text = f'{entry["mean"]:.{digits}f}'
    half = entry['half_interval']
    return text if math.isnan(half) else f'{text} ± {half:.{digits}f}'


def to_markdown(cells: list[list[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for line in cells:
        padded = [c.ljust(w) for c, w in zip(line, widths, strict=True)]
        lines.append(f'| {" | ".join(padded)} |')
    rule = '|' + '|'.join('-' * (w + 2) for w in widths) + '|'
    return '\n'.join([lines[0], rule, *lines[1:]]) + '\n'


def write(rows: list[dict], metrics: list[str], args: Namespace) -> None:
    """Tables and picture into the output folder."""
    from mmssl.visualization import bar_figure, save_figure

    out = Path(args.out)
    cells = table(rows, metrics)
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(cells)
    write_text(out / 'table.csv', text.getvalue())
    write_text(out / 'table.md', to_markdown(cells))
    write_json(out / 'results.json', dict(metrics=metrics, rows=_plain(rows)))
    nothing = dict(mean=math.nan, half_interval=math.nan)
    found = {m: [row.get(m, nothing) for row in rows] for m in metrics}
    groups = {
        metric: (
            [entry['mean'] for entry in entries],
            [entry['half_interval'] for entry in entries],
        )
        for metric, entries in found.items()
    }
    trained = [not row['name'].startswith('untrained') for row in rows]
    figure = bar_figure([r['name'] for r in rows], groups, highlight=trained)
    save_figure(figure, out / 'bars.png')
    print(to_markdown(cells), end='')
    print(f'tables and picture written to {out}')


def _plain(value):
    """NaN and infinity are no JSON: None and text instead."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def run(args: Namespace) -> int:
    """Evaluate what is not known yet, and write the tables."""
    cache = Path(args.out) / 'evaluations.json'
    known = {}
    if cache.is_file() and not args.fresh:
        known = json.loads(cache.read_text(encoding='utf-8'))
    entries = entries_of(args)
    results = []
    for number, entry in enumerate(entries, 1):
        print(
            f'[{number}/{len(entries)}] {entry.name}: '
            f'{entry.checkpoint or f"seed {entry.seed}"}',
            flush=True,
        )
        results.append(evaluate(entry, args, known))
        write_json(cache, known)  # a stopped comparison goes on from here
    available = dict.fromkeys(name for result in results for name in result)
    unknown = set(args.metrics) - set(available)
    if unknown:
        raise UsageError(
            f'--metrics {", ".join(sorted(unknown))}: the evaluations give '
            f'{", ".join(available)}'
        )
    metrics = args.metrics or list(available)
    write(summarize_rows(entries, results, metrics), metrics, args)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
