# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Validation and test by features: a labelled bank is extracted once."""

from collections.abc import Sequence

from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop, ValLoop
from torch.utils.data import DataLoader

from mmssl.evaluation.extraction import (
    extract_features,
    predict_features,
    undisturbed,
    warmed_up,
)
from mmssl.registry import LOOPS
from mmssl.utils.errors import UsageError


class _FeatureLoop:
    """What the two loops share; ``mode`` names the hooks.

    Model, batch statistics and random state are left exactly as they were,
    so that a run with and without validation gives the same weights.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        bank_dataloader: DataLoader | dict | None = None,
        stage: str = 'pool',
        average_views: bool = False,
        bn_warmup: str | None = None,
    ) -> None:
        super().__init__(runner, dataloader, evaluator)
        if isinstance(bank_dataloader, dict):
            # Read once an evaluation: workers need not wait for the next.
            bank_dataloader = runner.build_dataloader(
                dict(bank_dataloader, persistent_workers=False),
                seed=runner.seed,
            )
        self.bank_dataloader = bank_dataloader
        self.stage = stage
        self.average_views = average_views
        if bn_warmup not in (None, 'train', 'test'):
            raise UsageError(
                f"bn_warmup must be 'train', 'test' or None, got {bn_warmup!r}"
            )
        if bn_warmup == 'train' and self.bank_dataloader is None:
            raise UsageError(
                "bn_warmup='train' takes its batches from bank_dataloader, "
                "which this loop lacks; name one, or say bn_warmup='test'"
            )
        self.warmup_dataloader = {
            None: None,
            'train': self.bank_dataloader,
            'test': self.dataloader,
        }[bn_warmup]

    def run(self) -> dict[str, float]:
        """Extract the bank, then the test features, and compare."""
        call_hook, mode = self.runner.call_hook, self.mode
        call_hook(f'before_{mode}')
        call_hook(f'before_{mode}_epoch')
        model = self.runner.model
        with undisturbed(model), warmed_up(model, self.warmup_dataloader):
            self._share_bank()
            for idx, data_batch in enumerate(self.dataloader):
                self.run_iter(idx, data_batch)
            metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        call_hook(f'after_{mode}_epoch', metrics=metrics)
        call_hook(f'after_{mode}')
        return metrics

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Features of one batch of the test set."""
        call_hook, mode = self.runner.call_hook, self.mode
        call_hook(f'before_{mode}_iter', batch_idx=idx, data_batch=data_batch)
        outputs = predict_features(
            self.runner.model,
            data_batch,
            self.stage,
            annotate=True,
            average_views=self.average_views,
        )
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        call_hook(
            f'after_{mode}_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=outputs,
        )

    def _share_bank(self) -> None:
        metrics = [m for m in self.evaluator.metrics if hasattr(m, 'set_bank')]
        bank = None
        wanted = any(metric.needs_bank for metric in metrics)
        if wanted and self.bank_dataloader is not None:
            bank = extract_features(
                self.runner.model,
                self.bank_dataloader,
                self.stage,
                self.average_views,
            )
        for metric in metrics:
            metric.set_bank(bank)


@LOOPS.register_module()
class FeatureValLoop(_FeatureLoop, ValLoop):
    """Online evaluation of features in any pre-training run.

    How often it runs is said by ``train_cfg``: ``val_interval``, and
    ``dynamic_intervals=[(first_epoch, interval)]`` for W-MSE's denser
    evaluation of the last 50 epochs.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Labelled test split.
        evaluator (Evaluator or dict or list): ``KNNMetric``,
            ``LinearProbeMetric``, ``CollapseMetric`` or others.
        bank_dataloader (DataLoader or dict, optional): Labelled training
            split without augmentation or shuffling, which the test features
            are compared with.
        stage (str): 'pool' (pooled backbone features) or 'neck'.
        average_views (bool): Features are means over all views of a sample,
            such as the clips of a video.
        bn_warmup (str, optional): 'train' or 'test': let the batch norms
            see 50 batches of the bank or of the test data before, see
            :func:`warmed_up`; they forget them afterwards.
    """

    mode = 'val'


@LOOPS.register_module()
class FeatureTestLoop(_FeatureLoop, TestLoop):
    """Evaluation of a checkpoint's features by ``tools/test.py``.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): See :class:`FeatureValLoop`.
        evaluator (Evaluator or dict or list): See :class:`FeatureValLoop`.
        bank_dataloader (DataLoader or dict, optional): See
            :class:`FeatureValLoop`.
        stage (str): See :class:`FeatureValLoop`.
        average_views (bool): See :class:`FeatureValLoop`.
        bn_warmup (str, optional): See :class:`FeatureValLoop`; ``compare``,
            ``report`` and the other tools follow it, too.
    """

    mode = 'test'
