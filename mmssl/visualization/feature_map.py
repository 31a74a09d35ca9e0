# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features as a map of points or of pictures (t-SNE or PCA)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from mmssl.compat import tsne_iterations
from mmssl.visualization.style import (
    INK,
    MUTED,
    bare,
    class_names,
    colour,
    new_figure,
)


def tsne(
    features: np.ndarray,
    seed: int = 0,
    perplexity: float = 30,
    iterations: int = 1000,
) -> np.ndarray:
    """Project features to the plane; the same seed gives the same map.

    Starts from the first principal components, so that the map also keeps
    the rough order of the classes.

    Args:
        features (ndarray): (n, d) float, n >= 3.
        seed (int): Of scikit-learn's t-SNE.
        perplexity (float): Neighbours that count; at most (n - 1) / 3 is
            used.
        iterations (int): Iterations, >= 250.

    Returns:
        ndarray: (n, 2) float32.

    Raises:
        ValueError: If there are fewer than 3 samples.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    features = np.asarray(features, dtype=np.float32)
    if len(features) < 3:
        raise ValueError(
            f'a map needs at least 3 samples, got {len(features)}'
        )
    if features.shape[1] > 50:  # noise beyond, and much time
        size = min(50, *features.shape)
        features = PCA(size, svd_solver='full').fit_transform(features)
    # Its gradient descent is chaotic: the order of additions of several
    # threads would show in the picture.
    return TSNE(
        init='pca' if np.ptp(features) > 0 else 'random',
        perplexity=min(perplexity, (len(features) - 1) / 3),
        random_state=seed,
        n_jobs=1,
        **tsne_iterations(iterations),
    ).fit_transform(features)


def pca(features: np.ndarray) -> np.ndarray:
    """The first two principal components; distances keep their meaning.

    Args:
        features (ndarray): (n, d) float, n and d >= 2.

    Returns:
        ndarray: (n, 2) float32.
    """
    from sklearn.decomposition import PCA

    features = np.asarray(features, dtype=np.float32)
    return PCA(2, svd_solver='full').fit_transform(features)


def scatter_figure(
    maps: dict[str, np.ndarray],
    labels: np.ndarray,
    classes: Sequence[str] | None = None,
) -> Figure:
    """Maps side by side, a colour for each class.

    Args:
        maps (dict): Title to points (n, 2).
        labels (ndarray): (n,) int; negative ones are grey.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        Figure: Not saved yet.
    """
    figure, axes = new_figure(4.6 * len(maps) + 1.2, 4.4, columns=len(maps))
    labels = np.asarray(labels)
    names = class_names(classes, labels)
    for axis, (title, points) in zip(axes, maps.items(), strict=True):
        for label, name in names.items():
            chosen = points[labels == label]
            axis.scatter(
                *chosen.T,
                s=14,
                color=MUTED if label < 0 else colour(label),
                marker='osD^v'[max(label, 0) // 10 % 5],
                linewidth=0,
                alpha=0.8,
                label='no label' if label < 0 else name,
            )
        bare(axis)
        axis.set_title(
            title, loc='left', color=INK, fontsize=10, fontweight='bold'
        )
    if 1 < len(names) <= 30:
        figure.legend(
            *axes[-1].get_legend_handles_labels(),
            loc='outside right center',
            frameon=False,
            fontsize=8,
            labelcolor=INK,
            markerscale=1.5,
        )
    return figure


def thumbnail_figure(
    points: np.ndarray,
    pictures: Sequence[np.ndarray],
    labels: np.ndarray | None = None,
    size: int = 26,
) -> Figure:
    """The pictures themselves at their places on the map.

    Args:
        points (ndarray): (n, 2).
        pictures (Sequence[ndarray]): n pictures (h, w, 3) uint8 RGB.
        labels (ndarray, optional): (n,) int, as frames in the class colour.
        size (int): Height of a thumbnail, in points (1/72 inch).

    Returns:
        Figure: Not saved yet.
    """
    figure, (axis,) = new_figure(9, 9)
    bare(axis)
    axis.set(xlim=_limits(points[:, 0]), ylim=_limits(points[:, 1]))
    for number, (point, picture) in enumerate(
        zip(points, pictures, strict=True)
    ):
        framed = labels is not None and labels[number] >= 0
        image = OffsetImage(picture, zoom=size / picture.shape[0])
        box = AnnotationBbox(image, point, pad=0.08, frameon=framed)
        if framed:
            box.patch.set(
                edgecolor=colour(int(labels[number])),
                facecolor=colour(int(labels[number])),
            )
        axis.add_artist(box)
    return figure


def _limits(values: np.ndarray) -> tuple[float, float]:
    margin = 0.05 * (float(np.ptp(values)) or 1)
    return float(values.min()) - margin, float(values.max()) + margin


def map_colours(maps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Dense features as colours: the first three principal components.

    The components are those of all positions of all maps together, so that
    a colour means the same in each; they fill [0, 1] from the 2nd to the
    98th percentile.

    Args:
        maps (Sequence[ndarray]): Maps (c, h, w), c >= 3, of any size.

    Returns:
        list[ndarray]: (h, w, 3) float in [0, 1].

    Raises:
        ValueError: Fewer than 3 channels or positions.
    """
    from sklearn.decomposition import PCA

    rows = [m.reshape(len(m), -1).T for m in maps]
    joint = np.concatenate(rows).astype(np.float32)
    if min(joint.shape) < 3:
        raise ValueError(
            'colours of maps need 3 channels and 3 positions at least, got '
            f'{joint.shape[1]} and {joint.shape[0]}'
        )
    projected = PCA(3, svd_solver='full').fit_transform(joint)
    low, high = np.percentile(projected, (2, 98), axis=0)
    scaled = (projected - low) / np.maximum(high - low, 1e-12)
    parts = np.split(
        np.clip(scaled, 0, 1), np.cumsum([len(r) for r in rows])[:-1]
    )
    return [
        part.reshape(*m.shape[1:], 3)
        for part, m in zip(parts, maps, strict=True)
    ]


def map_figure(
    pictures: Sequence[np.ndarray], maps: Sequence[np.ndarray]
) -> Figure:
    """Pictures, and below each its :func:`map_colours`.

    Args:
        pictures (Sequence[ndarray]): n pictures (h, w, 3) uint8 RGB.
        maps (Sequence[ndarray]): n maps (c, h', w').

    Returns:
        Figure: Not saved yet.
    """
    figure, axes = new_figure(1.6 * len(pictures) + 0.2, 3.4, 2, len(pictures))
    for axis, shown in zip(axes, [*pictures, *map_colours(maps)], strict=True):
        bare(axis)
        axis.imshow(shown, interpolation='nearest')
    return figure
