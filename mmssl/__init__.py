# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Self-supervised learning for images, scenes and video on OpenMMLab.

Importing the package costs nothing: torch, MMEngine and the toolboxes are
imported by the module that needs them.
"""

from importlib import import_module
from pathlib import Path

__version__ = '0.1.0'

_FROM_APIS = (
    'FeatureExtractor',
    'FewShotClassifier',
    'Translator',
    'VOSPropagator',
    'VideoQA',
    'extract_features',
    'get_model',
    'list_models',
)

__all__ = ['__version__', 'get_config_dir', 'get_tools_dir', *_FROM_APIS]


def get_config_dir() -> Path:
    """Folder of the shipped configs, of a checkout or of a wheel."""
    return shipped('configs')


def get_tools_dir() -> Path:
    """Folder of the shipped tools, of a checkout or of a wheel."""
    return shipped('tools')


def shipped(name: str) -> Path:
    """What lies beside the package in a checkout, inside it in a wheel.

    Args:
        name (str): 'configs', 'tools', 'requirements' or 'model-index.yml'.

    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    installed, checkout = package / '.mim', package.parent
    # Without pyproject.toml the parent is site-packages, where a folder of
    # that name is somebody else's.
    is_checkout = (checkout / 'pyproject.toml').is_file()
    path = (checkout if is_checkout else installed) / name
    if not path.exists():
        raise FileNotFoundError(
            f'{path} is missing; install mmssl again from its source tree '
            'or wheel'
        )
    return path


def __getattr__(name: str):
    if name in _FROM_APIS:
        return getattr(import_module('mmssl.apis'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
