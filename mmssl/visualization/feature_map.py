# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features as a map of points or of pictures (t-SNE or PCA)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

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
        max_iter=iterations,
        random_state=seed,
        n_jobs=1,
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
