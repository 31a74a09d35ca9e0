# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of pictures and videos, without a config or a data loader."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mmssl.apis.inferencer import (
    Inferencer,
    InferenceResult,
    figure_picture,
)
from mmssl.datasets.sources import is_image, list_files
from mmssl.datasets.transforms import LoadImage
from mmssl.datasets.transforms.video_readers import is_video
from mmssl.datasets.video_files import VideoFile
from mmssl.evaluation.functional import nearest
from mmssl.models.layers import global_pool
from mmssl.registry import TRANSFORMS
from mmssl.utils.errors import UsageError
from mmssl.visualization import map_figure, neighbour_figure

Picture = str | os.PathLike | np.ndarray
STAGES = ('backbone', 'pool', 'neck')
OUTPUTS = ('torch', 'numpy')
NEIGHBOURS, DRAWN = 4, 8
NAMELESS = ('array', 'tensor')


class Unit(NamedTuple):
    """One input, read: its name and its views (k, 3, h, w) or
    (1, 3, t, h, w), a video for a network of pictures as k frames."""

    name: str
    views: Tensor


class FeatureExtractor(Inferencer):
    """Features of pictures, folders and videos, in their order.

    An input is a path of a picture or of a video; an array (h, w, 3) or
    (h, w), or for videos (t, h, w, 3), uint8 RGB; a tensor (3, h, w) or
    (3, t, h, w), RGB, values 0..255, which goes in as it is.  A folder
    stands for all pictures and videos below it, sorted.  The ``frames``
    of a video are evenly spaced.  A network of pictures sees them one by
    one, and vectors are averaged over them; a network of videos (one with
    3D convolutions) sees them as one clip.

    Settings of a call:

    - ``stage`` (str): 'pool' (default): the pooled map of the backbone
      (c,); 'backbone': the map itself, (c, h, w), of a clip (c, t, h, w);
      'neck': the embedding.
    - ``layer`` (int): Which map of a backbone that returns several;
      defaults to the last.
    - ``output`` (str): 'torch' (default) or 'numpy'.

    ``predictions`` is one float32 tensor or array, (n, c) or (n, c, h, w),
    on the CPU; a list where maps differ in size.  ``names`` of the result
    are the inputs' names.  Drawn are the first eight inputs, each with its
    nearest others, or with the principal components of its map as colours.

    Args:
        model (str, PathLike or nn.Module): See :class:`Inferencer`.
        weights (str, PathLike or bool, optional): See there.
        device (str, optional): See there.
        show_progress (bool): See there.
        view (dict, optional): How a path or array is cut, as in a config's
            ``views``, by default of type ``CenterView``:
            ``dict(resize=256, size=224)``.  Without it inputs go in whole,
            and those of a batch must be of one size.
        frames (int): Frames of a video, >= 1.

    Example:
        >>> extractor = mmssl.FeatureExtractor(
        ...     'simclr_tiny', 'epoch_4.pth', view=dict(resize=56, size=48))
        >>> features = extractor('photos')['predictions']
    """

    forward_kwargs = {'stage', 'layer'}
    postprocess_kwargs = {'output'}

    def __init__(
        self,
        model: str | os.PathLike | nn.Module,
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
        view: dict | None = None,
        frames: int = 8,
    ) -> None:
        if frames < 1:
            raise UsageError(f'frames must be at least 1, got {frames}')
        self.view, self.frames = dict(view or {}), frames
        super().__init__(model, weights, device, show_progress)
        if not hasattr(self.model, 'extract_feat'):
            raise UsageError(
                f'{type(self.model).__name__} has no extract_feat(), so it '
                'gives no features'
            )
        self.sees_videos = any(
            isinstance(module, nn.Conv3d) for module in self.model.modules()
        )

    def _init_pipeline(self, cfg):
        cut = TRANSFORMS.build(dict(dict(type='CenterView'), **self.view))

        def read(one: Any) -> Unit:
            if isinstance(one, Tensor):
                return Unit('tensor', self._entering(one, 'tensor'))
            name = 'array' if isinstance(one, np.ndarray) else os.fspath(one)
            x = torch.from_numpy(
                np.ascontiguousarray(cut(self._load(one, name))[0])
            )
            return Unit(name, self._entering(x.movedim(-1, 0), name))

        return read

    def _load(self, one: Picture, name: str) -> np.ndarray:
        """(h, w, 3), or (t, h, w, 3) of a video, uint8 RGB."""
        if isinstance(one, np.ndarray):
            if one.ndim == 4:
                return one[_evenly(len(one), self.frames)]
            return LoadImage()(dict(img=one, path=name))['img']
        path = Path(one).expanduser()
        if is_video(path.name) and path.exists():
            video = VideoFile(path)
            return video.read(_evenly(len(video), self.frames))
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f'{type(self).__name__}: cannot read {name}: {error.strerror}'
            ) from error
        return LoadImage()(dict(img_bytes=data, path=name))['img']

    def _entering(self, x: Tensor, name: str) -> Tensor:
        """From (3, h, w) or (3, t, h, w) to what the network takes."""
        if x.ndim not in (3, 4):
            raise UsageError(
                f'{type(self).__name__}: an input has 3 dimensions (picture) '
                f'or 4 (video), {name} has the shape {tuple(x.shape)}'
            )
        if x.ndim == 3 and self.sees_videos:
            raise UsageError(
                f'{type(self).__name__}: {type(self.model).__name__} with 3D '
                f'convolutions takes videos, but {name} is a picture'
            )
        if x.ndim == 4 and not self.sees_videos:
            return x.transpose(0, 1)
        return x[None]

    def _inputs_to_list(self, inputs: Any) -> list:
        """Folders become their files, an array or tensor its rows."""
        if isinstance(inputs, np.ndarray | Tensor):
            whole = 4 if self.sees_videos else 3
            return [inputs] if inputs.ndim <= whole else list(inputs)
        if isinstance(inputs, str | os.PathLike):
            inputs = [inputs]
        found = []
        for one in inputs:
            is_path = isinstance(one, str | os.PathLike)
            folder = is_path and Path(one).expanduser().is_dir()
            found += self._files(Path(one).expanduser()) if folder else [one]
        return found

    def _files(self, folder: Path) -> list[Path]:
        names = [
            name
            for name in list_files(folder)
            if is_image(name) or is_video(name)
        ]
        if not names:
            raise UsageError(
                f'{type(self).__name__}: no pictures or videos in {folder}'
            )
        return [folder / name for name in names]

    def preprocess(self, inputs: list, batch_size: int = 1):
        """Batches of units whose views have one size."""
        for units in super().preprocess(inputs, batch_size):
            sizes = {unit.views.shape[1:] for unit in units}
            if len(sizes) > 1:
                shown = ', '.join(
                    sorted('x'.join(map(str, size[1:])) for size in sizes)
                )
                raise UsageError(
                    f'{type(self).__name__}: inputs of several sizes '
                    f'({shown}) need a view, for example '
                    'view=dict(resize=256, size=224)'
                )
            yield units

    def forward(
        self, inputs: list[Unit], stage: str = 'pool', layer: int = -1
    ) -> list[tuple[str, Tensor]]:
        """Name and feature of each unit."""
        if stage not in STAGES:
            raise UsageError(f'stage must be in {STAGES}, got {stage!r}')
        counts = [len(unit.views) for unit in inputs]
        views = torch.cat([unit.views for unit in inputs])
        batch = self.model.data_preprocessor(dict(inputs=[views]), False)
        pooled = stage == 'pool'
        taken = 'backbone' if pooled and layer != -1 else stage
        maps = self.model.extract_feat(batch['inputs'], taken)
        if not isinstance(maps, Tensor):
            try:
                maps = maps[layer]
            except IndexError:
                raise UsageError(
                    f'layer {layer} of the stage {stage!r} is none of the '
                    f'{len(maps)} maps of {type(self.model).__name__}'
                ) from None
        maps = global_pool(maps) if pooled else maps
        found = []
        for unit, feature in zip(
            inputs, maps.float().cpu().split(counts), strict=True
        ):
            if len(feature) == 1:
                feature = feature[0]
            elif feature.ndim == 2:  # frames of a video
                feature = feature.mean(0)
            else:
                feature = feature.movedim(0, 1)  # (c, t, h, w)
            found.append((unit.name, feature))
        return found

    def visualize(self, inputs: list, preds: list[tuple[str, Tensor]]) -> list:
        """Neighbours of vectors, or colours of maps."""
        features = [feature for _, feature in preds]
        if features[0].ndim > 1:
            pictures = self._pictures(inputs[:DRAWN])
            maps = [
                f if f.ndim == 3 else f[:, f.shape[1] // 2] for f in features
            ]
            shown = [m.numpy() for m in maps[:DRAWN]]
            return [figure_picture(map_figure(pictures, shown))]
        if len(features) < 2:
            return []
        x = torch.stack(features)
        count = min(NEIGHBOURS, len(x) - 1)
        rows = nearest(x[:DRAWN], x, count + 1).indices.tolist()
        others = [
            [j for j in near if j != i][:count] for i, near in enumerate(rows)
        ]
        figure = neighbour_figure(
            self._pictures(inputs[:DRAWN]),
            [self._pictures([inputs[j] for j in near]) for near in others],
            [
                '' if name in NAMELESS else Path(name).name
                for name, _ in preds[:DRAWN]
            ],
        )
        return [figure_picture(figure)]

    def _pictures(self, inputs: list) -> list[np.ndarray]:
        """(h, w, 3) uint8 RGB as the network sees it, of a video one."""
        views = [_middle(self.pipeline(one).views) for one in inputs]
        return [
            view.movedim(0, -1).clamp(0, 255).to(torch.uint8).numpy()
            for view in views
        ]

    def postprocess(
        self, preds: list, visualization: list, output: str = 'torch'
    ) -> InferenceResult:
        """One tensor or array, and the names."""
        if output not in OUTPUTS:
            raise UsageError(f'output must be in {OUTPUTS}, got {output!r}')
        names = [name for name, _ in preds]
        features = [feature for _, feature in preds]
        equal = len({feature.shape for feature in features}) == 1
        found = torch.stack(features) if equal else features
        if output == 'numpy':
            found = found.numpy() if equal else [f.numpy() for f in features]
        return InferenceResult(
            predictions=found, names=names, visualization=visualization
        )


def extract_features(
    model: nn.Module,
    inputs: Tensor | Picture | Sequence[Picture],
    view: dict | None = None,
    stage: str = 'pool',
    batch_size: int = 64,
) -> Tensor:
    """Features by a :class:`FeatureExtractor`, in one line.

    Args:
        model (nn.Module): Such as :func:`get_model` returns, on any device;
            left as it was.
        inputs: See :class:`FeatureExtractor`.
        view (dict, optional): See there.
        stage (str): See there.
        batch_size (int): Inputs at a time.

    Returns:
        Tensor: (n, c) float32, or (n, c, h, w), on the CPU.

    Raises:
        UsageError: No inputs, or a file that is not there; inputs of
            several sizes without a view; a model without features.
        UnreadableImage: Names the file that is no picture.

    Example:
        >>> model = mmssl.get_model('simclr_tiny', pretrained='epoch_4.pth')
        >>> features = mmssl.extract_features(model, ['a.jpg', 'b.jpg'])
    """
    extractor = FeatureExtractor(model, show_progress=False, view=view)
    return extractor(inputs, batch_size, stage=stage)['predictions']


def _evenly(count: int, most: int) -> list[int]:
    """At most ``most`` of ``count`` frames: middles of equal parts."""
    size = min(count, most)
    return [(2 * i + 1) * count // (2 * size) for i in range(size)]


def _middle(views: Tensor) -> Tensor:
    """(3, h, w), the middle frame."""
    x = views[len(views) // 2]
    return x[:, x.shape[1] // 2] if x.ndim == 4 else x
