# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD's loss and its fusion of two stages, as functions of tensors."""

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor

from mmssl.models.layers import all_gather
from mmssl.models.losses import check_temperature, full_precision


@full_precision
def in_batch_nce(
    query: Tensor,
    key: Tensor,
    temperature: float = 0.1,
    key_grad_div_world: bool = True,
) -> tuple[Tensor, Tensor]:
    r"""Cross-entropy of finding the own key among those of all processes.

    .. math::
        \ell = \frac{1}{n} \sum_i -\log \frac{\exp(q_i k_{rm+i} / \tau)}
        {\sum_j \exp(q_i k_j / \tau)}

    with the m keys of each process in the order of ranks, r the own rank;
    keys beyond the first n are negatives alone.  Gradient flows to both
    sides.  https://arxiv.org/abs/2104.00862, section 3.

    Args:
        query (Tensor): (n, d), unit rows.
        key (Tensor): (m, d), unit rows, m >= n, the positives first.
        temperature (float): :math:`\tau`, > 0.
        key_grad_div_world (bool): As released, the gradient of the keys is
            divided by the number of processes, beside the mean that
            DistributedDataParallel takes; False gives that of the joint
            batch.

    Returns:
        tuple[Tensor, Tensor]: Scalar >= 0; (n,) int64, the key that each
        query is nearest to, less the own one's number: 0 is a hit.

    Raises:
        ValueError: temperature is not above 0, or keys are missing.
    """
    check_temperature(temperature)
    if len(key) < len(query):
        raise ValueError(
            f'{len(query)} queries need a key each, got {len(key)} keys'
        )
    keys = all_gather(key)
    world = get_world_size()
    if key_grad_div_world and world > 1 and keys.requires_grad:
        keys.register_hook(lambda grad: grad / world)
    logits = query @ keys.T / temperature  # (n, m world)
    own = torch.arange(len(query), device=query.device)
    target = get_rank() * len(key) + own
    return F.cross_entropy(logits, target), logits.argmax(1) - target


def fuse_stages(earlier: Tensor, later: Tensor) -> Tensor:
    """Bring the map of the last stage to the places of the one before.

    Even and odd frames of the earlier map become channels; the later one,
    enlarged to the nearest, is added.

    Args:
        earlier (Tensor): (b, c, 2 t, h, w).
        later (Tensor): (b, 2 c, t', h', w').

    Returns:
        Tensor: (b, 2 c, t, h, w).

    Raises:
        ValueError: An odd number of frames, or channels that do not fit.
    """
    frames, channels = earlier.shape[2], earlier.shape[1]
    if frames % 2 or later.shape[1] != 2 * channels:
        raise ValueError(
            'stages are fused from (b, c, 2 t, h, w) and (b, 2 c, ...), got '
            f'{tuple(earlier.shape)} and {tuple(later.shape)}; take clips '
            'whose frames halve to an even number there'
        )
    unfolded = torch.cat([earlier[:, :, 0::2], earlier[:, :, 1::2]], dim=1)
    size = unfolded.shape[2:]
    return F.interpolate(later, size=size, mode='nearest') + unfolded
