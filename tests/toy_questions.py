# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A small model and toy questions that several tests share."""

from mmssl.datasets import collate_video_qa
from mmssl.datasets.samplers import SampleIndex
from mmssl.datasets.video_qa import toy_vocabulary
from mmssl.registry import DATASETS, MODELS

WORDS = toy_vocabulary()
TOKENIZER = dict(type='WordTokenizer', vocabulary=WORDS)
WIDTH = 16


def pipeline(masked=False, **settings):
    """Tokenize, perhaps mask, pack."""
    tokens = (
        dict(type='TokenizeOptions', tokenizer=TOKENIZER, max_len=128)
        | settings
    )
    masks = [dict(type='MaskTrueAnswer')] if masked else []
    return [tokens, *masks, dict(type='PackVideoQAInputs')]


def toy_data(masked=False, **settings):
    """Questions about six clips."""
    settings = dict(num_clips=6, pipeline=pipeline(masked)) | settings
    return DATASETS.build(dict(type='ToyVideoQA', **settings))


def batch(dataset, rows=range(3)):
    """Some questions, collated."""
    return collate_video_qa([dataset[SampleIndex(i)] for i in rows])


def model_config(visual=True, **settings):
    """A model of 16 channels on ``nn.TransformerEncoder``."""
    both = 2 * WIDTH if visual else WIDTH
    config = dict(
        type='VideoQASSL',
        text_encoder=dict(
            type='SubtitleTextEncoder',
            backend='plain',
            config=dict(
                vocab_size=len(WORDS), hidden_size=WIDTH,
                num_hidden_layers=1, num_attention_heads=2,
                intermediate_size=16, max_position_embeddings=128,
            ),
        ),
        reader=dict(type='SequenceReader', in_channels=WIDTH, channels=8),
        choice_head=dict(
            type='ChoiceHead', channels=WIDTH, visual_channels=both - WIDTH
        ),
        span_head=dict(type='SpanHead', channels=both),
        contrast_head=dict(type='MaskedAnswerContrastHead'),
    )  # fmt: skip
    if visual:
        config['visual_proj'] = dict(
            type='FrameProjection', in_channels=32, channels=WIDTH
        )
        config['local_attn'] = dict(
            type='LocallyAlignedAttention', channels=WIDTH
        )
    return config | settings


def build(**settings):
    """The model of :func:`model_config`."""
    return MODELS.build(model_config(**settings))
