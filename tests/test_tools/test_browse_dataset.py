# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sheets of samples: what is drawn is what the data set gives."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numbered_pictures import encode, number_picture

from mmssl.apis import cli
from mmssl.datasets import ImageFolder, SampleIndex
from mmssl.structures import ViewGeometry
from mmssl.visualization.style import colour

SMALL = ['--cfg-options', 'train_dataloader.dataset.per_class=1',
         'val_dataloader.dataset.per_class=1']  # fmt: skip
VIEWS = [dict(num=2, size=16), dict(num=3, size=8, area=(0.05, 0.2))]


@pytest.fixture
def browse(tool):
    return tool('analysis_tools/browse_dataset.py')


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / 'pictures/some class'
    folder.mkdir(parents=True)
    for number in (10, 40, 80):
        picture = number_picture(number, (60, 90))
        (folder / f'{number}.png').write_bytes(encode(picture))
    return ImageFolder(str(folder.parent), with_label=True, views=VIEWS)


def test_sheets_and_an_overview_are_written(browse, tmp_path, capsys):
    out = tmp_path / 'new/sheets'
    argv = ['simclr_tiny', '--output-dir', str(out), '-n', '2', *SMALL]
    assert browse.main(argv) == 0
    assert f'2 of 19 samples drawn: {out}/overview.png' in (
        capsys.readouterr().out
    )
    names = {path.name for path in out.iterdir()}
    assert names == {'overview.png', 'sample_0.png', 'sample_18.png'}
    sheet = cv2.cvtColor(cv2.imread(str(out / 'sample_0.png')), 4)
    for view in range(2):  # the box, its tag and the frame of the view
        wanted = np.round(255 * np.array(to_rgb(colour(view))))
        assert (np.abs(sheet - wanted).max(axis=2) < 3).sum() > 1000
    first = (out / 'sample_0.png').read_bytes()
    assert browse.main(argv) == 0
    assert (out / 'sample_0.png').read_bytes() == first
    assert browse.main([*argv, '--seed', '1']) == 0
    assert (out / 'sample_0.png').read_bytes() != first


def test_boxes_are_the_crops_and_pictures_the_views(browse, dataset):
    sample = browse.read_sample(dataset, 1, seed=3)
    assert sample.title == '40.png   some class'
    assert (sample.source == number_picture(40, (60, 90))).all()
    item = dataset[SampleIndex(1, 3)]
    source, *views = browse.sheet_figure(sample).axes
    boxes = {
        (p.get_x() + 0.5, p.get_y() + 0.5, p.get_width(), p.get_height())
        for p in source.patches
        if isinstance(p, Rectangle)
    }
    assert boxes == {g.crop for g in item['data_samples'].views}
    assert len(views) == 5
    for axis, view in zip(views, item['inputs'], strict=True):
        shown = axis.images[0].get_array()
        assert (np.asarray(shown) == view.permute(1, 2, 0).numpy()).all()
    flips = [g.flip for g in item['data_samples'].views]
    captions = [axis.get_title(loc='left') for axis in views]
    assert ['flipped' in text for text in captions] == flips
    assert captions[2].startswith('3   8 × 8')


def test_boxes_of_a_method_are_drawn_on_both_views(browse, tmp_path):
    argv = ['scrl_tiny', '--output-dir', str(tmp_path), '-n', '1', *SMALL]
    assert browse.main(argv) == 0
    view = ViewGeometry((60, 90), (5, 6, 40, 40), (32, 32))
    boxes = np.array(
        [[[2, 3, 20, 30], [0, 0, 9, 9]], [[5, 5, 23, 32], [1, 1, 10, 10]]],
        np.float32,
    )
    picture = np.zeros((32, 32, 3), np.uint8)
    sample = browse.Sample(
        'a', np.zeros((60, 90, 3), np.uint8), [picture] * 2, [view] * 2, boxes
    )
    for figure in (
        browse.sheet_figure(sample),
        browse.overview_figure([sample]),
    ):
        _, *views = figure.axes
        for axis, wanted in zip(views, boxes, strict=True):
            drawn = {
                (*p.get_xy(), p.get_width(), p.get_height())
                for p in axis.patches
                if isinstance(p, Rectangle)
            }
            assert drawn == {
                (x1 - 0.5, y1 - 0.5, x2 - x1, y2 - y1)
                for x1, y1, x2, y2 in wanted.tolist()
            }


def test_the_overview_has_a_row_for_each_sample(browse, dataset):
    samples = [browse.read_sample(dataset, i, 0) for i in range(3)]
    figure = browse.overview_figure(samples)
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 3 * (1 + 5)
    names = [a.get_ylabel().split()[0] for a in shown if a.get_ylabel()]
    assert names == ['10.png', '40.png', '80.png']


def test_an_unreadable_picture_shows_what_took_its_place(browse, dataset):
    Path(dataset.source.name(0)).write_bytes(b'no picture')
    dataset.max_bad_share = 0.5
    sample = browse.read_sample(dataset, 0, 0)
    assert sample.title.startswith('40.png')
    assert sample.source[0, 0, 0] == 40


def test_the_views_of_evaluation_are_shown_too(browse, tmp_path):
    argv = ['simclr_tiny', '--split', 'val', '--output-dir', str(tmp_path)]
    assert browse.main([*argv, '-n', '1', *SMALL]) == 0
    assert (tmp_path / 'sample_0.png').is_file()


@pytest.mark.parametrize(
    'argv, message',
    [
        (['simclr_tiny', '-n', '0'], '-n must be >= 1'),
        (['simclr_folder', '--split', 'val'], 'define val_dataloader'),
        (['simclr_folder'], 'no data at .*data/pictures'),
        (['simclr_tiny', '--cfg-options', 'train_dataloader.dataset.x=1'],
         'has no key train_dataloader.dataset.x'),
        (['simclr_tiny', '--cfg-options', '+train_dataloader.dataset.x=1'],
         'EmbeddedPhotos has no argument x'),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(argv, message, browse, tmp_path, monkeypatch,
                               capsys):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert browse.main(argv) == 2
    text = capsys.readouterr().err
    assert re.search(message, text) and text.count('\n') == 1
    assert not (tmp_path / 'browse').exists()


@pytest.mark.slow
def test_the_console_entry_needs_no_display(tmp_path):
    command = [sys.executable, '-m', 'mmssl.apis.cli', 'browse', 'swav_tiny']
    argv = ['--output-dir', str(tmp_path), '-n', '1', *SMALL]
    subprocess.run([*command, *argv], check=True, env={})
    assert (tmp_path / 'overview.png').stat().st_size > 1000


def test_browse_is_this_tool():
    path = 'analysis_tools/browse_dataset.py'
    assert cli.COMMANDS['browse'] == path


def test_a_view_of_another_picture_has_no_crop_in_the_source(tool, tmp_path):
    main = tool('analysis_tools/browse_dataset.py')
    geometry = [ViewGeometry((40, 50), (5, 6, 20, 30), (16, 16))] * 3
    picture = np.zeros((40, 50, 3), np.uint8)
    views = [picture[:16, :16]] * 3
    sample = main.Sample('a', picture, views, geometry, foreign=(2,))
    source, *others = main.sheet_figure(sample).axes
    assert len(source.patches) == 2 * 2  # a light and a coloured line each
    titles = [axis.get_title(loc='left') for axis in others]
    assert [title.endswith('other picture') for title in titles] == [
        False, False, True,
    ]  # fmt: skip
    own = ['orl_tiny', '-n', '2', '--output-dir', str(tmp_path)]
    assert main.main(own) == 0
    assert (tmp_path / 'overview.png').is_file()


@pytest.mark.parametrize(
    'config, split, clips',
    [
        ('action-retrieval_tiny', 'test', 4),  # views of our data sets
        ('action-finetune_tiny', 'train', 1),  # stacked ones of mmaction2
        ('dense_vos_tiny', 'train', 2),  # plain and guided
        ('dense_vos_tiny', 'test', 1),  # a sequence with its masks
    ],
)
def test_clips_are_rows_of_frames(browse, config, split, clips, tmp_path):
    from mmengine.registry import init_default_scope

    import mmssl
    from mmssl.registry import DATASETS
    from mmssl.utils.config import load_config

    argv = [config, '--split', split, '--output-dir', str(tmp_path)]
    assert browse.main([*argv, '-n', '2']) == 0
    assert (tmp_path / 'overview.png').is_file()
    assert (tmp_path / 'sample_0.png').is_file()
    cfg = load_config(config, {}, mmssl.get_config_dir())
    init_default_scope('mmssl')
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    sample = browse.read_sample(dataset, 0, 0)
    assert isinstance(sample, browse.ClipSample)
    assert len(sample.rows) == clips
    again = browse.read_sample(dataset, 0, 0)
    for row, same in zip(sample.rows, again.rows, strict=True):
        assert (row.frames == same.frames).all()
    if config == 'action-retrieval_tiny':
        assert sample.title == '0   scene 0' and sample.num_frames == 48
        assert sample.rows[0].span == (0, 15)
        item = browse.load_item(dataset, 0, 0)
        frames = item['inputs'][0].permute(1, 2, 3, 0).numpy()
        assert (sample.rows[0].frames == frames).all()


def test_clips_of_named_inputs_and_motion_by_its_colours(browse):
    import torch

    clip, motion = torch.zeros(3, 4, 8, 8), torch.zeros(2, 4, 8, 8)
    motion[0, 1] = 3.0
    inputs = dict(rgb=[clip, clip + 1], iframe=clip, motion=motion)
    found = browse.clips_of(dict(inputs=inputs, data_samples={}))
    assert list(found) == ['rgb 1', 'rgb 2', 'iframe', 'motion']
    colours = found['motion']
    assert colours.shape == (4, 8, 8, 3) and (colours[0] == 255).all()
    assert (colours[1] == [255, 0, 0]).all()
    assert found['rgb 2'].shape == (4, 8, 8, 3)
