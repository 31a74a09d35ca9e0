# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Reading, extracting and loading of weights."""

import os
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from torch import nn

from mmssl.utils.checkpoint import (
    extract_prefix,
    load_weights,
    read_checkpoint,
    state_dict_of,
    to_plain,
)
from mmssl.utils.errors import UsageError


class Net(nn.Module):
    def __init__(self, layers=10, width=2):
        super().__init__()
        self.backbone = nn.ModuleList(
            nn.Linear(width, width, bias=False) for _ in range(layers)
        )
        self.head = nn.Linear(width, 1, bias=False)


def test_a_file_of_tensors_is_read_without_unpickling(tmp_path):
    weights = dict(state_dict=dict(a=torch.arange(3)))
    torch.save(weights, tmp_path / 'a.pth')
    read = read_checkpoint(tmp_path / 'a.pth')
    assert read['state_dict']['a'].tolist() == [0, 1, 2]


def test_a_file_that_needs_unpickling_is_refused_naming_the_switch(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save(dict(history=HistoryBuffer([1.0], [1])), path)
    with pytest.raises(UsageError, match='--trust-checkpoint') as refusal:
        read_checkpoint(path)
    assert 'HistoryBuffer' in str(refusal.value)
    assert read_checkpoint(path, trust=True)['history'].current() == 1.0


def test_the_switch_of_the_environment_is_left_as_it_was(
    tmp_path, monkeypatch
):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)
    path = tmp_path / 'foreign.pth'
    torch.save(dict(history=HistoryBuffer([1.0], [1])), path)
    with pytest.raises(UsageError, match='foreign code'):
        read_checkpoint(path)
    assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ


def test_a_missing_and_a_truncated_file_are_told_apart(tmp_path):
    with pytest.raises(UsageError, match='checkpoint not found: .*none.pth'):
        read_checkpoint(tmp_path / 'none.pth')
    path = tmp_path / 'short.pth'
    torch.save(dict(a=torch.zeros(1000)), path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(UsageError, match='not a readable checkpoint'):
        read_checkpoint(path)


def test_a_file_without_a_dict_is_refused(tmp_path):
    torch.save(torch.zeros(3), tmp_path / 'tensor.pth')
    with pytest.raises(UsageError, match='holds a Tensor'):
        read_checkpoint(tmp_path / 'tensor.pth')


def test_a_prefix_is_cut_exactly():
    weights = {
        'backbone.bn1.weight': torch.ones(1),
        'backbone.backbone.x': torch.ones(2),
        'backbone_k.bn1.weight': torch.ones(3),
        'neck.bn1.weight': torch.ones(4),
    }
    for prefix in ('backbone', 'backbone.'):
        assert list(extract_prefix(weights, prefix)) == [
            'bn1.weight', 'backbone.x',
        ]  # fmt: skip


def test_a_prefix_that_matches_nothing_is_an_error_with_what_is_there():
    with pytest.raises(UsageError, match=r'0 of 1 keys.* begin with neck\.'):
        extract_prefix({'neck.a': torch.ones(1)})


def test_a_leading_module_is_dropped_from_names_once():
    weights = dict(state_dict={'module.module.a': 1, 'b.module.c': 2})
    assert list(state_dict_of(weights)) == ['module.a', 'b.module.c']


@pytest.mark.parametrize('key', ['state_dict', 'model', 'params'])
def test_weights_are_found_below_the_keys_of_others(key):
    weights = dict(w=torch.ones(1))
    assert state_dict_of({'cursor': 3, key: weights}) == weights
    bare = {key: torch.ones(2)}  # a parameter of that name
    assert state_dict_of(bare) == bare


def test_a_wrapper_behind_the_prefix_is_cut_off_where_all_have_it():
    names = {'encoder.module.a': 1, 'encoder.module.b': 2, 'head.c': 3}
    assert extract_prefix(names, 'encoder') == dict(a=1, b=2)
    names = {'encoder.module.a': 1, 'encoder.b': 2}
    assert extract_prefix(names, 'encoder') == {'module.a': 1, 'b': 2}


def test_loading_reports_every_name_and_copies_the_matching_ones():
    source, target = Net(), Net()
    weights = source.state_dict()
    del weights['head.weight']
    weights['extra.weight'] = torch.ones(1)
    weights['backbone.0.weight'] = torch.ones(3, 3)
    before = target.backbone[0].weight.clone()
    report = load_weights(target, weights)
    assert len(report.matched) == 9 and report.total == 11
    assert report.missing == ['head.weight']
    assert report.unexpected == ['extra.weight']
    assert report.mismatched == [
        'backbone.0.weight (3, 3) in the file, (2, 2) here'
    ]
    assert 'matched 9/11, missing 1 [head.weight]' in str(report)
    assert torch.equal(target.backbone[0].weight, before)
    for own, loaded in zip(
        target.backbone[1:], source.backbone[1:], strict=True
    ):
        assert torch.equal(own.weight, loaded.weight)


def test_a_backbone_match_below_90_percent_is_an_error_unless_allowed():
    weights = Net().state_dict()
    for number in (0, 1):
        del weights[f'backbone.{number}.weight']
    with pytest.raises(UsageError, match='8 of 10 backbone weights'):
        load_weights(Net(), weights)
    assert len(load_weights(Net(), weights, strict=False).matched) == 9


def test_a_backbone_file_without_its_prefix_is_refused_with_the_remedy():
    weights = extract_prefix(Net().state_dict())
    with pytest.raises(UsageError, match='init_cfg'):
        load_weights(Net(), weights)


def test_plain_content_holds_the_same_values_in_plain_types(tmp_path):
    content = dict(
        number=np.float64(0.1),
        numbers=np.arange(3),
        nested=OrderedDict(a=(np.int64(1), [None, 'text', True])),
        tensor=torch.ones(2),
        kinds={1, 2},
    )
    plain = to_plain(content)
    assert plain['number'] == 0.1 and type(plain['number']) is float
    assert plain['numbers'] == [0, 1, 2]
    assert plain['nested'] == dict(a=(1, [None, 'text', True]))
    assert type(plain['nested']['a'][0]) is int
    torch.save(plain, tmp_path / 'plain.pth')
    torch.load(tmp_path / 'plain.pth', weights_only=True)


def test_an_object_in_a_checkpoint_is_refused_with_its_place():
    with pytest.raises(TypeError, match=r'meta\.x\[\.\.\.\] is a Net'):
        to_plain({'x': [Net()]}, 'meta')
