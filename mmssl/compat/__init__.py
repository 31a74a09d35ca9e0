# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Every work-around for a release of another project, and nothing else.

=================================  =======================================
upstream                           what is done here
=================================  =======================================
mmcv-lite 2.1.0                    ``mmcv._ext`` on torchvision's
has no compiled operators          operators (``operators.py``)
mmaction2 1.2.0 lacks              stand-in module (``drn.py``)
``localizers/drn``
mmaction2 1.2.0: VindLU needs      its own placeholders
timm and transformers below 5      (``upstream.py``)
mmaction2 1.2.0: ``ResNet3d``      loaded after its own initialisation
ignores ``init_cfg``               (``upstream.py``)
mmaction2 1.2.0: AVA's evaluation  done in this process
forks 32 processes beside threads  (``upstream.py``)
mmdet 3.3.0 and mmaction2 1.2.0    a warning with found, wanted and the
die by ``assert`` on mmcv 2.2      command (``upstream.py``)
mmdet 3.3.0: ``SSDHead`` cannot    the attribute that its base class reads
predict                            (``upstream.py``)
mmengine 0.10.7 finds packages by  the import system's own look-up
``pkg_resources``, gone from       (``upstream.py``)
setuptools 82
mmengine 0.10.7 inherits configs   ``mmssl::`` as well
of a fixed list of packages        (``upstream.py``)
mmengine 0.10.7 formats the config for one formatting, interrupts let
each checkpoint, swallows Ctrl-C   through (``upstream.py``)
mmengine 0.10.7: a download fails  which file, and where to put it
without a word of it               (``upstream.py``)
SyncBN on the CPU raises           :func:`revert_sync_batchnorm_on_cpu`
scikit-learn 1.5 renames t-SNE's   :func:`tsne_iterations`
number of iterations
=================================  =======================================

:func:`install` touches nothing but ``sys.meta_path``: the stand-ins are
consulted after all other finders, so that real modules win, and a patch
runs when the module it mends is imported by somebody else.
"""

import os
import sys

from mmssl.compat.finders import PatchFinder, StandInFinder
from mmssl.compat.upstream import (
    PATCHES,
    revert_sync_batchnorm_on_cpu,
    tsne_iterations,
)
from mmssl.utils.errors import UsageError

__all__ = [
    'install',
    'operator_choice',
    'revert_sync_batchnorm_on_cpu',
    'tsne_iterations',
]

OPERATOR_CHOICES = ('auto', 'compiled', 'torchvision')


def operator_choice() -> str:
    """Which mmcv operators ``MMSSL_MMCV_OPS`` asks for.

    Returns:
        str: 'auto' (compiled ones where they exist, else torchvision's),
        'compiled' or 'torchvision'.

    Raises:
        UsageError: Any other value.
    """
    choice = os.environ.get('MMSSL_MMCV_OPS', 'auto')
    if choice not in OPERATOR_CHOICES:
        raise UsageError(
            f'MMSSL_MMCV_OPS must be one of {", ".join(OPERATOR_CHOICES)}, '
            f'got {choice!r}'
        )
    return choice


def install() -> None:
    """Make the work-arounds available; a second call changes nothing.

    Raises:
        UsageError: The environment variable ``MMSSL_MMCV_OPS`` is wrong.
    """
    choice = operator_choice()
    if any(isinstance(finder, PatchFinder) for finder in sys.meta_path):
        return
    stand_ins = {
        'mmaction.models.localizers.drn': 'drn.py',
        'mmaction.models.localizers.drn.drn': 'drn.py',
    }
    operators = {'mmcv._ext': 'operators.py'}
    if choice == 'torchvision':
        sys.meta_path.insert(0, StandInFinder(operators))
    elif choice == 'auto':
        stand_ins.update(operators)
    sys.meta_path.append(StandInFinder(stand_ins))
    sys.meta_path.insert(0, PatchFinder(PATCHES))
    for name, patch in PATCHES.items():
        if name in sys.modules:
            patch(sys.modules[name])
