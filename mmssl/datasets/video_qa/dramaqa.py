# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DramaQA in the formats in which it is given out."""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import DataError, find_data
from mmssl.datasets.video_qa.base import (
    Clip,
    Question,
    VideoQADataset,
    check_question,
)
from mmssl.datasets.video_qa.features import FrameFeatures, open_features
from mmssl.datasets.video_qa.text import Sentence, close_sentences
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError
from mmssl.utils.files import read_rows

WHOLE = '_0000'  # the shot number of a whole scene


def shots_of(name: str, known: list[str]) -> list[str]:
    """The shots of a scene (``..._0000``) in order, or the shot itself."""
    if not name.endswith(WHOLE):
        return [name]
    prefix = name.removesuffix(WHOLE) + '_'
    return sorted(k for k in known if k.startswith(prefix) and k != name)


def seconds(text: str | float) -> float:
    """'83.5' or '0:01:23.5' in seconds."""
    if not isinstance(text, str):
        return float(text)
    total = 0.0
    for part in text.strip().split(':'):
        total = 60 * total + float(part.replace(',', '.'))
    return total


class DramaClips:
    """Scripts and visual metadata of shots and scenes.

    Times are counted from the start of the shot or scene.

    Args:
        script (dict): Shot to ``st``, ``et``, ``contained_subs``.
        visual (dict): Shot to its frames, in order.
        where (str): The files, for messages.
    """

    def __init__(self, script: dict, visual: dict, where: str) -> None:
        self.script = script
        self.visual = visual
        self.where = where
        self.shots = sorted({*script, *visual})
        self.by_scene = defaultdict(list)
        for shot in self.shots:
            self.by_scene[shot.rpartition('_')[0]].append(shot)

    @cache  # noqa: B019 (lives as long as the data set)
    def __call__(self, name: str) -> Clip:
        """A shot, or the shots of a scene one after the other."""
        shots = shots_of(name, self.by_scene[name.rpartition('_')[0]])
        objects = [
            names_of(frame)
            for shot in shots
            for frame in self.visual.get(shot, [])
        ]
        try:
            spans = [
                (seconds(self.script[s]['st']), seconds(self.script[s]['et']))
                for s in shots
                if s in self.script
            ]
            origin = min((start for start, _ in spans), default=0.0)
            duration = max(end for _, end in spans) - origin if spans else None
            sentences = self._sentences(shots, origin)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f'{self.where}: the script of {name} needs st, et and '
                f'contained_subs with speaker, utter, st, et: {error!r}'
            ) from error
        return Clip(sentences, duration, objects or None)

    def _sentences(self, shots: list[str], origin: float) -> list[Sentence]:
        """Utterances with their speakers; the same start is the same one."""
        rows = {}
        for shot in shots:
            for said in self.script.get(shot, {}).get('contained_subs', []):
                text = f'{said["speaker"]} : {said["utter"]}'
                start = seconds(said['st'])
                row = (text, start - origin, seconds(said['et']) - origin)
                rows.setdefault(start, row)
        return close_sentences(list(rows.values()))


def names_of(frame: dict) -> list[str]:
    """Names, behaviours and emotions of the persons in a frame."""
    found = []
    for person in frame.get('persons', []):
        info = person.get('person_info', {})
        found += [
            person.get('person_id'), info.get('behavior'), info.get('emotion')
        ]  # fmt: skip
    return [name for name in found if name]


def frames_by_shot(content: dict | list) -> dict[str, list[dict]]:
    """Frames of each shot, told by the beginning of their ``frame_id``.

    Args:
        content (dict or list): Frames in a list, or lists of them by shot.
    """
    lists = content.values() if isinstance(content, dict) else [content]
    found = defaultdict(list)
    for frame in (frame for frames in lists for frame in frames):
        found[frame['frame_id'].partition('_IMAGE_')[0]].append(frame)
    return {
        shot: sorted(frames, key=lambda frame: frame['frame_id'])
        for shot, frames in found.items()
    }


class SceneFeatures(FrameFeatures):
    """Features of scenes, put together from their shots.

    Args:
        features (FrameFeatures): Of shots, and perhaps of scenes.
        clips (DramaClips): Knows the shots.
    """

    def __init__(self, features: FrameFeatures, clips: DramaClips) -> None:
        super().__init__(features.path)
        self.features = features
        self.clips = clips

    def read(self, name: str) -> np.ndarray | None:
        found = self.features.read(name)
        if found is not None or not name.endswith(WHOLE):
            return found
        shots = shots_of(name, self.clips.by_scene[name.rpartition('_')[0]])
        parts = list(self._parts(shots, name))
        return np.concatenate(parts) if parts else None

    def _parts(self, shots: list[str], scene: str) -> Iterator[np.ndarray]:
        for shot in shots:
            part = self.features.read(shot)
            if part is None:
                raise DataError(
                    f'{self.path} has no features of the shot {shot}, which '
                    f'the scene {scene} needs'
                )
            yield part


def dramaqa_question(row: dict, where: str) -> Question:
    """A question of DramaQA.

    Raises:
        UsageError: A key is missing, or see :func:`check_question`.
    """
    try:
        question = Question(
            qid=int(row['qid']),
            clip=row['vid'],
            text=row['que'],
            answers=list(row['answers']),
            answer=row.get('correct_idx'),
            level=row.get('q_level_logic'),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f'{where}: question {row.get("qid")} needs qid, que, answers and '
            f'vid: {error!r}'
        ) from error
    return check_question(question, where)


@DATASETS.register_module()
class DramaQADataset(VideoQADataset):
    """DramaQA, https://github.com/liveseongho/DramaQA.

    ``groups`` of a sample has ``level``, the logical difficulty 1 to 4.
    There are no time spans.

    Args:
        data_root (str): Folder that the other paths are relative to.
        ann_file (str): ``AnotherMissOhQA_*_set.json``.
        script_file (str, optional): ``AnotherMissOh_script.json``; the
            text of a clip without script is one ".".
        visual_file (str, optional): ``AnotherMissOh_visual.json``: names,
            behaviours and emotions become the objects.
        feat_file (str, optional): Features of the frames of shots, or of
            whole scenes; a scene without its own is put together.
        **kwargs: See :class:`VideoQADataset`.

    Raises:
        UsageError: A file is absent or broken; a question cannot be used.
    """

    def __init__(
        self,
        data_root: str,
        ann_file: str,
        script_file: str | None = None,
        visual_file: str | None = None,
        feat_file: str | None = None,
        **kwargs,
    ) -> None:
        owner = type(self).__name__

        def find(path: str) -> Path:
            return find_data(Path(data_root) / path, owner)

        def load(path: str | None) -> dict | list:
            if path is None:
                return {}
            try:
                return json.loads(find(path).read_text(encoding='utf-8'))
            except json.JSONDecodeError as error:
                raise UsageError(
                    f'{find(path)} is no JSON: {error}'
                ) from error

        where = find(ann_file)
        questions = [
            dramaqa_question(row, str(where)) for row in read_rows(where)
        ]
        clips = DramaClips(
            load(script_file),
            frames_by_shot(load(visual_file)),
            str(script_file or where),
        )
        features = None
        if feat_file is not None:
            rate = kwargs.get('fps', 3.0)
            features = SceneFeatures(
                open_features(find(feat_file), rate), clips
            )
        kwargs.setdefault('dataset', 'DramaQA')
        super().__init__(questions, clips, features, **kwargs)
