# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mmaction2's detector of actions trains on our backbone and is measured."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from mmssl.apis import cli
from mmssl.engine.runner import Runner
from mmssl.registry import MODELS

TASK = 'finetune_slowonly50-8x8_8xb8-steplr-32e_ava22'
LABELS = """item {
  name: "bend"
  id: 1
}
item {
  name: "crouch"
  id: 3
}
"""


@pytest.fixture
def ava(tmp_path):
    """One film of 100 frames; the key frame 902 is its 61st."""
    root = tmp_path / 'ava'
    notes = root / 'annotations'
    notes.mkdir(parents=True)
    frames = root / 'rawframes/film'
    frames.mkdir(parents=True)
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for number in range(1, 101):
        shifted = np.roll(picture, number, axis=1)
        cv2.imwrite(str(frames / f'img_{number:05}.jpg'), shifted)
    (notes / 'ava_action_list_v2.2.pbtxt').write_text(LABELS)
    boxes = {'film,0902': np.array([[0.1, 0.2, 0.6, 0.9, 0.99]])}
    for split in ('train', 'val'):
        rows = [f'film,0902,0.1,0.2,0.6,0.9,{label},0' for label in (1, 3)]
        (notes / f'ava_{split}_v2.2.csv').write_text('\n'.join(rows) + '\n')
        (notes / f'ava_{split}_excluded_timestamps_v2.2.csv').write_text('')
        file = f'ava_dense_proposals_{split}.FAIR.recall_93.9.pkl'
        (notes / file).write_bytes(pickle.dumps(boxes))
    return root


def test_a_short_run_takes_weights_and_reports_the_mean_precision(
    ava, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # mmaction2's metric writes a file there
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)
    from mmengine.config import Config

    import mmssl

    (path,) = Path(mmssl.get_config_dir()).rglob(f'{TASK}.py')
    backbone = Config.fromfile(path).model.backbone
    backbone.update(base_channels=4, init_cfg=None)
    with DefaultScope.overwrite_default_scope('mmssl'):
        source = MODELS.build(backbone)
    weights = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    torch.save(dict(state_dict=weights), 'rho.pth')
    small = 'dataset.pipeline'
    assert cli.main([
        'train', TASK, '--work-dir', 'run', '--cfg-options',
        f'data_root={ava}/', 'pretrained=rho.pth',
        '+model.backbone.base_channels=4',
        'model.roi_head.bbox_head.in_channels=128',
        'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
        'train_dataloader.batch_size=1', 'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
        f'train_dataloader.{small}.2.scale_range=(64, 80)',
        f'train_dataloader.{small}.3.size=64',
        f'val_dataloader.{small}.2.scale=(-1, 64)',
    ]) == 0  # fmt: skip
    (log,) = Path('run').rglob('*.log')
    text = log.read_text()
    assert 'weights: matched 318/318, missing 0' in text
    assert 'loss_action_cls' in text
    assert 'mAP/overall' in text
