# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Multiple-choice questions about clips."""

from .base import Clip, Question, VideoQADataset
from .collate import collate_video_qa
from .dramaqa import DramaQADataset
from .question_selection import QuestionSelectionDataset
from .text import Sentence, clean_text
from .tokenizers import (
    AutoTextTokenizer,
    TransformersTokenizer,
    WordTokenizer,
    build_vocabulary,
)
from .toy import ToyVideoQA, toy_vocabulary, write_toy_set
from .tvqa import TVQADataset, TVQAPlusDataset

__all__ = [
    'AutoTextTokenizer',
    'Clip',
    'DramaQADataset',
    'Question',
    'QuestionSelectionDataset',
    'Sentence',
    'TVQADataset',
    'TVQAPlusDataset',
    'ToyVideoQA',
    'TransformersTokenizer',
    'VideoQADataset',
    'WordTokenizer',
    'build_vocabulary',
    'clean_text',
    'collate_video_qa',
    'toy_vocabulary',
    'write_toy_set',
]
