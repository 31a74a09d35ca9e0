# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Evaluate many checkpoints in many ways: one table and one picture."""

import csv
import glob
import hashlib
import io
import json
import math
import re
import sys
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json, write_text
from mmssl.utils.markdown import to_markdown
from mmssl.utils.tool import ToolParser, one_line, run_tool

EXAMPLES = """\
  python tools/benchmarks/compare.py \\
      'SimCLR=simclr_mini:work_dirs/simclr_mini_seed*/epoch_10.pth' \\
      'W-MSE 2=wmse2_mini:work_dirs/wmse2_mini_seed*/epoch_10.pth' \\
      --untrained --out work_dirs/compare
  python tools/benchmarks/compare.py SimCLR=simclr_tiny:a.pth,b.pth,c.pth \\
      random=simclr_tiny:untrained --evaluations simclr_tiny my_retrieval
several checkpoints of one NAME are its seeds: rows are means over them, with
95 % intervals, and the gain over the untrained network in standard errors.
An evaluation is a config: its metrics are found by their registered names.
Results on disk are reused, also after an interruption; --fresh evaluates all
again.  What fails is listed below the table, and the exit code is 1."""

UNTRAINED = 'untrained'
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
        help='CHECKPOINT is a file, several with commas between, a pattern, '
        f'a URL, or {UNTRAINED!r}; a NAME may come again',
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
    parser.add_overrides()
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
    checkpoints = []
    for part in pattern.split(','):
        named = part == UNTRAINED or '://' in part
        found = [part] if named else sorted(glob.glob(part))
        if not found:
            raise UsageError(f'{name}: no checkpoint matches {part}')
        checkpoints += found
    return name, config, checkpoints


def entries_of(args: Namespace) -> list[Entry]:
    """Every network to evaluate, those of ``--untrained`` first.

    Runs that share backbone and test data share their untrained network.
    """
    from mmssl.evaluation.session import seed_of

    entries, groups, labels = [], {}, {}
    for name, config, checkpoints in map(parse_run, args.runs):
        cfg = load_config(config, args.cfg_options, mmssl.get_config_dir())
        key = _digest(cfg.model.get('backbone'), cfg.get('test_dataloader'))
        first, _, seeds = groups.setdefault(key, (name, config, set()))
        for number, checkpoint in enumerate(checkpoints):
            if checkpoint == UNTRAINED:
                labels[first] = name
                entries.append(Entry(name, config, None, None, first))
                continue
            seed = seed_of(checkpoint, args.trust_checkpoint)
            seeds.add(number if seed is None else seed)
            entries.append(Entry(name, config, checkpoint, seed, first))
    added = []
    if args.untrained:
        for first, config, seeds in groups.values():
            labels[first] = (
                UNTRAINED if len(groups) == 1 else f'{UNTRAINED} ({first})'
            )
            added += [
                Entry(labels[first], config, None, seed, first)
                for seed in sorted(seeds)
            ]
    return [
        entry._replace(
            baseline=labels.get(entry.baseline, '') if entry.checkpoint else ''
        )
        for entry in added + entries
    ]


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


def evaluate(
    entry: Entry, evaluation: str | None, args: Namespace, known: dict
) -> Results:
    """Results of one evaluation of a network, from ``known`` if there."""
    from mmssl.evaluation.session import evaluation_runner

    cfg = evaluation_config(entry, evaluation, args)
    cfg_text = {k: v for k, v in cfg.to_dict().items() if k != 'work_dir'}
    path = Path(entry.checkpoint or '')
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    key = _digest(cfg_text, entry.checkpoint, entry.seed, changed)
    if key not in known:
        with evaluation_runner(cfg, entry.checkpoint, entry.seed) as runner:
            known[key] = {k: float(v) for k, v in runner.test().items()}
    prefix = ''
    if len(args.evaluations) > 1:
        prefix = f'{Path(evaluation).stem}: '
    return {prefix + name: value for name, value in known[key].items()}


def _digest(*content: object) -> str:
    text = json.dumps(content, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summarize_rows(
    entries: list[Entry], results: list[Results], metrics: list[str]
) -> list[dict]:
    """One row a name: seeds, means, intervals and gains of each metric.

    Returns:
        list[dict]: ``name``, ``seeds``, ``trained`` (False for untrained
        networks alone) and, by metric, a dict of ``mean``,
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
        row = dict(
            name=name,
            seeds=[entry.seed for entry in own],
            trained=any(entry.checkpoint for entry in own),
        )
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
            line.append(_interval(entry, len(row['seeds'])) if entry else '-')
            if gains:
                gain = entry and entry['gain']
                known = gain is not None and not math.isnan(gain)
                line.append(f'{gain:+.1f}' if known else '')
        cells.append(line)
    return cells


def _interval(entry: dict, seeds: int) -> str:
    digits = 1 if abs(entry['mean']) >= 10 else 3
    text = f'{entry["mean"]:.{digits}f}'
    half = entry['half_interval']
    if not math.isnan(half):
        text = f'{text} ± {half:.{digits}f}'
    count = len(entry['values'])
    return text if count == seeds else f'{text} ({count} of {seeds})'


def write(
    rows: list[dict], metrics: list[str], failures: list[str], out: Path
) -> None:
    """Tables and picture into the output folder."""
    from mmssl.visualization import bar_figure, save_figure

    cells = table(rows, metrics)
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(cells)
    write_text(out / 'table.csv', text.getvalue())
    markdown = to_markdown(cells)
    if failures:
        markdown += '\nFailed:\n\n' + ''.join(f'- {f}\n' for f in failures)
    write_text(out / 'table.md', markdown)
    content = dict(metrics=metrics, rows=_plain(rows), failures=failures)
    write_json(out / 'results.json', content)
    nothing = dict(mean=math.nan, half_interval=math.nan)
    found = {m: [row.get(m, nothing) for row in rows] for m in metrics}
    groups = {
        metric: (
            [entry['mean'] for entry in entries],
            [entry['half_interval'] for entry in entries],
        )
        for metric, entries in found.items()
    }
    trained = [row['trained'] for row in rows]
    units = {m: 'percent' for m in metrics if re.search(r'top\d+$', m)}
    figure = bar_figure([r['name'] for r in rows], groups, units, trained)
    save_figure(figure, out / 'bars.png')
    print(markdown, end='')
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
    results: list[Results] = []
    failures: list[str] = []
    first_error = None
    for number, entry in enumerate(entries, 1):
        network = entry.checkpoint or f'untrained, seed {entry.seed}'
        print(f'[{number}/{len(entries)}] {entry.name}: {network}', flush=True)
        results.append({})
        for evaluation in args.evaluations or [None]:
            try:
                results[-1] |= evaluate(entry, evaluation, args, known)
            except Exception as error:
                first_error = first_error or error
                where = f'{network}, {evaluation or entry.config}'
                failures.append(f'{entry.name} ({where}): {one_line(error)}')
                print(f'failed: {failures[-1]}', file=sys.stderr)
            else:
                # A stopped comparison goes on from here.
                write_json(cache, known)
    if not any(results):
        raise first_error
    available = dict.fromkeys(name for result in results for name in result)
    unknown = set(args.metrics) - set(available)
    if unknown:
        raise UsageError(
            f'--metrics {", ".join(sorted(unknown))}: the evaluations give '
            f'{", ".join(available)}'
        )
    metrics = args.metrics or list(available)
    rows = summarize_rows(entries, results, metrics)
    write(rows, metrics, failures, Path(args.out))
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
