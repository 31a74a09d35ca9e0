# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .algorithms import *  # noqa: F403
from .backbones import *  # noqa: F403
from .data_preprocessor import ViewsDataPreprocessor  # noqa: F401
from .heads import *  # noqa: F403
from .necks import *  # noqa: F403
from .pretrained import Pretrained  # noqa: F401
