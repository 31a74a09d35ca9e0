# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Watches the embeddings of a training run for collapse."""

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmssl.evaluation.functional import effective_rank, feature_std
from mmssl.registry import HOOKS


@HOOKS.register_module()
class FeatureHealthHook(Hook):
    """Logs ``feat_std`` and, once an epoch, ``effective_rank``.

    Every ``interval`` iterations the last output of the model's neck (of
    the backbone where it has none) is caught on its way; nothing is computed
    twice, and nothing at all in between.  The rank is that of the embeddings
    caught last, of at most ``rows`` samples.  A model without neck and
    backbone is not watched.

    Args:
        interval (int): Iterations between two measurements.
        rows (int): Embeddings kept for the rank.
        warn_below (float): Warn once when feat_std falls below this share of
            the healthy 1/sqrt(d).
    """

    priority = 'NORMAL'  # before LoggerHook

    def __init__(
        self, interval: int = 10, rows: int = 1024, warn_below: float = 0.1
    ) -> None:
        self.interval = interval
        self.rows = rows
        self.warn_below = warn_below
        self._warned = False
        self._handle = None
        self._caught: Tensor | None = None
        self._recent: list[Tensor] = []

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None
    ) -> None:
        """Begin to listen in the iterations that are measured."""
        module = watched_module(runner.model)
        if module is not None and runner.iter % self.interval == 0:
            self._handle = module.register_forward_hook(self._catch)

    def _catch(self, module: nn.Module, args, output) -> None:
        self._caught = output

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Measure what was caught; the rank when a pass is complete."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
        if self._caught is not None and is_main_process():
            self._measure(runner, embeddings_of(self._caught))
        self._caught = None
        # Holds for loops that count epochs and for those that do not.
        if self._recent and self.every_n_train_iters(
            runner, len(runner.train_dataloader)
        ):
            rank = effective_rank(torch.cat(self._recent))
            runner.message_hub.update_scalar('train/effective_rank', rank)
            self._recent.clear()

    def _measure(self, runner: Runner, embeddings: Tensor) -> None:
        std = feature_std(embeddings)
        runner.message_hub.update_scalar('train/feat_std', std)
        self._recent.append(embeddings.cpu())
        while sum(map(len, self._recent[1:])) >= self.rows:
            self._recent.pop(0)
        healthy = embeddings.shape[1] ** -0.5
        if std < self.warn_below * healthy and not self._warned:
            self._warned = True
            runner.logger.warning(
                f'the embeddings are collapsing: feat_std is {std:.2g} at '
                f'iteration {runner.iter + 1}, where {healthy:.2g} is '
                'healthy and 0 means that all samples look alike; lower the '
                'learning rate, or check the loss and the augmentation'
            )


def watched_module(model: nn.Module) -> nn.Module | None:
    """The neck of a model, else its backbone, else None."""
    model = model.module if is_model_wrapper(model) else model
    for name in ('neck', 'backbone'):
        module = getattr(model, name, None)
        if isinstance(module, nn.Module):
            return module
    return None


def embeddings_of(output) -> Tensor:
    """One vector a sample, (n, d) float32, of whatever a module returned.

    Of a tuple or dict the first (n, d) tensor is taken, of maps alone the
    average of the last one.
    """
    if isinstance(output, dict):
        output = list(output.values())
    tensors = [output] if isinstance(output, Tensor) else list(output)
    flat = [tensor for tensor in tensors if tensor.ndim == 2]
    chosen = flat[0] if flat else tensors[-1].flatten(2).mean(2)
    return chosen.detach().float()
