# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures with several classes each, and features to classify them by."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mmssl.datasets.sources import FileSource
from mmssl.datasets.transforms import LoadImage, views
from mmssl.evaluation.extraction import undisturbed
from mmssl.utils.errors import UsageError


class MultiLabelSet(NamedTuple):
    """n pictures: ``source``; ``labels`` (n, classes) in {1, 0, -1};
    ``classes``: their names."""

    source: FileSource
    labels: np.ndarray
    classes: list[str]


def read_multilabels(
    annotation: str | os.PathLike, images: str | os.PathLike
) -> MultiLabelSet:
    """Which classes a picture shows, from boxes in COCO's format.

    A class that is there only in boxes marked ``ignore`` (VOC's difficult
    ones, as ``prepare_voc.py`` writes them) or ``iscrowd`` has the label 0.

    Args:
        annotation (str or PathLike): The JSON.
        images (str or PathLike): Folder of the pictures.

    Raises:
        UsageError: Not such a file, or a box of an unknown picture or class.
    """
    try:
        content = json.loads(Path(annotation).read_text(encoding='utf-8'))
        classes = [item['name'] for item in content['categories']]
        column = {c['id']: i for i, c in enumerate(content['categories'])}
        row = {item['id']: i for i, item in enumerate(content['images'])}
        names = [item['file_name'] for item in content['images']]
        labels = np.full((len(row), len(column)), -1, np.int8)
        for box in content['annotations']:
            place = row[box['image_id']], column[box['category_id']]
            certain = not (box.get('ignore') or box.get('iscrowd'))
            labels[place] = max(labels[place], 1 if certain else 0)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{annotation} holds no boxes in COCO's format: {error!r}; "
            'tools/dataset_tools/prepare_voc.py writes such a file of VOC'
        ) from error
    return MultiLabelSet(FileSource(images, names), labels, classes)


def choose_classes(
    sets: Sequence[MultiLabelSet], least: int
) -> list[MultiLabelSet]:
    """Keep the classes that every set shows at least so often.

    Raises:
        UsageError: The sets have other classes, or none is left.
    """
    if len({tuple(s.classes) for s in sets}) > 1:
        raise UsageError('training and test list different classes')
    often = np.logical_and.reduce(
        [(s.labels > 0).sum(0) >= least for s in sets]
    )
    if not often.any():
        raise UsageError(
            f'no class is shown by {least} pictures of each set; lower --least'
        )
    return [
        s._replace(
            labels=s.labels[:, often],
            classes=[c for c, o in zip(s.classes, often, strict=True) if o],
        )
        for s in sets
    ]


def map_features(
    model: nn.Module,
    source: FileSource,
    size: int,
    pool: int,
    batch_size: int = 64,
) -> np.ndarray:
    """Last map of whole pictures, pooled a little, as one vector.

    The protocol of VOC07: the shorter side is resized to 8/7 of ``size``,
    then the picture to ``size`` x ``size`` without regard to its shape;
    average over ``pool`` x ``pool`` cells at stride 1.

    Args:
        model (nn.Module): A method; left as it was.
        source (FileSource): The pictures.
        size (int): Side, pixels; 224 as published.
        pool (int): Cells; 6 of 7 as published, which leaves 2 x 2.
        batch_size (int): Pictures at a time.

    Returns:
        ndarray: (n, d) float32.

    Raises:
        UsageError: The map is smaller than the pool.
    """
    load, ops = LoadImage(), views.BACKENDS['cv2']
    first = views.CenterView(resize=round(size * 8 / 7))
    features = []
    with undisturbed(model):
        for start in range(0, len(source), batch_size):
            rows = range(start, min(start + batch_size, len(source)))
            pictures = []
            for row in rows:
                facts = dict(img_bytes=source.read(row), path=source.name(row))
                img, _ = first(load(facts)['img'])
                pictures.append(ops.resize(img, (size, size), 'bilinear'))
            images = np.ascontiguousarray(
                np.stack(pictures).transpose(0, 3, 1, 2)
            )
            batch = dict(inputs=[torch.from_numpy(images)])
            batch = model.data_preprocessor(batch, False)
            maps = model.extract_feat(batch['inputs'], 'backbone')
            maps = maps if isinstance(maps, torch.Tensor) else maps[-1]
            if pool > min(maps.shape[2:]):
                raise UsageError(
                    f'--pool {pool} is larger than the map of '
                    f'{tuple(maps.shape[2:])} cells'
                )
            pooled = F.avg_pool2d(maps, pool, 1).flatten(1)
            features.append(pooled.float().cpu().numpy())
    return np.concatenate(features)
