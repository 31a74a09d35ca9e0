# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features and object names of frames, read when a clip is asked for."""

import json
import os
import pickle
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import DataError
from mmssl.utils.errors import UsageError
from mmssl.utils.lazy import OptionalPackage

h5py = OptionalPackage('h5py', 'reading features in HDF5')

FORMATS = "'.h5' or '.hdf5', '.npz', or a folder of '.npy' files"


class FrameFeatures(ABC):
    """Features (n, c) of clips by name; only what is asked for is read.

    Args:
        path (Path): Where they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def rate(self) -> float | None:
        """Frames a second that the file states; None where it does not."""
        return None

    @abstractmethod
    def read(self, name: str) -> np.ndarray | None:
        """(n, c) of a clip, None where there is none."""

    def __getitem__(self, name: str) -> np.ndarray:
        """(n, c) float32.

        Raises:
            DataError: The clip is missing, or no table.
        """
        found = self.read(name)
        if found is None:
            raise DataError(
                f'{self.path} has no features of the clip {name}; make them '
                'with tools/videoqa/extract_features.py, or leave feat_file '
                'out'
            )
        if found.ndim != 2:
            raise DataError(
                f'{self.path}: the features of {name} have the shape '
                f'{found.shape}, expected are (frames, values)'
            )
        return np.asarray(found, dtype=np.float32)


class HDF5Features(FrameFeatures):
    """One dataset a clip, as TVQA gives its features out.

    A file is opened anew in each process: handles do not survive a fork.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file, self._owner = None, None

    @property
    def file(self):
        """The open file of this process.

        Raises:
            UsageError: It is no HDF5 file.
        """
        if self._owner != os.getpid():
            try:
                self._file = h5py.File(self.path, 'r')
            except OSError as error:
                raise UsageError(
                    f'{self.path} is no readable HDF5 file: {error}'
                ) from error
            self._owner = os.getpid()
        return self._file

    @property
    def rate(self) -> float | None:
        rate = self.file.attrs.get('fps')
        return None if rate is None else float(rate)

    def read(self, name: str) -> np.ndarray | None:
        return self.file[name][()] if name in self.file else None

    def __getstate__(self) -> dict:
        return self.__dict__ | dict(_file=None, _owner=None)


class NpzFeatures(FrameFeatures):
    """One array a clip; an archive member is read only when asked for."""

    def read(self, name: str) -> np.ndarray | None:
        with np.load(self.path, allow_pickle=False) as file:
            return file[name] if name in file.files else None

    @property
    def rate(self) -> float | None:
        found = self.read('fps')
        return None if found is None else float(found)


class FolderFeatures(FrameFeatures):
    """One file ``NAME.npy`` a clip, mapped into memory."""

    def read(self, name: str) -> np.ndarray | None:
        file = self.path / f'{name}.npy'
        return np.load(file, mmap_mode='r') if file.is_file() else None

    @property
    def rate(self) -> float | None:
        file = self.path / 'fps.txt'
        return float(file.read_text()) if file.is_file() else None


def open_features(path: Path, rate: float) -> FrameFeatures:
    """Features of a file or folder.

    Args:
        path (Path): Exists.
        rate (float): Frames a second that the config states.

    Raises:
        UsageError: An unknown kind of file, or it states another rate.
    """
    kinds = {'.h5': HDF5Features, '.hdf5': HDF5Features, '.npz': NpzFeatures}
    kind = FolderFeatures if path.is_dir() else kinds.get(path.suffix)
    if kind is None:
        raise UsageError(f'{path}: features are in {FORMATS}')
    features = kind(path)
    found = features.rate
    if found is not None and abs(found - rate) > 1e-3:
        raise UsageError(
            f'{path} holds {found:g} frames a second, but fps={rate:g} is '
            'stated; set fps, or make the features anew'
        )
    return features


def read_objects(path: Path, trust: bool = False) -> dict[str, list[list]]:
    """Names of the objects in each frame of each clip.

    Args:
        path (Path): JSON, or TVQA's pickle: clip to a list over frames of
            ``'attribute object , attribute object'`` or of a list of names.
        trust (bool): Allow a pickle, which can run code.

    Raises:
        UsageError: A pickle without ``trust``, or another content.
    """
    if path.suffix == '.json':
        content = json.loads(path.read_text(encoding='utf-8'))
    elif not trust:
        raise UsageError(
            f'{path} has to be unpickled, which can run foreign code; if you '
            'trust its source set trust_object_file=True, or convert it to '
            'JSON'
        )
    else:
        with open(path, 'rb') as file:
            content = pickle.load(file)
    if not isinstance(content, dict):
        raise UsageError(f'{path} must map clips to lists of frames')
    return {name: [_names(x) for x in rows] for name, rows in content.items()}


def _names(frame: str | list) -> list[str]:
    names = frame.split(',') if isinstance(frame, str) else frame
    return [name.strip() for name in names if name.strip()]
