# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Networks of CURL, with the components stacked in one tensor.

B samples, H hidden units, K components (A of them active), D latent
dimensions, I pixels.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


@torch.no_grad()
def truncated_normal(weight: Tensor, fan_in: int) -> None:
    """Sonnet 1's default: std 1/sqrt(fan_in), cut at two std."""
    std = fan_in**-0.5
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


class StackedLinear(nn.Module):
    """k linear layers of one size, applied together.

    Args:
        count (int): k; a single layer serves all components.
        in_features (int): Input width.
        out_features (int): Output width.
    """

    def __init__(
        self, count: int, in_features: int, out_features: int
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            torch.empty(count, in_features, out_features)
        )
        self.bias = nn.Parameter(torch.empty(count, out_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Truncated normal weights, biases 0."""
        truncated_normal(self.weight, self.weight.shape[1])
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, index: Tensor | None = None) -> Tensor:
        """Layer k of input k, or layer ``index[b]`` of row b.

        Args:
            x (Tensor): (A, B, in) with A <= k; with an index (B, in).
            index (Tensor, optional): (B,) int64.

        Returns:
            Tensor: (A, B, out); with an index (B, out).
        """
        if len(self.weight) == 1:
            return F.linear(x, self.weight[0].T, self.bias[0])
        if index is None:
            active = len(x)
            bias = self.bias[:active, None]
            return torch.baddbmm(bias, x, self.weight[:active])
        product = x[:, None] @ self.weight[index]
        return product[:, 0] + self.bias[index]


@MODELS.register_module()
class CURLEncoder(BaseModule):
    """The shared encoder: flatten, then linear layers each with a ReLU.

    Args:
        sizes (Sequence[int]): Pixels, then the widths; the last is H.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self, sizes: Sequence[int], init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.layers = nn.ModuleList(
            StackedLinear(1, *pair) for pair in pairwise(sizes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) to (B, H).

        Raises:
            ValueError: The pictures have another number of pixels.
        """
        x = x.flatten(1)
        pixels = self.layers[0].weight.shape[1]
        if x.shape[1] != pixels:
            raise ValueError(
                f'the encoder takes {pixels} pixels, the pictures have '
                f'{x.shape[1]}; set the first entry of the sizes of backbone '
                'and the last one of head to their number'
            )
        for layer in self.layers:
            x = F.relu(layer(x))
        return x


@MODELS.register_module()
class BernoulliMLPDecoder(BaseModule):
    """From a latent vector to the logits of binary pixels.

    Args:
        sizes (Sequence[int]): D, the widths, then the pixels; ReLU between
            the layers.
        count (int): 1: one decoder for all components (published); K: one
            for each.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        count: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.layers = nn.ModuleList(
            StackedLinear(count, *pair) for pair in pairwise(sizes)
        )

    def forward(self, z: Tensor, components: Tensor | None = None) -> Tensor:
        """Logits of pixels.

        Args:
            z (Tensor): (A, B, D); with components (B, D).
            components (Tensor, optional): (B,) int64, the component that
                each row belongs to.

        Returns:
            Tensor: (A, B, I); with components (B, I).
        """
        for layer in self.layers[:-1]:
            z = F.relu(layer(z, components))
        return self.layers[-1](z, components)


class LearnedPrior(nn.Module):
    """p(z|y): a row for each component, plus a bias that all share.

    Two linear layers on the one-hot component in the authors' code, hence
    the shared bias, which moves every component when one is trained.

    Args:
        count (int): K.
        latent_dim (int): D.
        var_eps (float): Added to every variance.
    """

    def __init__(self, count: int, latent_dim: int, var_eps: float) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.empty(count, latent_dim))
        self.mean_bias = nn.Parameter(torch.empty(latent_dim))
        self.var = nn.Parameter(torch.empty(count, latent_dim))
        self.var_bias = nn.Parameter(torch.empty(latent_dim))
        self.var_eps = var_eps
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Truncated normal rows with fan-in K, biases 0."""
        for rows in (self.mean, self.var):
            truncated_normal(rows, len(rows))
        for bias in (self.mean_bias, self.var_bias):
            nn.init.zeros_(bias)

    def forward(self, rows: slice | Tensor) -> tuple[Tensor, Tensor]:
        """Means and variances of the chosen components, (n, D) each."""
        mean = self.mean[rows] + self.mean_bias
        var = F.softplus(self.var[rows] + self.var_bias) + self.var_eps
        return mean, var


class Posterior(NamedTuple):
    """q(y|x) and q(z|x,y) of a batch.

    ``latent`` (B, D): mean of the most probable component; ``log_q`` (B,
    A); ``mean`` and ``var`` (A, B, D).
    """

    latent: Tensor
    log_q: Tensor
    mean: Tensor
    var: Tensor


@MODELS.register_module()
class MixtureLatent(BaseModule):
    """The mixture: q(y|x), q(z|x,y) and p(z|y) of all components.

    Args:
        in_features (int): H.
        latent_dim (int): D.
        n_components (int): K, components allocated.
        var_eps (float): Added to every variance: softplus is 0 in float32
            below about -104, and the logarithm of 0 stops the run.
            Published: 0.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        in_features: int,
        latent_dim: int,
        n_components: int,
        var_eps: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.latent_dim = latent_dim
        self.n_components = n_components
        self.var_eps = var_eps
        self.cluster = nn.Linear(in_features, n_components)
        truncated_normal(self.cluster.weight, in_features)
        nn.init.zeros_(self.cluster.bias)
        self.heads = StackedLinear(n_components, in_features, 2 * latent_dim)
        self.prior = LearnedPrior(n_components, latent_dim, var_eps)

    def log_q(self, hidden: Tensor, n_active: int) -> Tensor:
        """log q(y|x) over the active components, (B, A)."""
        return self.cluster(hidden)[:, :n_active].log_softmax(1)

    def _mean_and_var(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """The second half gives a variance, not its root or logarithm."""
        mean, var = output.chunk(2, -1)
        return mean, F.softplus(var) + self.var_eps

    def latents(
        self, hidden: Tensor, components: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance of q(z|x,y) for one y a row, (B, D) each."""
        return self._mean_and_var(self.heads(hidden, components))

    def forward(self, hidden: Tensor, n_active: int) -> Posterior:
        """(B, H) to the posterior over the first A components."""
        log_q = self.log_q(hidden, n_active)
        mean, var = self._mean_and_var(
            self.heads(hidden.expand(n_active, -1, -1))
        )
        rows = torch.arange(len(hidden), device=hidden.device)
        return Posterior(mean[log_q.argmax(1), rows], log_q, mean, var)

    @torch.no_grad()
    def copy_component(self, source: int, target: int) -> None:
        """Give a component the parameters of another one.

        Head of q(z|x,y), column of q(y|x), rows of p(z|y); what the
        optimizer remembers is not copied.
        """
        for tensor in (
            self.heads.weight,
            self.heads.bias,
            self.cluster.weight,
            self.cluster.bias,
            self.prior.mean,
            self.prior.var,
        ):
            tensor[target] = tensor[source]
