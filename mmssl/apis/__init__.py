# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a user calls from Python, and the command line.

Nothing is imported before it is asked for: the console entry lives here too,
and its ``--help`` must not wait for torch.
"""

from importlib import import_module

_HOMES = dict(
    FeatureExtractor='features',
    FewShotClassifier='few_shot',
    Translator='translator',
    VOSPropagator='vos',
    VideoQA='question_answering',
    extract_features='features',
    get_model='model_zoo',
    list_models='model_zoo',
)

__all__ = list(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        module = import_module(f'mmssl.apis.{_HOMES[name]}')
        return getattr(module, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
