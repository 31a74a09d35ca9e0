# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Validation and test by masks that the features carry through videos.

frames -> model.extract_feat('backbone') -> propagate_sequence -> evaluator
"""

from collections.abc import Iterator

import torch
from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop, ValLoop
from torch import Tensor
from torch.utils.data import DataLoader

from mmssl.engine.loops.feature_loop import _FeatureLoop
from mmssl.evaluation.functional import propagate_sequence
from mmssl.registry import LOOPS
from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import read_id_map


class _VOSLoop(_FeatureLoop):
    """What the two loops share; frames at their own size, one by one."""

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        layer: int = -1,
        context: int = 20,
        radius: float = 12,
        topk: int = 10,
        temperature: float = 0.05,
    ) -> None:
        super().__init__(runner, dataloader, evaluator)
        self.layer = layer
        self.settings = dict(
            context=context, radius=radius, topk=topk, temperature=temperature
        )

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Masks of the sequences of one batch."""
        call_hook, mode = self.runner.call_hook, self.mode
        call_hook(f'before_{mode}_iter', batch_idx=idx, data_batch=data_batch)
        samples = data_batch['data_samples']
        for sample in samples:
            masks = self._masks(sample)
            sample.set_field(masks, 'masks', field_type='metainfo')
            self.evaluator.process(data_samples=[sample])
            sample.pop('masks')  # 33 MB for 80 frames of 480p
        call_hook(
            f'after_{mode}_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=samples,
        )

    def _masks(self, sample) -> dict:
        """Object numbers (h, w) uint8 of every frame, by its name."""
        given = {
            t: torch.from_numpy(read_id_map(path))
            for t, path in sample.given.items()
        }
        size = tuple(sample.frames[0].shape[1:])
        for t, ids in given.items():
            if tuple(ids.shape) != size:
                raise UsageError(
                    f'mask {sample.given[t]} has height x width '
                    f'{ids.shape[0]} x {ids.shape[1]}, the frames '
                    f'{size[0]} x {size[1]}'
                )
        try:
            found = [
                prediction.ids.cpu().numpy()
                for prediction in propagate_sequence(
                    self._features(sample.frames), given, **self.settings
                )
            ]
        except ValueError as error:
            raise UsageError(f'sequence {sample.path}: {error}') from error
        return dict(zip(sample.names, found, strict=True))

    def _features(self, frames) -> Iterator[Tensor]:
        """The map (k, h, w) of each frame, when it is asked for."""
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        for frame in frames:
            batch = model.data_preprocessor(dict(inputs=[frame[None]]), False)
            maps = model.extract_feat(batch['inputs'], 'backbone')
            maps = maps if isinstance(maps, Tensor) else maps[self.layer]
            yield maps[0].float()


@LOOPS.register_module()
class VOSValLoop(_VOSLoop, ValLoop):
    """Object masks during training.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Of ``VOSSequenceDataset``.
        evaluator (Evaluator or dict or list): ``DAVISMetric``,
            ``VOSResultWriter``.
        layer (int): Which of the backbone's maps.
        context (int): See
            :func:`mmssl.evaluation.functional.propagate_sequence`.
        radius (float): In cells of the map.
        topk (int): Cells that count.
        temperature (float): Of their softmax.
    """

    mode = 'val'


@LOOPS.register_module()
class VOSTestLoop(_VOSLoop, TestLoop):
    """Object masks of a checkpoint's features, by ``tools/test.py``.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): See :class:`VOSValLoop`.
        evaluator (Evaluator or dict or list): See :class:`VOSValLoop`.
        layer (int): See :class:`VOSValLoop`.
        context (int): See :class:`VOSValLoop`.
        radius (float): See :class:`VOSValLoop`.
        topk (int): See :class:`VOSValLoop`.
        temperature (float): See :class:`VOSValLoop`.
    """

    mode = 'test'
