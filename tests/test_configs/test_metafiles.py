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


def results(folder):
    return [
        (model['Name'], result)
        for model in read(folder)['Models']
        for result in model.get('Results', [])
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
def test_models_are_the_published_configs_under_their_names(folder):
    meta = read(folder)
    (collection,) = meta['Collections']
    by_config = {model['Config']: model for model in meta['Models']}
    assert len(by_config) == len(meta['Models'])
    assert set(by_config) == {
        path.relative_to(ROOT).as_posix() for path in published(folder)
    }
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


@methods
def test_every_number_has_a_source_and_stands_in_the_readme(folder):
    readme = (folder / 'README.md').read_text()
    section = readme.split('## Published results', 1)[1].split('\n## ', 1)[0]
    numbers = {float(text) for text in re.findall(r'\d+\.\d+', section)}
    for name, result in results(folder):
        assert result['Task'] and result['Dataset'], name
        assert result['Source'], name
        for metric, value in result['Metrics'].items():
            assert value in numbers, f'{name}: {metric} {value}'


@methods
def test_the_readme_lists_the_published_configs(folder):
    readme = (folder / 'README.md').read_text()
    for model in read(folder)['Models']:
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
