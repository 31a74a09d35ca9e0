# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""TVQA and TVQA+ in the formats in which they are given out."""

import json
from functools import cache
from pathlib import Path

from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.video_qa.base import (
    Clip,
    Question,
    VideoQADataset,
    check_question,
)
from mmssl.datasets.video_qa.features import open_features, read_objects
from mmssl.datasets.video_qa.text import (
    Sentence,
    close_sentences,
    parse_span,
    read_srt,
)
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError
from mmssl.utils.files import read_rows


def tvqa_question(row: dict, where: str) -> Question:
    """A question of TVQA or TVQA+.

    Raises:
        UsageError: A key is missing, the span cannot be read, or see
            :func:`check_question`.
    """
    qid = row.get('qid')
    answers = [row[f'a{i}'] for i in range(10) if f'a{i}' in row]
    try:
        answer = row.get('answer_idx')
        question = Question(
            qid=int(qid),
            clip=row['vid_name'],
            text=row['q'],
            answers=answers,
            answer=None if answer is None else int(answer),
            span=parse_span(row.get('ts')),
            show=row.get('show_name', ''),
        )
    except KeyError as error:
        raise UsageError(
            f'{where}: question {qid} lacks the key {error}'
        ) from error
    except (TypeError, ValueError) as error:
        raise UsageError(
            f'{where}: question {qid} cannot be read: {error}'
        ) from error
    return check_question(question, where)


def read_subtitles(path: Path) -> dict[str, list[Sentence]]:
    """Sentences by clip, of JSON lines ``{vid_name, sub: [...]}``."""
    found = {}
    for row in read_rows(path):
        try:
            found[row['vid_name']] = close_sentences(
                [(s['text'], s['start'], s.get('end')) for s in row['sub']]
            )
        except (KeyError, TypeError) as error:
            raise UsageError(
                f'{path}: each line needs vid_name and sub, a list of dict('
                f'text, start, end), got {str(row)[:80]}'
            ) from error
    return found


class DescribedClips:
    """Durations and human descriptions of clips, ``clips.json``.

    Args:
        path (Path): Clip to ``duration`` and ``descriptions``, a list of
            ``desc`` and ``ts``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.clips = {
                name: Clip(
                    close_sentences(
                        [
                            (d['desc'].strip(), *d['ts'])
                            for d in row['descriptions']
                        ]
                    ),
                    row['duration'],
                )
                for name, row in json.loads(path.read_text('utf-8')).items()
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f'{path} must map clips to duration and descriptions, a list '
                f'of dict(desc, ts): {error!r}'
            ) from error

    def __call__(self, name: str) -> Clip:
        """What is known of a clip.

        Raises:
            UsageError: Nothing.
        """
        if name not in self.clips:
            raise UsageError(f'{self.path} does not have the clip {name}')
        return self.clips[name]


class SubtitledClips:
    """Subtitles and objects of clips.

    Args:
        path (Path): Folder of ``CLIP.srt``, or a file of JSON lines.
        objects (dict): Clip to names by frame.
        described (DescribedClips, optional): Gives durations.
    """

    def __init__(
        self, path: Path | None, objects: dict, described=None
    ) -> None:
        self.objects = objects
        self.described = described
        self.source = path
        self.table = None
        if path is not None and not path.is_dir():
            self.table = read_subtitles(path)

    @cache  # noqa: B019 (lives as long as the data set)
    def __call__(self, name: str) -> Clip:
        """Sentences of a clip; none where there is no file of it."""
        clip = Clip(self._sentences(name), None, self.objects.get(name))
        if self.described is not None:
            clip.duration = self.described(name).duration
        return clip

    def _sentences(self, name: str) -> list[Sentence]:
        if self.source is None:
            return []
        if self.table is not None:
            return self.table.get(name, [])
        file = self.source / f'{name}.srt'
        return read_srt(file) if file.is_file() else []


@DATASETS.register_module()
class TVQADataset(VideoQADataset):
    """TVQA, https://github.com/jayleicn/TVQA.

    Args:
        data_root (str): Folder that the other paths are relative to.
        ann_file (str): JSON lines (or a list) of ``qid``, ``q``, ``a0`` to
            ``a4``, ``answer_idx``, ``ts``, ``vid_name``, ``show_name``.
        sub_file (str, optional): Folder of ``.srt`` files, or JSON lines of
            ``vid_name`` and ``sub``.
        clip_file (str, optional): JSON with durations and descriptions of
            clips; without ``sub_file`` the descriptions stand in for
            subtitles.
        feat_file (str, optional): Features of frames; ``.h5``, ``.npz``, or
            a folder of ``.npy``.
        object_file (str, optional): Names of objects; JSON, or TVQA's
            pickle with ``trust_object_file=True``.
        trust_object_file (bool): Allow a pickle, which can run code.
        show (str, optional): Keep the questions of one show.
        **kwargs: See :class:`VideoQADataset`.

    Raises:
        UsageError: A file is absent or broken; a question cannot be used.
    """

    name = 'TVQA'

    def __init__(
        self,
        data_root: str,
        ann_file: str,
        sub_file: str | None = None,
        clip_file: str | None = None,
        feat_file: str | None = None,
        object_file: str | None = None,
        trust_object_file: bool = False,
        show: str | None = None,
        **kwargs,
    ) -> None:
        owner = type(self).__name__

        def find(path: str | None) -> Path | None:
            return path and find_data(Path(data_root) / path, owner)

        where = find(ann_file)
        questions = [
            tvqa_question(row, str(where)) for row in read_rows(where)
        ]
        if show is not None:
            questions = [q for q in questions if q.show == show]
        clips = clip_file and DescribedClips(find(clip_file))
        if clips is None or sub_file is not None or object_file is not None:
            objects = {}
            if object_file is not None:
                objects = read_objects(find(object_file), trust_object_file)
            clips = SubtitledClips(find(sub_file), objects, clips)
        rate = kwargs.get('fps', 3.0)
        features = feat_file and open_features(find(feat_file), rate)
        kwargs.setdefault('dataset', self.name)
        super().__init__(questions, clips, features, **kwargs)


@DATASETS.register_module()
class TVQAPlusDataset(TVQADataset):
    """TVQA+, https://github.com/jayleicn/TVQAplus.

    Differs from TVQA in ``answer_idx`` (a string) and ``ts`` (a list), which
    both readers take, and in the boxes, which ``TVQAPlusMetric`` reads.  Args
    are those of :class:`TVQADataset`.
    """

    name = 'TVQA+'
