# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Few-shot episodes: which pictures, and the nearest prototype.

An episode is a small classification task: ``way`` classes, of each ``shot``
labelled pictures (support) and ``query`` pictures to classify.  Its rows are
**shot-major**: picture 0 of every class, then picture 1 of every class, and
so on, support before queries.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.utils.errors import UsageError

DISTANCES = ('sqeuclidean', 'cosine')


class EpisodeShape:
    """The size of an episode.

    Args:
        way (int): Classes, at least 2.
        shot (int): Support pictures a class, at least 1.
        query (int): Queries a class, at least 1.

    Raises:
        ValueError: One is too small.
    """

    def __init__(self, way: int, shot: int, query: int) -> None:
        if way < 2 or shot < 1 or query < 1:
            raise ValueError(
                'an episode needs way >= 2, shot >= 1 and query >= 1, got '
                f'way={way}, shot={shot}, query={query}'
            )
        self.way, self.shot, self.query = way, shot, query

    @property
    def per_class(self) -> int:
        """Pictures of each class."""
        return self.shot + self.query

    @property
    def rows(self) -> int:
        """Pictures in all."""
        return self.way * self.per_class

    @property
    def support(self) -> int:
        """Support pictures in all; the queries follow them."""
        return self.way * self.shot

    def query_labels(self, device: torch.device | None = None) -> Tensor:
        """(way * query,) int64: 0..way-1, ``query`` times."""
        return torch.arange(self.way, device=device).repeat(self.query)


def rows_of_classes(
    labels: Tensor, shape: EpisodeShape, classes: Sequence[str] = ()
) -> list[Tensor]:
    """Rows of each class, ready to draw episodes from.

    Args:
        labels (Tensor): (n,) int64, >= 0.
        shape (EpisodeShape): What will be drawn.
        classes (Sequence[str]): Names of the class numbers, for messages.

    Returns:
        list[Tensor]: Rows of the classes that occur, by class number.

    Raises:
        UsageError: Too few classes, or a class with too few pictures; names
            it.
    """
    present = labels.unique()
    if len(present) < shape.way:
        raise UsageError(
            f'{shape.way}-way episodes need at least {shape.way} classes, '
            f'but the data have {len(present)}; lower way'
        )
    rows = [(labels == label).nonzero()[:, 0] for label in present]
    for label, found in zip(present.tolist(), rows, strict=True):
        if len(found) < shape.per_class:
            name = f' ({classes[label]})' if label < len(classes) else ''
            raise UsageError(
                f'class {label}{name} has {len(found)} pictures, but '
                f'{shape.shot} shots and {shape.query} queries need '
                f'{shape.per_class}; lower shot or query, or leave the '
                'class out'
            )
    return rows


def draw_episode(
    rows: Sequence[Tensor],
    shape: EpisodeShape,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw the pictures of one episode, without repetition.

    The calls of the random generator are those of ``CategoriesSampler`` of
    https://github.com/Alibaba-AAIG/SSL-FEW-SHOT.

    Args:
        rows (Sequence[Tensor]): See :func:`rows_of_classes`.
        shape (EpisodeShape): Size of the episode.
        generator (Generator, optional): Of the random numbers, CPU.

    Returns:
        Tensor: (shape.rows,) int64, shot-major.
    """
    chosen = torch.randperm(len(rows), generator=generator)[: shape.way]
    picked = [
        rows[c][
            torch.randperm(len(rows[c]), generator=generator)[
                : shape.per_class
            ]
        ]
        for c in chosen.tolist()
    ]
    return torch.stack(picked, 1).flatten()


def split_episode(
    features: Tensor, shape: EpisodeShape
) -> tuple[Tensor, Tensor]:
    """Support and query rows of shot-major features.

    Args:
        features (Tensor): (..., shape.rows, d).
        shape (EpisodeShape): Size of the episode.

    Returns:
        tuple[Tensor, Tensor]: (..., way * shot, d), (..., way * query, d).
    """
    return features.split([shape.support, shape.rows - shape.support], dim=-2)


def prototypes(support: Tensor, way: int) -> Tensor:
    r"""Mean feature of each class, :math:`c_k = \frac1S \sum_s f(x_{sk})`.

    Eq. 1 of https://arxiv.org/abs/1703.05175.

    Args:
        support (Tensor): (..., shot * way, d), shot-major.
        way (int): Classes.

    Returns:
        Tensor: (..., way, d).
    """
    return support.unflatten(-2, (-1, way)).mean(-3)


def prototype_logits(
    queries: Tensor,
    centres: Tensor,
    temperature: float = 1.0,
    distance: str = 'sqeuclidean',
) -> Tensor:
    r"""Scores of the classes, the nearest prototype highest.

    .. math:: \ell_{qk} = -\|f(q) - c_k\|^2 / T

    or the cosine divided by T.  Eq. 2 of https://arxiv.org/abs/1703.05175;
    features are not normalised and no root is taken.

    Args:
        queries (Tensor): (..., q, d).
        centres (Tensor): (..., way, d).
        temperature (float): T > 0.
        distance (str): 'sqeuclidean' or 'cosine'.

    Returns:
        Tensor: (..., q, way).

    Raises:
        ValueError: Unknown distance, or temperature not above 0.
    """
    check_prototype_settings(temperature, distance)
    if distance == 'cosine':
        cosine = F.normalize(queries, dim=-1) @ F.normalize(centres, dim=-1).mT
        return cosine / temperature
    # A common shift leaves distances alone and keeps the squares, whose
    # difference they are, small.
    shift = centres.detach().mean(-2, keepdim=True)
    queries, centres = queries - shift, centres - shift
    squared = (
        queries.square().sum(-1, keepdim=True)
        - 2 * queries @ centres.mT
        + centres.square().sum(-1)[..., None, :]
    )
    return -squared / temperature


def check_prototype_settings(temperature: float, distance: str) -> None:
    """Refuse what :func:`prototype_logits` cannot compute.

    Raises:
        ValueError: Unknown distance, or temperature not above 0.
    """
    if distance not in DISTANCES:
        raise ValueError(f'distance must be in {DISTANCES}, got {distance!r}')
    if not temperature > 0:
        raise ValueError(f'temperature must be > 0, got {temperature}')
