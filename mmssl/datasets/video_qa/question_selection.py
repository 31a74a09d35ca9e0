# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pre-training without answers: which question belongs to the clip?"""

from collections import defaultdict

import numpy as np
from torch.utils.data import Dataset

from mmssl.datasets.transforms import view_rng
from mmssl.datasets.video_qa.base import VideoQADataset
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

NEGATIVES = ('any', 'same_show')
SALT = 7919  # apart from the random numbers of the pipeline


@DATASETS.register_module()
class QuestionSelectionDataset(Dataset):
    """The question of a clip among questions of other clips.

    Each pass draws new negatives and a new place of the true question, from
    (seed, epoch, index).  No label is used.

    Args:
        dataset (dict or VideoQADataset): Questions and clips; its pipeline
            is used.
        num_candidates (int): K, the true one included.
        negatives (str): 'any', of any other clip; 'same_show', of other
            clips of the same show, which is harder.  Never a question of
            the same clip.  Reconstructed.
        with_answer (bool): The true answer of its question behind each
            candidate; reconstructed, default off.
        seed (int): Of the draws where the sampler gives no key.

    Raises:
        UsageError: Other clips have too few questions; names the clip.
    """

    def __init__(
        self,
        dataset: dict | VideoQADataset,
        num_candidates: int = 5,
        negatives: str = 'any',
        with_answer: bool = False,
        seed: int = 0,
    ) -> None:
        if negatives not in NEGATIVES:
            raise ValueError(
                f'negatives must be in {NEGATIVES}, got {negatives!r}'
            )
        if num_candidates < 2:
            raise ValueError(
                f'num_candidates must be at least 2, got {num_candidates}'
            )
        self.dataset = (
            DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        )
        self.num_candidates = num_candidates
        self.negatives = negatives
        self.with_answer = with_answer
        self.seed = seed
        questions = self.dataset.questions
        self.groups = [
            question.show if negatives == 'same_show' else ''
            for question in questions
        ]
        # Rows of a group by clip, so that those of the others are two slices.
        rows = defaultdict(list)
        for row, question in enumerate(questions):
            rows[self.groups[row]].append((question.clip, row))
        self.rows, self.places = {}, {}
        for group, pairs in rows.items():
            pairs.sort()
            self.rows[group] = np.array([row for _, row in pairs])
            for place, (clip, _) in enumerate(pairs):
                first, _ = self.places.get((group, clip), (place, place))
                self.places[group, clip] = first, place + 1
        self._check()

    def _check(self) -> None:
        for (group, clip), (first, last) in self.places.items():
            others = len(self.rows[group]) - (last - first)
            if others < self.num_candidates - 1:
                where = f' of the show {group!r}' if group else ''
                raise UsageError(
                    f'{self.num_candidates} candidates need '
                    f'{self.num_candidates - 1} questions of other clips, '
                    f'but besides {clip} there are {others}{where}; lower '
                    'num_candidates'
                )

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def metainfo(self) -> dict:
        """That of the questions."""
        return self.dataset.metainfo

    def length(self, index: int) -> int:
        """See :meth:`VideoQADataset.length`."""
        return self.dataset.length(index)

    def draw(
        self, index: int, rng: np.random.Generator
    ) -> tuple[list[int], int]:
        """Candidates, and the place of the true one.

        Args:
            index (int): The true question.
            rng (Generator): Random numbers.

        Returns:
            tuple: K rows of the data set; place in [0, K).
        """
        group = self.groups[index]
        first, last = self.places[group, self.dataset.questions[index].clip]
        rows = self.rows[group]
        picked = rng.choice(
            len(rows) - (last - first), self.num_candidates - 1, replace=False
        )
        picked = np.where(picked < first, picked, picked + last - first)
        candidates = rows[picked].tolist()
        place = int(rng.integers(self.num_candidates))
        candidates.insert(place, index)
        return candidates, place

    def __getitem__(self, index: int) -> dict:
        results = self.dataset.read(int(index))
        key = getattr(index, 'key', (self.seed, 0, int(index)))
        candidates, place = self.draw(int(index), view_rng(key, SALT))
        questions = [self.dataset.questions[row] for row in candidates]
        results.update(
            options=[[q.text, *self._answer(q)] for q in questions],
            target=place,
            answers=[q.text for q in questions],
            span=None,
        )
        return self.dataset.transform(results, index)

    def _answer(self, question) -> list[str]:
        if not self.with_answer:
            return []
        if question.answer is None:
            raise UsageError(
                f'question {question.qid} has no known answer, which '
                'with_answer=True needs; use the training split'
            )
        return [question.answers[question.answer]]
