# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos as folders of frames, with masks of objects: DAVIS, YouTube-VOS."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mmssl.datasets.image_dataset import DataError, find_data
from mmssl.datasets.transforms import LoadImage, UnreadableImage
from mmssl.registry import DATASETS
from mmssl.structures import DataSample
from mmssl.utils.errors import UsageError

FRAMES = ('.jpg', '.jpeg', '.png')
GIVEN = ('first', 'all')


class FrameFiles(Sequence):
    """Frames (3, h, w) uint8 RGB, decoded when they are asked for.

    Args:
        paths (Sequence[Path]): Files in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)

    @property
    def paths(self) -> list[Path]:
        """The files in order."""
        return self._paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Tensor:
        frame = _load_frame(self.paths[index])
        return torch.from_numpy(frame).permute(2, 0, 1)

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """Some frames at once, (len(ids), h, w, 3).

        Raises:
            DataError: One cannot be read, or they differ in size.
        """
        paths = self.paths
        frames = [_load_frame(paths[i]) for i in ids]
        sizes = sorted({frame.shape[:2] for frame in frames})
        if len(sizes) > 1:
            raise DataError(
                f'the frames in {paths[0].parent} have several sizes '
                f'(h, w): {sizes}'
            )
        return np.stack(frames)


class FrameFolder(FrameFiles):
    """Frames of a folder, whose names are read again when they are needed.

    A data set of a quarter of a million videos has too many names to keep.

    Args:
        folder (Path): The folder; frames are sorted by name.
        count (int, optional): How many there are; counted without.
    """

    def __init__(self, folder: Path, count: int | None = None) -> None:
        super().__init__(())
        self.folder = folder
        self.count = len(self.paths) if count is None else count

    @property
    def paths(self) -> list[Path]:
        """The files in order."""
        return [self.folder / n for n in frame_names(os.listdir(self.folder))]

    def __len__(self) -> int:
        return self.count


def frame_names(names: Iterable[str]) -> list[str]:
    """Those that are frames, sorted."""
    return sorted(n for n in names if Path(n).suffix.lower() in FRAMES)


def _load_frame(path: Path) -> np.ndarray:
    try:
        data = dict(img_bytes=path.read_bytes(), path=path)
        return LoadImage()(data)['img']
    except UnreadableImage as error:
        raise DataError(f'frame cannot be read: {error}') from error


def vos_sample(**fields) -> dict:
    """A sample of a whole sequence; no field is copied or moved."""
    sample = DataSample()
    for key, value in fields.items():
        sample.set_field(value, key, field_type='metainfo')
    return dict(inputs=[], data_samples=sample)


@DATASETS.register_module()
class VOSSequenceDataset(Dataset):
    """One sample a sequence; no frame is read before it is needed.

    A sample has ``inputs=[]`` and a ``DataSample`` with ``path`` (name of
    the sequence), ``frames`` (:class:`FrameFiles`), ``names`` of the frames,
    ``annotations`` (name to mask file, all there are), ``given`` (frame
    number to mask file, what a method may see) and ``saved`` (names of the
    frames whose masks are written).

    Args:
        data_root (str): Folder of the data set.
        split_file (str, optional): Names of sequences, one a line, relative
            to the root; without it all folders of ``ann_dir`` count.
        img_dir (str): Folder of ``SEQUENCE/FRAME.jpg`` below the root.
        ann_dir (str): Folder of ``SEQUENCE/FRAME.png`` below the root.
        given (str): 'first': the mask of the first frame, which must be
            there (DAVIS); 'all': whatever masks there are, as objects that
            appear later have theirs in later frames (YouTube-VOS).
        save_list (str, optional): File of lines ``SEQUENCE/FRAME``, the
            frames whose masks are written, relative to the root; all
            otherwise.
    """

    def __init__(
        self,
        data_root: str,
        split_file: str | None = None,
        img_dir: str = 'JPEGImages/480p',
        ann_dir: str = 'Annotations/480p',
        given: str = 'first',
        save_list: str | None = None,
    ) -> None:
        if given not in GIVEN:
            raise ValueError(f'given must be in {GIVEN}, got {given!r}')
        owner = type(self).__name__
        root = find_data(data_root, owner)
        self.images, self.masks = (
            find_data(Path(data_root) / folder, owner)
            for folder in (img_dir, ann_dir)
        )
        self.given = given
        if split_file is None:
            source = self.masks
            names = sorted(p.name for p in source.iterdir() if p.is_dir())
        else:
            source = find_data(Path(data_root) / split_file, owner)
            names = source.read_text(encoding='utf-8').split()
        if not names:
            raise UsageError(f'{owner}: {source} has no sequence')
        self.names = names
        self.save_list = None
        if save_list is not None:
            path = find_data(Path(data_root) / save_list, owner)
            self.save_list = set(path.read_text(encoding='utf-8').split())
        for name in names:  # before the first is evaluated, not after it
            self._files(name)
        self.metainfo = dict(data_root=str(root))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict:
        name = self.names[index]
        frames, masks = self._files(name)
        place = {path.stem: t for t, path in enumerate(frames)}
        given = {place[stem]: str(path) for stem, path in masks.items()}
        if self.given == 'first':
            given = {0: given[0]}
        return vos_sample(
            sample_idx=int(index),
            path=name,
            frames=FrameFiles(frames),
            names=list(place),
            annotations={stem: str(path) for stem, path in masks.items()},
            given=given,
            saved=[
                stem
                for stem in place
                if self.save_list is None or f'{name}/{stem}' in self.save_list
            ],
        )

    def _files(self, name: str) -> tuple[list[Path], dict[str, Path]]:
        """Frames and masks of a sequence, both in order.

        Raises:
            UsageError: No frames, no masks that may be used, or a mask
                without a frame.
        """
        folder, masks = self.images / name, self.masks / name
        frames = []
        if folder.is_dir():
            frames = FrameFolder(folder).paths
        if not frames:
            raise UsageError(f'sequence {name} has no frames in {folder}')
        found = {path.stem: path for path in sorted(masks.glob('*.png'))}
        if self.given == 'first' and frames[0].stem not in found:
            raise UsageError(
                f'sequence {name} has no mask of its first frame: there is '
                f'no {masks / (frames[0].stem + ".png")}'
            )
        if not found:
            raise UsageError(f'sequence {name} has no masks in {masks}')
        unknown = set(found) - {path.stem for path in frames}
        if unknown:
            raise UsageError(
                f'mask {found[min(unknown)]} has no frame in {folder}'
            )
        return frames, found
