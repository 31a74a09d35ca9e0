# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Curves of a run from the scalars that MMEngine writes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from mmssl.utils.errors import UsageError
from mmssl.visualization.style import INK, colour, new_figure, tidy

Curve = tuple[list[float], list[float]]


def find_scalars(run_dir: str | os.PathLike) -> Path | None:
    """The newest ``vis_data/scalars.json`` below a run folder, or None."""
    # Folders are named by the time of the start.
    found = sorted(Path(run_dir).rglob('vis_data/scalars.json'))
    return found[-1] if found else None


def read_scalars(path: str | os.PathLike) -> dict[str, Curve]:
    """Steps and values of every scalar of a log.

    Args:
        path (str or PathLike): A ``scalars.json``: one JSON object a line,
            ``step`` is the iteration in training and the epoch in
            validation.

    Returns:
        dict: Name to (steps, values).

    Raises:
        UsageError: No such file, or a line that is not JSON.
    """
    try:
        lines = Path(path).read_text(encoding='utf-8').splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError as error:
        raise UsageError(f'log not found: {path}') from error
    except ValueError as error:
        raise UsageError(f'{path} is not one JSON object a line') from error
    curves: dict[str, Curve] = {}
    for number, record in enumerate(records):
        step = record.get('step', number)
        for name, value in record.items():
            if name != 'step' and isinstance(value, int | float):
                steps, values = curves.setdefault(name, ([], []))
                steps.append(step)
                values.append(value)
    return curves


def curve_figure(
    panels: Mapping[str, Mapping[str, Curve]],
    xlabels: Mapping[str, str] | None = None,
    size: tuple[float, float] = (4.2, 3),
) -> Figure:
    """One panel beside the other, each with its named curves.

    Args:
        panels (Mapping): Title of a panel to name to (steps, values).
        xlabels (Mapping, optional): Title of a panel to what is below it;
            defaults to 'iteration'.
        size (tuple[float, float]): Width and height of a panel, inches.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: If there is no panel.
    """
    if not panels:
        raise ValueError('a figure of curves needs at least one panel')
    figure, axes = new_figure(
        size[0] * len(panels), size[1], columns=len(panels)
    )
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        for number, (name, (steps, values)) in enumerate(curves.items()):
            axis.plot(
                steps,
                values,
                color=colour(number),
                linewidth=1.6,
                marker='o' if len(steps) < 15 else None,
                markersize=3.5,
                label=name,
            )
        tidy(axis, title, (xlabels or {}).get(title, 'iteration'))
        if len(curves) > 1:
            axis.legend(frameon=False, fontsize=8, labelcolor=INK)
    return figure
