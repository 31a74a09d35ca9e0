# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From questions of several lengths to tensors."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmssl.registry import FUNCTIONS


def stack_padded(
    arrays: Sequence[np.ndarray], value: float = 0
) -> tuple[Tensor, Tensor]:
    """Stack along a new first dimension, padded behind in the first one.

    Args:
        arrays (Sequence[ndarray]): n arrays (length, ...) that agree in the
            other dimensions.
        value (float): Of the padding.

    Returns:
        tuple[Tensor, Tensor]: (n, longest, ...); (n, longest) bool, True
        where there is no padding.
    """
    longest = max(map(len, arrays))
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    stacked = np.full(shape, value, arrays[0].dtype)
    valid = np.zeros(shape[:2], bool)
    for row, array in enumerate(arrays):
        stacked[row, : len(array)] = array
        valid[row, : len(array)] = True
    return torch.from_numpy(stacked), torch.from_numpy(valid)


@FUNCTIONS.register_module()
def collate_video_qa(samples: list[dict]) -> dict:
    """Batch of :class:`VideoQASSL`; see there for names and shapes.

    Args:
        samples (list[dict]): Of ``PackVideoQAInputs``.

    Returns:
        dict: ``inputs``: dict of tensors; ``data_samples``: list of B.

    Raises:
        ValueError: Numbers of options, or widths of features, differ.
    """
    rows = [sample['inputs'] for sample in samples]
    counts = {len(row['ids']) for row in rows}
    if len(counts) > 1:
        raise ValueError(
            'the questions of a batch differ in their number of options: '
            f'{sorted(counts)}'
        )
    widths = {row['frames'].shape[1] for row in rows if len(row['frames'])}
    if len(widths) > 1:
        raise ValueError(
            'the clips of a batch differ in the width of their features: '
            f'{sorted(widths)}'
        )
    shape = (len(rows), counts.pop())
    # Every row has the pad token of its tokenizer, which is the same one.
    pad = rows[0]['pad_id']
    ids, mask = stack_padded([x for row in rows for x in row['ids']], pad)
    segments, _ = stack_padded([x for row in rows for x in row['segments']])
    markers, sentence_mask = stack_padded([row['markers'].T for row in rows])
    spans, _ = stack_padded([row['spans'] for row in rows])
    width = widths.pop() if widths else 0
    frames, frame_mask = stack_padded(
        [row['frames'].reshape(len(row['times']), width) for row in rows]
    )
    times, _ = stack_padded([row['times'] for row in rows])
    inputs = dict(
        ids=ids.unflatten(0, shape),
        mask=mask.unflatten(0, shape),
        segments=segments.unflatten(0, shape),
        markers=markers.mT.contiguous(),
        sentence_mask=sentence_mask,
        spans=spans,
        frames=frames,
        frame_mask=frame_mask,
        times=times,
        target=torch.tensor([row['target'] for row in rows]),
        span_target=torch.tensor([row['span_target'] for row in rows]),
    )
    if all('masked_ids' in row for row in rows):
        masked, _ = stack_padded([row['masked_ids'] for row in rows], pad)
        missing = ids.shape[1] - masked.shape[1]
        inputs['masked_ids'] = torch.nn.functional.pad(
            masked, (0, missing), value=pad
        )
    return dict(
        inputs=inputs, data_samples=[s['data_samples'] for s in samples]
    )
