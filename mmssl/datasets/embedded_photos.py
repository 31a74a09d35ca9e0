# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Real photographs that ship inside packages which are installed anyway."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmssl.datasets.image_dataset import ImageDataset
from mmssl.datasets.small_images import check_split
from mmssl.datasets.sources import ArraySource
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

PHOTOS = {
    'skimage': (
        'scikit-image',
        'data',
        'astronaut.png brick.png camera.png cell.png chelsea.png coffee.png '
        'coins.png grass.png gravel.png hubble_deep_field.jpg ihc.png '
        'moon.png motorcycle_left.png page.png retina.jpg rocket.jpg',
    ),
    'sklearn': ('scikit-learn', 'datasets/images', 'china.jpg flower.jpg'),
    'matplotlib': (
        'matplotlib',
        'mpl-data/sample_data',
        'grace_hopper.jpg',
    ),
}
"""Module: distribution, folder, files.  19 photographs."""

TRAIN_SHARE = 0.65


@DATASETS.register_module()
class EmbeddedPhotos(ImageDataset):
    """Patches of 19 photographs; the photograph is the class.

    The left (or upper) 65 % of a photograph's longer side give the training
    patches, the rest the test patches, so no pixel is in both.  Places are
    random but fixed.  Photographs are scaled to a longer side of
    ``photo_size``.

    Args:
        split (str): ``'train'`` or ``'test'``.
        patch_size (int): Side of a patch, pixels, at most 64.
        per_class (int): Patches of a photograph.
        gray (bool): Without colour, which alone would tell most of the
            photographs apart.
        photo_size (int): Longer side of the scaled photographs, pixels.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: A package is not installed, or has not its photographs.
    """

    def __init__(
        self,
        split: str = 'train',
        patch_size: int = 48,
        per_class: int = 100,
        gray: bool = True,
        photo_size: int = 512,
        **kwargs,
    ) -> None:
        check_split(split, ('train', 'test'))
        paths = photo_paths()
        patches = [
            cut_patches(
                load_photo(path, gray, photo_size),
                split, patch_size, per_class, number,
            )
            for number, path in enumerate(paths)
        ]  # fmt: skip
        labels = np.repeat(np.arange(len(paths)), per_class)
        classes = [path.stem for path in paths]
        source = ArraySource(
            np.concatenate(patches), f'EmbeddedPhotos/{split}', labels, classes
        )
        super().__init__(source, **kwargs)


def photo_paths() -> list[Path]:
    """The photographs, found without running the packages' code.

    Raises:
        UsageError: Says what to install.
    """
    paths = []
    for module, (distribution, folder, names) in PHOTOS.items():
        spec = importlib.util.find_spec(module)
        if spec is None:
            raise UsageError(
                f'EmbeddedPhotos needs photographs of {distribution}: pip '
                f'install {distribution}'
            )
        root = Path(spec.submodule_search_locations[0]) / folder
        paths += [root / name for name in names.split()]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UsageError(
            f'EmbeddedPhotos: {", ".join(missing)} not found; pip install '
            '--force-reinstall the package, or use another dataset'
        )
    return paths


def load_photo(path: Path, gray: bool, photo_size: int) -> np.ndarray:
    """(h, w) or (h, w, 3) uint8 with a longer side of ``photo_size``."""
    with Image.open(path) as opened:
        photo = np.array(opened.convert('L' if gray else 'RGB'))
    height, width = photo.shape[:2]
    scale = photo_size / max(height, width)
    size = round(width * scale), round(height * scale)
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(photo, size, interpolation=shrink)


def cut_patches(
    photo: np.ndarray, split: str, size: int, count: int, number: int
) -> np.ndarray:
    """Patches of one split's region.

    Args:
        photo (ndarray): (h, w, ...) uint8.
        split (str): ``'train'`` or ``'test'``.
        size (int): Side of a patch, pixels.
        count (int): Number of patches.
        number (int): Of the photograph; with the split it seeds the places.

    Returns:
        ndarray: (count, size, size, ...) uint8.

    Raises:
        ValueError: The patch is larger than the region.
    """
    axis = int(photo.shape[1] >= photo.shape[0])  # along the longer side
    border = round(TRAIN_SHARE * photo.shape[axis])
    train, test = np.split(photo, [border], axis=axis)
    region = train if split == 'train' else test
    height, width = region.shape[:2]
    if size > min(height, width):
        raise ValueError(
            f'patch_size must be <= {min(height, width)}, got {size}'
        )
    rng = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence((number, split == 'test')))
    )
    ys = rng.integers(0, height - size + 1, count)
    xs = rng.integers(0, width - size + 1, count)
    return np.stack(
        [
            region[y : y + size, x : x + size]
            for y, x in zip(ys, xs, strict=True)
        ]
    )
