# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Patches of single upstream modules."""

import subprocess
import sys
from inspect import Parameter, Signature

import pytest
from mmengine.config import Config
from mmengine.config import config as config_module

from mmssl import compat

compat.install()


@pytest.fixture
def formatter(monkeypatch):
    """Counts calls of the formatter, which can be made to fail."""
    calls = []

    def use(failure=None):
        real = config_module.FormatCode

        def format_code(text, **kwargs):
            calls.append(text)
            if failure is not None:
                raise failure
            return real(text, **kwargs)

        monkeypatch.setattr(config_module, 'FormatCode', format_code)
        return calls

    return use


def test_a_config_is_formatted_once_until_it_changes(formatter):
    calls = formatter()
    cfg = Config(dict(once=dict(type='A', sizes=[1, 2])))
    text = cfg.pretty_text
    assert cfg.pretty_text == text and len(calls) == 1
    cfg.once.sizes.append(3)
    assert '3' in cfg.pretty_text and len(calls) == 2
    assert Config.fromstring(cfg.pretty_text, '.py').once == cfg.once


def test_ctrl_c_while_formatting_stays_an_interrupt(formatter):
    formatter(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        _ = Config(dict(interrupted=1)).pretty_text


def test_a_failing_formatter_costs_the_layout_only(formatter):
    formatter(RuntimeError('no layout'))
    cfg = Config(dict(unformatted=dict(a=1)))
    with pytest.warns(UserWarning, match='unformatted.*no layout'):
        text = cfg.pretty_text
    assert Config.fromstring(text, '.py').unformatted == cfg.unformatted


@pytest.mark.parametrize('toolbox', ['mmdet', 'mmaction'])
def test_a_refused_version_is_a_warning_with_the_command(toolbox):
    """In a process of its own, where mmcv says that it is newer."""
    pytest.importorskip(toolbox)
    code = (
        'import mmcv, mmssl.registry, warnings\n'
        "mmcv.__version__ = '2.9.0'\n"
        "warnings.simplefilter('always')\n"
        f'import {toolbox}\n'
        f'print({toolbox}.__version__)'
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip()
    for part in (
        f'{toolbox} ', 'was made for other versions: found mmcv 2.9.0',
        'wanted mmcv >=2.0.0', "pip install --no-deps 'mmcv-lite<2.2.0'",
    ):  # fmt: skip
        assert part in run.stderr, part


@pytest.mark.parametrize('name', ['max_iter', 'n_iter'])
def test_tsne_is_given_its_iterations_by_their_name(monkeypatch, name):
    def fake(**kwargs):
        pass

    parameter = Parameter(name, Parameter.KEYWORD_ONLY)
    fake.__signature__ = Signature([parameter])
    monkeypatch.setattr('sklearn.manifold.TSNE', fake)
    assert compat.tsne_iterations(300) == {name: 300}


def test_mmaction_can_be_imported_beside_the_installed_transformers():
    import mmaction.models
    from mmaction.registry import MODELS

    assert mmaction.models.ResNet3dSlowOnly is MODELS.get('ResNet3dSlowOnly')


def test_a_failed_download_names_the_file_and_its_place(monkeypatch, tmp_path):
    from mmengine.runner.checkpoint import CheckpointLoader

    from mmssl.utils.errors import UsageError

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    url = 'http://127.0.0.1:9/weights-0123abcd.pth'  # nobody listens there
    place = tmp_path / 'hub' / 'checkpoints' / 'weights-0123abcd.pth'
    with pytest.raises(UsageError, match=f'{url} could .* at {place} yours'):
        CheckpointLoader.load_checkpoint(url)
