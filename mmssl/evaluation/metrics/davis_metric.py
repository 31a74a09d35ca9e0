# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Masks that a loop has carried through sequences: scores and files."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.evaluator import BaseMetric

from mmssl.evaluation.functional.davis import SequenceScores
from mmssl.evaluation.vos_folders import score_sequence, score_table
from mmssl.registry import METRICS
from mmssl.utils.files import atomic_path
from mmssl.utils.id_maps import write_id_map


@METRICS.register_module()
class DAVISMetric(BaseMetric):
    """J&F, J and F (fractions) as DAVIS 2017 defines them.

    Every data sample is a sequence: ``path`` (its name), ``annotations``
    (frame name to file or array, in order) and ``masks`` (frame name to (h, w)
    object numbers).  Results: ``J&F``, ``J_mean``, ``J_recall``,
    ``J_decay`` and the same of F, means over the objects of all sequences.

    Args:
        prefix (str, optional): Before the names; defaults to 'davis'.
    """

    default_prefix = 'davis'

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the scores of each sequence, not its masks.

        Raises:
            UsageError: See :func:`score_sequence`.
        """
        for sample in data_samples:
            scores = score_sequence(
                sample.get('path'),
                sample.get('annotations'),
                sample.get('masks').__getitem__,
            )
            self.results.append((sample.get('path'), *scores))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """The row of the whole.

        Args:
            results (list[tuple]): Name, J and F of each sequence; one that
                the sampler repeats counts once.
        """
        scores = {name: SequenceScores(j, f) for name, j, f in results}
        row = score_table(scores)[-1]
        return {k: v for k, v in row.items() if k not in ('level', 'name')}


@METRICS.register_module()
class VOSResultWriter(BaseMetric):
    """Writes masks as DAVIS and YouTube-VOS want them, and no number.

    Files: ``out_dir/SEQUENCE/FRAME.png`` with a palette, of the frames that
    the data set lists in ``saved``.

    Args:
        out_dir (str): Folder of the results.
        archive (str, optional): Also a zip with the files below
            ``Annotations/``, which the server of YouTube-VOS takes.
    """

    def __init__(self, out_dir: str, archive: str | None = None) -> None:
        super().__init__(prefix='writer')
        self.out_dir = Path(out_dir)
        self.archive = archive

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Write the masks of each sequence, keep the names of the files."""
        for sample in data_samples:
            names = []
            for frame in sample.get('saved'):
                name = f'{sample.get("path")}/{frame}.png'
                write_id_map(self.out_dir / name, sample.get('masks')[frame])
                names.append(name)
            self.results.append(names)

    def compute_metrics(self, results: list[list[str]]) -> dict[str, float]:
        """Write the archive; there is nothing to report.

        Args:
            results (list[list[str]]): Files of each sequence.
        """
        if self.archive is not None:
            with (
                atomic_path(self.archive) as temporary,
                zipfile.ZipFile(temporary, 'w') as file,
            ):
                for name in sorted(
                    {name for names in results for name in names}
                ):
                    file.write(self.out_dir / name, f'Annotations/{name}')
        return {}
