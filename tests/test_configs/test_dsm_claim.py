# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""After DSM features tell movements apart, after plain MoCo they do not."""

import json

import pytest

from mmssl.apis import cli

SCENE = ('test_dataloader.dataset.label=scene',
         'test_cfg.bank_dataloader.dataset.label=scene')  # fmt: skip


def probe(name, checkpoint, folder, *overrides):
    """Percent right of the config's logistic regression."""
    arguments = ['test', name, str(checkpoint), '--work-dir', str(folder)]
    if overrides:
        arguments += ['--cfg-options', *overrides]
    assert cli.main(arguments) == 0
    (path,) = folder.rglob('metrics.json')
    return json.loads(path.read_text())['metrics']['logistic/top1']


def probes(name, folder):
    """Movement and scene, after the config's 600 steps."""
    assert cli.main(['train', name, '--work-dir', str(folder)]) == 0
    checkpoint = folder / 'epoch_60.pth'
    return (
        probe(name, checkpoint, folder / 'movement'),
        probe(name, checkpoint, folder / 'scene', *SCENE),
    )


@pytest.mark.slow
def test_dsm_reads_the_movement_better_than_moco_and_the_scene_no_better(
    tmp_path,
):
    movement, scene = probes('dsm-scenes_mini', tmp_path / 'dsm')
    baseline, scene_before = probes('moco-scenes_mini', tmp_path / 'moco')
    assert movement > baseline + 20
    assert scene < scene_before + 5
