# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mAP and CorLoc of a detector of mmdet on video frames."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from mmssl.evaluation.functional.video_objects import (
    EVAL_MODES,
    class_ap,
    class_corloc,
)
from mmssl.registry import METRICS


@METRICS.register_module()
class VideoObjectsMetric(BaseMetric):
    """Average precision and CorLoc, each class and their means.

    Classes without a true box are left out of the means, so that a detector
    of VOC's 20 classes is averaged over the ten of YouTube-Objects.

    Args:
        iou_thr (float): A detection is right above it.
        eval_mode (str): '11points' (YouTube-Objects) or 'area'.
        inclusive (bool): See
            :func:`mmssl.evaluation.functional.box_overlaps`.
        collect_device (str): See MMEngine's ``BaseMetric``.
        prefix (str, optional): See MMEngine's ``BaseMetric``.

    Raises:
        ValueError: Unknown mode, or a threshold outside [0, 1).
    """

    default_prefix = 'video'

    def __init__(
        self,
        iou_thr: float = 0.5,
        eval_mode: str = '11points',
        inclusive: bool = True,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if eval_mode not in EVAL_MODES:
            raise ValueError(
                f'eval_mode must be one of {", ".join(EVAL_MODES)}, got '
                f'{eval_mode!r}'
            )
        if not 0 <= iou_thr < 1:
            raise ValueError(f'iou_thr must be in [0, 1), got {iou_thr}')
        self.iou_thr, self.eval_mode = iou_thr, eval_mode
        self.inclusive = inclusive

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Collect boxes.

        Args:
            data_batch: Not used.
            data_samples (Sequence[dict]): With ``gt_instances`` (bboxes
                (k, 4) xyxy, labels (k,)), perhaps ``ignored_instances``,
                and ``pred_instances`` (bboxes, labels, scores).

        Raises:
            ValueError: No true boxes in the samples.
        """
        for sample in data_samples:
            if 'gt_instances' not in sample:
                raise ValueError(
                    'VideoObjectsMetric needs the true boxes: add '
                    "dict(type='LoadAnnotations', with_bbox=True) to the "
                    'test pipeline'
                )
            parts = {}
            for name, keys in (
                ('gt_instances', ('bboxes', 'labels')),
                ('ignored_instances', ('bboxes', 'labels')),
                ('pred_instances', ('bboxes', 'labels', 'scores')),
            ):
                found = sample.get(name)
                if found is not None:
                    parts[name] = [_numbers(found[key]) for key in keys]
            self.results.append(parts)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Means first, then each class that occurs."""
        names = self.dataset_meta['classes']
        ap, corloc = {}, {}
        for label, name in enumerate(names):
            truths, ignored, detections = {}, {}, []
            for frame, parts in enumerate(results):
                boxes, labels = parts['gt_instances']
                truths[frame] = boxes[labels == label]
                if 'ignored_instances' in parts:
                    boxes, labels = parts['ignored_instances']
                    ignored[frame] = boxes[labels == label]
                boxes, labels, scores = parts['pred_instances']
                chosen = labels == label
                detections += [
                    (frame, score, box)
                    for score, box in zip(
                        scores[chosen].tolist(), boxes[chosen], strict=True
                    )
                ]
            if not any(map(len, truths.values())):
                continue
            ap[name] = class_ap(
                detections, truths, self.iou_thr, self.eval_mode,
                self.inclusive, ignored,
            )  # fmt: skip
            corloc[name] = class_corloc(
                detections, truths, self.iou_thr, self.inclusive
            )
        if not ap:
            raise ValueError(
                'no true box of any class in the test data; its classes are '
                f'{", ".join(names)}'
            )
        metrics = dict(
            mAP=float(np.mean(list(ap.values()))),
            CorLoc=float(np.mean(list(corloc.values()))),
        )
        metrics |= {f'AP_{name}': value for name, value in ap.items()}
        metrics |= {f'CorLoc_{name}': value for name, value in corloc.items()}
        return metrics


def _numbers(values) -> np.ndarray:
    values = getattr(values, 'tensor', values)  # mmdet's HorizontalBoxes
    return values.cpu().numpy() if hasattr(values, 'cpu') else values
