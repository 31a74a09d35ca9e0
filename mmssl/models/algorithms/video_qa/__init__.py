# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Multiple-choice video question answering."""

from .networks import (
    ChoiceHead,
    FrameProjection,
    LocallyAlignedAttention,
    MaskedAnswerContrastHead,
    SequenceReader,
    SpanHead,
)
from .text_encoder import SubtitleTextEncoder
from .video_qa_ssl import VideoQASSL

__all__ = [
    'ChoiceHead',
    'FrameProjection',
    'LocallyAlignedAttention',
    'MaskedAnswerContrastHead',
    'SequenceReader',
    'SpanHead',
    'SubtitleTextEncoder',
    'VideoQASSL',
]
