# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Questions about clips, whatever files they come from.

read(i): question, options, sentences, frames -> pipeline -> sample
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import Dataset

from mmssl.datasets.image_dataset import DataError
from mmssl.datasets.video_qa.features import FrameFeatures
from mmssl.datasets.video_qa.text import EMPTY, Sentence
from mmssl.registry import TRANSFORMS
from mmssl.utils.errors import UsageError
from mmssl.utils.spans import (
    MAX_FRAMES,
    Span,
    aligned_frames,
    frames_of_span,
    sampled_frames,
)

NUM_ANSWERS = 5
RATE_TOLERANCE = 0.1  # of the length of a clip, and at least ...
SLACK = 2.0  # ... seconds
TYPES = ('what', 'who', 'where', 'why', 'how', 'when', 'which')


@dataclass
class Question:
    """One question of a data set; ``answer`` is None in test splits."""

    qid: int
    clip: str
    text: str
    answers: list[str]
    answer: int | None = None
    span: Span | None = None
    show: str = ''
    level: int | None = None

    @property
    def kind(self) -> str:
        """First question word, or 'other'."""
        words = self.text.lower().split()
        return next((word for word in words if word in TYPES), 'other')


@dataclass
class Clip:
    """What is known of a clip besides its frames.

    Attributes:
        sentences (list[Sentence]): In order of time.
        duration (float, optional): Seconds.
        objects (list[list[str]], optional): Names in each frame.
        object_times (ndarray, optional): Moments of these frames; without
            it they are frame number / fps.
    """

    sentences: list[Sentence]
    duration: float | None = None
    objects: list[list[str]] | None = None
    object_times: np.ndarray | None = field(default=None, repr=False)


def check_question(question: Question, where: str) -> Question:
    """Return a question that can be used.

    Raises:
        UsageError: Wrong number of answers, or the index is none of them;
            names the question.
    """
    count = len(question.answers)
    name = f'{where}: question {question.qid}'
    if count != NUM_ANSWERS:
        raise UsageError(
            f'{name} has {count} answers, expected are {NUM_ANSWERS}'
        )
    if question.answer is not None and not 0 <= question.answer < count:
        raise UsageError(
            f'{name} says that answer {question.answer} is right, but there '
            f'are only the answers 0 to {count - 1}'
        )
    span = question.span
    if span is not None and (span[0] < 0 or span[1] < span[0]):
        raise UsageError(
            f'{name} has the span {span[0]:g} to {span[1]:g} s; it must not '
            'be negative or end before it starts'
        )
    return question


class VideoQADataset(Dataset):
    """Multiple-choice questions about clips, through a pipeline.

    ``read`` gives what enters the pipeline: ``options``, a list of texts for
    each option (question and answer), ``target``, ``sentences`` with
    ``objects`` of each, ``span``, ``frames`` (n, c) with ``times``, and
    what identifies the question.  Sentences of a clip without any are one
    "." over the whole clip.

    Args:
        questions (Sequence[Question]): In order.
        find_clip (Callable): From a clip's name to its :class:`Clip`.
        features (FrameFeatures, optional): None leaves frames out.
        pipeline (Sequence[dict]): Transforms; the last one packs.
        dataset (str): Name, for metrics by data set.
        fps (float): Frames a second of features and objects.
        max_frames (int): A longer clip is thinned out evenly; 300 is TVQA's.
        normalize (bool): Features of a frame to length 1, as TVQA's code.
        with_ts (bool): Only sentences and frames of the annotated span
            ("with time stamps"); a question without span keeps all.
        context (bool): False leaves sentences and frames out: the
            question-only baseline.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        find_clip: Callable[[str], Clip],
        features: FrameFeatures | None = None,
        pipeline: Sequence[dict] = (),
        dataset: str = '',
        fps: float = 3.0,
        max_frames: int = MAX_FRAMES,
        normalize: bool = True,
        with_ts: bool = False,
        context: bool = True,
    ) -> None:
        if not questions:
            raise UsageError(f'{type(self).__name__}: there are no questions')
        self.questions = list(questions)
        self.find_clip = find_clip
        self.features = features
        self.pipeline = [TRANSFORMS.build(step) for step in pipeline]
        self.dataset = dataset
        self.fps = fps
        self.max_frames = max_frames
        self.normalize = normalize
        self.with_ts = with_ts
        self.context = context
        self._check_spans()
        self._count_unusual()

    def _check_spans(self) -> None:
        """Refuse annotations outside their clip, where its end is known.

        Raises:
            UsageError: Names the question.
        """
        for question in self.questions:
            duration = self.find_clip(question.clip).duration
            span = question.span
            if span and duration and span[1] > duration + SLACK:
                raise UsageError(
                    f'{type(self).__name__}: question {question.qid} has the '
                    f'span {span[0]:g} to {span[1]:g} s, but the clip '
                    f'{question.clip} ends after {duration:g} s'
                )

    def _count_unusual(self) -> None:
        """Say once what is replaced by something else."""
        clips = {question.clip for question in self.questions}
        silent = [c for c in clips if not self.find_clip(c).sentences]
        timeless = sum(q.span is None for q in self.questions)
        name = type(self).__name__
        if silent:
            print_log(
                f'{name}: {len(silent)} of {len(clips)} clips have no '
                f'sentence (such as {min(silent)}); one "{EMPTY}" over the '
                'clip stands for it',
                logger='current',
                level=30,
            )
        if 0 < timeless < len(self.questions):
            print_log(
                f'{name}: {timeless} of {len(self.questions)} questions have '
                'no time span; they do not count in the loss of spans',
                logger='current',
                level=30,
            )

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def metainfo(self) -> dict:
        """``dataset``: its name."""
        return dict(dataset=self.dataset)

    def length(self, index: int) -> int:
        """Words of a sample, roughly; what batches are sorted by."""
        question = self.questions[index]
        words = len(question.text.split())
        words += max(len(answer.split()) for answer in question.answers)
        if self.context:
            clip = self.find_clip(question.clip)
            words += sum(len(s.text.split()) + 1 for s in clip.sentences)
        return words

    def __getitem__(self, index: int) -> dict:
        return self.transform(self.read(int(index)), index)

    def transform(self, results: dict, index: int) -> dict:
        """The pipeline, with random numbers of (seed, epoch, index).

        Args:
            results (dict): Of :meth:`read`.
            index (int): With a ``key``, where a sampler drew it.
        """
        key = getattr(index, 'key', None)
        results['key'] = key or tuple(torch.randint(2**31, (3,)).tolist())
        for step in self.pipeline:
            results = step(results)
        return results

    def read(self, index: int) -> dict:
        """What enters the pipeline.

        Raises:
            DataError: Features are missing, of another rate, or end before
                the annotated span.
        """
        question = self.questions[index]
        clip = self.find_clip(question.clip)
        frames, times = self._frames(question, clip)
        sentences = self._sentences(question, clip, times)
        return dict(
            sample_idx=index,
            qid=question.qid,
            clip=question.clip,
            question=question.text,
            answers=question.answers,
            options=[[question.text, answer] for answer in question.answers],
            target=question.answer,
            span=question.span,
            sentences=sentences,
            objects=self._objects(clip, sentences),
            frames=frames,
            times=times,
            groups=dict(
                dataset=self.dataset,
                type=question.kind,
                show=question.show,
                level=question.level,
            ),
        )

    def _sentences(
        self, question: Question, clip: Clip, times: np.ndarray
    ) -> list[Sentence]:
        sentences = clip.sentences if self.context else []
        if self.with_ts and question.span is not None:
            start, end = question.span
            sentences = [
                s for s in sentences if min(s.end, end) > max(s.start, start)
            ]
        if sentences:
            return sentences
        last = clip.duration or (float(times[-1]) if len(times) else 0.0)
        return [Sentence(EMPTY, 0.0, last)]

    def _frames(
        self, question: Question, clip: Clip
    ) -> tuple[np.ndarray, np.ndarray]:
        """(n, c) and the moments (n,); without frames (0, 0) and (0,)."""
        if self.features is None or not self.context:
            return np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
        frames = self.features[question.clip]
        count = len(frames)
        self._check_rate(question.clip, count, clip.duration)
        if question.span is not None and question.span[0] > (
            count / self.fps + SLACK
        ):
            raise DataError(
                f'question {question.qid} has a span from '
                f'{question.span[0]:g} s on, but the features of '
                f'{question.clip} end after {count / self.fps:g} s; correct '
                'the annotation, or make the features anew'
            )
        kept = sampled_frames(count, self.max_frames)
        step = max(1.0, count / self.max_frames) / self.fps
        times = np.arange(len(kept), dtype=np.float32) * np.float32(step)
        frames = frames[kept]
        if self.with_ts and question.span is not None:
            first, last = frames_of_span(
                question.span, count, self.fps, self.max_frames
            )
            frames, times = frames[first : last + 1], times[first : last + 1]
        if self.normalize:
            norm = np.linalg.norm(frames, axis=1, keepdims=True)
            frames = frames / np.maximum(norm, 1e-12)
        return frames, times

    def _check_rate(
        self, name: str, count: int, duration: float | None
    ) -> None:
        if not duration:
            return
        away = abs(count / self.fps - duration)
        if away > max(SLACK, RATE_TOLERANCE * duration):
            raise DataError(
                f'{name} lasts {duration:g} s and has features of {count} '
                f'frames, which are {count / duration:.2f} a second and not '
                f'the stated fps={self.fps:g}; set fps, or make the features '
                'anew'
            )

    def _objects(
        self, clip: Clip, sentences: list[Sentence]
    ) -> list[list[str]]:
        """Names in the frames of each sentence, by first appearance."""
        if not clip.objects or not self.context:
            return [[] for _ in sentences]
        times = clip.object_times
        if times is None:
            times = np.arange(len(clip.objects)) / self.fps
        spans = torch.tensor([s[1:] for s in sentences], dtype=torch.float64)
        aligned = aligned_frames(
            spans,
            torch.as_tensor(times, dtype=torch.float64),
            torch.ones(len(times), dtype=torch.bool),
        )
        return [
            list(
                dict.fromkeys(
                    name
                    for j in row.nonzero()[:, 0]
                    for name in clip.objects[j]
                )
            )
            for row in aligned
        ]
