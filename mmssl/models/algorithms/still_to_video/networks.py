# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Generator and patch discriminator of CycleGAN.

As https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix defines them; the
layers stand in the order of their parameters there.
"""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS

# All weights N(0, 0.02), all biases 0.
NORMAL_INIT = dict(
    type='Normal', layer=['Conv2d', 'ConvTranspose2d'], std=0.02, bias=0.0
)
GENERATOR_STRIDE = 4
SMALLEST_GENERATOR_INPUT = 8


def conv_norm_relu(conv: nn.Module, leak: float | None = None) -> list:
    """Convolution, instance norm without parameters, (leaky) ReLU."""
    act = nn.ReLU(True) if leak is None else nn.LeakyReLU(leak, True)
    return [conv, nn.InstanceNorm2d(conv.out_channels), act]


class ResidualBlock(nn.Module):
    """Two mirrored 3x3 convolutions beside the identity; no ReLU follows.

    Args:
        channels (int): c.
        dropout (float): Between the convolutions; 0 for CycleGAN.
    """

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        between = [nn.Dropout(dropout)] if dropout else []
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1),
            *conv_norm_relu(nn.Conv2d(channels, channels, 3)),
            *between,
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        return x + self.block(x)


@MODELS.register_module()
class ResNetGenerator(BaseModule):
    """Translates pictures: down by 4, residual blocks, up by 4, tanh.

    Instance norm sees one picture at a time, so that pictures of one batch
    do not change each other's translation.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        base_channels (int): Channels of the first layer (``ngf``).
        num_blocks (int): Residual blocks: 9, or 6 for small pictures.
        dropout (float): Inside the blocks.
        init_cfg (dict, optional): Defaults to N(0, 0.02), biases 0.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        base_channels: int = 64,
        num_blocks: int = 9,
        dropout: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or NORMAL_INIT)
        self.in_channels, self.out_channels = in_channels, out_channels
        c = base_channels
        up = dict(kernel_size=3, stride=2, padding=1, output_padding=1)
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *conv_norm_relu(nn.Conv2d(in_channels, c, 7)),
            *conv_norm_relu(nn.Conv2d(c, 2 * c, 3, 2, 1)),
            *conv_norm_relu(nn.Conv2d(2 * c, 4 * c, 3, 2, 1)),
            *(ResidualBlock(4 * c, dropout) for _ in range(num_blocks)),
            *conv_norm_relu(nn.ConvTranspose2d(4 * c, 2 * c, **up)),
            *conv_norm_relu(nn.ConvTranspose2d(2 * c, c, **up)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(c, out_channels, 7),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Translate pictures.

        Args:
            x (Tensor): (n, c, h, w) in [-1, 1]; h and w multiples of 4, at
                least 8.

        Returns:
            Tensor: (n, out_channels, h, w) in (-1, 1).

        Raises:
            ValueError: Other sizes, whose translation would be larger than
                the picture; another number of channels.
        """
        height, width = x.shape[-2:]
        if (
            height % GENERATOR_STRIDE
            or width % GENERATOR_STRIDE
            or min(height, width) < SMALLEST_GENERATOR_INPUT
        ):
            raise ValueError(
                'the generator needs a height and a width that are '
                f'multiples of {GENERATOR_STRIDE} and at least '
                f'{SMALLEST_GENERATOR_INPUT}, got {height} x {width}; crop '
                'the training pictures to such a size, translate others '
                "with mode='full', which pads and crops back"
            )
        if x.shape[1] != self.in_channels:
            raise ValueError(
                f'the generator takes pictures of {self.in_channels} '
                f'channels, got {tuple(x.shape)}; set its in_channels'
            )
        return self.layers(x)


@MODELS.register_module()
class PatchDiscriminator(BaseModule):
    """Judges overlapping patches of a picture; 70 x 70 pixels by default.

    Args:
        in_channels (int): Channels of the pictures judged.
        base_channels (int): Channels of the first layer (``ndf``).
        num_layers (int): Layers of stride 2.  Side of a patch: 1: 16, 2: 34,
            3: 70, 4: 142, 5: 286 pixels; 0: single pixels (1x1
            convolutions).
        init_cfg (dict, optional): Defaults to N(0, 0.02), biases 0.
    """

    def __init__(
        self,
        in_channels: int = 3,
        base_channels: int = 64,
        num_layers: int = 3,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or NORMAL_INIT)
        self.in_channels, self.num_layers = in_channels, num_layers
        if num_layers == 0:
            kernel, padding = 1, 0
            strides, widths = [1], [1, 2]
        else:
            kernel, padding = 4, 1
            strides = [2] * (num_layers - 1) + [1]
            widths = [min(2**n, 8) for n in range(num_layers + 1)]
        widths = [base_channels * width for width in widths]
        first_stride = 2 if num_layers else 1
        layers = [
            nn.Conv2d(in_channels, widths[0], kernel, first_stride, padding),
            nn.LeakyReLU(0.2, True),
        ]
        for c, d, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            conv = nn.Conv2d(c, d, kernel, stride, padding)
            layers += conv_norm_relu(conv, leak=0.2)
        layers.append(nn.Conv2d(widths[-1], 1, kernel, 1, padding))
        self.layers = nn.Sequential(*layers)

    @property
    def smallest_input(self) -> int:
        """Least side, pixels: every normalised map has two cells or more."""
        if self.num_layers == 0:
            return 2
        # A conv4 of stride 1 and padding 1 takes a cell away, one of stride
        # 2 halves; the last normalised map has 2 x 2 cells.
        return 3 * 2**self.num_layers

    def forward(self, x: Tensor) -> Tensor:
        """Judge pictures.

        Args:
            x (Tensor): (n, c, h, w) in [-1, 1].

        Returns:
            Tensor: (n, 1, h', w') without sigmoid; 256 pixels give 30.

        Raises:
            ValueError: A picture that is too small for instance norm, or
                another number of channels.
        """
        if x.shape[1] != self.in_channels:
            raise ValueError(
                f'the discriminator takes pictures of {self.in_channels} '
                f'channels, got {tuple(x.shape)}; set its in_channels'
            )
        if min(x.shape[-2:]) < self.smallest_input:
            raise ValueError(
                f'a discriminator of {self.num_layers} strided layers needs '
                f'pictures of at least {self.smallest_input} pixels a side, '
                f'got {x.shape[-2]} x {x.shape[-1]}; enlarge the crop or '
                'lower num_layers'
            )
        return self.layers(x)
