# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from golden import assert_golden, load_golden

from mmssl.evaluation.functional import linear_probe, logistic_probe


@pytest.fixture
def clusters():
    """Three Gaussian classes, 70 training and 30 test rows."""
    labels = torch.arange(100) % 3
    features = 2 * F.one_hot(labels, 3).float() + 0.5 * torch.randn(100, 3)
    return features[:70], labels[:70], features[70:], labels[70:]


def test_probe_equals_the_authors():
    golden = load_golden('wmse/eval_linear.npz', 'a_')
    result = linear_probe(
        golden['x_train'],
        golden['y_train'],
        golden['x_test'],
        golden['y_test'],
        epochs=int(golden['epochs']),
        init=(golden['w_init'], golden['b_init']),
        perms=golden['perm'],
    )
    assert_golden(result.weight, golden['w_final'], 1e-4)
    assert_golden(result.bias, golden['b_final'], 1e-4)
    accuracy = [result.accuracy[f'top{k}'] for k in golden['topk'].tolist()]
    assert accuracy == pytest.approx(golden['acc'].tolist(), abs=1e-7)


def test_rows_that_are_no_multiple_of_the_batch_are_all_used(clusters):
    train_x, train_y, test_x, test_y = clusters
    # A class that is only in the last, smaller batch of the fixed order.
    train_y = train_y.clone()
    train_y[-2:] = 3
    order = torch.arange(70).expand(3, -1)
    init = torch.zeros(4, 3), torch.zeros(4)
    result = linear_probe(
        train_x, train_y, test_x, test_y, epochs=3, batch_size=32,
        init=init, perms=order, weight_decay=0,
    )  # fmt: skip
    weight, bias = (p.clone().requires_grad_() for p in init)
    optimizer = torch.optim.Adam([weight, bias])
    for epoch in range(3):
        optimizer.param_groups[0]['lr'] = 1e-2 * 1e-4 ** (epoch / 3)
        for rows in (slice(0, 32), slice(32, 64), slice(64, 70)):
            optimizer.zero_grad()
            logits = train_x[rows] @ weight.T + bias
            F.cross_entropy(logits, train_y[rows]).backward()
            optimizer.step()
    torch.testing.assert_close(result.weight, weight.detach())


def test_probe_separates_clusters_and_leaves_the_random_state(clusters):
    before = torch.get_rng_state()
    result = linear_probe(*clusters, lr=0.1, epochs=50, batch_size=32)
    assert torch.equal(torch.get_rng_state(), before)
    assert result.accuracy['top1'] > 0.9
    again = linear_probe(*clusters, lr=0.1, epochs=50, batch_size=32)
    assert torch.equal(result.weight, again.weight)


def test_probe_works_where_gradients_are_switched_off(clusters):
    with torch.no_grad():
        result = linear_probe(*clusters, lr=0.1, epochs=50, batch_size=32)
    assert result.accuracy['top1'] > 0.9


def test_missing_labels_are_refused(clusters):
    train_x, train_y, test_x, test_y = clusters
    with pytest.raises(ValueError, match=r'labels must be in \[0, 3\)'):
        linear_probe(train_x, train_y, test_x, test_y - 1)


def test_logistic_regression_minimises_its_objective(clusters):
    result = logistic_probe(*clusters, C=0.5)
    train_x, train_y, *_ = clusters
    weight = result.weight.double().requires_grad_()
    bias = result.bias.double().requires_grad_()
    logits = train_x.double() @ weight.T + bias
    objective = F.cross_entropy(
        logits, train_y, reduction='sum'
    ) + weight.square().sum() / (2 * 0.5)
    gradients = torch.autograd.grad(objective, [weight, bias])
    assert max(g.abs().max() for g in gradients) < 1e-2
    assert result.accuracy['top1'] > 0.9


def test_logistic_regression_of_two_classes_decides_by_the_sign():
    features = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    labels = torch.tensor([0, 0, 2, 2])
    result = logistic_probe(features, labels, features, labels)
    assert result.ranked[:, 0].tolist() == [0, 0, 2, 2]
    assert 1 in result.ranked[:, 2]  # never seen, so always last


def test_logistic_regression_of_one_class_is_refused():
    labels = torch.zeros(4, dtype=torch.long)
    with pytest.raises(ValueError, match='at least two classes'):
        logistic_probe(torch.eye(4), labels, torch.eye(4), labels)
