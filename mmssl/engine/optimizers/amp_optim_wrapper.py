# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Mixed precision on any device: fp16 with a loss scaler, bf16 without."""

import torch
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper

from mmssl.registry import OPTIM_WRAPPERS

# torch < 2.3 has the scaler under torch.cuda only.
GradScaler = getattr(torch.amp, 'GradScaler', torch.cuda.amp.GradScaler)


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MMEngineAmpOptimWrapper):
    """MMEngine's wrapper that also runs on the CPU and in bf16.

    bf16 has the exponent range of fp32, so its losses need no scaling, and
    a scaler would only skip steps.  fp16 needs a GPU; on the CPU bf16 takes
    its place with a log line.

    Args:
        dtype (str, optional): ``float16`` or ``bfloat16``; None is fp16 on a
            GPU, bf16 on the CPU.
        loss_scale (str, float or dict): As the parent; fp16 only.
        kwargs: ``optimizer``, ``accumulative_counts``, ``clip_grad``.

    Raises:
        ValueError: Another dtype.
    """

    def __init__(
        self,
        dtype: str | None = None,
        loss_scale: str | float | dict = 'dynamic',
        **kwargs,
    ) -> None:
        on_gpu = torch.cuda.is_available()
        if dtype is None:
            dtype = 'float16' if on_gpu else 'bfloat16'
        if dtype not in ('float16', 'bfloat16'):
            raise ValueError(f'dtype must be float16 or bfloat16, got {dtype}')
        if dtype == 'float16' and on_gpu:
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        if dtype == 'float16':
            print_log('no GPU: bfloat16 instead of float16', logger='current')
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = GradScaler(enabled=False)
