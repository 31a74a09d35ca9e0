# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Models by name, with and without weights."""

import pytest
import torch
import yaml

import mmssl
from mmssl.apis.model_zoo import download_weights, zoo_table
from mmssl.utils.download import sha256_of
from mmssl.utils.errors import UsageError

NAME = 'simclr_tiny'


@pytest.fixture
def checkpoint(tmp_path):
    """A model's weights, other than those of initialisation."""
    model = mmssl.get_model(NAME)
    for weight in model.parameters():
        torch.nn.init.constant_(weight, 0.25)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    return tmp_path / 'weights.pth'


@pytest.fixture
def own_config(tmp_path):
    """Path of a config outside the shipped ones."""
    shipped = mmssl.get_config_dir() / 'simclr' / f'{NAME}.py'
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = ['{shipped}']\n")
    return path


def holds(model, value):
    return all((weight == value).all() for weight in model.parameters())


def test_names_are_those_of_the_configs_and_patterns_select():
    names = mmssl.list_models()
    assert names == sorted(set(names))
    assert NAME in names
    assert 'default_runtime' not in names, 'fragments are no models'
    some = mmssl.list_models('wmse?_tiny')
    assert some == ['wmse2_tiny', 'wmse4_tiny']
    assert mmssl.list_models('no_such*') == []


def test_a_model_has_the_data_preprocessor_of_its_config(capfd):
    model = mmssl.get_model(NAME)
    assert 'init_weights' not in ''.join(capfd.readouterr())
    assert type(model).__name__ == 'SimCLR'
    assert model.data_preprocessor.mean.tolist() == [110.0] * 3
    assert not model.training


def test_a_model_may_be_that_of_another_toolbox():
    pytest.importorskip('mmdet')
    model = mmssl.get_model('fcos_overfit_mini')
    assert type(model).__module__.startswith('mmdet.')


def test_weights_come_from_a_path(checkpoint):
    assert holds(mmssl.get_model(NAME, pretrained=checkpoint), 0.25)
    assert holds(mmssl.get_model(NAME, pretrained=str(checkpoint)), 0.25)
    assert not holds(mmssl.get_model(NAME), 0.25)


def test_weights_of_another_model_are_refused(checkpoint):
    with pytest.raises(UsageError, match='backbone weights of the model'):
        mmssl.get_model(
            'wmse2_resnet18_1xb512-steplr-1000e_cifar10', pretrained=checkpoint
        )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match='checkpoint not found: .*no.pth'):
        mmssl.get_model(NAME, pretrained=tmp_path / 'no.pth')


def test_without_published_weights_the_message_says_what_to_do():
    with pytest.raises(
        UsageError,
        match=r'no published weights of simclr_tiny; .*pretrained=PATH\) '
        'takes work_dirs/simclr_tiny/epoch_4.pth',
    ):
        mmssl.get_model(NAME, pretrained=True)
    with pytest.raises(UsageError, match='work_dirs/curl_tiny/iter_600.pth'):
        mmssl.get_model('curl_tiny', pretrained=True)


def test_weights_of_its_own_spare_a_model_those_it_starts_from(tmp_path):
    name = 'protonet_mini'  # its encoder starts from AMDIM's checkpoint
    with pytest.raises(UsageError, match='starts from pre-trained weights'):
        mmssl.get_model(name)
    untrained = tmp_path / 'untrained.py'
    shipped = mmssl.get_config_dir() / 'ssl_fewshot' / f'{name}.py'
    untrained.write_text(
        f"_base_ = ['{shipped}']\nmodel = dict(backbone=dict(init_cfg=None))\n"
    )
    path = tmp_path / 'weights.pth'
    state = mmssl.get_model(untrained).state_dict()
    torch.save(dict(state_dict=state), path)
    loaded = mmssl.get_model(name, pretrained=path).state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)


@pytest.fixture
def published(own_config, checkpoint, monkeypatch, tmp_path):
    """A config whose metafile names weights at a ``file:`` address."""
    monkeypatch.setenv('MMSSL_HOME', str(tmp_path / 'home'))
    mine = dict(
        Name='mine', Weights=checkpoint.as_uri(), SHA256=sha256_of(checkpoint)
    )
    models = [dict(Name='another', Weights='https://no.where/x.pth'), mine]
    own_config.with_name('metafile.yml').write_text(
        yaml.safe_dump(dict(Models=models))
    )
    return str(own_config)


def test_published_weights_are_those_of_the_metafile(published, tmp_path):
    assert holds(mmssl.get_model(published, pretrained=True), 0.25)
    kept = tmp_path / 'home' / 'checkpoints' / 'weights.pth'
    assert kept.is_file()
    assert download_weights(published) == kept
    elsewhere = download_weights(published, tmp_path / 'there')
    assert elsewhere == tmp_path / 'there' / 'weights.pth'


def test_weights_that_changed_are_refused(published, checkpoint):
    checkpoint.write_bytes(b'something else')
    with pytest.raises(UsageError, match='has SHA-256'):
        mmssl.get_model(published, pretrained=True)


def test_the_table_holds_what_the_metafiles_say():
    (row,) = zoo_table('mocov2_*_in1k')
    assert row['data'] == 'ImageNet-1k' and row['epochs'] == 200
    assert row['results'][0][2:4] == ('Top 1 Accuracy', 67.5)
    assert not row['weights']
    (row,) = zoo_table('simclr_mini')
    assert row['results'][1][2:] == (
        'Top 1 Accuracy', 45.6, 'measured here, seeds 0, 1, 2',
    )  # fmt: skip
    assert len(zoo_table()) > 40
    assert zoo_table('no such*') == []


def test_a_misspelt_name_gets_the_nearest():
    with pytest.raises(UsageError, match='did you mean .*simclr_tiny'):
        mmssl.get_model('simclr_tini')
