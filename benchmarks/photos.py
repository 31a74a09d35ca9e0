# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Real photographs as JPEG bytes, and published views, for the benchmarks."""

import io
from pathlib import Path

RECIPES = dict(simclr='simclr_view', mocov2='moco_v2_view')


def jpeg_photos(side: int = 500, quality: int = 90) -> list[bytes]:
    """The 19 embedded photographs, longer side ``side`` pixels."""
    from PIL import Image

    from mmssl.datasets.embedded_photos import load_photo, photo_paths

    encoded = []
    for path in photo_paths():
        file = io.BytesIO()
        photo = Image.fromarray(load_photo(path, False, side))
        photo.save(file, 'JPEG', quality=quality)
        encoded.append(file.getvalue())
    return encoded


def view_of(recipe: str) -> dict:
    """Numbers of a published view, as the shipped configs have them."""
    from mmengine.config import Config

    import mmssl

    path = Path(mmssl.get_config_dir()) / '_base_' / 'views_image.py'
    return dict(Config.fromfile(path)[RECIPES[recipe]])


def two_view_dataset(jpegs: list[bytes], view: dict):
    """Decode, cut two views, pack: what a training run does."""
    from mmssl.datasets.image_dataset import ImageDataset
    from mmssl.datasets.sources import Buffers, BytesSource

    names = [f'photo {number}' for number in range(len(jpegs))]
    source = BytesSource(Buffers.pack(jpegs), names)
    return ImageDataset(source, views=[dict(view, num=2)])


def use_one_thread() -> None:
    """Neither OpenCV nor torch may use a second core."""
    import cv2
    import torch

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
