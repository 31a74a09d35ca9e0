# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The page about a run, whatever the method, from its folder."""

import os
from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path

from mmengine.config import Config

from mmssl.apis.run_pictures import add_pictures
from mmssl.engine.resume import find_checkpoint
from mmssl.utils.config import load_config
from mmssl.visualization import Report, curve_figure
from mmssl.visualization.run_log import (
    CLOCK,
    History,
    Start,
    Validation,
    merge,
    progress_of,
    read_starts,
)

CAPTIONS = dict(
    feat_std='spread of the unit embeddings over the samples; 0 where all '
    'look alike',
    effective_rank='directions that the embeddings use',
    lr='learning rate',
    base_lr='learning rate of the first parameters',
    target_momentum='share of the old weights kept',
    time='seconds of an iteration',
    data_time='of them, seconds of waiting for data',
    memory='megabytes on the GPU',
)
ROWS, WARNINGS = 12, 8
CHART = (2.9, 2.2)  # inches, three in a row
FOUND_PICTURES = 6  # of the files in the run folder


def run_report(
    run_dir: str | os.PathLike, pictures: bool = True, title: str | None = None
) -> Report:
    """The report of a run: finished, killed or resumed, evaluated or not.

    Args:
        run_dir (str or PathLike): What ``tools/train.py`` wrote.
        pictures (bool): Load the newest checkpoint and draw what the method
            is about; where that fails the page says why.
        title (str, optional): Defaults to the name of the config.

    Raises:
        UsageError: The folder is none of a run.
    """
    run_dir = Path(run_dir)
    starts = read_starts(run_dir)
    cfg = config_of_run(run_dir)
    name = Path(cfg.filename).stem if cfg.filename else run_dir.name
    method = cfg.get('model', {}).get('type')
    report = Report(
        title or name, ', '.join(filter(None, (method, str(run_dir))))
    )
    history = merge(starts)
    checkpoint = find_checkpoint(run_dir)
    report.facts(facts_of(starts, cfg, checkpoint))
    add_metrics(report, history.validations, starts)
    add_curves(report, history)
    add_found_pictures(report, run_dir)
    if pictures:
        add_pictures(report, cfg, checkpoint)
    add_notes(report, starts)
    return report


def config_of_run(run_dir: Path) -> Config:
    """The config that a run has written; empty if there is none.

    Raises:
        UsageError: It cannot be read.
    """
    found = sorted(
        [*run_dir.glob('*.py'), *run_dir.glob('*/vis_data/config.py')],
        key=lambda path: (path.parent == run_dir, path.stat().st_mtime_ns),
    )
    return load_config(str(found[-1].resolve())) if found else Config()


def facts_of(
    starts: Sequence[Start], cfg: Config, checkpoint: str | None
) -> dict[str, object]:
    """What is said first."""
    last = starts[-1]
    facts: dict[str, object] = dict(state=state_of(starts, cfg))
    facts['started'] = (
        last.name
        if len(starts) == 1
        else f'{len(starts)} times: {", ".join(s.name for s in starts)}'
    )
    durations = [s.duration for s in starts if s.duration is not None]
    if durations:
        total = sum(durations[1:], durations[0])
        facts['time on the log'] = str(total)
    loader = cfg.get('train_dataloader', {})
    dataset = loader.get('dataset', {})
    facts['data'] = ' '.join(
        str(dataset[key]) for key in ('type', 'data_root') if dataset.get(key)
    )
    sampler = loader.get('batch_sampler', {})
    size = loader.get('batch_size') or sampler.get('batch_size')
    if size:
        world = last.env.get('world_size', 1)
        facts['batch'] = f'{size} x {world}' if world > 1 else size
    for key in ('seed', 'gpus'):
        if last.env.get(key) not in (None, []):
            facts[key] = last.env[key]
    facts['checkpoint'] = Path(checkpoint).name if checkpoint else 'none'
    versions = last.env.get('versions', {})
    shown = [f'{n} {versions[n]}' for n in ('mmssl', 'torch') if n in versions]
    commit = (last.env.get('git') or {}).get('commit')
    if commit:
        shown.append(f'commit {commit[:10]}')
    facts['software'] = ', '.join(shown)
    return {name: value for name, value in facts.items() if value != ''}


def state_of(starts: Sequence[Start], cfg: Config) -> str:
    """Finished, or how far it came."""
    progress = progress_of(starts, cfg.get('train_cfg') or {})
    if progress is None:
        return 'no iteration was logged'
    done, wanted = progress
    if done >= wanted:
        return f'finished, {done} iterations'
    return f'not finished: iteration {done} of {wanted} is the last one logged'


def add_metrics(
    report: Report, validations: Sequence[Validation], starts: Sequence[Start]
) -> None:
    """A table of the validations, and one of ``tools/test.py``."""
    tests = [start for start in starts if start.tests]
    if not validations and not tests:
        return
    report.heading('Metrics')
    if validations:
        step = -(-len(validations) // ROWS)
        shown = list(validations)[::-1][::step][::-1]
        if step > 1:
            report.text(f'Every {step}th of {len(validations)} validations.')
        names = list(dict.fromkeys(n for v in shown for n in v.metrics))
        known = [
            n
            for n in names
            if not all(isnan(v.metrics.get(n, nan)) for v in shown)
        ]
        report.table(_turned([v.iteration for v in shown], known, shown))
        if len(known) < len(names):
            report.text(
                f'{len(names) - len(known)} metrics are left out: they are '
                'not numbers, as of classes that do not occur.'
            )
    for start in tests:
        report.text(f'tools/test.py, {start.name}')
        report.table([dict(metric=n, value=v) for n, v in start.tests.items()])


def _turned(
    iterations: Sequence[int], names: Sequence[str], shown: Sequence
) -> list[dict]:
    """One row a metric: there are often more metrics than validations."""
    columns = [f'iteration {i}' for i in iterations]
    for place in range(1, len(columns)):  # validated twice at one iteration
        if columns[place] in columns[:place]:
            columns[place] += f' ({place + 1})'
    return [
        {
            'metric': name,
            **{
                column: v.metrics.get(name, '')
                for column, v in zip(columns, shown, strict=True)
            },
        }
        for name in names
    ]


def add_curves(report: Report, history: History) -> None:
    """Small charts: losses, other scalars, metrics, time."""
    curves = {n: c for n, c in history.curves.items() if len(c[0]) > 1}
    if 'base_lr' in curves and curves['base_lr'] == curves.get('lr'):
        del curves['base_lr']
    losses = [n for n in curves if 'loss' in n]
    if len(losses) == 2 and curves[losses[0]] == curves[losses[1]]:
        losses = losses[:1]  # a loss of one part
    clock = [n for n in CLOCK if n in curves]
    skipped = {n for n in curves if 'loss' in n} | set(clock)
    others = [n for n in curves if n not in skipped]
    if losses or others:
        report.heading('Training')
        report.charts(_charts(curves, [*losses, *others]))
    metrics: dict = {}
    for validation in history.validations:
        for name, value in validation.metrics.items():
            steps, values = metrics.setdefault(name, ([], []))
            steps.append(validation.iteration)
            values.append(value)
    metrics = {
        n: c
        for n, c in metrics.items()
        if len(set(c[0])) > 1 and (len(set(c[1])) > 1)
    }
    if metrics:
        report.heading('Validation')
        report.charts(_charts(metrics, list(metrics)))
    if clock:
        report.heading('Speed')
        report.charts(_charts(curves, clock))


def _charts(curves: dict, names: Sequence[str]) -> dict:
    return {
        'curve_' + ''.join(c if c.isalnum() else '_' for c in name): (
            curve_figure({name: {name: curves[name]}}, size=CHART),
            CAPTIONS.get(name, ''),
        )
        for name in names
    }


def add_found_pictures(report: Report, run_dir: Path) -> None:
    """Pictures that the run itself has written, first and last of many."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(run_dir.rglob('*.png')):
        inside = path.relative_to(run_dir).parts[:-1]
        if not (inside and (run_dir / inside[0] / 'report.html').exists()):
            found.setdefault(path.parent, []).append(path)
    chosen = []
    for paths in found.values():
        paths.sort(key=lambda path: path.stat().st_mtime_ns)
        chosen += [paths[0], paths[-1]] if len(paths) > 2 else paths
    if not chosen:
        return
    report.heading('Pictures of the run')
    count = sum(map(len, found.values()))
    if count > len(chosen[:FOUND_PICTURES]):
        report.text(
            f'{len(chosen[:FOUND_PICTURES])} of {count} files; of each folder '
            'the oldest and the newest.'
        )
    for number, path in enumerate(chosen[:FOUND_PICTURES]):
        report.figure(
            path.read_bytes(),
            f'found_{number}',
            str(path.relative_to(run_dir)),
        )


def add_notes(report: Report, starts: Sequence[Start]) -> None:
    """Warnings of the logs, and what was cut off."""
    notes = []
    for start in starts:
        if start.cut:
            notes.append(
                f'{start.name}: the last line of scalars.json was cut off; '
                'the run died while it wrote'
            )
        messages = list(start.warnings.items())
        notes += [
            f'{start.name}: {message}' + (f' ({n} times)' if n > 1 else '')
            for message, n in messages[:WARNINGS]
        ]
        if len(messages) > WARNINGS:
            notes.append(
                f'{start.name}: {len(messages) - WARNINGS} more, see the log'
            )
    if notes:
        report.heading('Warnings of the log')
        for note in notes:
            report.text(note)
