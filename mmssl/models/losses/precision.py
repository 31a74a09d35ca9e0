# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Losses compute in at least single precision, whatever autocast says."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor


def _lift(value):
    if isinstance(value, Tensor) and value.dtype in (
        torch.float16,
        torch.bfloat16,
    ):
        return value.float()
    if isinstance(value, (list, tuple)):
        return type(value)(_lift(item) for item in value)
    return value


def full_precision(function: Callable) -> Callable:
    """Decorate a function of tensors: half precision in, float32 inside.

    Tensors, also inside lists and tuples, of float16 and bfloat16 become
    float32 (float64 stays), and autocast is off during the call.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        args = _lift(args)
        kwargs = {key: _lift(value) for key, value in kwargs.items()}
        with (
            torch.autocast('cuda', enabled=False),
            torch.autocast('cpu', enabled=False),
        ):
            return function(*args, **kwargs)

    return wrapper
