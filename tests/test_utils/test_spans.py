# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from golden import ROOT

from mmssl.utils.spans import (
    aligned_frames,
    best_pair,
    frame_labels_of_span,
    frames_of_span,
    nearest_sentences,
    sampled_frames,
    sentences_around,
    span_to_sentences,
    temporal_iou,
)


@pytest.fixture(scope='module')
def official():
    with np.load(ROOT / 'videoqa/tvqa_spans.npz', allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def test_the_overlap_in_time_is_the_official_one(official):
    for one, other, iou in zip(
        official['iou_pred'], official['iou_gt'], official['iou'], strict=True
    ):
        assert temporal_iou(one, other) == pytest.approx(iou, abs=1e-12)


def test_a_hull_without_length_and_a_reversed_span_overlap_by_nothing():
    assert temporal_iou((2.0, 2.0), (2.0, 2.0)) == 0
    assert temporal_iou((6.0, 3.0), (0.0, 10.0)) == 0


def test_pairs_reach_the_official_product(official):
    for i in range(4):
        start, end = official[f'pstart_{i}'], official[f'pend_{i}']
        first, last = best_pair(start, end)
        assert [first, last] == official[f'span_{i}'].tolist()
        assert start[first] * end[last] == pytest.approx(
            official[f'span_val_{i}'], abs=1e-12
        )


def test_ties_go_to_the_smaller_start_then_end_also_at_zero():
    assert best_pair(np.zeros(4), np.zeros(4)) == (0, 0)
    assert best_pair(np.ones(3), np.ones(3)) == (0, 0)
    assert best_pair(np.array([0.0, 1.0]), np.array([1.0, 0.0])) == (0, 0)
    assert best_pair(np.array([1.0]), np.array([0.0])) == (0, 0)


def test_frames_of_a_span_are_the_official_ones(official):
    for span, count, frames, first, label in zip(
        official['ts'],
        official['num_frame'].tolist(),
        official['interval_frames'].tolist(),
        official['first_img_id'].tolist(),
        official['ts_label'].tolist(),
        strict=True,
    ):
        assert list(frames_of_span(span, count)) == frames
        annotated = np.arange(first, min(300, count) + 1, 6) - 1
        assert list(frame_labels_of_span(span, annotated, count)) == label


def test_a_span_of_no_frame_gets_three_before_it():
    assert frames_of_span((200.0, 201.0), 30) == (297, 300)


def test_sentences_of_a_moment_are_the_official_ones(official):
    starts = official['sub_start_times']
    for moment, near, around in zip(
        official['query_times'], official['nearest2'].tolist(),
        official['larger_pad'].tolist(), strict=True,
    ):  # fmt: skip
        assert nearest_sentences(starts, moment) == near
        assert sentences_around(starts, moment) == [
            t for t in around if t >= 0
        ]


def test_annotated_sentences_are_the_recorded_ones():
    path = ROOT / 'videoqa/derived_span.npz'
    with np.load(path, allow_pickle=False) as g:
        for row, count in enumerate(g['lengths']):
            spans = np.stack([g['sub_start'][row], g['sub_end'][row]], 1)
            found = span_to_sentences(spans[:count], g['ts'][row])
            assert list(found) == g['ts_to_sentence'][row].tolist()
    with pytest.raises(ValueError, match='at least one sentence'):
        span_to_sentences([], (0.0, 1.0))


def test_a_sentence_that_only_touches_does_not_overlap():
    assert span_to_sentences([(0, 2), (2, 4), (4, 9)], (2, 4)) == (1, 1)
    assert span_to_sentences([(0, 2), (2, 4), (4, 9)], (1, 4.5)) == (0, 2)
    assert span_to_sentences([(0, 2), (6, 9)], (3.0, 3.0)) == (0, 0)


def test_a_sentence_between_frames_sees_the_first_of_the_nearest():
    times = torch.tensor([0.0, 1.0, 2.0, 3.0])
    spans = torch.tensor([[1.2, 1.8], [0.6, 3.0], [9.0, 9.0]])
    valid = torch.tensor([True, True, True, False])
    found = aligned_frames(spans, times, valid)
    assert found.tolist() == [
        [False, True, False, False],
        [False, True, True, False],
        [False, False, True, False],
    ]
    assert not aligned_frames(spans, times, valid & False).any()
    assert aligned_frames(spans, times[:0], valid[:0]).shape == (3, 0)
    everything = aligned_frames(spans, times, valid, math.inf)
    assert torch.equal(everything, valid.expand(3, 4))
    wider = aligned_frames(spans, times, valid, 0.3)
    assert wider[0].tolist() == [False, True, True, False]


def test_a_long_clip_is_thinned_out_evenly():
    assert sampled_frames(5).tolist() == [0, 1, 2, 3, 4]
    kept = sampled_frames(600)
    assert len(kept) == 300 and kept.tolist() == list(range(0, 600, 2))
    assert sampled_frames(7, 3).tolist() == [0, 2, 4]
