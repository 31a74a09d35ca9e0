# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Annotated pictures of a detector's data, and what it finds in them.

Boxes are tuples for :func:`mmssl.visualization.picture_sheet`: xyxy in pixels
of the picture, label, text.
"""

from collections.abc import Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

LEAST_SCORE = 0.3


def annotated_pictures(cfg: Config) -> list[dict]:
    """Path, boxes and labels of the test pictures of an mmdet config."""
    from mmdet.registry import DATASETS

    init_default_scope(cfg.get('default_scope', 'mmdet'))
    settings = dict(cfg.test_dataloader.dataset, pipeline=[])
    dataset = DATASETS.build(settings)
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def with_boxes(pictures: list[dict], count: int) -> list[dict]:
    """Some with boxes, evenly over the data set, so over its videos."""
    filled = [item for item in pictures if item['instances']] or pictures
    places = np.linspace(0, len(filled) - 1, min(count, len(filled)))
    return [filled[int(place)] for place in places]


def classes_of(cfg: Config) -> Sequence[str] | None:
    """Names of the classes, where the config has its own."""
    dataset = cfg.test_dataloader.dataset
    return dataset.get('metainfo', {}).get('classes')


def true_boxes(picture: dict, classes: Sequence[str] | None) -> list[tuple]:
    """The annotated boxes of a picture."""
    return [
        (
            np.array(item['bbox']),
            int(item['bbox_label']),
            _name(classes, int(item['bbox_label'])),
        )
        for item in picture['instances']
    ]


def detected_boxes(
    model: nn.Module,
    pictures: Sequence[dict],
    classes: Sequence[str] | None,
    least: float = LEAST_SCORE,
) -> list[list[tuple]]:
    """What a detector with its config as ``model.cfg`` finds in each.

    Args:
        model (nn.Module): A detector of mmdet.
        pictures (Sequence[dict]): Each with ``img_path``.
        classes (Sequence[str], optional): Names; else numbers are written.
        least (float): Least score of a box.
    """
    from mmdet.apis import inference_detector

    found = []
    for picture in pictures:
        result = inference_detector(model, picture['img_path']).pred_instances
        result = result[result.scores >= least]
        found.append(
            [
                (box, int(label), f'{_name(classes, int(label))} {score:.2f}')
                for box, label, score in zip(
                    result.bboxes.numpy(),
                    result.labels.tolist(),
                    result.scores.tolist(),
                    strict=True,
                )
            ]
        )
    return found


def _name(classes: Sequence[str] | None, label: int) -> str:
    return str(classes[label]) if classes else str(label)
