# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sheets of DSM's clips."""

import cv2
import numpy as np
import pytest
import torch

from mmssl.registry import MODELS


@pytest.fixture
def draw(tool):
    return tool('analysis_tools/draw_triplets.py')


def test_a_sheet_of_each_video_is_written_and_repeats(draw, tmp_path, capsys):
    argv = ['dsm_tiny', '--out-dir', str(tmp_path / 'new'), '-n', '2']
    assert draw.main(argv) == 0
    assert '2 of 96 videos drawn' in capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / 'new').iterdir())
    assert names == ['triplet_0.png', 'triplet_95.png']
    path = tmp_path / 'new/triplet_0.png'
    first = path.read_bytes()
    assert cv2.imread(str(path)).shape[1] > 600
    assert draw.main(argv) == 0
    assert path.read_bytes() == first
    assert draw.main([*argv, '--seed', '1']) == 0
    assert path.read_bytes() != first


def test_columns_are_the_clips_and_what_the_warp_changed(draw):
    views = [torch.randint(256, (3, 6, 20, 20)).byte() for _ in range(3)]
    sld = MODELS.build(
        dict(type='SpatialLocalWarp', center=(8, 9), shift=(4, 5),
             num=(1, 1), ref_size=None, inplace=True)
    )  # fmt: skip
    anchor, warped, changed, positive, negative = draw.columns_of(
        dict(inputs=views), sld, 3
    )
    assert len(anchor) == 3
    for column, view in zip((anchor, positive, negative), views, strict=True):
        assert (column[2] == view[:, 5].permute(1, 2, 0).numpy()).all()
    differs = (anchor[0].astype(int) != warped[0]).any(-1)
    assert differs.any() and not differs.all()
    assert ((changed[0] < 255).any(-1) <= differs).all()
    assert np.array_equal(changed[0][..., 0], changed[0][..., 1])


@pytest.mark.parametrize(
    ('argv', 'words'),
    [
        (['simclr_tiny'], "needs clips=dict(type='LoadTriplet'"),
        (['dsm_tiny', '--cfg-options', 'model.sld=None'], 'leaves the scene'),
    ],
)
def test_configs_without_triplets_are_refused(draw, argv, words, tmp_path,
                                              capsys):  # fmt: skip
    assert draw.main([*argv, '--out-dir', str(tmp_path)]) != 0
    assert words in capsys.readouterr().err


def test_counts_below_one_are_refused(draw, capsys):
    assert draw.main(['dsm_tiny', '-n', '0']) == 2
    assert 'must be >= 1' in capsys.readouterr().err
