# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Questions with subtitles: tokens, masks, packing.

begin question sep answer sep (M sentence objects) ... end; see section 3.1
of https://arxiv.org/abs/2009.08043 (the order is reconstructed).
"""

import numpy as np
import torch
from mmengine.logging import print_log

from mmssl.datasets.transforms.multi_view import view_rng
from mmssl.registry import TRANSFORMS
from mmssl.structures import DataSample
from mmssl.utils.errors import UsageError
from mmssl.utils.spans import span_to_sentences

SCOPES = dict(answer=(2,), qa=(1, 2), all=(1, 2, 3))
SPECIAL, QUESTION, ANSWER, CONTEXT = range(4)  # roles of tokens
SALT = 104729  # apart from other random numbers of the sample


@TRANSFORMS.register_module()
class TokenizeOptions:
    """Turn the options of a question into token sequences.

    Reads ``options``, ``sentences``, ``objects``, ``span``; writes ``ids``,
    ``segments``, ``roles``, lists of K arrays; ``markers``, (K, T); the kept
    ``sentences``; ``span_target``, first and last sentence of the
    annotation; ``truncated``, tokens left out of the longest option.

    Too long a text loses, until the longest option fits: objects, from the
    last sentence backwards; then sentences from the end, in training those
    outside the annotated span first; then words of the one that is left.
    Question and answer are never cut.  All options lose the same.

    Args:
        tokenizer (dict): ``TransformersTokenizer``, ``WordTokenizer`` or
            ``AutoTextTokenizer``.
        max_len (int): Tokens of a sequence.
        max_obj_per_sub (int): Objects of a sentence; reconstructed.
        keep_span (bool): Prefer sentences of the annotated span; for
            training, reconstructed.

    Raises:
        UsageError: Question and answer alone do not fit; names the question.
    """

    def __init__(
        self,
        tokenizer: dict,
        max_len: int = 512,
        max_obj_per_sub: int = 10,
        keep_span: bool = False,
    ) -> None:
        self.tokenizer = TRANSFORMS.build(tokenizer)
        self.max_len = max_len
        self.max_obj_per_sub = max_obj_per_sub
        self.keep_span = keep_span
        # Samples, objects and sentences lost; shared by all workers.
        self.lost = torch.zeros(3, dtype=torch.long).share_memory_()

    def __call__(self, results: dict) -> dict:
        headers = [self._header(option) for option in results['options']]
        longest = max(len(ids) for ids, _ in headers)
        room = self.max_len - longest - len(self.tokenizer.end)
        if room < 2:  # a marker and a word
            raise UsageError(
                f'question {results["qid"]}: question and longest answer '
                f'take {longest} tokens, which leaves no room for a sentence '
                f'in max_len={self.max_len}; raise max_len'
            )
        body, kept, truncated = self._body(results, room)
        if results['target'] is None:
            results['target'] = -1
        results.update(
            mask_id=self.tokenizer.mask_id,
            pad_id=self.tokenizer.pad_id,
            sentences=[results['sentences'][t] for t in kept],
            truncated=truncated,
        )
        spans = [s[1:] for s in results['sentences']]
        span = results['span']
        results['span_target'] = (
            (-1, -1) if span is None else span_to_sentences(spans, span)
        )
        return results | self._sequences(headers, body)

    def _header(self, option: list[str]) -> tuple[list[int], list[int]]:
        """Tokens of question and answer, with their roles."""
        text = self.tokenizer
        ids, roles = list(text.begin), [SPECIAL] * len(text.begin)
        for part, role in zip(option, (QUESTION, ANSWER), strict=False):
            found = text(part)
            ids += [*found, *text.between]
            roles += [role] * len(found) + [SPECIAL] * len(text.between)
        return ids, roles

    def _body(
        self, results: dict, room: int
    ) -> tuple[list[list[int]], list[int], int]:
        """Tokens of the kept sentences, each with its marker in front."""
        sentences = [self.tokenizer(s.text) for s in results['sentences']]
        objects = [
            [i for name in names[: self.max_obj_per_sub]
             for i in self.tokenizer(name)]
            for names in results['objects']
        ]  # fmt: skip
        sizes = [1 + len(ids) for ids in sentences]
        extra = [len(ids) for ids in objects]
        before = sum(sizes) + sum(extra)
        lost = [0, 0, 0]
        kept = list(range(len(sentences)))
        for t in reversed(kept):
            if sum(sizes) + sum(extra) <= room:
                break
            lost[1] += extra[t] > 0
            extra[t] = 0
        for t in self._expendable(results):
            if sum(sizes[i] + extra[i] for i in kept) <= room:
                break
            kept.remove(t)
            lost[2] += 1
        body = [
            [self.tokenizer.marker_id, *sentences[t], *objects[t][: extra[t]]]
            for t in kept
        ]
        if len(body) == 1:
            body[0] = body[0][:room]
        truncated = before - sum(map(len, body))
        if truncated:
            self._count([1, *lost[1:]], results['qid'])
        return body, kept, truncated

    def _expendable(self, results: dict) -> list[int]:
        """Sentences in the order in which they are dropped; one stays."""
        order = list(reversed(range(len(results['sentences']))))
        span = results['span']
        if self.keep_span and span is not None:
            spans = [s[1:] for s in results['sentences']]
            first, last = span_to_sentences(spans, span)
            # Stable: within both parts from the end.
            order.sort(key=lambda t: first <= t <= last)
        return order[:-1]

    def _count(self, lost: list[int], qid: int) -> None:
        """Add to the counts; say so at the 1st, 10th, 100th ... sample."""
        self.lost += torch.tensor(lost)
        samples, objects, sentences = self.lost.tolist()
        if samples == 10 ** (len(str(samples)) - 1):
            print_log(
                f'max_len={self.max_len}: {samples} samples were shortened '
                f'so far, by the objects of {objects} sentences and by '
                f'{sentences} sentences (last: question {qid})',
                logger='current',
                level=30,
            )

    def _sequences(self, headers: list, body: list[list[int]]) -> dict:
        """Arrays of every option."""
        text = self.tokenizer
        tail = [i for ids in body for i in ids] + list(text.end)
        starts = np.cumsum([0] + [len(ids) for ids in body[:-1]])
        tail_roles = np.full(len(tail), CONTEXT)
        tail_roles[starts] = SPECIAL
        tail_roles[len(tail) - len(text.end) :] = SPECIAL
        found = dict(ids=[], segments=[], roles=[], markers=[])
        for ids, roles in headers:
            second = np.arange(len(ids) + len(tail)) >= len(ids)
            found['ids'].append(np.array([*ids, *tail]))
            found['segments'].append(second * int(text.two_segments))
            found['roles'].append(np.concatenate([roles, tail_roles]))
            found['markers'].append(len(ids) + starts)
        return found


@TRANSFORMS.register_module()
class MaskTrueAnswer:
    """A copy of the true option in which words of the answer are masked.

    Writes ``masked_ids``.  For training only: at test nothing is masked.

    Args:
        p (float): Probability of each word, in (0, 1]; at least one is
            masked.  Reconstructed.
        scope (str): 'answer', 'qa' (question too) or 'all' (sentences too);
            reconstructed.
        seed (int, optional): Of the draws instead of the sample's key.

    Raises:
        UsageError: The true answer is not known, or has no word.
    """

    def __init__(
        self, p: float = 0.5, scope: str = 'answer', seed: int | None = None
    ) -> None:
        if not 0 < p <= 1:
            raise ValueError(f'p must be in (0, 1], got {p}')
        if scope not in SCOPES:
            raise ValueError(
                f'scope must be in {tuple(SCOPES)}, got {scope!r}'
            )
        self.p = p
        self.scope = scope
        self.seed = seed

    def __call__(self, results: dict) -> dict:
        target = results['target']
        if target is None or target < 0:
            raise UsageError(
                f'question {results["qid"]}: its answer is not known, so '
                'nothing can be masked; MaskTrueAnswer is for training'
            )
        key = results['key']
        if self.seed is not None:
            key = (self.seed, *key[1:])
        rng = view_rng(key, SALT)
        places = np.isin(results['roles'][target], SCOPES[self.scope])
        (places,) = places.nonzero()
        if not len(places):
            raise UsageError(
                f'question {results["qid"]}: the true answer has no word '
                'that could be masked'
            )
        chosen = places[rng.random(len(places)) < self.p]
        if not len(chosen):
            chosen = rng.choice(places, 1)
        ids = results['ids'][target].copy()
        ids[chosen] = results['mask_id']
        results['masked_ids'] = ids
        return results


@TRANSFORMS.register_module()
class PackVideoQAInputs:
    """Arrays for ``collate_video_qa``, and what is known of the question.

    Data samples have ``qid``, ``clip``, ``label`` (the true option, if
    known), ``groups`` (data set, question type, show, level), ``question``,
    ``answers``, ``sentences``, ``sentence_spans``, ``frame_times``,
    ``span`` and ``truncated``.
    """

    def __call__(self, results: dict) -> dict:
        spans = [s[1:] for s in results['sentences']]
        inputs = dict(
            ids=results['ids'],
            segments=results['segments'],
            markers=np.stack(results['markers']),
            spans=np.array(spans, np.float32),
            frames=results['frames'],
            times=results['times'],
            target=results['target'],
            span_target=results['span_target'],
            pad_id=results['pad_id'],
        )
        if 'masked_ids' in results:
            inputs['masked_ids'] = results['masked_ids']
        sample = DataSample()
        names = ('sample_idx', 'qid', 'clip', 'groups', 'question', 'answers')
        fields = {name: results[name] for name in names}
        fields |= dict(
            sentences=[s.text for s in results['sentences']],
            sentence_spans=spans,
            frame_times=results['times'],
            span=results['span'],
            truncated=results['truncated'],
        )
        if results['target'] >= 0:
            fields['label'] = results['target']
        for name, value in fields.items():
            sample.set_field(value, name, field_type='metainfo')
        return dict(inputs=inputs, data_samples=sample)
