# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Unpaired translation between still images (A) and video frames (B).

real A -- a2b --> fake B -- b2a --> rec A        identity: a2b(real B),
real B -- b2a --> fake A -- a2b --> rec B                  b2a(real A)
discriminators.b judges domain B (so a2b), discriminators.a judges domain A.
"""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModel, BaseModule, is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from mmssl.registry import MODELS

from .objective import GAN_TYPES, ImagePool, gan_loss


class GeneratorPair(BaseModule):
    """Both generators; one forward call is all their passes of a step.

    So that a distributed wrapper around it sees one forward and one
    backward pass an iteration.

    Args:
        a2b (nn.Module): From domain A to B.
        b2a (nn.Module): From domain B to A.
        share_passes (bool): Send real A and real B through a generator as
            one batch.  Exact where norms see one picture at a time, as
            instance norm does.
    """

    def __init__(
        self, a2b: nn.Module, b2a: nn.Module, share_passes: bool
    ) -> None:
        super().__init__()
        self.a2b, self.b2a = a2b, b2a
        self.share_passes = share_passes

    def forward(
        self, real_a: Tensor, real_b: Tensor, identity: bool, cycle: bool
    ) -> dict[str, Tensor]:
        """All translations that the losses need.

        Args:
            real_a (Tensor): (n, c, h, w).
            real_b (Tensor): (n, d, h', w').
            identity (bool): Also ``idt_a`` = a2b(real_b), ``idt_b``.
            cycle (bool): Also ``rec_a`` = b2a(a2b(real_a)), ``rec_b``.

        Returns:
            dict[str, Tensor]: With ``fake_b`` and ``fake_a``.
        """
        images = {}
        if identity and self.share_passes and real_a.shape == real_b.shape:
            images['fake_b'], images['idt_a'] = self.a2b(
                torch.cat([real_a, real_b])
            ).chunk(2)
            images['fake_a'], images['idt_b'] = self.b2a(
                torch.cat([real_b, real_a])
            ).chunk(2)
        else:
            images['fake_b'] = self.a2b(real_a)
            images['fake_a'] = self.b2a(real_b)
            if identity:
                images['idt_a'] = self.a2b(real_b)
                images['idt_b'] = self.b2a(real_a)
        if cycle:
            images['rec_a'] = self.b2a(images['fake_b'])
            images['rec_b'] = self.a2b(images['fake_a'])
        return images


class DiscriminatorPair(BaseModule):
    """Both discriminators; one forward call is their step's verdicts.

    Args:
        a (nn.Module): Judges domain A.
        b (nn.Module): Judges domain B.
        share_passes (bool): Real and translated pictures as one batch; see
            :class:`GeneratorPair`.
    """

    def __init__(self, a: nn.Module, b: nn.Module, share_passes: bool) -> None:
        super().__init__()
        self.a, self.b = a, b
        self.share_passes = share_passes

    def forward(
        self, real_a: Tensor, fake_a: Tensor, real_b: Tensor, fake_b: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Verdicts on (real A, fake A) and on (real B, fake B)."""
        return self._judge(self.a, real_a, fake_a), self._judge(
            self.b, real_b, fake_b
        )

    def _judge(
        self, judge: nn.Module, real: Tensor, fake: Tensor
    ) -> tuple[Tensor, Tensor]:
        if self.share_passes and real.shape == fake.shape:
            return judge(torch.cat([real, fake])).chunk(2)
        return judge(real), judge(fake)


@MODELS.register_module()
class CycleGANTranslator(BaseModel):
    r"""CycleGAN as https://arxiv.org/abs/1810.02074 uses it.

    Form of the code at
    https://github.com/avisekiit/adversarial_object_detection (``gans/``).
    With G_A = a2b, G_B = b2a, D_A the judge of domain B, D_B of domain A:

    .. math::
        L_G = gan(D_A(G_A(a)), 1) + gan(D_B(G_B(b)), 1)
            + \lambda_A |G_B(G_A(a)) - a| + \lambda_B |G_A(G_B(b)) - b|
            + \lambda_{idt} (\lambda_B |G_A(b) - b| + \lambda_A |G_B(a) - a|)

        L_D = \tfrac12 [gan(D(real), 1) + gan(D(pool(fake)), 0)]
        \quad\text{for each}

    One step: all translations; generators step with frozen
    discriminators; discriminators step on the translations made before.

    Knowing departures: pictures that pass the same network are sent as one
    batch, 4 + 4 passes in place of 6 + 6 (``share_passes``); both
    discriminators' losses are summed before one backward pass, which adds
    up the same gradients.

    ``inputs``: [A (n, c, h, w), B (n, c, h, w)] in [-1, 1].

    Args:
        generator (dict): Config of a generator, A to B.
        discriminator (dict): Config of a discriminator of domain B.
        generator_back (dict, optional): B to A, where it differs.
        discriminator_back (dict, optional): Of domain A.
        lambda_a (float): Weight of the cycle from A.
        lambda_b (float): Weight of the cycle from B.
        lambda_idt (float): Weight of the identity terms, times the lambda
            of the OTHER cycle, as published; 0 leaves their passes out.
        lambda_cycle (float): Factor of both cycle terms; 0 leaves their
            passes out: the published "forward GAN".
        gan_type (str): 'lsgan' or 'vanilla'.
        pool_size (int): Translated pictures kept for each discriminator.
        share_passes (bool): See :class:`GeneratorPair`.
        data_preprocessor (dict, optional): Defaults to values 0..255 scaled
            to [-1, 1].
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: Channels that do not fit, unknown gan_type, a negative
            weight.
    """

    def __init__(
        self,
        generator: dict,
        discriminator: dict,
        generator_back: dict | None = None,
        discriminator_back: dict | None = None,
        lambda_a: float = 10.0,
        lambda_b: float = 10.0,
        lambda_idt: float = 0.5,
        lambda_cycle: float = 1.0,
        gan_type: str = 'lsgan',
        pool_size: int = 50,
        share_passes: bool = True,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        default = dict(
            type='ViewsDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
        )
        super().__init__(MODELS.build(data_preprocessor or default), init_cfg)
        if min(lambda_a, lambda_b, lambda_idt, lambda_cycle) < 0:
            raise ValueError(
                'the weights of the losses must be >= 0, got lambda_a='
                f'{lambda_a}, lambda_b={lambda_b}, lambda_idt={lambda_idt}, '
                f'lambda_cycle={lambda_cycle}'
            )
        if gan_type not in GAN_TYPES:
            raise ValueError(
                f'gan_type must be one of {", ".join(GAN_TYPES)}, got '
                f'{gan_type!r}'
            )
        self.lambda_a, self.lambda_b = lambda_a, lambda_b
        self.lambda_idt, self.lambda_cycle = lambda_idt, lambda_cycle
        self.gan_type = gan_type
        # The two children: MMSeparateDistributedDataParallel wraps each.
        self.generators = GeneratorPair(
            MODELS.build(generator),
            MODELS.build(generator_back or generator),
            share_passes,
        )
        self.discriminators = DiscriminatorPair(
            MODELS.build(discriminator_back or discriminator),
            MODELS.build(discriminator),
            share_passes,
        )
        self._check_channels()
        self.pool_a, self.pool_b = ImagePool(pool_size), ImagePool(pool_size)

    def _check_channels(self) -> None:
        """The four networks must fit each other."""
        a2b, b2a = self.generators.a2b, self.generators.b2a
        a, b = a2b.in_channels, a2b.out_channels
        pairs = {
            'generator_back takes': (b2a.in_channels, b),
            'generator_back gives': (b2a.out_channels, a),
            'the discriminator of domain A takes': (
                self.discriminators.a.in_channels,
                a,
            ),
            'the discriminator of domain B takes': (
                self.discriminators.b.in_channels,
                b,
            ),
        }
        for what, (found, wanted) in pairs.items():
            if found != wanted:
                raise ValueError(
                    f'{what} {found} channels, but the generator translates '
                    f'{a} channels (domain A) to {b} (domain B), so it must '
                    f'be {wanted}'
                )
        if a != b and self.lambda_idt > 0:
            raise ValueError(
                f'lambda_idt = {self.lambda_idt:g} needs domains of equally '
                f'many channels, got {a} and {b}; set lambda_idt=0'
            )

    @property
    def bare_generators(self) -> GeneratorPair:
        """The generators without a distributed wrapper."""
        return _bare(self.generators)

    @property
    def bare_discriminators(self) -> DiscriminatorPair:
        """The discriminators without a distributed wrapper."""
        return _bare(self.discriminators)

    def forward(
        self,
        inputs: Sequence[Tensor],
        data_samples: list | None = None,
        mode: str = 'tensor',
    ):
        """Translate, or the generators' losses.

        Args:
            inputs (Sequence[Tensor]): [A, B], each (n, c, h, w).
            data_samples (list, optional): Not used.
            mode (str): 'tensor' or 'predict': dict of ``fake_b``,
                ``fake_a``, and ``rec_a``, ``rec_b``; 'loss': dict of the
                generators' losses.

        Raises:
            ValueError: Unknown mode.
        """
        real_a, real_b = inputs
        if mode in ('tensor', 'predict'):
            return self.bare_generators(real_a, real_b, False, True)
        if mode == 'loss':
            return self.generator_losses(
                real_a, real_b, self.translate(real_a, real_b)
            )
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}"
        )

    def translate(self, real_a: Tensor, real_b: Tensor) -> dict[str, Tensor]:
        """The translations that this setting of the losses needs."""
        return self.generators(
            real_a,
            real_b,
            identity=self.lambda_idt > 0,
            cycle=self.lambda_cycle > 0,
        )

    def generator_losses(
        self, real_a: Tensor, real_b: Tensor, images: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """The weighted terms of L_G; they are to be summed.

        Args:
            real_a (Tensor): (n, c, h, w) in [-1, 1].
            real_b (Tensor): (n, d, h, w) in [-1, 1].
            images (dict[str, Tensor]): Of :meth:`translate`.

        Returns:
            dict[str, Tensor]: ``loss_G_A``, ``loss_G_B``; with a cycle
            ``loss_cycle_A``, ``loss_cycle_B``; with identity terms
            ``loss_idt_A``, ``loss_idt_B``.
        """
        # Frozen in a step, so the wrapper has no gradient to reduce.
        judge = self.bare_discriminators
        losses = dict(
            loss_G_A=gan_loss(judge.b(images['fake_b']), True, self.gan_type),
            loss_G_B=gan_loss(judge.a(images['fake_a']), True, self.gan_type),
        )
        if 'rec_a' in images:
            factor = self.lambda_cycle
            losses['loss_cycle_A'] = (
                factor * self.lambda_a * _distance(images['rec_a'], real_a)
            )
            losses['loss_cycle_B'] = (
                factor * self.lambda_b * _distance(images['rec_b'], real_b)
            )
        if 'idt_a' in images:
            # The lambdas are crossed: idt_A compares in domain B.
            losses['loss_idt_A'] = (
                self.lambda_b
                * self.lambda_idt
                * _distance(images['idt_a'], real_b)
            )
            losses['loss_idt_B'] = (
                self.lambda_a
                * self.lambda_idt
                * _distance(images['idt_b'], real_a)
            )
        return losses

    def discriminator_losses(
        self, real_a: Tensor, real_b: Tensor, images: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """``loss_D_A`` (domain B) and ``loss_D_B`` (domain A).

        The pool of domain B is asked first, which matters for the random
        numbers alone.
        """
        fake_b = self.pool_b.query(images['fake_b'])
        fake_a = self.pool_a.query(images['fake_a'])
        on_a, on_b = self.discriminators(real_a, fake_a, real_b, fake_b)
        return dict(loss_D_A=self._half(*on_b), loss_D_B=self._half(*on_a))

    def _half(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        return 0.5 * (
            gan_loss(on_real, True, self.gan_type)
            + gan_loss(on_fake, False, self.gan_type)
        )

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Step the generators, then the discriminators.

        Args:
            data (dict): ``inputs``: [A, B], each (n, c, h, w), 0..255.
            optim_wrapper (OptimWrapperDict): With the entries
                ``generators`` and ``discriminators``.

        Returns:
            dict[str, Tensor]: Every loss term, and ``loss_G``, their sum
            over the generators; detached.

        Raises:
            ValueError: The batch does not hold two domains.
            TypeError: One optimizer in place of two.
        """
        if not isinstance(optim_wrapper, OptimWrapperDict):
            raise TypeError(
                'CycleGANTranslator needs two optimizers; write optim_wrapper'
                "=dict(constructor='MultiOptimWrapperConstructor', "
                'generators=dict(...), discriminators=dict(...))'
            )
        inputs = self.data_preprocessor(data, True)['inputs']
        if len(inputs) != 2:
            raise ValueError(
                'CycleGANTranslator needs a picture of each of two domains, '
                f'got {len(inputs)}; use the dataset UnpairedImageDataset'
            )
        real_a, real_b = inputs
        wrapper = optim_wrapper['generators']
        frozen = _trainable(self.discriminators)
        with wrapper.optim_context(self.generators):
            images = self.translate(real_a, real_b)
            _set_requires_grad(frozen, False)
            try:
                losses = self.generator_losses(real_a, real_b, images)
            finally:
                _set_requires_grad(frozen, True)
            loss_g = sum(losses.values())
        # The verdicts were recorded with frozen weights: no gradient of this
        # pass reaches the discriminators.
        wrapper.update_params(loss_g)

        wrapper = optim_wrapper['discriminators']
        with wrapper.optim_context(self.discriminators):
            judged = self.discriminator_losses(real_a, real_b, images)
        wrapper.update_params(sum(judged.values()))
        losses.update(judged, loss_G=loss_g)
        return {name: value.detach() for name, value in losses.items()}


def _bare(module: nn.Module) -> nn.Module:
    return module.module if is_model_wrapper(module) else module


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _set_requires_grad(parameters: list[nn.Parameter], flag: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(flag)


def _distance(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference, in single precision or better."""
    return (x.float() if x.dtype in _HALF else x).sub(y).abs().mean()


_HALF = (torch.float16, torch.bfloat16)
