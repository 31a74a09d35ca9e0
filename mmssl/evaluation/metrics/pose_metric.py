# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Joints and body parts that a loop has carried through clips."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmssl.evaluation.functional.parts import class_iou, pixel_confusion
from mmssl.evaluation.functional.pose import THRESHOLDS, joint_distances, pck
from mmssl.evaluation.vos_folders import read_ids
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


@METRICS.register_module()
class PCKMetric(BaseMetric):
    """Percentage of correct keypoints, as JHMDB is scored: ``PCK@0.1``.

    Every data sample is a clip: ``path``, ``joints`` and ``found_joints``,
    (2, j, t) in pixels.  Values are means over the joints.

    Args:
        thresholds (Sequence[float]): Shares of the body's size.
        count_lost_as_wrong (bool): A joint that is lost counts as wrong;
            as published it does not count at all.
        prefix (str, optional): Before the names; defaults to 'pose'.
    """

    default_prefix = 'pose'

    def __init__(
        self,
        thresholds: Sequence[float] = THRESHOLDS,
        count_lost_as_wrong: bool = False,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = tuple(thresholds)
        self.count_lost_as_wrong = count_lost_as_wrong

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the distances of each clip."""
        for sample in data_samples:
            distances = joint_distances(
                sample.get('joints'),
                sample.get('found_joints'),
                self.count_lost_as_wrong,
            )
            self.results.append((sample.get('path'), distances))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Means over the joints.

        Args:
            results (list[tuple]): Name and distances of each clip; one that
                the sampler repeats counts once.
        """
        found = pck(list(dict(results).values()), self.thresholds)
        return {
            f'PCK@{limit:g}': float(row[-1])
            for limit, row in zip(self.thresholds, found, strict=True)
        }


@METRICS.register_module()
class PartMetric(BaseMetric):
    """``mIoU`` of body parts over all pixels, as VIP is scored.

    Every data sample is a sequence: ``path``, ``annotations`` (frame name
    to file or array) and ``masks`` (frame name to (h, w) class numbers).
    All annotated frames count; an absent class does not.

    Args:
        num_classes (int): With the background.
        prefix (str, optional): Before the names; defaults to 'parts'.
    """

    default_prefix = 'parts'

    def __init__(
        self, num_classes: int = 20, prefix: str | None = None
    ) -> None:
        super().__init__(prefix=prefix)
        self.num_classes = num_classes

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the confusion of each sequence.

        Raises:
            UsageError: A result outside the classes.
        """
        for sample in data_samples:
            total = np.zeros((self.num_classes,) * 2, np.int64)
            for name, source in sample.get('annotations').items():
                try:
                    total += pixel_confusion(
                        read_ids(source),
                        sample.get('masks')[name],
                        self.num_classes,
                    )
                except ValueError as error:
                    raise UsageError(
                        f'sequence {sample.get("path")}, frame {name}: {error}'
                    ) from error
            self.results.append((sample.get('path'), total))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Mean over the classes that occur, as a fraction.

        Args:
            results (list[tuple]): Name and confusion of each sequence; one
                that the sampler repeats counts once.
        """
        total = sum(dict(results).values())
        return dict(mIoU=float(np.nanmean(class_iou(total))))
