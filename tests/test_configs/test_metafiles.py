# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Model index, metafiles, READMEs and configs say the same."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs'
WITHOUT_METHOD = {'_base_', 'quickstart'}
METHODS = sorted(
    folder
    for folder in CONFIGS.iterdir()
    if folder.is_dir()
    and folder.name not in WITHOUT_METHOD
    and any(folder.glob('*.py'))
)
# For trying out, on data that nobody publishes numbers for.
OWN_SETTINGS = ('_tiny', '_mini', '_folder')

methods = pytest.mark.parametrize('folder', METHODS, ids=lambda f: f.name)


def read(folder):
    return yaml.safe_load((folder / 'metafile.yml').read_text())


def published(folder):
    """Configs that state somebody's published setting."""
    return sorted(
        path
        for path in folder.glob('*.py')
        if not path.stem.endswith(OWN_SETTINGS)
    )


def entries(folder, measured):
    """Models with numbers of ours, or those with published settings."""
    return [
        model
        for model in read(folder)['Models']
        if model['Name'].endswith(OWN_SETTINGS) == measured
    ]


def test_the_index_lists_every_metafile():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    found = [path.relative_to(ROOT) for path in CONFIGS.rglob('metafile.yml')]
    assert index['Import'] == sorted(path.as_posix() for path in found)


def test_every_folder_of_configs_has_a_readme():
    folders = {path.parent for path in CONFIGS.rglob('*.py')}
    for folder in folders:
        if '_base_' not in folder.relative_to(CONFIGS).parts:
            assert (folder / 'README.md').is_file(), folder


@methods
def test_every_method_has_a_metafile(folder):
    assert (folder / 'metafile.yml').is_file()


@methods
def test_collections_have_paper_and_readme(folder):
    (collection,) = read(folder)['Collections']
    assert set(collection) == {'Name', 'Paper', 'README', 'Metadata'}
    paper = collection['Paper']
    assert paper['Title'] and paper['URL'].startswith('https://')
    assert (ROOT / collection['README']) == folder / 'README.md'
    readme = (folder / 'README.md').read_text()
    assert paper['URL'] in readme
    assert paper['Title'].split(':')[0] in ' '.join(readme.split())


@methods
def test_models_have_the_published_configs_under_their_names(folder):
    meta = read(folder)
    (collection,) = meta['Collections']
    by_config = {model['Config']: model for model in meta['Models']}
    assert len(by_config) == len(meta['Models'])
    assert {model['Config'] for model in entries(folder, False)} == {
        path.relative_to(ROOT).as_posix() for path in published(folder)
    }
    assert all((ROOT / config).is_file() for config in by_config)
    for config, model in by_config.items():
        assert model['Name'] == Path(config).stem
        assert model['In Collection'] == collection['Name']
        metadata = model['Metadata']
        assert set(metadata) == {
            'Epochs',
            'Batch Size',
            'Parameters',
            'Training Data',
        }
        assert (
            metadata['Training Data']
            in (collection['Metadata']['Training Data'])
        )
        allowed = {'Name', 'In Collection', 'Config', 'Metadata', 'Results'}
        assert set(model) <= allowed | {'Weights', 'SHA256', 'Mirrors', 'Log'}
        # An address without a hash is not verified, and not to be listed.
        assert ('Weights' in model) == ('SHA256' in model)


def section(folder, begin):
    """Text of a page from the first line that begins so to its next head."""
    readme = (folder / 'README.md').read_text()
    return re.search(
        rf'^(?:## )?{begin}.*?(?=^## |\Z)', readme, re.M | re.S
    ).group()


@methods
@pytest.mark.parametrize('measured', [False, True])
def test_every_number_has_a_source_and_stands_in_the_readme(folder, measured):
    for model in entries(folder, measured):
        name, found = model['Name'], model.get('Results', [])
        assert found or not measured, name
        for result in found:
            begin = 'Measured here' if measured else 'Published results'
            text = section(folder, begin)
            numbers = {float(x) for x in re.findall(r'\d+\.\d+', text)}
            assert result['Task'] and result['Dataset'], name
            ours = result['Source'].startswith('measured here, seed')
            assert ours == measured, name
            for metric, value in result['Metrics'].items():
                assert value in numbers, f'{name}: {metric} {value}'


@methods
def test_the_readme_lists_the_published_configs(folder):
    readme = (folder / 'README.md').read_text()
    for model in entries(folder, measured=False):
        metadata = model['Metadata']
        epochs, batch = metadata['Epochs'], metadata['Batch Size']
        assert f'| `{model["Name"]}` | {epochs} | {batch} |' in readme


@methods
def test_the_readme_names_existing_files_only(folder):
    readme = (folder / 'README.md').read_text()
    pattern = r'(?:configs|tools|mmssl|docs)/[\w./-]*\w\.(?:py|sh|md|yml)'
    named = set(re.findall(pattern, readme))
    assert named, 'no command at all'
    missing = [name for name in named if not (ROOT / name).is_file()]
    assert not missing
    assert f'configs/{folder.name}/' in readme
