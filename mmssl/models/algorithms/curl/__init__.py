# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CURL: a mixture model that grows with a stream of data."""

from .conv_networks import BernoulliConvDecoder, CURLConvEncoder
from .curl import CURL
from .networks import BernoulliMLPDecoder, CURLEncoder, MixtureLatent
from .preprocessor import BinaryPreprocessor

__all__ = [
    'CURL',
    'BernoulliConvDecoder',
    'BernoulliMLPDecoder',
    'BinaryPreprocessor',
    'CURLConvEncoder',
    'CURLEncoder',
    'MixtureLatent',
]
