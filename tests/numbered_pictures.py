# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Small pictures that show their number, so that an order can be read."""

import cv2
import numpy as np


def number_picture(number, shape=(10, 12)):
    """A picture whose every pixel is (number, 2 number, 3 number), <= 85."""
    colour = np.array([number, 2 * number, 3 * number], np.uint8)
    return np.broadcast_to(colour, (*shape, 3)).copy()


def encode(img, ending='.png', *flags):
    """Bytes of an RGB (or grey) picture."""
    if img.ndim == 3:
        img = np.concatenate([img[..., 2::-1], img[..., 3:]], axis=-1)
    return cv2.imencode(ending, img, flags)[1].tobytes()


def numbers(dataset):
    """The number of each picture of a dataset, in its order."""
    return [int(dataset[i]['inputs'][0][0, 0, 0]) for i in range(len(dataset))]


WHOLE = [dict(type='CenterView')]

NAMES = [  # in sorted order, number = place + 1
    'a/1.png',
    'a/10.PNG',
    'a/2.jpeg',
    'b c/d/zwei Bilder 3.png',
    'ö/中 文.png',
]
