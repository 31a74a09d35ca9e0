# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.models.layers import FeatureQueue, shuffled_forward


def numbered(start, n=4):
    return torch.arange(start, start + n).float()[:, None].repeat(1, 3)


def test_ring_starts_as_the_same_unit_rows_everywhere():
    queue = FeatureQueue(3, 8)
    torch.manual_seed(77)
    assert torch.equal(queue.rows, FeatureQueue(3, 8).rows)
    assert torch.allclose(queue.rows.norm(dim=1), torch.ones(8))


def test_push_alone_changes_no_buffer():
    queue = FeatureQueue(3, 8)
    before = {k: v.clone() for k, v in queue.state_dict().items()}
    queue.push(numbered(0))
    for name, value in queue.state_dict().items():
        assert torch.equal(value, before[name])


def test_every_row_is_replaced_once_in_order_then_the_oldest_go_first():
    queue = FeatureQueue(3, 8)
    for step in range(2):
        assert not queue.full
        queue.push(numbered(4 * step))
        queue.write()
    assert queue.full and queue.pointer == 0
    assert queue.rows[:, 0].tolist() == list(range(8))
    queue.push(numbered(8))
    queue.write()
    assert queue.rows[:, 0].tolist() == [8, 9, 10, 11, 4, 5, 6, 7]
    assert queue.pointer == 4


def test_write_takes_all_micro_batches_of_a_step_in_their_order():
    queue = FeatureQueue(3, 8)
    for start in (0, 4, 8):  # more than fits: the newest stay
        queue.push(numbered(start))
    queue.write()
    assert sorted(queue.rows[:, 0].tolist()) == list(range(4, 12))
    assert queue.rows[:, 0].tolist() == [8, 9, 10, 11, 4, 5, 6, 7]
    queue.write()  # nothing is pending any more
    assert queue.written == 12


def test_pushed_rows_carry_no_gradient():
    queue = FeatureQueue(3, 8)
    queue.push(numbered(0).requires_grad_())
    queue.write()
    assert not queue.rows.requires_grad


def test_ring_and_position_are_in_the_state_dict():
    queue, other = FeatureQueue(3, 8), FeatureQueue(3, 8)
    queue.push(numbered(0))
    queue.write()
    other.load_state_dict(queue.state_dict())
    assert torch.equal(other.rows, queue.rows) and other.pointer == 4


def test_batches_that_do_not_divide_the_length_are_refused():
    queue = FeatureQueue(3, 8)
    with pytest.raises(ValueError, match='queue of 8 and a batch of 3'):
        queue.push(numbered(0, 3))
    with pytest.raises(ValueError, match='a batch of 16'):
        queue.push(numbered(0, 16))
    assert not queue.pending
    with pytest.raises(ValueError, match='length must be > 0, got 0'):
        FeatureQueue(3, 0)


def test_one_process_has_nobody_to_shuffle_with():
    x = torch.randn(6, 3, requires_grad=True)
    seen = []
    out = shuffled_forward(lambda batch: seen.append(batch) or 2 * batch, x)
    assert seen[0] is x
    assert torch.equal(out, 2 * x) and not out.requires_grad
