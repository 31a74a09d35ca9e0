# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CURL: a VAE with a growing mixture in its latent space.

binary picture -> shared encoder -> q(y|x), q(z|x,y) of all components
  -> one z a component -> shared decoder -> evidence bound
"""

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn

from mmssl.registry import MODELS

from ..base import BaseSelfSupervisor
from .objective import Bound, gaussian_kl, labelled_bound, unsupervised_bound


class FrozenMixture(nn.Module):
    """An earlier state of prior and decoder, to generate pictures from.

    The authors keep a bank of pictures, drawn when the snapshot is taken.
    Here picture number i of the bank is drawn when it is wanted, from random
    numbers that hang on i alone: the same bank without its 1.6 GB.

    Args:
        prior (LearnedPrior): Copied.
        decoder (BernoulliMLPDecoder): Copied.
    """

    def __init__(self, prior: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.prior = deepcopy(prior).requires_grad_(False)
        self.decoder = deepcopy(decoder).requires_grad_(False)
        count = len(prior.mean)
        self.register_buffer('counts', torch.zeros(count, dtype=torch.float64))
        self.register_buffer('number', torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def take(
        self, prior: nn.Module, decoder: nn.Module, counts: Tensor
    ) -> None:
        """Copy the present state, and add the usage since the last one."""
        self.prior.load_state_dict(prior.state_dict())
        self.decoder.load_state_dict(decoder.state_dict())
        self.counts += counts
        self.number += 1


def replay_probabilities(counts: Tensor) -> Tensor:
    """Share of each component in the replay, from its usage so far.

    Args:
        counts (Tensor): (K,) float64, sums of q(y|x).

    Returns:
        Tensor: (K,) float64; uniform while nothing was counted.
    """
    weights = counts.clamp_min(1e-12)
    return weights / weights.sum()


@MODELS.register_module()
class CURL(BaseSelfSupervisor):
    r"""Continual Unsupervised Representation Learning.

    Paper https://arxiv.org/abs/1910.14481, code
    https://github.com/deepmind/deepmind-research/tree/master/curl.  No
    relation to the contrastive methods of the same name.

    ``inputs``: one view (B, 1, h, w) in {0, 1}.  With ``components`` (B,)
    in the batch (supervised replay), or ``supervised=True``, the loss is
    that of known components.

    When the mixture grows and when pictures are replayed is said by
    ``DynamicExpansionHook`` and ``GenerativeReplayHook``; :meth:`expand` and
    :meth:`generate` do it.  ``last_bound`` and ``last_q`` are what these
    hooks read of the last batch.

    Args:
        backbone (dict): Config of ``CURLEncoder``.
        neck (dict): Config of ``MixtureLatent``.
        head (dict): Config of ``BernoulliMLPDecoder``.
        n_active (int): Components at the start.
        supervised (bool): The label of a sample is its component.
        kly_over_batch (bool): See :func:`unsupervised_bound`.
        sample_latents (bool): Features are a sample of q(y|x), then of
            q(z|x,y), instead of the mode and its mean; published for the
            i.i.d. benchmark.
        data_preprocessor (dict, optional): Defaults to
            ``BinaryPreprocessor``.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: If n_active is not in [1, K].
    """

    min_views = 1

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        n_active: int = 1,
        supervised: bool = False,
        kly_over_batch: bool = False,
        sample_latents: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            head,
            data_preprocessor or dict(type='BinaryPreprocessor'),
            init_cfg,
        )
        self.supervised = supervised
        self.kly_over_batch = kly_over_batch
        self.sample_latents = sample_latents
        self.register_buffer('active', torch.ones((), dtype=torch.long))
        self.register_buffer(
            'component_counts',
            torch.zeros(self.n_components, dtype=torch.float64),
        )
        self.snapshot = FrozenMixture(self.neck.prior, self.head)
        self.set_active(n_active)
        self.last_bound: Tensor | None = None
        self.last_q: Tensor | None = None

    @property
    def n_components(self) -> int:
        """int: K, components allocated."""
        return self.neck.n_components

    @property
    def n_active(self) -> int:
        """int: A, components in use."""
        return int(self.active)

    def set_active(self, count: int) -> None:
        """Use the first ``count`` components.

        Raises:
            ValueError: If there are not so many.
        """
        if not 1 <= count <= self.n_components:
            raise ValueError(
                f'n_active must be between 1 and the {self.n_components} '
                f'components of neck, got {count}; raise n_components'
            )
        self.active.fill_(count)

    def forward(
        self,
        inputs: list[Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
        components: Tensor | None = None,
    ):
        """As the base class; ``components`` (B,) makes the loss labelled."""
        if mode == 'loss':
            self.check_views(inputs)
            return self.loss(inputs, data_samples, components)
        return super().forward(inputs, data_samples, mode)

    def loss(
        self,
        inputs: list[Tensor],
        data_samples: list | None = None,
        components: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Negative evidence bound, and its parts for the log."""
        x = inputs[0].flatten(1)
        if components is None and self.supervised:
            labels = [int(sample.label) for sample in data_samples]
            components = torch.tensor(labels, device=x.device)
        bound, log_q = (
            self.bound(x)
            if components is None
            else self.labelled(x, components)
        )
        self.last_bound = bound.ll.detach()
        self.last_q = log_q.detach().exp()
        return dict(
            loss=-bound.ll.mean(),
            log_p_x=bound.log_p_x.mean(),
            kl_y=bound.kl_y.mean(),
            kl_z=bound.kl_z.mean(),
            n_active=self.active.float(),
        )

    def bound(
        self, x: Tensor, noise: Tensor | None = None
    ) -> tuple[Bound, Tensor]:
        """Unsupervised bound, all components in one pass.

        Args:
            x (Tensor): (B, I) in [0, 1].
            noise (Tensor, optional): (A or more, B, D), standard normal
                numbers to use.

        Returns:
            tuple[Bound, Tensor]: Of each sample; (B, A), log q(y|x).
        """
        count = self.n_active
        posterior = self.neck(self.backbone(x), count)
        mean, var = posterior.mean, posterior.var
        z = mean + var.sqrt() * noise_like(mean, noise)
        prior_mean, prior_var = self.neck.prior(slice(count))
        kl_z = gaussian_kl(mean, var, prior_mean[:, None], prior_var[:, None])
        bound = unsupervised_bound(
            self.head(z), x, posterior.log_q, kl_z, self.kly_over_batch
        )
        return bound, posterior.log_q

    def labelled(
        self, x: Tensor, components: Tensor, noise: Tensor | None = None
    ) -> tuple[Bound, Tensor]:
        """Bound of samples whose components are known.

        Args:
            x (Tensor): (B, I) in [0, 1].
            components (Tensor): (B,) int64 in [0, A).
            noise (Tensor, optional): (B, D) standard normal numbers.

        Returns:
            tuple[Bound, Tensor]: Of each sample; (B, A), log q(y|x).

        Raises:
            ValueError: A component is not active.
        """
        if int(components.max()) >= self.n_active:
            raise ValueError(
                f'component {int(components.max())} is asked for, but only '
                f'{self.n_active} are active; raise n_active, and '
                'n_components of neck to the number of classes'
            )
        hidden = self.backbone(x)
        log_q = self.neck.log_q(hidden, self.n_active)
        mean, var = self.neck.latents(hidden, components)
        z = mean + var.sqrt() * noise_like(mean, noise)
        kl_z = gaussian_kl(mean, var, *self.neck.prior(components))
        bound = labelled_bound(
            self.head(z, components), x, log_q, kl_z, components
        )
        return bound, log_q

    def count_components(self) -> None:
        """Add the usage of the last batch."""
        usage = self.last_q.sum(0).double()
        self.component_counts[: len(usage)] += usage

    def take_snapshot(self) -> None:
        """Freeze the present mixture for replay; begin to count anew."""
        self.snapshot.take(self.neck.prior, self.head, self.component_counts)
        self.component_counts.zero_()

    def replay(
        self, count: int, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures of the snapshot's mixture, and their components.

        Args:
            count (int): B.
            generator (torch.Generator, optional): On the CPU, so that all
                devices draw the same.

        Returns:
            tuple[Tensor, Tensor]: (B, I) in {0, 1} and (B,) int64.
        """
        counts = self.snapshot.counts
        chances = replay_probabilities(counts.cpu())
        components = torch.multinomial(
            chances, count, replacement=True, generator=generator
        )
        noise = torch.randn(count, self.neck.latent_dim, generator=generator)
        components, noise = (
            components.to(counts.device),
            noise.to(counts.device),
        )
        mean = generate(
            self.snapshot.prior, self.snapshot.decoder, components, noise
        )
        return (mean > 0.5).float(), components

    @torch.no_grad()
    def responsible(self, x: Tensor) -> int:
        """Component with the largest sum of q(y|x), the first of equals."""
        log_q = self.neck.log_q(self.backbone(x), self.n_active)
        return int(log_q.exp().sum(0).argmax())

    @torch.no_grad()
    def sample_component(
        self,
        component: int,
        count: int,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean pictures of the present mixture, to look at.

        Args:
            component (int): In [0, A).
            count (int): n.
            generator (torch.Generator, optional): On the CPU.

        Returns:
            Tensor: (n + 1, I) in (0, 1); the first one is that of the
            prior's mean.
        """
        noise = torch.randn(count, self.neck.latent_dim, generator=generator)
        noise = torch.cat([torch.zeros_like(noise[:1]), noise])
        noise = noise.to(self.neck.prior.mean)
        components = torch.full((len(noise),), component, device=noise.device)
        return generate(self.neck.prior, self.head, components, noise)

    def new_component_parameters(self) -> list[nn.Parameter]:
        """What the short training of a new component moves."""
        return list(self.neck.parameters())

    def expand(
        self,
        x: Tensor,
        optimizer: torch.optim.Optimizer,
        batch_size: int,
        num_epochs: int = 10,
        noise: Tensor | None = None,
    ) -> list[float]:
        """Add a component for samples that the mixture explains badly.

        It starts as a copy of the most responsible one and is trained on
        the samples alone, section 2.3.  Encoder and decoder are frozen; the
        other heads drift a little, as their gradient is 0 and Adam keeps
        its momentum, and so do the shared biases of the prior, both as in
        the authors' code.

        Args:
            x (Tensor): (n, I) in {0, 1}, n >= batch_size; the last whole
                batches are used.
            optimizer (torch.optim.Optimizer): That of the run.
            batch_size (int): Samples a step.
            num_epochs (int): Passes over the samples.
            noise (Tensor, optional): (batch_size, D) numbers for each step.

        Returns:
            list[float]: Loss before each step.
        """
        kept = x[len(x) - len(x) // batch_size * batch_size :]
        new = self.n_active
        source = self.responsible(kept)
        self.neck.copy_component(source, new)
        self.set_active(new + 1)
        labels = kept.new_full((batch_size,), new, dtype=torch.long)
        parameters = self.new_component_parameters()
        losses = []
        for _ in range(num_epochs):
            for batch in kept.split(batch_size):
                bound, _ = self.labelled(batch, labels, noise)
                loss = -bound.ll.mean()
                optimizer.zero_grad(set_to_none=True)
                set_gradients(loss, parameters)
                optimizer.step()
                losses.append(loss.item())
        optimizer.zero_grad(set_to_none=True)
        return losses

    def extract_feat(
        self, inputs: list[Tensor], stage: str = 'neck'
    ) -> Tensor:
        """Features of the first view.

        Args:
            inputs (list[Tensor]): One view (B, 1, h, w) in {0, 1}.
            stage (str): 'neck': the latent (B, D); else the encoder's
                output (B, H).
        """
        if stage != 'neck':
            return super().extract_feat(inputs, stage)
        posterior = self.neck(self.backbone(inputs[0]), self.n_active)
        if not self.sample_latents:
            return posterior.latent
        chosen = torch.multinomial(posterior.log_q.exp(), 1)[:, 0]
        rows = torch.arange(len(chosen), device=chosen.device)
        mean, var = posterior.mean[chosen, rows], posterior.var[chosen, rows]
        return mean + var.sqrt() * torch.randn_like(mean)

    @torch.no_grad()
    def annotate(self, inputs: list[Tensor], data_samples: list) -> None:
        """Give every sample the scores (A,) and the parts of its bound.

        ``scores`` are q(y|x) of the active components; ``bound`` (3,) is
        the negative bound, KL of y and KL of z.
        """
        bound, log_q = self.bound(inputs[0].flatten(1))
        scores = log_q.exp()
        parts = torch.stack([-bound.ll, bound.kl_y, bound.kl_z], 1)
        for sample, score, part in zip(
            data_samples, scores.cpu(), parts.cpu(), strict=True
        ):
            sample.scores = score
            sample.bound = part

    def predict(self, inputs: list[Tensor], data_samples: list) -> list:
        """Give every sample its latent (D,), scores and bound."""
        latents = self.extract_feat(inputs, 'neck')
        for sample, latent in zip(data_samples, latents, strict=True):
            sample.feature = latent
        self.annotate(inputs, data_samples)
        return data_samples


def noise_like(mean: Tensor, noise: Tensor | None) -> Tensor:
    """The given numbers, as many as needed, or new ones."""
    return torch.randn_like(mean) if noise is None else noise[: len(mean)]


@torch.no_grad()
def generate(
    prior: nn.Module, decoder: nn.Module, components: Tensor, noise: Tensor
) -> Tensor:
    """Mean pictures of samples of p(z|y).

    Args:
        prior (LearnedPrior): p(z|y).
        decoder (BernoulliMLPDecoder): p(x|z).
        components (Tensor): (n,) int64.
        noise (Tensor): (n, D), standard normal; zeros give the prior means.

    Returns:
        Tensor: (n, I) in (0, 1).
    """
    mean, var = prior(components)
    return decoder(mean + var.sqrt() * noise, components).sigmoid()


def set_gradients(loss: Tensor, parameters: Iterable[nn.Parameter]) -> None:
    """Gradients for some parameters; dense, so that Adam moves all rows."""
    parameters = list(parameters)
    gradients = torch.autograd.grad(loss, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
