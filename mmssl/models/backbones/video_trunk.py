# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What the networks for clips have in common: named stages in a row."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn


class VideoTrunk(BaseModule):
    """Stages one after the other; returns the maps that are asked for.

    One map comes as a tensor, several as a tuple, as of mmaction2's 3-D
    networks, so that its recognisers take either.

    Args:
        stages (Mapping[str, Module]): Name and stage, in order.  A stage
            that initialises itself must stand inside a ``nn.Sequential``,
            or it undoes ``init_cfg``.
        out_indices (Sequence[int]): Stages whose maps are returned; -1 is
            the last.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.

    Raises:
        ValueError: No such stage.
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        out_indices: Sequence[int] = (-1,),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        count = len(stages)
        if not out_indices or not all(
            -count <= i < count for i in out_indices
        ):
            raise ValueError(
                f'{type(self).__name__} has the stages 0 to {count - 1} '
                f'({", ".join(stages)}), out_indices name {out_indices}'
            )
        self.stage_names = tuple(stages)
        self.out_indices = tuple(i % count for i in out_indices)
        for name, stage in stages.items():
            self.add_module(name, stage)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Maps of a clip.

        Args:
            x (Tensor): (n, 3, t, h, w), normalised.

        Returns:
            Tensor | tuple[Tensor, ...]: (n, c, t', h', w') of each stage in
            ``out_indices``.
        """
        maps = []
        for place, name in enumerate(self.stage_names):
            x = getattr(self, name)(x)
            if place in self.out_indices:
                maps.append(x)
        return maps[0] if len(maps) == 1 else tuple(maps)
