# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sheets of translated pictures: the loss of a GAN says little."""

from pathlib import Path

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmssl.registry import HOOKS

COLUMNS = {
    'still (A)': 'real_a',
    'as frame': 'fake_b',
    'and back': 'rec_a',
    'frame (B)': 'real_b',
    'as still': 'fake_a',
    'and back ': 'rec_b',
}


@HOOKS.register_module()
class SampleSheetHook(Hook):
    """Writes ``<run dir>/samples/iter_N.png`` during and after training.

    Always the same pictures of the training data, in the same cuts.

    Args:
        interval (int): Iterations between two sheets; the last one is
            written in any case.
        count (int): Rows.
    """

    priority = 'BELOW_NORMAL'

    def __init__(self, interval: int = 1000, count: int = 4) -> None:
        self.interval = interval
        self.count = count
        self._batch: dict | None = None

    @master_only
    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Write a sheet when it is time."""
        last = runner.iter + 1 == runner.max_iters
        if last or self.every_n_train_iters(runner, self.interval):
            self.write(runner)

    def write(self, runner: Runner) -> Path:
        """Translate the pictures and write the sheet."""
        from mmssl.visualization import picture_sheet, save_figure

        if self._batch is None:
            loader = runner.train_dataloader
            # Samples of a plain index draw from torch's generator.
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                count = min(self.count, len(loader.dataset))
                samples = [loader.dataset[index] for index in range(count)]
            self._batch = loader.collate_fn(samples)
        model = runner.bare_model
        training = model.training
        model.eval()
        with torch.no_grad():
            real_a, real_b = model.data_preprocessor(dict(self._batch))[
                'inputs'
            ]
            images = dict(model([real_a, real_b]))
        model.train(training)
        images.update(real_a=real_a, real_b=real_b)
        columns = [to_pictures(images[name]) for name in COLUMNS.values()]
        path = (
            Path(runner.work_dir) / 'samples' / f'iter_{runner.iter + 1}.png'
        )
        rows = list(zip(*columns, strict=True))
        save_figure(picture_sheet(rows, list(COLUMNS)), path)
        return path


def to_pictures(images: Tensor):
    """(n, 1 or 3, h, w) in [-1, 1] to (n, h, w, 3) uint8, rounded."""
    levels = ((images.float() + 1) * 127.5).round().clamp(0, 255)
    levels = levels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    return levels.to(torch.uint8).cpu().numpy()
