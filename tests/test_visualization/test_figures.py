# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import json
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from mmssl.utils.errors import UsageError
from mmssl.visualization import (
    bar_figure,
    birth_figure,
    component_figure,
    confusion_figure,
    curve_figure,
    find_scalars,
    map_colours,
    map_figure,
    neighbour_figure,
    pca,
    read_scalars,
    save_figure,
    scatter_figure,
    thumbnail_figure,
    tsne,
    usage_figure,
)
from mmssl.visualization.style import BAD, GOOD, PALETTE, colour


@pytest.fixture
def clusters():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 15)
    features = 6 * np.eye(3, 8)[labels] + random.normal(size=(45, 8))
    return features.astype(np.float32), labels


def picture(value):
    return np.full((6, 6, 3), value, dtype=np.uint8)


def shades(path):
    """The different colours of a written picture."""
    pixels = (imread(path)[..., :3] * 255).round().astype(int)
    return {tuple(p) for p in pixels.reshape(-1, 3)}


def rgb(code):
    return tuple(int(code[i : i + 2], 16) for i in (1, 3, 5))


def test_the_same_seed_gives_the_same_map_byte_for_byte(clusters, tmp_path):
    features, labels = clusters
    for name in ('a', 'b'):
        points = tsne(features, seed=3, iterations=250)
        save_figure(scatter_figure({'m': points}, labels), tmp_path / name)
    written = [(tmp_path / name).read_bytes() for name in ('a', 'b')]
    assert written[0] == written[1]


def test_clusters_stay_together_on_the_map(clusters):
    features, labels = clusters
    points = tsne(features, iterations=300)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(1)] == labels).mean() > 0.95


def test_many_dimensions_and_equal_rows_have_a_map_too():
    wide = np.random.default_rng(0).normal(size=(20, 60))
    for features in (wide, np.ones((10, 4))):
        points = tsne(features, iterations=250)
        assert points.shape == (len(features), 2)
        assert np.isfinite(points).all()


def test_principal_components_keep_the_largest_spread():
    features = np.zeros((6, 5))
    features[:, 3] = [0, 9, 0, 9, 0, 9]
    features[:, 1] = [0, 0, 4, 4, 0, 0]
    points = pca(features)
    spread = np.ptp(points, axis=0)
    assert spread[0] > spread[1] > 0
    distance = np.linalg.norm(points[0] - points[1])
    assert distance == pytest.approx(9, rel=1e-5)


def test_two_samples_have_no_map():
    with pytest.raises(ValueError, match='at least 3 samples, got 2'):
        tsne(np.ones((2, 4)))


def test_a_class_keeps_its_colour_on_every_map(clusters, tmp_path):
    _, labels = clusters
    points = np.random.default_rng(0).normal(size=(45, 2))
    figure = scatter_figure(
        {'a': points, 'b': points}, labels, ['cat', 'dog', 'owl']
    )
    for axis in figure.axes:
        found = {
            c.get_label(): tuple((255 * c.get_facecolor()[0, :3]).round())
            for c in axis.collections
        }
        assert found == {
            name: rgb(PALETTE[i])
            for i, name in enumerate(['cat', 'dog', 'owl'])
        }
        assert axis.get_title(loc='left') in 'ab'


def test_pictures_lie_at_their_places_in_their_class_colour(tmp_path):
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    figure = thumbnail_figure(
        points, [picture(10), picture(200)], np.array([1, 2])
    )
    save_figure(figure, tmp_path / 'map.png')
    seen = shades(tmp_path / 'map.png')
    assert {(10,) * 3, (200,) * 3, rgb(PALETTE[1]), rgb(PALETTE[2])} <= seen


def test_frames_tell_right_from_wrong_neighbours(tmp_path):
    figure = neighbour_figure(
        [picture(0)], [[picture(90), picture(180)]], ['cat'], [[True, False]]
    )
    save_figure(figure, tmp_path / 'grid.png')
    seen = shades(tmp_path / 'grid.png')
    assert {rgb(GOOD), rgb(BAD), (90,) * 3, (180,) * 3} <= seen
    figure = neighbour_figure([picture(0)], [[picture(90)]])
    save_figure(figure, tmp_path / 'plain.png')
    assert not {rgb(GOOD), rgb(BAD)} & shades(tmp_path / 'plain.png')


def test_names_of_queries_are_not_cut_off():
    names = ['hubble_deep_field', 'a very long name of a class']
    grid = neighbour_figure([picture(0)] * 2, [[picture(9)]] * 2, names)
    grid.draw_without_rendering()
    titles = [axis.title for axis in grid.axes] + [
        axis._left_title for axis in grid.axes
    ]
    shown = [title for title in titles if title.get_text()]
    assert [t.get_text() for t in shown] == [names[0], 'a very long name …']
    for title in shown:
        assert title.get_window_extent().x0 >= 0


def test_a_grid_needs_equally_many_neighbours():
    rows = [[picture(0)], [picture(0), picture(0)]]
    with pytest.raises(ValueError, match=r'got \[1, 2\]'):
        neighbour_figure([picture(0), picture(0)], rows)


def test_bars_have_their_lengths_and_errors():
    figure = bar_figure(
        ['a', 'b'], {'knn': ([20.0, 45.0], [1.5, float('nan')])}
    )
    (axis,) = figure.axes
    bars, errors = axis.containers[1], axis.containers[0]
    assert [bar.get_width() for bar in bars] == [20, 45]
    lines = errors.lines[2][0].get_segments()
    assert [np.ptp(line[:, 0]) for line in lines] == [3, 0]
    assert axis.yaxis_inverted()  # the first row is at the top


def test_panels_of_bars_are_broken_into_rows_with_units():
    groups = {f'm{i}': ([1.0, 20.0], [0.1, 0.2]) for i in range(6)}
    figure = bar_figure(['a', 'b'], groups, {'m1': 'percent'})
    assert [axis.get_title(loc='left') for axis in figure.axes] == [
        'm0', 'm1', 'm2', 'm3', 'm4', 'm5', '', '',
    ]  # fmt: skip
    assert figure.axes[1].get_xlabel() == 'percent'
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ['1.000', '20.0']


def test_rows_of_a_confusion_matrix_are_shares():
    figure = confusion_figure(np.array([[3, 1], [0, 0]]), ['cat', 'dog'])
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ['75', '25', '0', '0']
    with pytest.raises(ValueError, match='square'):
        confusion_figure(np.zeros((2, 3)))


def test_curves_are_read_by_step_and_drawn_by_panel(tmp_path):
    path = tmp_path / 'run' / '20250101' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    lines = [
        dict(loss=2.0, lr=0.1, step=10),
        dict(loss=1.0, lr=0.1, step=20),
        {'knn/top1': 40.0, 'step': 1},
    ]
    path.write_text('\n'.join(map(json.dumps, lines)) + '\n')
    assert find_scalars(tmp_path / 'run') == path
    curves = read_scalars(path)
    assert curves['loss'] == ([10, 20], [2.0, 1.0])
    assert curves['knn/top1'] == ([1], [40.0])
    figure = curve_figure(
        {'loss': {'loss': curves['loss']}, 'knn': {'x': ([1], [2])}},
        {'knn': 'epoch'},
    )
    first, second = figure.axes
    assert first.lines[0].get_ydata().tolist() == [2, 1]
    assert (first.get_xlabel(), second.get_xlabel()) == ('iteration', 'epoch')


def test_absent_and_broken_logs_are_refused(tmp_path):
    assert find_scalars(tmp_path) is None
    with pytest.raises(UsageError, match='not found'):
        read_scalars(tmp_path / 'scalars.json')
    (tmp_path / 'scalars.json').write_text('{')
    with pytest.raises(UsageError, match='not one JSON object'):
        read_scalars(tmp_path / 'scalars.json')


def test_no_window_system_is_touched():
    before = 'matplotlib.pyplot' in sys.modules
    curve_figure({'loss': {'loss': ([1, 2], [2, 1])}})
    assert ('matplotlib.pyplot' in sys.modules) == before


def test_a_cluster_may_be_no_class(tmp_path):
    names = ['0: a', '1: b', '2']
    figure = confusion_figure(np.ones((2, 3)), ['a', 'b'], names)
    (axis,) = figure.axes
    assert [t.get_text() for t in axis.get_xticklabels()] == names
    assert axis.get_xlabel() == 'cluster'
    assert len(axis.texts) == 6


def test_components_stand_side_by_side_under_their_titles():
    pictures = np.zeros((12, 3, 8, 6))
    titles = [str(k) for k in range(12)]
    figure = component_figure(pictures, titles)
    drawn = [axis for axis in figure.axes if axis.axison]
    assert [axis.get_title() for axis in drawn] == titles
    assert drawn[0].images[0].get_array().shape == (26, 6)
    with pytest.raises(ValueError, match='12 components and 1 titles'):
        component_figure(pictures, ['one'])


def test_births_rise_over_bands_of_the_classes():
    births = [
        dict(step=30, component=1, label=0),
        dict(step=130, component=2, label=1),
        dict(step=170, component=3, label=-1),
    ]
    figure = birth_figure(births, [[0], [1]], 200, ['cat', 'dog'])
    (axis,) = figure.axes
    assert len(axis.patches) == 2
    (line,) = axis.lines
    assert line.get_xdata().tolist() == [0, 30, 130, 170, 200]
    assert line.get_ydata().tolist() == [1, 2, 3, 4, 4]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ['no label', 'cat', 'dog']
    assert [text.get_text() for text in axis.texts] == ['cat', 'dog']
    assert not birth_figure([], [[]], 200).legends


def test_cells_of_usage_have_the_colour_of_their_class():
    tables = [np.array([[4.0], [0]]), np.array([[0, 1.0], [3, 0]])]
    figure = usage_figure([10, 20], tables, ['cat', 'dog'])
    (axis,) = figure.axes
    cells = axis.collections[0].get_array()
    assert cells.shape == (2, 2, 3)
    np.testing.assert_allclose(cells[0, 0], to_rgb(colour(0)))
    assert (cells[1, 0] == 1).all()  # not born yet
    pale = 1 - cells[:, 1]  # three quarters are dogs, a quarter cats
    np.testing.assert_allclose(
        pale / (1 - np.array([to_rgb(colour(1)), to_rgb(colour(0))])),
        [[0.15 + 0.85 * 0.75] * 3, [0.15 + 0.85 * 0.25] * 3],
    )
    assert axis.get_xlim() == (0, 20)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ['cat', 'dog']
    with pytest.raises(ValueError, match='got 1 steps and 2 tables'):
        usage_figure([10], tables)


def test_colours_of_maps_mean_the_same_in_all():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((5, 3, 4))
    second = np.concatenate([first[:, :1], rng.standard_normal((5, 2, 4))], 1)
    drawn = map_colours([first, second])
    assert [d.shape for d in drawn] == [(3, 4, 3), (3, 4, 3)]
    assert np.allclose(drawn[0][0], drawn[1][0])
    assert 0 <= min(d.min() for d in drawn) <= max(d.max() for d in drawn) <= 1
    with pytest.raises(ValueError, match='got 2 and 12'):
        map_colours([first[:2]])
    pictures = [np.zeros((6, 8, 3), np.uint8)] * 2
    assert len(map_figure(pictures, [first, second]).axes) == 4
