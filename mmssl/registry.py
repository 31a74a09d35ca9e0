# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The registries that mmssl registers into, children of MMEngine's.

Every registry has the scope ``mmssl`` and finds its modules by
``locations``, so that ``type='SimCLR'`` inside mmssl, and
``type='mmssl.SimCLR'`` anywhere else, need no import by the user.  The
other toolboxes are reached the same way: ``type='mmdet.ResNet'``.
"""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import EVALUATOR as MMENGINE_EVALUATOR
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOG_PROCESSORS as MMENGINE_LOG_PROCESSORS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import (
    OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
)
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import OPTIMIZERS as MMENGINE_OPTIMIZERS
from mmengine.registry import PARAM_SCHEDULERS as MMENGINE_PARAM_SCHEDULERS
from mmengine.registry import RUNNERS as MMENGINE_RUNNERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISBACKENDS as MMENGINE_VISBACKENDS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import (
    WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS,
)
from mmengine.registry import Registry

from mmssl import compat

compat.install()


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(
        name, parent=parent, scope='mmssl', locations=list(locations)
    )


MODELS = _child('model', MMENGINE_MODELS, 'mmssl.models')
MODEL_WRAPPERS = _child(
    'model wrapper', MMENGINE_MODEL_WRAPPERS, 'mmssl.engine'
)
DATASETS = _child('dataset', MMENGINE_DATASETS, 'mmssl.datasets')
TRANSFORMS = _child(
    'transform', MMENGINE_TRANSFORMS, 'mmssl.datasets.transforms'
)
DATA_SAMPLERS = _child(
    'data sampler', MMENGINE_DATA_SAMPLERS, 'mmssl.datasets.samplers'
)
FUNCTIONS = _child('function', MMENGINE_FUNCTIONS, 'mmssl.datasets')
METRICS = _child('metric', MMENGINE_METRICS, 'mmssl.evaluation.metrics')
EVALUATORS = _child(
    'evaluator', MMENGINE_EVALUATOR, 'mmssl.evaluation.metrics'
)
HOOKS = _child('hook', MMENGINE_HOOKS, 'mmssl.engine')
LOOPS = _child('loop', MMENGINE_LOOPS, 'mmssl.engine')
RUNNERS = _child('runner', MMENGINE_RUNNERS, 'mmssl.engine')
OPTIMIZERS = _child('optimizer', MMENGINE_OPTIMIZERS, 'mmssl.engine')
OPTIM_WRAPPERS = _child(
    'optimizer wrapper', MMENGINE_OPTIM_WRAPPERS, 'mmssl.engine'
)
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimizer wrapper constructor',
    MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    'mmssl.engine',
)
PARAM_SCHEDULERS = _child(
    'parameter scheduler', MMENGINE_PARAM_SCHEDULERS, 'mmssl.engine'
)
LOG_PROCESSORS = _child(
    'log processor', MMENGINE_LOG_PROCESSORS, 'mmssl.engine'
)
VISUALIZERS = _child('visualizer', MMENGINE_VISUALIZERS, 'mmssl.visualization')
VISBACKENDS = _child(
    'vis backend', MMENGINE_VISBACKENDS, 'mmssl.visualization'
)
WEIGHT_INITIALIZERS = _child(
    'weight initializer', MMENGINE_WEIGHT_INITIALIZERS, 'mmssl.models'
)
