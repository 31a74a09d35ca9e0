# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Validation and test by masks that the features carry through videos.

frames -> model.extract_feat -> propagate_sequence -> evaluator
"""

from collections.abc import Iterator

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop, ValLoop
from torch import Tensor
from torch.utils.data import DataLoader

from mmssl.engine.loops.feature_loop import _FeatureLoop
from mmssl.evaluation.extraction import frame_maps
from mmssl.evaluation.functional import (
    decode_pose,
    pose_labels,
    propagate_maps,
    propagate_sequence,
)
from mmssl.evaluation.vos_folders import read_ids
from mmssl.registry import LOOPS
from mmssl.utils.errors import UsageError


class _VOSLoop(_FeatureLoop):
    """What the loops share; frames one by one."""

    field = 'masks'

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
        stage: str = 'backbone',
        input_size: int | tuple[int, int] = -1,
        as_clips: bool = False,
    ) -> None:
        super().__init__(runner, dataloader, evaluator, stage=stage)
        sides = np.atleast_1d(input_size)
        if input_size != -1 and (len(sides) > 2 or sides.min() < 1):
            raise ValueError(
                'input_size must be the short edge in pixels, (h, w), or -1 '
                f'for frames as they are, got {input_size}'
            )
        self.layer = layer
        self.as_clips = as_clips
        self.input_size = input_size
        self.settings = dict(
            context=context, radius=radius, topk=topk, temperature=temperature
        )

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Masks of the sequences of one batch."""
        call_hook, mode = self.runner.call_hook, self.mode
        call_hook(f'before_{mode}_iter', batch_idx=idx, data_batch=data_batch)
        samples = data_batch['data_samples']
        for sample in samples:
            found = self._found(sample)
            sample.set_field(found, self.field, field_type='metainfo')
            self.evaluator.process(data_samples=[sample])
            sample.pop(self.field)  # 33 MB for 80 masks of 480p
        call_hook(
            f'after_{mode}_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=samples,
        )

    def _found(self, sample) -> dict:
        """Object numbers (h, w) uint8 of every frame, by its name."""
        given = {
            t: torch.from_numpy(read_ids(source))
            for t, source in sample.given.items()
        }
        size = tuple(sample.frames[0].shape[1:])
        for t, ids in given.items():
            if tuple(ids.shape) != size:
                raise UsageError(
                    f'sequence {sample.path}, frame {sample.names[t]}: the '
                    f'mask has height x width {ids.shape[0]} x '
                    f'{ids.shape[1]}, the frames {size[0]} x {size[1]}'
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
        return frame_maps(
            model,
            frames,
            self.stage,
            self.layer,
            self.input_size,
            self.as_clips,
        )


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
        stage (str): 'backbone' or 'neck', whose maps are compared.
        input_size (int or tuple[int, int]): Short edge, or (h, w), pixels,
            to which frames are scaled (bilinear, aligned corners); -1
            leaves them as they are.
        as_clips (bool): Each frame enters as a clip of one frame, for
            networks of videos.
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
        stage (str): See :class:`VOSValLoop`.
        input_size (int or tuple): See :class:`VOSValLoop`.
        as_clips (bool): See :class:`VOSValLoop`.
    """

    mode = 'test'


@LOOPS.register_module()
class PoseTestLoop(_VOSLoop, TestLoop):
    """Joints of the first frame carried through clips, for ``PCKMetric``.

    Every data sample has ``frames`` and ``joints`` (2, j, t), of which only
    those of the first frame are used; written are ``found_joints`` (2, j,
    t), pixels, -1 where one is lost.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Of ``JHMDBPoseDataset``.
        evaluator (Evaluator or dict or list): ``PCKMetric``.
        **kwargs: See :class:`VOSValLoop`.
    """

    mode = 'test'
    field = 'found_joints'

    def _found(self, sample) -> np.ndarray:
        """(2, j, t) float64."""
        height, width = sample.frames[0].shape[1:]
        pixels = np.array([width, height])[:, None]  # of a frame
        cells = []

        def first_labels(size: tuple[int, int]) -> Tensor:
            cells.append(np.array(size[::-1])[:, None])
            joints = sample.joints[..., 0] * cells[0] / pixels
            return pose_labels(joints, size)

        maps = propagate_maps(
            self._features(sample.frames), first_labels, **self.settings
        )
        joints = [
            decode_pose(labels.double()).cpu().numpy() for labels in maps
        ]
        found = np.stack(joints, -1)
        scale = (pixels / cells[0])[..., None]
        return np.where(found < 0, -1.0, found * scale)
