# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a run folder says: its starts, curves, metrics, warnings.

A run that was started again, resumed or not, has one folder for each start,
named by the time.  Where the iterations of two starts overlap the later one
counts, as it went on from there.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from mmssl.utils.errors import UsageError
from mmssl.visualization.curves import Curve

COUNTERS = ('epoch', 'iter', 'step')
CLOCK = ('time', 'data_time', 'memory')
NOISE = ('HardDiskBackend', 'FileClient')  # said by MMEngine about itself

_TIME = re.compile(r'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ', re.M)
_LEVEL = re.compile(r' - (WARNING|ERROR) - (.*)')
# Epoch(train) [8][20/30] or Iter(train) [100/3000]
_PLACE = re.compile(
    r'(?:Epoch|Iter)\(train\) +(?:\[ *(\d+)\])?\[ *(\d+)/(\d+)\]'
)
_SAVED = re.compile(r'Saving checkpoint at (\d+) (epoch|iteration)s')


class Start(NamedTuple):
    """One start of a run.

    Attributes:
        name (str): The time stamp that its folder is named by.
        env (dict): Content of ``env.json``, empty without.
        records (list[dict]): Of ``scalars.json``.
        cut (bool): The last record was being written when the run died.
        duration (timedelta or None): From the first to the last log line.
        place (tuple or None): Epoch (None by iterations), iteration, and
            iterations in the epoch or in all, of the last line of training.
        warnings (dict[str, int]): Warnings and errors, and how often.
        tests (dict[str, float]): Content of ``metrics.json``, which
            ``tools/test.py`` writes.
    """

    name: str
    env: dict
    records: list[dict]
    cut: bool
    duration: timedelta | None
    place: tuple[int | None, int, int] | None
    warnings: dict[str, int]
    tests: dict[str, float]


class Validation(NamedTuple):
    """Metrics, and the iteration at which they were measured."""

    iteration: int
    metrics: dict[str, float]


class History(NamedTuple):
    """Scalars of training by name, and the validations in their order."""

    curves: dict[str, Curve]
    validations: list[Validation]


def read_starts(run_dir: str | os.PathLike) -> list[Start]:
    """All starts of a run, in order of time.

    Raises:
        UsageError: No such folder, or it is none of a run.
    """
    run_dir = Path(run_dir)
    if not run_dir.is_dir():
        raise UsageError(f'no run folder at {run_dir}')
    logs = list(run_dir.glob('*/*.log'))
    scalars = [path.parent for path in run_dir.glob('*/vis_data')]
    folders = sorted({path.parent for path in logs} | set(scalars))
    if not folders:
        inside = sorted(
            {p.parents[2] for p in run_dir.rglob('vis_data/scalars.json')}
        )
        hint = ''
        if inside:
            hint = f'; give one of the runs in it, such as {inside[0]}'
        raise UsageError(
            f'{run_dir} is no run folder: it has no TIME/TIME.log and no '
            f'TIME/vis_data{hint}'
        )
    return [_read_start(folder) for folder in folders]


def _read_start(folder: Path) -> Start:
    text = ''.join(
        path.read_text(encoding='utf-8', errors='replace')
        for path in sorted(folder.glob('*.log'))
    )
    times = _TIME.findall(text)
    duration = None
    if times:
        first, last = (
            datetime.strptime(t, '%Y/%m/%d %H:%M:%S')
            for t in (times[0], times[-1])
        )
        duration = last - first
    found = Counter(
        f'{level.lower()}: {message.strip()}'
        for level, message in _LEVEL.findall(text)
        if not any(name in message for name in NOISE)
    )
    records, cut = read_records(folder / 'vis_data' / 'scalars.json')
    return Start(
        folder.name,
        _json(folder / 'env.json'),
        records,
        cut,
        duration,
        _last_place(text),
        dict(found),
        _json(folder / 'metrics.json').get('metrics', {}),
    )


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except (FileNotFoundError, ValueError):
        return {}


def read_records(path: Path) -> tuple[list[dict], bool]:
    """Records of a ``scalars.json``, and whether the last one was cut off.

    Raises:
        UsageError: A line before the last one is not JSON.
    """
    if not path.is_file():
        return [], False
    lines = [
        line
        for line in path.read_text(encoding='utf-8').splitlines()
        if line.strip()
    ]
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(json.loads(line))
        except ValueError as error:
            if number == len(lines):
                return records, True
            raise UsageError(
                f'{path}: line {number} is not JSON ({error})'
            ) from error
    return records, False


def merge(starts: Sequence[Start]) -> History:
    """One history of all starts."""
    curves: dict[str, Curve] = {}
    validations: list[Validation] = []
    for start in starts:
        iteration, begun = 0, False
        for record in start.records:
            values = {
                name: value
                for name, value in record.items()
                if name not in COUNTERS
                and isinstance(value, int | float)
                and not isinstance(value, bool)
            }
            if 'iter' in record or 'epoch' in record:
                step = record.get('step', record.get('iter', 0))
                if not begun:
                    curves = _before(curves, step)
                    validations = [
                        v for v in validations if v.iteration < step
                    ]
                    begun = True
                iteration = step
                for name, value in values.items():
                    steps, found = curves.setdefault(name, ([], []))
                    steps.append(step)
                    found.append(value)
            else:
                metrics = {n: v for n, v in values.items() if n not in CLOCK}
                validations.append(Validation(iteration, metrics))
    return History(curves, [v for v in validations if v.metrics])


def _before(curves: dict[str, Curve], step: float) -> dict[str, Curve]:
    """The parts of curves before an iteration."""
    kept = {
        name: tuple(
            zip(
                *((s, v) for s, v in zip(*curve, strict=True) if s < step),
                strict=True,
            )
        )
        for name, curve in curves.items()
    }
    return {n: (list(c[0]), list(c[1])) for n, c in kept.items() if c}


def _last_place(text: str) -> tuple[int | None, int, int] | None:
    """Epoch, iteration and their number, also where only saving says it.

    The last iterations of an epoch are not logged where the interval does
    not divide its length.
    """
    places = _PLACE.findall(text)
    if not places:
        return None
    epoch, done, total = (int(part or 0) for part in places[-1])
    for number, unit in _SAVED.findall(text):
        if unit == 'iteration' and not epoch:
            done = max(done, int(number))
        elif unit == 'epoch' and int(number) == epoch:
            done = total
    return epoch or None, done, total


def progress_of(
    starts: Sequence[Start], train_cfg: dict
) -> tuple[int, int] | None:
    """Iterations done and wanted; None if nothing says so."""
    places = [start.place for start in starts if start.place]
    if not places:
        return None
    epoch, done, total = places[-1]
    if epoch is None:
        return done, train_cfg.get('max_iters') or total
    epochs = train_cfg.get('max_epochs') or epoch
    return (epoch - 1) * total + done, epochs * total
