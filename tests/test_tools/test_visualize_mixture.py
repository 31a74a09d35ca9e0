# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Train the tiny mixture for a moment, evaluate it, and draw it."""

import pytest
from matplotlib.image import imread
from torch import nn

from mmssl.apis import cli
from mmssl.utils.errors import UsageError

PICTURES = {
    'births', 'components', 'confusion', 'latents', 'latents_by_component',
    'usage',
}  # fmt: skip


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp('curl')
    options = [
        'train_cfg.max_iters=60', 'train_cfg.val_interval=1000',
        'default_hooks.checkpoint.interval=60',
        'train_dataloader.batch_sampler.n_steps=60',
    ]  # fmt: skip
    arguments = ['curl_tiny', '--work-dir', str(folder), '--cfg-options']
    assert cli.main(['train', *arguments, *options]) == 0
    return folder / 'iter_60.pth'


def test_pictures_of_a_mixture(checkpoint, tmp_path):
    arguments = ['curl_tiny', str(checkpoint), '--points', '60']
    arguments += ['--out-dir', str(tmp_path / 'out')]
    assert cli.main(['visualize-mixture', *arguments]) == 0
    drawn = {path.stem: path for path in (tmp_path / 'out').glob('*.png')}
    assert set(drawn) == PICTURES
    assert all(imread(path).std() > 0 for path in drawn.values())
    rows = (tmp_path / 'out/usage.csv').read_text().splitlines()
    assert rows[0] == 'step,class,component,samples'
    assert rows[1] == '1,0,0,100'


def test_a_model_without_mixture_is_refused(tool):
    check = tool('analysis_tools/visualize_mixture.py').check_mixture
    with pytest.raises(UsageError, match='Linear is no mixture'):
        check(nn.Linear(1, 1))


def test_a_mixture_is_evaluated_by_the_usual_tool(checkpoint, capsys):
    assert cli.main(['test', 'curl_tiny', str(checkpoint)]) == 0
    text = capsys.readouterr().out
    for name in ('cluster/purity', 'knn/error_k10', 'bound/loss'):
        assert name in text
