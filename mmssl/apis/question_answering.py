# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Answer multiple-choice questions about a clip."""

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from mmssl.apis.inferencer import (
    Inferencer,
    InferenceResult,
    figure_picture,
)
from mmssl.datasets.video_qa import (
    Clip,
    Question,
    Sentence,
    VideoQADataset,
    collate_video_qa,
)
from mmssl.datasets.video_qa.base import check_question
from mmssl.datasets.video_qa.text import read_srt
from mmssl.utils.errors import UsageError
from mmssl.visualization import question_figure

INPUT_KEYS = ('question', 'answers', 'subtitles', 'frames')
# What the evaluation of a config says of its clips.
DATA_KEYS = ('pipeline', 'fps', 'max_frames', 'normalize', 'context')


class VideoQA(Inferencer):
    """Chooses among the answers to a question about a clip.

    An input is a dict of ``question`` (str) and ``answers`` (five of them),
    of ``subtitles``: a SubRip file, or a list of (text, start, end) in
    seconds, and of ``frames``: features (n, c) of the frames, such as
    ``tools/videoqa/extract_features.py`` or
    ``FeatureExtractor(...)(pictures)`` gives, at the rate that the config
    states.  Subtitles or frames may be left out.

    ``predictions`` has for each question a dict: ``answer`` (its text),
    ``index``, ``scores`` (probabilities), and with a head of spans ``span``
    (seconds).  Drawn are scores, what was read when, and what was looked
    at.

    Args:
        model (str or PathLike): Name or path of a config, whose test data
            say how texts are tokenized; a model that was given needs
            ``data`` as well.
        weights (str, PathLike or bool, optional): See :class:`Inferencer`.
        device (str, optional): See there.
        show_progress (bool): See there.
        data (dict, optional): Keys of the data set, such as ``pipeline``
            and ``fps``, in place of the config's.

    Raises:
        UsageError: The config has no pipeline of questions, or its model
            answers none.

    Example:
        >>> qa = mmssl.VideoQA('videoqa_tiny', 'epoch_8.pth')
        >>> qa(dict(
        ...     question='what is said with thing000 ?',
        ...     answers=['thing001', 'thing002', 'thing003', 'thing004',
        ...              'thing005'],
        ...     subtitles=[('thing000 thing004', 0.0, 2.0)]))
    """

    batch_size = 8

    def __init__(
        self,
        model: str | os.PathLike | nn.Module,
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
        data: dict | None = None,
    ) -> None:
        self.data = data
        super().__init__(model, weights, device, show_progress)
        if 'explain' not in inspect.signature(self.model.predict).parameters:
            raise UsageError(
                f'VideoQA: {type(self.model).__name__} answers no questions; '
                'give the config of a VideoQASSL'
            )

    def _init_pipeline(self, cfg) -> Callable[[dict], dict]:
        found = self.data
        if found is None:
            dataset = cfg.get('test_dataloader', {}).get('dataset', {})
            found = {k: dataset[k] for k in DATA_KEYS if k in dataset}
        if 'pipeline' not in found:
            raise UsageError(
                'VideoQA: the config has no pipeline of questions in '
                'test_dataloader.dataset; take the config of the main stage, '
                'or give data=dict(pipeline=[...])'
            )

        def read(one: dict) -> dict:
            return question_data(one, **found)[0]

        return read

    def _inputs_to_list(self, inputs: Any) -> list[dict]:
        inputs = [inputs] if isinstance(inputs, dict) else list(inputs)
        for number, one in enumerate(inputs):
            given = set(one) if isinstance(one, dict) else set()
            if not {'question', 'answers'} <= given <= set(INPUT_KEYS):
                raise UsageError(
                    f'VideoQA: input {number} must be a dict with question '
                    'and answers, and perhaps subtitles and frames'
                )
        return inputs

    def forward(self, inputs: list[dict]) -> list:
        """Data samples with scores and evidence."""
        return answer(self.model, inputs)

    def visualize(self, inputs: list, preds: list) -> list:
        """One picture a question."""
        return [figure_picture(answer_figure(sample)) for sample in preds]

    def postprocess(self, preds: list, visualization: list) -> InferenceResult:
        """Plain dicts."""
        found = []
        for sample in preds:
            index = sample.pred_answer
            one = dict(
                answer=sample.answers[index],
                index=index,
                scores=sample.scores.tolist(),
            )
            if sample.get('pred_span') is not None:
                one['span'] = tuple(map(float, sample.pred_span))
            found.append(one)
        return super().postprocess(found, visualization)


def question_data(one: dict, **settings) -> VideoQADataset:
    """A data set of one question.

    Args:
        one (dict): See :class:`VideoQA`.
        **settings: See :class:`VideoQADataset`.

    Raises:
        UsageError: The question, its subtitles or its frames cannot be
            used.
    """
    question = check_question(
        Question(0, 'clip', one['question'], list(one['answers'])), 'VideoQA'
    )
    sentences = sentences_of(one.get('subtitles'))
    frames = one.get('frames')
    if frames is not None:
        frames = np.asarray(frames, np.float32)
        if frames.ndim != 2:
            raise UsageError(
                'VideoQA: frames are features (frames, values), got the '
                f'shape {frames.shape}'
            )
    # Without a duration nobody can contradict the rate of the frames.
    return VideoQADataset(
        [question],
        lambda name: Clip(sentences),
        None if frames is None else dict(clip=frames),
        **settings,
    )


def sentences_of(
    subtitles: str | os.PathLike | Sequence | None,
) -> list[Sentence]:
    """Sentences of a SubRip file or of (text, start, end).

    Raises:
        UsageError: No such file, or something else.
    """
    if subtitles is None:
        return []
    if isinstance(subtitles, str | os.PathLike):
        path = Path(subtitles).expanduser()
        if not path.is_file():
            raise UsageError(f'VideoQA: no subtitles at {path}')
        return read_srt(path)
    try:
        return [
            Sentence(str(text), float(start), float(end))
            for text, start, end in subtitles
        ]
    except (TypeError, ValueError) as error:
        raise UsageError(
            'VideoQA: subtitles are a SubRip file or a list of (text, start, '
            f'end) in seconds: {error}'
        ) from error


def answer(
    model: nn.Module,
    samples: list[dict],
    collate: Callable[[list[dict]], dict] = collate_video_qa,
) -> list:
    """Data samples with scores and evidence.

    Args:
        model (nn.Module): A ``VideoQASSL`` in evaluation mode.
        samples (list[dict]): Of a :class:`VideoQADataset`.
        collate (Callable): To a batch.

    Returns:
        list: See ``VideoQASSL.predict`` with ``explain``.
    """
    batch = model.data_preprocessor(collate(samples))
    return model.predict(batch['inputs'], batch['data_samples'], explain=True)


def answer_figure(sample) -> Figure:
    """The picture of a question that :func:`answer` has answered."""
    return question_figure(
        sample.question,
        sample.answers,
        sample.scores.tolist(),
        sample.get('label'),
        sample.sentences,
        sample.sentence_spans,
        sample.sentence_share.tolist(),
        sample.frame_times,
        sample.get('attention'),
        sample.span,
        sample.get('pred_span'),
    )
