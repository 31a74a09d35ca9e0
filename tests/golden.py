# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Reading recorded values of the authors' code, and comparing with them."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).parent / 'data' / 'golden'


def load_golden(name: str, prefix: str = '') -> dict[str, Tensor]:
    """Arrays of one case, keys without the prefix, as tensors.

    Args:
        name (str): Path below tests/data/golden, 'wmse/whitening.npz'.
        prefix (str): Of the case, such as 'a_'.
    """
    with np.load(ROOT / name, allow_pickle=False) as file:
        case = {
            key[len(prefix) :]: file[key]
            for key in file.files
            if key.startswith(prefix)
        }
    return {
        key: torch.from_numpy(np.array(value)) if value.dtype.kind in 'fiub'
        else value
        for key, value in case.items()
    }  # fmt: skip


def assert_golden(value, reference, tolerance: float) -> None:
    """Largest difference within tolerance x max(1, largest reference)."""
    value = torch.as_tensor(value).detach().double()
    reference = torch.as_tensor(reference).double()
    assert value.shape == reference.shape, (value.shape, reference.shape)
    error = (value - reference).abs().max()
    scale = max(1.0, reference.abs().max().item())
    assert error <= tolerance * scale, f'{error} > {tolerance} * {scale}'
