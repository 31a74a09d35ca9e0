# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A small language about made-up clips, in the formats of the real sets.

A clip has 6 to 12 sentences "TOPIC THING".  The topic is a thing too, the same
in all sentences of the clip.  Some of the other things are also seen: half of
the frames of their sentence show them, the other frames show nothing and look
alike.

"what is said with TOPIC ?" is answered by the sentences, as the wrong answers
are things of other clips.  "what is seen with TOPIC ?" is not: all five things
are said, in one sentence each, and the frames of one of these sentences show
its thing.

Which question belongs to a clip is told by its topic, wherever that stands in
the question; another clip may have the same, or speak of it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.datasets.video_qa.base import (
    NUM_ANSWERS,
    Clip,
    Question,
    VideoQADataset,
)
from mmssl.datasets.video_qa.features import FrameFeatures
from mmssl.datasets.video_qa.text import Sentence
from mmssl.datasets.video_qa.tokenizers import SPECIAL, WordTokenizer
from mmssl.registry import DATASETS, TRANSFORMS
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_json, write_text
from mmssl.utils.lazy import OptionalPackage

h5py = OptionalPackage('h5py', 'writing features in HDF5')

# For sentences of your own; generated ones are about things.
NAMES = [f'name{i:02}' for i in range(80)]
THINGS = [f'thing{i:03}' for i in range(106)]
WORDS = ['what', 'is', 'said', 'seen', 'with', '?', '.', 'who', ':', 'scene',
         'sees', 'then', 'now', 'here']  # fmt: skip
VOCABULARY = [*NAMES, *THINGS, *WORDS]  # 200 words
QUESTIONS = [
    'what is {manner} with {topic} ?',
    'with {topic} what is {manner} ?',
    '{topic} here what is {manner} now ?',
    'what is {manner} here then with {topic} ?',
]
FPS = 3.0
SHOW = 'toy'


@dataclass
class ToyClip(Clip):
    """A clip with what it shows: ``frames`` (n, c) float32."""

    frames: np.ndarray | None = None


class ToyFeatures(FrameFeatures):
    """Features of the frames of generated clips."""

    def __init__(self, frames: dict[str, np.ndarray]) -> None:
        super().__init__(Path('toy'))
        self.frames = frames

    def read(self, name: str) -> np.ndarray | None:
        return self.frames.get(name)


def make_toy_set(
    num_clips: int,
    seed: int = 0,
    channels: int = 32,
    questions_per_clip: int = 4,
    things: int = len(THINGS),
    visual_share: float = 0.5,
) -> tuple[list[Question], dict[str, ToyClip]]:
    """Generate clips and questions.

    Every thing has a direction of its own in the space of features, the
    same for all seeds.

    Args:
        num_clips (int): Clips.
        seed (int): Of everything but the directions.
        channels (int): c, values of a frame.
        questions_per_clip (int): Questions.
        things (int): How many of the 106 things occur, at least 17.
        visual_share (float): Questions that only frames answer.

    Returns:
        tuple: Questions; clips by name.
    """
    codes = np.random.default_rng(12345).standard_normal(
        (len(THINGS) + 1, channels)
    )
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    *codes, blank = codes
    questions, clips = [], {}
    for number in range(num_clips):
        rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
        count = int(rng.integers(6, 13))
        [topic], held, absent = np.split(
            rng.permutation(things), [1, count + 1]
        )
        # Four things that are not seen are the wrong answers.
        seen = rng.permutation(count)[: min(count // 2, count - 4)]
        unseen = np.setdiff1d(np.arange(count), seen)
        lengths = rng.integers(3, 7, count)  # frames of a sentence
        noise = 0.02 * rng.standard_normal((lengths.sum(), channels))
        frames = blank + noise
        sentences, objects = [], [[] for _ in frames]
        ends = np.cumsum(lengths).tolist()
        for i in range(count):
            first, last = ends[i] - int(lengths[i]), ends[i] - 1
            thing = THINGS[held[i]]
            if i in seen:
                half = lengths[i] // 2
                start = first + int(rng.integers(lengths[i] - half + 1))
                for j in range(start, start + half):
                    frames[j] = codes[held[i]] + noise[j]
                    objects[j].append(thing)
            sentences.append(
                Sentence(
                    f'{THINGS[topic]} {thing}',
                    round(first / FPS, 3),
                    round(last / FPS, 3),
                )
            )
        clip = f'toy{seed}_clip_{number:04}'
        clips[clip] = ToyClip(
            sentences,
            len(frames) / FPS,
            objects,
            frames=frames.astype(np.float32),
        )
        for _ in range(questions_per_clip):
            visual = rng.random() < visual_share
            i = int(rng.choice(seen if visual else count))
            wrong = rng.permutation(held[unseen] if visual else absent)
            answers = [THINGS[t] for t in wrong[: NUM_ANSWERS - 1]]
            answer = int(rng.integers(NUM_ANSWERS))
            answers.insert(answer, THINGS[held[i]])
            manner = 'seen' if visual else 'said'
            questions.append(
                Question(
                    qid=len(questions),
                    clip=clip,
                    text=str(rng.choice(QUESTIONS)).format(
                        manner=manner, topic=THINGS[topic]
                    ),
                    answers=answers,
                    answer=answer,
                    span=(sentences[i].start, sentences[i].end),
                    show=SHOW,
                    level=2 if visual else 1,
                )
            )
    return questions, clips


@DATASETS.register_module()
class ToyVideoQA(VideoQADataset):
    """Generated questions, without a file.

    ``level`` is 1 where the sentences say the answer, 2 where only frames do.

    Args:
        num_clips (int): Clips.
        split_seed (int): Another one gives other clips.
        channels (int): Values of a frame.
        frames (bool): False leaves the frames out.
        things (int): How many of the 106 things occur.
        visual_share (float): See :func:`make_toy_set`.
        shuffle_frames (bool): Give each clip the frames of another one, cut
            or repeated to its own length.
        **kwargs: See :class:`VideoQADataset`.
    """

    def __init__(
        self,
        num_clips: int = 64,
        split_seed: int = 0,
        channels: int = 32,
        frames: bool = True,
        things: int = len(THINGS),
        visual_share: float = 0.5,
        shuffle_frames: bool = False,
        **kwargs,
    ) -> None:
        questions, clips = make_toy_set(
            num_clips,
            split_seed,
            channels,
            things=things,
            visual_share=visual_share,
        )
        for clip in clips.values():
            clip.objects = None  # they would say what only frames may show
        frames_of = {name: clip.frames for name, clip in clips.items()}
        if shuffle_frames:
            names = list(clips)
            others = [*names[1:], names[0]]
            frames_of = {
                name: np.resize(frames_of[other], frames_of[name].shape)
                for name, other in zip(names, others, strict=True)
            }
        features = ToyFeatures(frames_of) if frames else None
        kwargs.setdefault('dataset', SHOW)
        kwargs.setdefault('fps', FPS)
        super().__init__(questions, clips.__getitem__, features, **kwargs)


def toy_vocabulary() -> list[str]:
    """Tokens for ``WordTokenizer``."""
    return [*SPECIAL, *VOCABULARY]


@TRANSFORMS.register_module()
class ToyTokenizer(WordTokenizer):
    """The 200 words of the generated clips; no file is read."""

    def __init__(self) -> None:
        super().__init__(toy_vocabulary())


def write_toy_set(
    folder: str | Path, layout: str, num_clips: int = 8, seed: int = 0
) -> None:
    """Write generated clips in the files of a real data set.

    Args:
        folder (str or Path): Created.
        layout (str): 'tvqa' (``qa.jsonl``, ``subtitles.jsonl``,
            ``features.h5``, ``objects.json``), 'tvqa_plus' (``qa.json``
            with boxes, the rest likewise) or 'dramaqa' (``qa.json``,
            ``script.json``, ``visual.json``, ``features.h5``).
        num_clips (int): Clips.
        seed (int): Of the clips.

    Raises:
        UsageError: Unknown layout.
    """
    writers = dict(
        tvqa=_write_tvqa, tvqa_plus=_write_tvqa, dramaqa=_write_dramaqa
    )
    if layout not in writers:
        raise UsageError(f'layout must be in {tuple(writers)}, got {layout!r}')
    writers[layout](Path(folder), layout, *make_toy_set(num_clips, seed))


def _write_features(path: Path, frames: dict[str, np.ndarray]) -> None:
    with atomic_path(path) as temporary, h5py.File(temporary, 'w') as file:
        file.attrs['fps'] = FPS
        for name, rows in frames.items():
            file[name] = rows


def _write_tvqa(folder: Path, layout: str, questions, clips) -> None:
    plus = layout == 'tvqa_plus'
    rows = []
    for question in questions:
        start, end = question.span
        row = dict(
            qid=question.qid,
            q=question.text,
            answer_idx=str(question.answer) if plus else question.answer,
            ts=[start, end] if plus else f'{start}-{end}',
            vid_name=question.clip,
        )
        row |= {f'a{i}': text for i, text in enumerate(question.answers)}
        if plus:
            frame = round(start * FPS) + 1
            box = dict(img_id=frame, top=10, left=20, width=30, height=40)
            thing = question.answers[question.answer]
            row['bbox'] = {str(frame): [dict(box, label=thing)]}
        else:
            row['show_name'] = question.show
        rows.append(row)
    if plus:
        write_json(folder / 'qa.json', rows)
    else:
        write_text(folder / 'qa.jsonl', _lines(rows))
    write_text(
        folder / 'subtitles.jsonl',
        _lines(
            dict(vid_name=name, sub=[s._asdict() for s in clip.sentences])
            for name, clip in clips.items()
        ),
    )
    write_json(
        folder / 'objects.json',
        {
            name: [' , '.join(frame) for frame in clip.objects]
            for name, clip in clips.items()
        },
    )
    _write_features(
        folder / 'features.h5', {n: c.frames for n, c in clips.items()}
    )


def _lines(rows) -> str:
    return ''.join(json.dumps(row) + '\n' for row in rows)


def _write_dramaqa(folder: Path, layout: str, questions, clips) -> None:
    """Each clip is a scene of two shots, cut between two sentences."""
    script, visual, features, scenes = {}, {}, {}, {}
    for number, (name, clip) in enumerate(clips.items()):
        scene = f'ToyDrama01_{number + 1:03}'
        scenes[name] = f'{scene}_0000'
        half = len(clip.sentences) // 2
        cut = round(clip.sentences[half].start * FPS)
        origin = 100.0 * number  # times of a script count on
        parts = [
            (clip.sentences[:half], 0, cut),
            (clip.sentences[half:], cut, len(clip.frames)),
        ]
        for shot, (sentences, first, last) in enumerate(parts, 1):
            key = f'{scene}_{shot:04}'
            script[key] = dict(
                st=f'{origin + first / FPS:.3f}',
                et=f'{origin + last / FPS:.3f}',
                contained_subs=[
                    dict(
                        speaker='None',
                        utter=s.text,
                        st=f'{origin + s.start:.3f}',
                        et=f'{origin + s.end:.3f}',
                    )
                    for s in sentences
                ],
            )
            features[key] = clip.frames[first:last]
            visual[key] = [
                dict(
                    frame_id=f'{key}_IMAGE_{frame:010}',
                    persons=[
                        dict(
                            person_id=thing,
                            person_info=dict(
                                behavior='sit down', emotion='Neutral'
                            ),
                        )
                        for thing in clip.objects[frame]
                    ],
                    place='none',
                )
                for frame in range(first, last)
            ]
    rows = [
        dict(
            qid=q.qid,
            que=q.text,
            answers=q.answers,
            correct_idx=q.answer,
            vid=scenes[q.clip],
            videoType='scene',
            shot_contained=[1, 2],
            q_level_logic=q.level,
            q_level_mem=3,
        )
        for q in questions
    ]
    write_json(folder / 'qa.json', rows)
    write_json(folder / 'script.json', script)
    write_json(folder / 'visual.json', visual)
    _write_features(folder / 'features.h5', features)
