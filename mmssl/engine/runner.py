# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""MMEngine's runner with safe, loud loading and atomic saving."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import (
    broadcast_object_list,
    get_world_size,
    is_distributed,
    master_only,
)
from mmengine.model import is_model_wrapper
from mmengine.registry import MODEL_WRAPPERS
from mmengine.runner import Runner as MMEngineRunner
from torch import nn
from torch.utils.data import DataLoader

import mmssl
from mmssl import compat
from mmssl.engine.distributed import (
    init_cpu_process_group,
    parameters_without_gradient,
    set_slurm_port,
)
from mmssl.engine.resume import (
    effective_batch_size,
    find_checkpoint,
    follow_new_world,
    restore_unfinished_step,
)
from mmssl.engine.workers import bind_workers
from mmssl.registry import RUNNERS
from mmssl.utils.checkpoint import (
    load_weights,
    read_checkpoint,
    state_dict_of,
    unpickling,
)
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

_TIMESTAMPS: set[str] = set()  # of this process's runners

MMENGINE_DEFAULT_HOOKS = (
    'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler',
    'checkpoint',
)  # fmt: skip


@RUNNERS.register_module()
class Runner(MMEngineRunner):
    """Runs training and evaluation, on one or many processes, CPU or GPU.

    Knowing departures from MMEngine's runner:

    - checkpoints are read with ``weights_only=True``; the config key
      ``trust_checkpoint=True`` allows a foreign file that needs unpickling;
    - weights are loaded loudly (:func:`load_weights`); the config key
      ``strict_load=False`` accepts a poor match of the backbone;
    - checkpoints are written under a temporary name, then renamed;
    - resuming restores accumulated gradients, keeps the checkpoint's seed,
      and follows a changed number of processes;
    - without a GPU the distributed launchers use gloo, and SyncBN becomes
      plain BN with one warning.
    """

    @property
    def trust_checkpoint(self) -> bool:
        """bool: Whether a checkpoint may be unpickled."""
        return bool(self.cfg.get('trust_checkpoint', False))

    @property
    def bare_model(self) -> nn.Module:
        """nn.Module: The model without its distributed wrapper."""
        model = self.model
        return model.module if is_model_wrapper(model) else model

    def setup_env(self, env_cfg: dict) -> None:
        """Join a gloo group on a CPU machine, then go on as MMEngine."""
        if self.launcher == 'slurm':
            set_slurm_port()
        on_cpu = not torch.cuda.is_available()
        if self.distributed and on_cpu and not is_distributed():
            timeout = env_cfg.get('dist_cfg', {}).get('timeout', 1800)
            init_cpu_process_group(self.launcher, timeout)
        super().setup_env(env_cfg)
        self._make_timestamp_unique()

    def _make_timestamp_unique(self) -> None:
        """Two starts in one second share neither folder nor log buffers."""
        stamp, number = self._timestamp, 0
        while stamp in _TIMESTAMPS or Path(self.work_dir, stamp).exists():
            number += 1
            stamp = f'{self._timestamp}_{number}'
        agreed = [stamp]
        broadcast_object_list(agreed)
        self._timestamp = agreed[0]
        _TIMESTAMPS.add(self._timestamp)

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict,
        seed: int | None = None,
        diff_rank_seed: bool = False,
    ) -> DataLoader:
        """As MMEngine; the workers end with this process."""
        loader = MMEngineRunner.build_dataloader(
            dataloader, seed, diff_rank_seed
        )
        bind_workers(loader)
        return loader

    def wrap_model(
        self, model_wrapper_cfg: dict | None, model: nn.Module
    ) -> nn.Module:
        """Wrap for DDP; on the CPU without devices and without SyncBN.

        A model whose step has several backwards keeps that step.
        """
        own_step = getattr(model, 'sequential', False)
        if self.distributed and own_step and model_wrapper_cfg is None:
            model_wrapper_cfg = dict(type='mmssl.OwnStepDataParallel')
        on_cpu = not torch.cuda.is_available()
        if on_cpu:
            model = compat.revert_sync_batchnorm_on_cpu(model)
        if not (self.distributed and on_cpu) or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        settings = dict(
            broadcast_buffers=False,
            find_unused_parameters=self.cfg.get(
                'find_unused_parameters', False
            ),
        )
        settings.update(model_wrapper_cfg or {})
        kind = settings.pop('type', 'MMDistributedDataParallel')
        return MODEL_WRAPPERS.get(kind)(module=model, **settings)

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """As MMEngine, but None switches off any hook, not only its own."""
        hooks = {
            name: hook
            for name, hook in (hooks or {}).items()
            if hook is not None or name in MMENGINE_DEFAULT_HOOKS
        }
        super().register_default_hooks(hooks)

    def _init_model_weights(self) -> None:
        with unpickling(self.trust_checkpoint):
            super()._init_model_weights()

    def train(self) -> nn.Module:
        """As MMEngine; the parameters that miss a gradient are named.

        Raises:
            UsageError: With several processes, some parameters take no part
                in the loss.
        """
        try:
            return super().train()
        except RuntimeError as error:
            unused = parameters_without_gradient(self.bare_model, str(error))
            if not unused:
                raise
            raise UsageError(
                'these parameters take no part in the loss, so the processes '
                f'would wait for their gradients for ever: {", ".join(unused)}'
                '; freeze them (requires_grad_(False)), or set '
                'find_unused_parameters=True in the config, which is slower'
            ) from error

    def load_or_resume(self) -> None:
        """Load ``load_from``, or go on from the newest checkpoint."""
        if self._resume and self._load_from is None and not self._has_loaded:
            self._load_from = find_checkpoint(self.work_dir)
            if self._load_from is None:
                self.logger.info(
                    f'no checkpoint in {self.work_dir}: starting afresh'
                )
                return
            self.logger.info(f'resuming from {self._load_from}')
        super().load_or_resume()

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable = 'cpu',
        strict: bool | None = None,
    ) -> dict:
        """Load weights only, and log what matched.

        Args:
            filename (str): File or URL.
            map_location (str or Callable): As in ``torch.load``.
            strict (bool, optional): Refuse a backbone match below 90 %.
                Defaults to the config's ``strict_load`` (True).

        Returns:
            dict: The checkpoint.

        Raises:
            UsageError: See :func:`read_checkpoint`, :func:`load_weights`.
        """
        if strict is None:
            strict = self.cfg.get('strict_load', True)
        checkpoint = self._read(filename, map_location)
        load_weights(self.bare_model, state_dict_of(checkpoint), strict)
        self._has_loaded = True
        self.logger.info(f'loaded weights from {filename}')
        return checkpoint

    def _read(self, filename: str, map_location: str | Callable) -> dict:
        checkpoint = read_checkpoint(
            filename, map_location, self.trust_checkpoint
        )
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        return checkpoint

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str | Callable = 'cpu',
    ) -> None:
        """Go on exactly where a checkpoint was written.

        Args:
            filename (str): A checkpoint of a training run.
            resume_optimizer (bool): Restore the optimizer's state.
            resume_param_scheduler (bool): Restore the schedules.
            map_location (str or Callable): As in ``torch.load``.

        Raises:
            UsageError: The file holds weights only, or does not fit.
        """
        checkpoint = self._read(filename, map_location)
        meta = checkpoint.get('meta', {})
        if 'optimizer' not in checkpoint or 'iter' not in meta:
            raise UsageError(
                f'{filename} holds weights only, no training state to '
                'resume; to start a new run from these weights give '
                f'load_from={filename} without --resume'
            )
        report = load_weights(self.bare_model, state_dict_of(checkpoint))
        if report.missing or report.mismatched:
            raise UsageError(
                f'{filename} does not fit the model of this config, so it '
                f'cannot be resumed: {report}'
            )
        self.train_loop._epoch = meta['epoch']
        self.train_loop._iter = meta['iter']
        self._resume_seed(meta)
        self._warn_of_other_data(meta)
        self.message_hub.load_state_dict(checkpoint['message_hub'])
        if resume_optimizer:
            self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
            self.optim_wrapper.load_state_dict(checkpoint['optimizer'])
            if unfinished := checkpoint.get('unfinished_step'):
                restore_unfinished_step(self.bare_model, unfinished)
                self.logger.info('restored the unfinished accumulation')
        if resume_param_scheduler:
            follow_new_world(self, checkpoint)
        self._has_loaded = True
        self.logger.info(f'resumed epoch: {self.epoch}, iter: {self.iter}')

    def _resume_seed(self, meta: dict[str, Any]) -> None:
        """The data order hangs on the seed, so the checkpoint's stays."""
        seed = meta.get('seed')
        if seed is None or seed == self.seed:
            return
        self.logger.warning(
            f'the run was started with seed {seed}; resuming keeps it, '
            f'seed {self.seed} of this command is not used'
        )
        self._randomness_cfg.update(seed=seed)
        self.set_randomness(**self._randomness_cfg)
        batches = getattr(self.train_dataloader, 'batch_sampler', None)
        sampler = getattr(batches, 'sampler', None)
        if hasattr(sampler, 'seed'):
            sampler.seed = seed

    def _warn_of_other_data(self, meta: dict[str, Any]) -> None:
        now = getattr(self.train_dataloader.dataset, 'metainfo', None)
        if pickle.dumps(meta.get('dataset_meta')) != pickle.dumps(now):
            self.logger.warning(
                'the meta information of the data set differs from that of '
                'the run being resumed'
            )

    @master_only
    def save_checkpoint(
        self, out_dir: str, filename: str, *args, **kwargs
    ) -> None:
        """As MMEngine, but written beside its final name and renamed.

        Only local folders are supported, because a rename is.
        """
        meta = kwargs.get('meta') or {}
        meta.update(
            mmssl_version=mmssl.__version__,
            torch_version=torch.__version__,
            world_size=get_world_size(),
            iters_per_epoch=len(self.train_dataloader),
            batch_size=effective_batch_size(self),
        )
        kwargs['meta'] = meta
        with atomic_path(f'{out_dir}/{filename}') as temporary:
            super().save_checkpoint(
                str(temporary.parent), temporary.name, *args, **kwargs
            )

    def stop_workers(self) -> None:
        """End the worker processes of every data loader now.

        Persistent workers would otherwise live until the interpreter's end,
        and delay it.
        """
        for loop in (self._train_loop, self._val_loop, self._test_loop):
            loader = getattr(loop, 'dataloader', None)
            iterator = getattr(loader, '_iterator', None)
            if iterator is not None:
                iterator._shutdown_workers()
                loader._iterator = None
