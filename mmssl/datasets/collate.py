# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From a list of samples to a batch of views."""

import torch

from mmssl.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate_views(samples: list[dict]) -> dict:
    """Stack view v of all samples.

    Args:
        samples (list[dict]): n samples, each ``inputs``: list of v tensors
            (c, h, w) or (c, t, h, w); ``data_samples``: DataSample.

    Returns:
        dict: ``inputs``: list of v tensors with n in front;
        ``data_samples``: list of n.

    Raises:
        ValueError: If samples differ in number or size of views.
    """
    counts = {len(sample['inputs']) for sample in samples}
    if len(counts) > 1:
        raise ValueError(
            f'the samples of a batch differ in their number of views: '
            f'{sorted(counts)}'
        )
    inputs = []
    for number, views in enumerate(zip(*(s['inputs'] for s in samples))):
        shapes = {tuple(view.shape) for view in views}
        if len(shapes) > 1:
            raise ValueError(
                f'view {number} has several sizes in one batch: '
                f'{sorted(shapes)}; give the view a size'
            )
        inputs.append(_stack(views))
    return dict(
        inputs=inputs, data_samples=[s['data_samples'] for s in samples]
    )


def _stack(views: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Stack, in a worker straight into shared memory (one copy less)."""
    if torch.utils.data.get_worker_info() is None:
        return torch.stack(views)
    numel = sum(view.numel() for view in views)
    storage = views[0]._typed_storage()._new_shared(
        numel, device=views[0].device
    )
    out = views[0].new(storage).resize_(len(views), *views[0].shape)
    return torch.stack(views, out=out)
