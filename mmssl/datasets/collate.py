# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From a list of samples to a batch of views."""

from torch.utils.data import default_collate

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
    for number, views in enumerate(
        zip(*(s['inputs'] for s in samples), strict=True)
    ):
        shapes = {tuple(view.shape) for view in views}
        if len(shapes) > 1:
            raise ValueError(
                f'view {number} has several sizes in one batch: '
                f'{sorted(shapes)}; give the view a size'
            )
        # Inside a worker this stacks straight into shared memory.
        inputs.append(default_collate(list(views)))
    return dict(
        inputs=inputs, data_samples=[s['data_samples'] for s in samples]
    )
