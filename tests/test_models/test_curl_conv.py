# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Convolutional networks of CURL."""

import pytest
import torch
from torch import nn

from mmssl.models.algorithms.curl.conv_networks import (
    centre_crop,
    map_sizes,
    same_conv,
    same_deconv,
)
from mmssl.registry import MODELS


def encoder(**kwargs):
    settings = dict(channels=(4, 6), strides=(2, 2), out_features=5, size=13)
    settings |= kwargs
    return MODELS.build(dict(settings, type='mmssl.CURLConvEncoder'))


def decoder(**kwargs):
    settings = dict(
        latent_dim=3, hidden=7, bottom=6, channels=(6, 4), strides=(2, 2),
        size=13,
    )  # fmt: skip
    settings |= kwargs
    return MODELS.build(dict(settings, type='mmssl.BernoulliConvDecoder'))


def test_an_odd_padding_lies_at_the_end():
    layer = nn.Conv2d(1, 1, 3, 2)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    ramp = torch.arange(1.0, 7)[None].expand(6, 6)[None, None]
    # Even size: windows 1 2 3, 3 4 5, 5 6 -, the last row of two only.
    out = same_conv(layer, ramp)[0, 0]
    assert out[0].tolist() == [18, 36, 33]
    assert out[2].tolist() == [12, 24, 22]
    # Odd size: windows - 1 2, 2 3 4, 4 5 -.
    out = same_conv(layer, ramp[..., :5, :5])[0, 0]
    assert out[1].tolist() == [9, 27, 27]


@pytest.mark.parametrize('stride', [1, 2, 3, 4])
def test_a_transposed_convolution_is_the_adjoint(stride):
    conv = nn.Conv2d(2, 5, 3, stride, bias=False).double()
    back = nn.ConvTranspose2d(5, 2, 3, stride, bias=False).double()
    back.weight = conv.weight
    x = torch.randn(3, 2, 4 * stride, 4 * stride, dtype=torch.float64)
    y = torch.randn(3, 5, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(
        (same_conv(conv, x) * y).sum(), (x * same_deconv(back, y)).sum()
    )


def test_maps_shrink_and_come_back():
    assert map_sizes(13, (2, 2)) == [13, 7, 4]
    rows = torch.arange(4.0)[:, None].expand(4, 4)
    assert centre_crop(rows, 3)[:, 0].tolist() == [0, 1, 2]
    x, model = torch.rand(2, 169), encoder()
    hidden = model(x)
    assert hidden.shape == (2, 5) and (hidden >= 0).all()
    torch.testing.assert_close(hidden, model(x.view(-1, 1, 13, 13)))
    z = torch.randn(4, 2, 3)
    head = decoder()
    logits = head(z)
    assert logits.shape == (4, 2, 169)
    torch.testing.assert_close(head(z[3], torch.zeros(2).long()), logits[3])
    logits.sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r'strides=\(2,\) for channels=\(4'):
        encoder(strides=(2,))
    with pytest.raises(ValueError, match='a stride for each'):
        decoder(channels=(), strides=())
    with pytest.raises(ValueError, match='of 13 x 13 pixels, these have 16'):
        encoder()(torch.rand(2, 1, 4, 4))
