# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Finding configs, merging options, refusing misspelt keys."""

import pytest
from mmengine.config import Config

from mmssl.utils.config import (
    check_top_level,
    find_config,
    load_config,
    merge_options,
    require_keys,
)
from mmssl.utils.errors import UsageError

TEXT = """
width = 3
model = dict(type='Toy', backbone=dict(depth=50))
pipeline = [dict(type='Load'), dict(type='Flip', prob=0.5)]
"""


@pytest.fixture
def shipped(tmp_path):
    for name in ('a/toy_one.py', 'b/toy_two.py', 'b/twin.py', 'c/twin.py'):
        path = tmp_path / 'configs' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT)
    return tmp_path / 'configs'


def test_a_shipped_config_is_found_by_its_bare_name(shipped):
    assert find_config('toy_one', shipped) == shipped / 'a/toy_one.py'
    assert find_config('toy_two.py', shipped) == shipped / 'b/toy_two.py'


def test_a_file_is_found_relative_to_the_current_folder(shipped, monkeypatch):
    monkeypatch.chdir(shipped / 'a')
    assert find_config('toy_one.py') == shipped / 'a/toy_one.py'


def test_an_unknown_config_names_the_nearest(shipped):
    with pytest.raises(UsageError, match='not found: toy_on; .*toy_one'):
        find_config('toy_on', shipped)


def test_a_name_that_two_configs_share_is_refused(shipped):
    with pytest.raises(UsageError, match='not unique'):
        find_config('twin', shipped)


def test_a_config_that_is_no_python_is_one_sentence(tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text('model = dict(')
    with pytest.raises(UsageError, match='cannot read the config'):
        load_config(str(path))


def test_options_reach_dicts_and_list_items():
    cfg = Config.fromstring(TEXT, '.py')
    merge_options(cfg, {'model.backbone.depth': 18, 'pipeline.1.prob': 0.1})
    assert cfg.model.backbone.depth == 18 and cfg.pipeline[1].prob == 0.1


def test_an_unknown_option_names_the_nearest_keys_and_the_way_out():
    cfg = Config.fromstring(TEXT, '.py')
    with pytest.raises(UsageError) as error:
        merge_options(cfg, {'model.backbon.depth': 18})
    assert 'model.backbone.depth' in str(error.value)
    assert '+model.backbon.depth' in str(error.value)


def test_an_option_with_a_plus_adds_a_key():
    cfg = Config.fromstring(TEXT, '.py')
    merge_options(cfg, {'+model.neck.type': 'MLP', '+model.backbone.a': 1})
    assert cfg.model.neck.type == 'MLP'
    assert cfg.model.backbone == dict(depth=50, a=1)


def test_an_index_beyond_the_list_is_unknown():
    cfg = Config.fromstring(TEXT, '.py')
    with pytest.raises(UsageError, match=r'no key pipeline\.2\.prob'):
        merge_options(cfg, {'pipeline.2.prob': 1})


def test_a_near_miss_of_a_runner_key_is_refused_a_variable_is_not():
    check_top_level(Config(dict(embed_dim=3, view_a={}, model={})))
    with pytest.raises(UsageError, match='did you mean train_dataloader'):
        check_top_level(Config(dict(train_dataloder={})))


def test_what_a_tool_needs_is_named():
    with pytest.raises(UsageError, match='testing: .* test_cfg, evaluator'):
        require_keys(
            Config(dict(model={})), ('model', 'test_cfg', 'evaluator'),
            'testing',
        )  # fmt: skip


def test_all_parts_take_the_pretrained_weights(tmp_path):
    path = tmp_path / 'detector.py'
    path.write_text(
        'pretrained = None\n'
        "weights = dict(type='Pretrained', checkpoint=None)\n"
        'model = dict(backbone=dict(init_cfg=weights), parts=[\n'
        '    dict(init_cfg=weights),\n'
        "    dict(init_cfg=dict(type='Pretrained', checkpoint='own.pth')),\n"
        "    dict(init_cfg=dict(type='Normal', checkpoint=None))])\n"
    )
    cfg = load_config(str(path), {'pretrained': 'a.pth'})
    assert cfg.model.backbone.init_cfg.checkpoint == 'a.pth'
    found = [part.init_cfg.checkpoint for part in cfg.model.parts]
    assert found == ['a.pth', 'own.pth', None]


def test_all_data_sets_follow_the_data_root(tmp_path):
    path = tmp_path / 'rooted.py'
    path.write_text(
        "data_root = 'data/a/'\n"
        'dataset = dict(data_root=data_root, parts=[\n'
        "    dict(data_root=data_root + 'part'), dict(data_root='data/b')])\n"
        "metric = dict(ann_file=data_root + 'val.json')\n"
    )
    cfg = load_config(str(path), {'data_root': '/moved/'})
    assert cfg.data_root == cfg.dataset.data_root == '/moved/'
    roots = [part.data_root for part in cfg.dataset.parts]
    assert roots == ['/moved/part', 'data/b']
    assert cfg.metric.ann_file == '/moved/val.json'
