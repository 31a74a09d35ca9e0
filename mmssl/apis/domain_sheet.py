# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The page of a stills-to-video experiment: table, statistics, pictures."""

from pathlib import Path

from mmssl.apis.detections import (
    LEAST_SCORE,
    annotated_pictures,
    classes_of,
    detected_boxes,
    true_boxes,
    with_boxes,
)
from mmssl.apis.domain_experiment import (
    MIXED,
    Experiment,
    picture_statistics,
    still_jobs,
)
from mmssl.apis.translator import read_picture
from mmssl.engine.resume import find_checkpoint
from mmssl.visualization import Report, picture_sheet
from mmssl.visualization.curves import find_scalars, read_scalars

MOST_STATISTICS, ROWS = 200, 4
CYCLES = ('loss_cycle_A', 'loss_cycle_B')


def write_page(runs: Experiment, rows: list[dict[str, str]]) -> Path:
    """Write ``report.html`` and its pictures.

    Args:
        runs (Experiment): All its runs are done.
        rows (list[dict[str, str]]): The table.

    Returns:
        Path: The page.
    """
    seeds = ', '.join(map(str, runs.seeds))
    page = Report('Stills to video frames', f'seeds {seeds}')
    page.heading('Detection on video frames')
    page.table(rows)
    page.text(
        'Mean and 95 % interval over the seeds, in percent; gain: of the '
        'first metric over the original stills, in standard errors of the '
        'difference.'
    )
    page.heading('Picture statistics')
    page.table(statistics(runs))
    cycles = cycle_errors(runs)
    if cycles:
        page.heading('Cycle error of the translators')
        page.table(cycles)
    page.heading('Pictures')
    add_sheets(page, runs)
    return page.write(runs.out)


def names_in_use(runs: Experiment) -> list[str]:
    """Translators of the conditions that were run."""
    used = {c.removesuffix(f'+{MIXED}') for c in runs.conditions}
    return [name for name in runs.translators if name in used]


def statistics(runs: Experiment) -> list[dict]:
    """Stills, translated stills of the first seed, and test frames."""
    seed = runs.seeds[0]
    groups = {}
    for name in names_in_use(runs):
        root = runs.translated_root(name, seed)
        jobs, _ = still_jobs(runs.cfg, root)
        groups.setdefault('stills', [job.source for job in jobs])
        groups[f'stills by {name}'] = [job.target for job in jobs]
    groups['video frames'] = [
        f['img_path'] for f in annotated_pictures(runs.cfg)
    ]
    return [
        dict(pictures=name, **picture_statistics(_evenly(paths)))
        for name, paths in groups.items()
    ]


def _evenly(items: list, most: int = MOST_STATISTICS) -> list:
    step = max(1, len(items) // most)
    return items[::step][:most]


def cycle_errors(runs: Experiment) -> list[dict]:
    """Weighted cycle losses when logged first and last, of each training."""
    rows = []
    for name in names_in_use(runs):
        for seed in runs.seeds:
            folder = runs.out / 'translators' / f'{name}_seed{seed}'
            path = find_scalars(folder) if folder.is_dir() else None
            curves = read_scalars(path) if path else {}
            found = [key for key in CYCLES if key in curves]
            row = dict(translator=name, seed=seed)
            for key in found:
                values = curves[key][1]
                row[f'{key}, first'], row[f'{key}, last'] = (
                    float(values[0]),
                    float(values[-1]),
                )
            rows += [row] if found else []
    return rows


def add_sheets(page: Report, runs: Experiment) -> None:
    """Stills beside their translations; frames with what is detected."""
    from mmdet.apis import init_detector

    seed, used = runs.seeds[0], names_in_use(runs)
    columns, titles = [], ['still']
    for name in used:
        root = runs.translated_root(name, seed)
        jobs = _evenly(still_jobs(runs.cfg, root)[0], ROWS)
        if not columns:
            columns.append([read_picture(job.source) for job in jobs])
        columns.append([read_picture(job.target) for job in jobs])
        titles.append(f'by {name}')
    frames = with_boxes(annotated_pictures(runs.cfg), ROWS)
    pictures = [read_picture(frame['img_path']) for frame in frames]
    if columns:
        columns.append(pictures)
        rows = list(zip(*columns, strict=True))
        page.figure(
            picture_sheet(rows, [*titles, 'a video frame']),
            'translations',
            'Stills, translated stills, and video frames (other scenes).',
        )
    classes = classes_of(runs.cfg)
    boxes = [[true_boxes(frame, classes) for frame in frames]]
    titles = ['true boxes']
    for condition in runs.conditions:
        config = runs.out / 'configs' / f'{condition}_seed{seed}.py'
        folder = runs.out / 'detectors' / f'{condition}_seed{seed}'
        model = init_detector(
            str(config), find_checkpoint(folder), device='cpu'
        )
        boxes.append(detected_boxes(model, frames, classes))
        titles.append('trained on ' + condition)
    page.figure(
        picture_sheet(
            [[picture] * len(titles) for picture in pictures],
            titles,
            list(zip(*boxes, strict=True)),
        ),
        'detections',
        f'Detections of score {LEAST_SCORE} or more on video frames, first '
        'seed.',
    )
