# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A video file as a sequence of frames, for whoever walks through it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmssl.datasets.transforms.video_readers import PyAVReader


class VideoFile(Sequence):
    """Frames (3, h, w) uint8 RGB of a video, upright, in order of display.

    No file stays open between two calls, so that a data set may hold many
    and send them to its workers; the packets are listed once.

    Args:
        path (str or Path): The file.

    Raises:
        UnreadableVideo: No video, or one without pictures; on reading, a
            picture that cannot be decoded.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._index = None
        with self._reader() as reader:
            self._index = reader.index

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self._index.fps

    def __len__(self) -> int:
        return len(self._index.stamps)

    def __getitem__(self, index: int) -> Tensor:
        (frame,) = self.read([range(len(self))[index]])
        return torch.from_numpy(frame).permute(2, 0, 1)

    def __iter__(self) -> Iterator[Tensor]:
        with self._reader() as reader:
            for frame in reader:
                yield torch.from_numpy(frame.copy()).permute(2, 0, 1)

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """Some frames, from one pass over the part that holds them.

        Args:
            ids (Sequence[int]): Numbers in [0, n), in any order.

        Returns:
            ndarray: (len(ids), h, w, 3) uint8 RGB.
        """
        with self._reader() as reader:
            return reader.read(ids)

    def _reader(self) -> PyAVReader:
        return PyAVReader(str(self.path), self._index)
