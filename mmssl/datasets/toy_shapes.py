# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Coloured shapes, sharp as stills or spoilt as video frames.

A domain gap that can be measured in seconds: nothing to download, boxes
known exactly.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmssl.datasets.image_dataset import ImageDataset
from mmssl.datasets.sources import ArraySource
from mmssl.registry import DATASETS
from mmssl.utils.files import atomic_path, write_json

CLASSES = ('disc', 'square', 'triangle')
DOMAINS = ('still', 'video')


def draw_scene(
    rng: np.random.Generator, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One to three shapes on a shaded ground, hardly overlapping.

    Args:
        rng (Generator): Source of all draws.
        side (int): Of the picture, pixels.

    Returns:
        tuple: Picture (side, side, 3) uint8 RGB; boxes (k, 4) float32 xyxy;
        labels (k,) int64.
    """
    corners = rng.integers(90, 256, (2, 2, 3)).astype(np.uint8)
    picture = cv2.resize(corners, (side, side), interpolation=1)
    boxes, labels = [], []
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.integers(side // 5, side // 2 - side // 16))
        x, y = rng.integers(0, side - size, 2).tolist()
        box = np.array([x, y, x + size, y + size], np.float32)
        if any(_overlap(box, other) > 0 for other in boxes):
            continue
        label = int(rng.integers(len(CLASSES)))
        colour = rng.integers(0, 256, 3).tolist()
        _draw(picture, CLASSES[label], box.astype(int).tolist(), colour)
        boxes.append(box)
        labels.append(label)
    return picture, np.array(boxes), np.array(labels, np.int64)


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(np.clip(sides, 0, None).prod())


def _draw(picture: np.ndarray, name: str, box: list, colour: list) -> None:
    x1, y1, x2, y2 = box
    if name == 'square':
        points = [(x1, y1), (x2 - 1, y1), (x2 - 1, y2 - 1), (x1, y2 - 1)]
    elif name == 'triangle':
        points = [((x1 + x2) // 2, y1), (x2 - 1, y2 - 1), (x1, y2 - 1)]
    else:
        centre, radius = (x1 + x2) / 2 - 0.5, (x2 - x1) / 2 - 0.5
        turn = np.linspace(0, 2 * np.pi, 33)
        points = np.stack(
            [
                centre + radius * np.cos(turn),
                (y1 + y2) / 2 - 0.5 + radius * np.sin(turn),
            ],
            axis=1,
        ).round()
    cv2.fillPoly(picture, [np.array(points, np.int32)], colour)


def as_video_frame(picture: np.ndarray) -> np.ndarray:
    """Blurred, dimmed, of low contrast, and compressed as JPEG.

    Args:
        picture (ndarray): (h, w, 3) uint8 RGB.
    """
    blurred = cv2.GaussianBlur(picture, (0, 0), 1.5)
    dimmed = (0.35 * blurred + 12).astype(np.uint8)
    _, code = cv2.imencode('.jpg', dimmed, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return cv2.imdecode(code, cv2.IMREAD_COLOR)


def toy_scenes(
    domain: str, count: int, side: int, seed: int
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Pictures of a domain with their boxes.

    Returns:
        tuple: (count, side, side, 3) uint8; lists of count boxes and labels
        as :func:`draw_scene` gives them.

    Raises:
        ValueError: No such domain.
    """
    if domain not in DOMAINS:
        raise ValueError(
            f'domain must be one of {", ".join(DOMAINS)}, got {domain!r}'
        )
    # Other scenes in each domain, also for one seed: unpaired.
    rng = np.random.default_rng((seed, DOMAINS.index(domain)))
    scenes = [draw_scene(rng, side) for _ in range(count)]
    pictures = [scene[0] for scene in scenes]
    if domain == 'video':
        pictures = [as_video_frame(picture) for picture in pictures]
    return (
        np.stack(pictures),
        [scene[1] for scene in scenes],
        [scene[2] for scene in scenes],
    )


@DATASETS.register_module()
class ToyShapes(ImageDataset):
    """Generated pictures of one domain, without boxes.

    Args:
        domain (str): 'still' or 'video'.
        count (int): Pictures.
        side (int): Of a picture, pixels.
        seed (int): Of the scenes.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(
        self,
        domain: str = 'still',
        count: int = 200,
        side: int = 64,
        seed: int = 0,
        **kwargs,
    ) -> None:
        pictures, _, _ = toy_scenes(domain, count, side, seed)
        super().__init__(
            ArraySource(pictures, f'ToyShapes/{domain}'), **kwargs
        )


def write_coco(
    ann_file: str | Path,
    folder: str | Path,
    pictures: np.ndarray,
    boxes: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    classes: Sequence[str] = CLASSES,
) -> None:
    """Write pictures (lossless) and boxes in COCO's layout.

    Args:
        ann_file (str or Path): JSON to write; written last.
        folder (str or Path): Of the pictures, ``00000.png`` and so on.
        pictures (ndarray): (n, h, w, 3) uint8 RGB.
        boxes (Sequence[ndarray]): n times (k, 4) xyxy, pixels.
        labels (Sequence[ndarray]): n times (k,) class numbers.
        classes (Sequence[str]): Names; the category ids begin with 1.
    """
    images, annotations = [], []
    for number, picture in enumerate(pictures):
        name = f'{number:05}.png'
        with atomic_path(Path(folder) / name) as temporary:
            _, code = cv2.imencode('.png', picture[..., ::-1])
            temporary.write_bytes(code.tobytes())
        height, width = picture.shape[:2]
        images.append(
            dict(id=number, file_name=name, height=height, width=width)
        )
        for box, label in zip(boxes[number], labels[number], strict=True):
            x1, y1, x2, y2 = box.tolist()
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=number,
                    category_id=int(label) + 1,
                    bbox=[x1, y1, x2 - x1, y2 - y1],
                    area=(x2 - x1) * (y2 - y1),
                    iscrowd=0,
                )
            )
    categories = [dict(id=i + 1, name=name) for i, name in enumerate(classes)]
    write_json(
        ann_file,
        dict(images=images, annotations=annotations, categories=categories),
    )
