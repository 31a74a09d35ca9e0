# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import random

import numpy as np
import pytest
import torch
from coloured_pictures import config
from mmengine.structures import BaseDataElement
from torch import nn
from two_processes import run_in_two_processes

from mmssl.engine.runner import Runner
from mmssl.evaluation import extraction
from mmssl.evaluation.extraction import (
    FeatureSet,
    extract_features,
    gather,
    load_features,
    predict_features,
    row,
    save_features,
    undisturbed,
)
from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError


def test_features_are_those_of_the_model_in_evaluation_mode(
    method, make_loader
):
    method.backbone(torch.randn(8, 3, 8, 8))  # moves the batch statistics
    found = extract_features(method, make_loader(size=6))
    loader = make_loader(size=6, batch_size=6)
    method.eval()
    batch = method.data_preprocessor(next(iter(loader)))
    expected = method.extract_feat(batch['inputs'], 'pool')
    torch.testing.assert_close(found.features, expected.detach())
    assert found.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.indices.tolist() == list(range(6))
    assert found.paths[4] == '4.png'


def test_neck_stage_gives_the_embeddings(method, make_loader):
    assert extract_features(method, make_loader(), 'neck').features.shape == (
        12, 5,
    )  # fmt: skip


def test_a_shuffled_loader_gives_the_same_features(method, make_loader):
    ordered = extract_features(method, make_loader())
    shuffled = extract_features(method, make_loader(shuffle=True))
    torch.testing.assert_close(ordered.features, shuffled.features)
    assert ordered.paths == shuffled.paths


def test_unlabelled_samples_have_the_label_minus_one(method, make_loader):
    found = extract_features(method, make_loader(labelled=False))
    assert set(found.labels.tolist()) == {-1}


@pytest.mark.parametrize('num_workers', [0, 1])
def test_extraction_leaves_no_trace(method, make_loader, num_workers):
    method.train()
    method.backbone.eval()  # a frozen part stays frozen
    modes = [module.training for module in method.modules()]
    weights = {k: v.clone() for k, v in method.state_dict().items()}
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    extract_features(method, make_loader(num_workers=num_workers))
    assert [module.training for module in method.modules()] == modes
    assert all(
        torch.equal(value, weights[name])
        for name, value in method.state_dict().items()
    )
    assert all(parameter.grad is None for parameter in method.parameters())
    assert torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.array_equal(np.random.get_state()[1], states[2][1])


def test_modes_and_random_state_return_after_an_error(method):
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), undisturbed(method):
        torch.rand(3)
        assert not method.training and not torch.is_grad_enabled()
        raise RuntimeError
    assert method.training and torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), before)


def test_an_unknown_stage_is_refused(method, make_loader):
    with pytest.raises(UsageError, match=r"stage must be .* got 'map'"):
        extract_features(method, make_loader(), 'map')


def test_a_model_without_features_is_refused():
    with pytest.raises(UsageError, match='Linear has no extract_feat'):
        predict_features(nn.Linear(2, 2), {})


def test_repeated_samples_are_dropped_and_missing_ones_reported(monkeypatch):
    said = []
    monkeypatch.setattr(
        extraction, 'print_log', lambda message, **_: said.append(message)
    )
    rows = [(i, torch.full((2,), float(i)), i, '') for i in (2, 0, 2, 1, 0)]
    found = gather(rows, 4)
    assert found.indices.tolist() == [0, 1, 2]
    assert found.features[:, 0].tolist() == [0, 1, 2]
    assert 'features of 3 of the 4 samples' in said[0]


def test_samples_without_index_keep_their_order():
    samples = [BaseDataElement(feature=torch.ones(2) * i) for i in (5, 3)]
    found = gather([row(sample) for sample in samples])
    assert found.features[:, 0].tolist() == [5, 3]


def test_no_samples_are_refused():
    with pytest.raises(UsageError, match='no samples'):
        gather([])


def extract_share(rank):
    # Seven samples: the sampler of one process repeats one.
    cfg = config(test_dataloader__dataset__size=7)
    torch.manual_seed(0)
    method = MODELS.build(cfg.model)
    loader = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    assert len(loader.sampler) == 4
    found = extract_features(method, loader)
    return found.features, found.labels, found.indices


def test_two_processes_give_what_one_gives(make_loader):
    torch.manual_seed(0)
    model = MODELS.build(config().model)
    one = extract_features(model, make_loader(size=7))
    for features, labels, indices in run_in_two_processes(extract_share):
        torch.testing.assert_close(features, one.features)
        assert torch.equal(labels, one.labels)
        assert torch.equal(indices, one.indices)


@pytest.fixture
def some_features():
    return FeatureSet(
        torch.randn(3, 4), torch.tensor([0, 1, -1]), torch.arange(3),
        ['a.png', 'b/ä.png', ''],
    )  # fmt: skip


def test_a_feature_file_returns_what_was_saved(tmp_path, some_features):
    path = tmp_path / 'new' / 'features.npz'
    save_features(path, some_features, 'neck', 'config.py', 'a.pth')
    loaded, header = load_features(path)
    assert torch.equal(loaded.features, some_features.features)
    assert torch.equal(loaded.labels, some_features.labels)
    assert loaded.paths == some_features.paths
    assert header['stage'] == 'neck' and header['config'] == 'config.py'
    assert len(header['file_list_sha256']) == 64
    assert [p.name for p in path.parent.iterdir()] == ['features.npz']


def test_foreign_and_absent_feature_files_are_refused(
    tmp_path, some_features, monkeypatch
):
    with pytest.raises(UsageError, match='not found'):
        load_features(tmp_path / 'none.npz')
    (tmp_path / 'text.npz').write_text('hello')
    with pytest.raises(UsageError, match='not a feature file'):
        load_features(tmp_path / 'text.npz')
    monkeypatch.setattr(extraction, 'FORMAT_VERSION', 9)
    save_features(tmp_path / 'new.npz', some_features)
    monkeypatch.undo()
    with pytest.raises(UsageError, match='format version 9'):
        load_features(tmp_path / 'new.npz')
