# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures and their regions as ORL's second stage shows them to a network."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmssl.apis.orl_step import Arrays
from mmssl.datasets.proposals import kept_proposals
from mmssl.datasets.sources import Source
from mmssl.datasets.transforms import LoadImage, UnreadableImage, views
from mmssl.utils.errors import UsageError


def load_picture(source: Source, position: int) -> np.ndarray:
    """A picture, (h, w, 3) uint8 RGB.

    Raises:
        UnreadableImage: Names the picture and the reason.
    """
    data = source.read(position)
    name = source.name(position)
    key = 'img_bytes' if isinstance(data, bytes) else 'img'
    return LoadImage()({key: data, 'path': name})['img']


class Pictures(Dataset):
    """Whole pictures, cut in the middle: (3, s, s) uint8."""

    def __init__(self, source: Source, size: int) -> None:
        self.source = source
        self.cut = views.CenterView(size=size, resize=round(size * 8 / 7))

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, position: int) -> Tensor | str:
        cv2.setNumThreads(0)
        try:
            view, _ = self.cut(load_picture(self.source, position))
        except UnreadableImage as error:
            return str(error)
        return torch.from_numpy(view).permute(2, 0, 1)


class Regions(Dataset):
    """Kept boxes (b, 4) of a picture and their pixels, (b, 3, s, s) uint8."""

    def __init__(
        self, source: Source, size: int, proposals: Arrays, rules: dict
    ) -> None:
        self.source, self.size, self.rules = source, size, rules
        self.boxes, self.offsets = proposals['boxes'], proposals['offsets']

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, position: int) -> tuple[np.ndarray, Tensor] | str:
        cv2.setNumThreads(0)
        try:
            img = load_picture(self.source, position)
        except UnreadableImage as error:
            return str(error)
        own = self.boxes[slice(*self.offsets[position : position + 2])]
        boxes = kept_proposals(own, img.shape[:2], **self.rules)
        return boxes, cut_regions(img, boxes, self.size)


def cut_regions(img: np.ndarray, boxes: np.ndarray, size: int) -> Tensor:
    """Regions of a picture, resized without regard to their shape.

    Args:
        img (ndarray): (h, w, 3) uint8.
        boxes (ndarray): (b, 4) xywh inside the picture.
        size (int): Side, pixels.

    Returns:
        Tensor: (b, 3, size, size) uint8, bilinear, antialiased.
    """
    ops = views.BACKENDS['cv2']
    cuts = [
        ops.resize(ops.crop(img, tuple(box)), (size, size), 'bilinear')
        for box in np.asarray(boxes).tolist()
    ]
    stacked = np.ascontiguousarray(np.stack(cuts).transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked)


def readable(item):
    """An item of these data sets; none may be left out.

    Raises:
        UsageError: The picture could not be read.
    """
    if isinstance(item, str):
        raise UsageError(
            f'{item}; the second stage needs every picture that images.txt '
            'lists: mend it, or leave it out and start in another folder'
        )
    return item


def embed(model: nn.Module, images: Tensor, stage: str) -> Tensor:
    """Unit features of pictures, (n, c) on the CPU.

    Args:
        model (nn.Module): A method, in evaluation mode: batches of regions
            have other statistics than training batches.
        images (Tensor): (n, 3, h, w) uint8.
        stage (str): 'neck' (pictures) or 'pool' (regions).
    """
    batch = model.data_preprocessor(dict(inputs=[images]), False)
    return F.normalize(model.extract_feat(batch['inputs'], stage)).cpu()
