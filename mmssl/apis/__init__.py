# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a user calls from Python, and the command line.

Nothing is imported before it is asked for: the console entry lives here too,
and its ``--help`` must not wait for torch.
"""

from mmssl.utils.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    features='FeatureExtractor extract_features',
    few_shot='FewShotClassifier',
    model_zoo='get_model list_models',
    question_answering='VideoQA',
    translator='Translator',
    vos='VOSPropagator',
)
