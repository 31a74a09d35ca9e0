# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Scores of folders of masks: DAVIS's semi-supervised task.

results/SEQUENCE/FRAME.png + annotations/SEQUENCE/FRAME.png -> J and F
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy import ndarray

from mmssl.evaluation.functional.davis import (
    MIN_FRAMES,
    VOID,
    SequenceScores,
    count_objects,
    evaluate_sequence,
    summarize_objects,
)
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import read_id_map
from mmssl.utils.names import suggestion
from mmssl.utils.parallel import process_map

IdSource = str | Path | ndarray
YEAR = '2017'  # of the lists; 2016 has one object a sequence


def find_annotations(
    root: str | Path,
    split: str = 'val',
    resolution: str = '480p',
    sequences: Sequence[str] = (),
) -> tuple[Path, list[str]]:
    """The folder of the annotations and the sequences to evaluate.

    Args:
        root (str or Path): DAVIS's folder (with ``Annotations`` and
            ``ImageSets``), or any folder that has a folder of masks for
            each sequence.
        split (str): List in ``ImageSets/2017``; where there are no lists,
            all sequences count.
        resolution (str): Folder below ``Annotations``.
        sequences (Sequence[str]): These ones instead of the list.

    Returns:
        tuple[Path, list[str]]: Folder, and names in order.

    Raises:
        UsageError: No such folder, list or sequence.
    """
    root = Path(root).expanduser()
    folder = root
    if (root / 'Annotations').is_dir():
        folder = root / 'Annotations' / resolution
    if not folder.is_dir():
        raise UsageError(f'no annotations: there is no folder {folder}')
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if not found:
        raise UsageError(
            f'no annotations: {folder} has no folder for each sequence'
        )
    lists = root / 'ImageSets' / YEAR
    if sequences:
        names, source = list(sequences), 'the sequences asked for'
    elif folder != root and lists.is_dir():
        source = lists / f'{split}.txt'
        if not source.is_file():
            known = sorted(path.stem for path in lists.glob('*.txt'))
            raise UsageError(
                f'there is no list {source}; known are {", ".join(known)}'
            )
        names = source.read_text(encoding='utf-8').split()
    else:
        names, source = found, folder
    if not names:
        raise UsageError(f'{source} names no sequence')
    for name in names:
        if name not in found:
            raise UsageError(
                f'sequence {name} of {source} has no annotations in '
                f'{folder}{suggestion(name, found)}'
            )
    return folder, names


def score_folder(
    results: str | Path,
    annotations: str | Path,
    sequences: Sequence[str],
    workers: int = 1,
) -> dict[str, SequenceScores]:
    """J and F of every object in every evaluated frame.

    Nothing is cached: scores are those of the masks on the disk.

    Args:
        results (str or Path): Folder of a folder for each sequence.
        annotations (str or Path): Likewise, see :func:`find_annotations`.
        sequences (Sequence[str]): Names of the folders.
        workers (int): Processes; 1 is this one.

    Returns:
        dict[str, SequenceScores]: By sequence, in the order given.

    Raises:
        UsageError: As :func:`score_sequence`, or no results at all.
    """
    results, annotations = Path(results), Path(annotations)
    if not results.is_dir():
        raise UsageError(f'no results: there is no folder {results}')
    if not any(path.is_dir() for path in results.iterdir()):
        raise UsageError(
            f'no results: {results} has no folder of masks for each sequence'
        )
    # Before the first hour of work, not after it.
    for name in sequences:
        if not (results / name).is_dir():
            raise UsageError(
                f'sequence {name} has no results: there is no folder '
                f'{results / name}; give the names of the sequences to '
                'evaluate if the others are not wanted'
            )
    score = partial(_score, results, annotations)
    with process_map(min(workers, len(sequences))) as run:
        return dict(zip(sequences, run(score, sequences), strict=True))


def score_sequence(
    name: str,
    annotations: Mapping[str, IdSource],
    read_result: Callable[[str], ndarray],
) -> SequenceScores:
    """J and F of one sequence, without its first and last frame.

    Args:
        name (str): Of the sequence, for messages.
        annotations (Mapping[str, Path or ndarray]): By frame, in order; the
            largest object number of the first is the number of objects, and
            one that it leaves out counts as an object without pixels.
        read_result (Callable): From a frame to its result, (h, w) object
            numbers.

    Raises:
        UsageError: Too few frames, no objects in the first annotation, a
            result absent, unreadable, of another size or with more objects.
    """
    if len(annotations) < MIN_FRAMES:
        raise UsageError(
            f'sequence {name} has {len(annotations)} annotated frames; at '
            f'least {MIN_FRAMES} are needed, as the first and the last are '
            'not evaluated'
        )
    frames = list(annotations)
    first = read_ids(annotations[frames[0]])
    count = count_objects(first)
    if not count:
        raise UsageError(
            f'the first annotation of sequence {name}, frame {frames[0]}, '
            'has no object, so there is nothing to evaluate'
        )
    missing = set(range(1, count + 1)) - set(np.unique(first).tolist())
    if missing:
        # As the official evaluation counts; where the result lacks the
        # object too it agrees, and J and F are 1.
        warnings.warn(
            f'the first annotation of sequence {name}, frame {frames[0]}, '
            f'leaves out the numbers {sorted(missing)} of {count}; they '
            'count as objects without pixels',
            stacklevel=2,
        )
    scores = [
        _score_frame(
            f'sequence {name}, frame {frame}',
            read_result(frame),
            read_ids(annotations[frame]),
            count,
        )
        for frame in frames[1:-1]
    ]
    j, f = zip(*scores, strict=True)
    return SequenceScores(np.concatenate(j, 1), np.concatenate(f, 1))


def read_ids(source: IdSource) -> ndarray:
    """Object numbers (h, w) of a file, or as they are."""
    return source if isinstance(source, ndarray) else read_id_map(source)


def score_table(scores: dict[str, SequenceScores]) -> list[dict]:
    """Rows of objects, of sequences and of the whole.

    Args:
        scores (dict[str, SequenceScores]): By sequence.

    Returns:
        list[dict]: ``level`` ('object', 'sequence' or 'all'), ``name``
        ('SEQUENCE_NUMBER', 'SEQUENCE', 'all'), and the numbers of
        :func:`~mmssl.evaluation.functional.summarize_objects`.
    """
    objects, sequences, j, f = [], [], [], []
    for name, score in scores.items():
        for i, pair in enumerate(zip(score.j, score.f, strict=True)):
            numbers = summarize_objects(*([row] for row in pair))
            objects.append(
                dict(level='object', name=f'{name}_{i + 1}', **numbers)
            )
        numbers = summarize_objects(*score)
        sequences.append(dict(level='sequence', name=name, **numbers))
        j += list(score.j)
        f += list(score.f)
    whole = dict(level='all', name='all', **summarize_objects(j, f))
    return [*objects, *sequences, whole]


def _score(results: Path, annotations: Path, name: str) -> SequenceScores:
    frames = sorted((annotations / name).glob('*.png'))
    if not frames:
        raise UsageError(f'no PNG in {annotations / name}')

    def read(frame: str) -> ndarray:
        path = results / name / f'{frame}.png'
        if not path.is_file():
            raise UsageError(
                f'sequence {name}, frame {frame} has no result: there is no '
                f'{path}'
            )
        return read_id_map(path)

    return score_sequence(name, {path.stem: path for path in frames}, read)


def _score_frame(
    place: str, pred: ndarray, annotation: ndarray, count: int
) -> SequenceScores:
    """Of n objects and one frame."""
    if (pred == VOID).any():
        raise UsageError(
            f'{place}: the result has pixels {VOID}; it numbers its objects '
            'from 1 and may not leave pixels out (is it a mask of 0 and '
            f'{VOID}?)'
        )
    try:
        return evaluate_sequence([annotation], [pred], count)
    except ValueError as error:
        raise UsageError(f'{place}: {error}') from error
