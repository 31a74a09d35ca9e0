# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""fc6 and fc7 of a VGG-16 that learned to classify, for detectors."""

from torch import Tensor, nn

from mmssl.utils.checkpoint import read_checkpoint, state_dict_of
from mmssl.utils.errors import UsageError

CLASSIFIER = {
    'classifier.0': (4096, 512 * 7 * 7),
    'classifier.3': (4096, 4096),
}
"""fc6 and fc7 in torchvision's names, and their sizes."""


def read_fc_layers(checkpoint: str) -> list[tuple[Tensor, Tensor]]:
    """fc6 and fc7 of a VGG-16 that was trained to classify.

    Args:
        checkpoint (str): A whole network in torchvision's names, and the
            one whose convolutions the detector starts from: the layers fit
            no other network's features.

    Returns:
        list[tuple[Tensor, Tensor]]: Weights and bias, ((4096, 25088),
        (4096,)) and ((4096, 4096), (4096,)).

    Raises:
        UsageError: The file has no such layers.
    """
    weights = state_dict_of(read_checkpoint(checkpoint))
    layers = []
    for name, size in CLASSIFIER.items():
        weight = weights.get(f'{name}.weight')
        bias = weights.get(f'{name}.bias')
        if weight is None or bias is None or tuple(weight.shape) != size:
            raise UsageError(
                f'{checkpoint} has no {name} of {size[0]} x {size[1]}: '
                'fc_checkpoint wants a whole VGG-16 in the names of '
                'torchvision, classifier included'
            )
        layers.append((weight, bias))
    return layers


def reduced_fc(
    fc6: tuple[Tensor, Tensor], fc7: tuple[Tensor, Tensor]
) -> list[tuple[Tensor, Tensor]]:
    """SSD's convolutions in place of fc6 and fc7: some of their numbers.

    SSD's (https://arxiv.org/abs/1512.02325) take a subset, without saying
    which; here every fourth unit of both layers is kept, and rows and
    columns 0, 3, 6 of the 7 x 7 of fc6, spread as the dilated 3 x 3 looks.

    Args:
        fc6 (tuple[Tensor, Tensor]): See :func:`read_fc_layers`.
        fc7 (tuple[Tensor, Tensor]): Likewise.

    Returns:
        list[tuple[Tensor, Tensor]]: ((1024, 512, 3, 3), (1024,)) and
        ((1024, 1024, 1, 1), (1024,)).
    """
    window = fc6[0].reshape(4096, 512, 7, 7)[::4, :, ::3, ::3]
    square = fc7[0][::4, ::4, None, None]
    return [(window, fc6[1][::4]), (square, fc7[1][::4])]


def copy_layers(
    layers: list[nn.Module], values: list[tuple[Tensor, Tensor]]
) -> None:
    """Put weights and biases into layers of the same sizes."""
    for layer, (weight, bias) in zip(layers, values, strict=True):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)
