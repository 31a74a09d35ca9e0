# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Layer-wise adaptive rate scaling, with the switches that papers need."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from mmssl.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class LARS(Optimizer):
    r"""SGD whose step is scaled to the norm of each parameter tensor.

    .. math::
        a = \eta \frac{|w|}{|g| + \lambda |w| + \epsilon}, \quad
        d = a (g + \lambda w)

    with a = 1 where a norm is 0.  Then, with the learning rate inside the
    momentum, :math:`b \leftarrow \mu b + lr\, d,\ w \leftarrow w - b`, or
    outside, :math:`b \leftarrow \mu b + d,\ w \leftarrow w - lr\, b`; both
    are the same while lr is constant.

    https://arxiv.org/abs/1708.03888; inside as in mmselfsup, outside as in
    SlowFast and torchlars.  Every option is also an option of a parameter
    group, and so of ``paramwise_cfg=dict(custom_keys=...)``.

    Args:
        params (Iterable): Parameters or groups.
        lr (float): Learning rate, >= 0.
        momentum (float): :math:`\mu`, in [0, 1).
        weight_decay (float): :math:`\lambda`, >= 0.
        trust_coefficient (float): :math:`\eta`, > 0.
        eps (float): :math:`\epsilon`.
        adapt_1d (bool): Also decay and scale tensors with one dimension
            (biases, norms); by default they take plain momentum steps.
        lr_in_momentum (bool): Where the learning rate enters.
        nesterov (bool): Look ahead along the momentum, as
            ``torch.optim.SGD`` does; only with the rate outside.
        square_plain_lr (bool): Multiply the gradient of tensors that take
            plain steps by the learning rate once more, as the code of SCRL
            does, whose checkpoints were most likely trained so.

    Raises:
        ValueError: If lr, momentum, weight_decay or trust_coefficient lies
            outside its range, or nesterov is asked for with the rate
            inside the momentum.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 1e-3,
        eps: float = 1e-8,
        adapt_1d: bool = False,
        lr_in_momentum: bool = True,
        nesterov: bool = False,
        square_plain_lr: bool = False,
    ) -> None:
        if lr < 0 or not 0 <= momentum < 1 or weight_decay < 0:
            raise ValueError(
                'LARS needs lr >= 0, momentum in [0, 1) and weight_decay '
                f'>= 0, got lr={lr}, momentum={momentum}, '
                f'weight_decay={weight_decay}'
            )
        if not trust_coefficient > 0:
            raise ValueError(
                f'trust_coefficient must be > 0, got {trust_coefficient}'
            )
        if nesterov and lr_in_momentum:
            raise ValueError(
                'nesterov=True of LARS needs lr_in_momentum=False'
            )
        super().__init__(
            params,
            dict(
                lr=lr,
                momentum=momentum,
                weight_decay=weight_decay,
                trust_coefficient=trust_coefficient,
                eps=eps,
                adapt_1d=adapt_1d,
                lr_in_momentum=lr_in_momentum,
                nesterov=nesterov,
                square_plain_lr=square_plain_lr,
            ),
        )

    @torch.no_grad()
    def step(self, closure=None):
        """One optimisation step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group['params']:
                if param.grad is not None:
                    self._step_one(param, group)
        return loss

    def _step_one(self, param: Tensor, group: dict) -> None:
        direction = param.grad
        if param.ndim > 1 or group['adapt_1d']:
            direction = self._scaled(param, direction, group)
        elif group['square_plain_lr']:
            direction = direction * group['lr']
        inside = group['lr_in_momentum']
        state = self.state[param]
        if 'momentum_buffer' not in state:
            state['momentum_buffer'] = torch.zeros_like(param)
        buffer = state['momentum_buffer'].mul_(group['momentum'])
        buffer.add_(direction, alpha=group['lr'] if inside else 1)
        if group['nesterov']:
            buffer = direction.add(buffer, alpha=group['momentum'])
        param.add_(buffer, alpha=-1 if inside else -group['lr'])

    @staticmethod
    def _scaled(param: Tensor, grad: Tensor, group: dict) -> Tensor:
        decay = group['weight_decay']
        param_norm, grad_norm = param.norm(), grad.norm()
        ratio = param_norm / (grad_norm + decay * param_norm + group['eps'])
        ratio = torch.where(
            (param_norm > 0) & (grad_norm > 0),
            group['trust_coefficient'] * ratio,
            torch.ones_like(ratio),
        )
        return grad.add(param, alpha=decay) * ratio
