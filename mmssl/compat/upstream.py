# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Patches of single modules of other projects, run after their import."""

import os
import warnings
from importlib.util import find_spec
from types import ModuleType

NO_DEPS = 'pip install --no-deps'


def warn_about_versions(
    module: ModuleType, refusal: AssertionError | None = None
) -> None:
    """Turn the version ``assert`` of mmdet and mmaction into a warning.

    mmdet 3.3.0 and mmaction2 1.2.0 refuse mmcv 2.2 although they run on
    it.  By the time of that assertion all but ``__all__`` is defined, so
    the module is complete.
    """
    if refusal is None:
        return
    import mmcv
    import mmengine

    warnings.warn(
        f'{module.__name__} {module.__version__} was made for other '
        f'versions: found mmcv {mmcv.__version__} and mmengine '
        f'{mmengine.__version__}, wanted mmcv '
        f'>={module.mmcv_minimum_version},<{module.mmcv_maximum_version} '
        f'and mmengine >={module.mmengine_minimum_version},'
        f'<{module.mmengine_maximum_version}; if something fails: '
        f"{NO_DEPS} 'mmcv-lite<{module.mmcv_maximum_version}' "
        f"'mmengine<{module.mmengine_maximum_version}'"
    )


warn_about_versions.tolerates = AssertionError


def let_ssd_predict(module: ModuleType) -> None:
    """Give mmdet 3.3.0's ``SSDHead`` the attribute that predict reads.

    ``BaseDenseHead`` asks ``self.loss_cls`` for ``custom_cls_channels``;
    ``SSDHead`` skips the constructor that sets it, as it calls the cross
    entropy itself.
    """
    if not hasattr(module.SSDHead, 'loss_cls'):
        module.SSDHead.loss_cls = None


def leave_out_vindlu(module: ModuleType) -> None:
    """Let ``mmaction.models`` be imported beside a current transformers.

    mmaction2 1.2.0 imports VindLU wherever transformers is installed; that
    needs timm as well, and names which transformers 5 has moved.  Without
    it mmaction2 registers its own placeholders.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        too_new = int(version('transformers').split('.')[0]) >= 5
    except PackageNotFoundError:
        return
    if too_new or find_spec('timm') is None:
        module.WITH_MULTIMODAL = False


def start_3d_from_init_cfg(module: ModuleType) -> None:
    """Let mmaction2's 3D ResNets start from their ``init_cfg``.

    ``ResNet3d.init_weights`` of mmaction2 1.2.0 knows only its own argument
    ``pretrained`` and leaves ``init_cfg`` alone in silence, so pre-trained
    weights that a config names there would not be loaded.
    """
    from functools import wraps

    from mmengine.model.weight_init import initialize

    untouched = module.ResNet3d.init_weights

    @wraps(untouched)
    def init_weights(self, pretrained: str | None = None) -> None:
        untouched(self, pretrained)
        if self.init_cfg:
            initialize(self, self.init_cfg)

    module.ResNet3d.init_weights = init_weights


def match_ava_boxes_here(module: ModuleType) -> None:
    """Let AVA's evaluation do without 32 forked processes.

    ``ava_eval`` of mmaction2 1.2.0 forks them beside the threads of torch
    and OpenCV, where they can wait for ever, and never ends them; the work
    is some seconds of one process.
    """
    from types import SimpleNamespace

    class Here:
        """Stands for ``multiprocessing.Pool``."""

        def __init__(self, processes: int) -> None:
            del processes

        def map(self, function, items) -> list:
            """The plain one."""
            return list(map(function, items))

    module.multiprocessing = SimpleNamespace(Pool=Here)


def find_packages_by_import(module: ModuleType) -> None:
    """Let ``_base_ = 'mmdet::...'`` work without ``pkg_resources``.

    MMEngine 0.10.7 asks the distribution metadata, through a module that
    setuptools 82 no longer has, for a folder that the import system knows.
    That also fails for the same modules under another distribution's name.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    modules = {package: name for name, package in MODULE2PACKAGE.items()}

    def is_installed(package: str) -> bool:
        return find_spec(modules.get(package, package)) is not None

    def get_installed_path(package: str) -> str:
        spec = find_spec(modules.get(package, package))
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f'{package} is not installed, so its configs cannot be '
                f'inherited: {NO_DEPS} {package}'
            )
        return os.path.dirname(spec.origin)

    module.is_installed = is_installed
    module.get_installed_path = get_installed_path


def format_config_once(module: ModuleType) -> None:
    """Let ``Config.pretty_text`` be cheap, and let an interrupt through.

    MMEngine 0.10.7 formats the whole config anew for every checkpoint (0.1
    to 1 s), turns Ctrl-C in that time into a ``SyntaxError``, and lets the
    formatter's own failures end the training.
    """
    read = module.Config.pretty_text.fget
    formatted: dict[str, str] = {}

    def plain_text(cfg) -> str:
        wanted = cfg._format_python_code
        object.__setattr__(cfg, '_format_python_code', False)
        try:
            return read(cfg)
        finally:
            object.__setattr__(cfg, '_format_python_code', wanted)

    def pretty_text(cfg) -> str:
        """The config as Python code."""
        text = plain_text(cfg)
        if not cfg._format_python_code:
            return text
        if text not in formatted:
            try:
                formatted[text] = read(cfg)
            except SyntaxError as error:
                if isinstance(error.__context__, KeyboardInterrupt):
                    raise KeyboardInterrupt from None
                warnings.warn(
                    f'the config is shown unformatted: {error.__context__!r}'
                )
                formatted[text] = text
        return formatted[text]

    module.Config.pretty_text = property(pretty_text)


def inherit_from_mmssl(module: ModuleType) -> None:
    """Let ``_base_ = 'mmssl::simclr/simclr_tiny.py'`` work.

    MMEngine 0.10.7 has a fixed list of packages whose configs can be
    inherited, and looks for them in an installed package only.
    """
    known = module.Config._get_cfg_path

    def get_cfg_path(cfg_path: str, filename: str):
        scope, inherited, name = cfg_path.partition('::')
        if scope == 'mmssl':
            import mmssl

            return str(mmssl.get_config_dir() / name), None
        if inherited and find_spec(scope) is None:
            raise ModuleNotFoundError(f'no package {scope}', name=scope)
        return known(cfg_path, filename)

    module.Config._get_cfg_path = staticmethod(get_cfg_path)


def mend_config(module: ModuleType) -> None:
    """All patches of MMEngine's config module."""
    find_packages_by_import(module)
    inherit_from_mmssl(module)
    format_config_once(module)


def explain_failed_downloads(module: ModuleType) -> None:
    """Say which weights could not be fetched, and where to put them.

    MMEngine 0.10.7, and with it every ``init_cfg`` that names a URL or one
    of its short forms, ends with ``<urlopen error ...>`` alone.
    """
    from functools import wraps
    from urllib.parse import unquote, urlsplit

    from torch.hub import get_dir

    from mmssl.utils.errors import UsageError

    fetch = module.load_url

    @wraps(fetch)
    def load_url(url: str, model_dir: str | None = None, **options):
        try:
            return fetch(url, model_dir=model_dir, **options)
        except OSError as error:
            folder = model_dir or os.path.join(get_dir(), 'checkpoints')
            name = os.path.basename(unquote(urlsplit(url).path))
            raise UsageError(
                f'{url} could not be downloaded: {error}; put the file at '
                f'{os.path.join(folder, name)} yourself, or name another one '
                'as checkpoint in the config'
            ) from error

    module.load_url = load_url


def announce_operators(module: ModuleType) -> None:
    """Log once, when mmcv's operators are loaded, whose they are."""
    from mmengine.logging import print_log

    owner = getattr(module, 'OPERATORS', 'compiled')
    print_log(
        f'mmcv operators: {owner} (MMSSL_MMCV_OPS=compiled|torchvision|auto '
        'decides)',
        logger='current',
    )


PATCHES = {
    'mmaction': warn_about_versions,
    'mmaction.evaluation.functional.ava_utils': match_ava_boxes_here,
    'mmaction.models.backbones.resnet3d': start_3d_from_init_cfg,
    'mmaction.utils.dependency': leave_out_vindlu,
    'mmcv._ext': announce_operators,
    'mmdet': warn_about_versions,
    'mmdet.models.dense_heads.ssd_head': let_ssd_predict,
    'mmengine.config.config': mend_config,
    'mmengine.runner.checkpoint': explain_failed_downloads,
}


def tsne_iterations(count: int) -> dict[str, int]:
    """The argument of scikit-learn's t-SNE; before 1.5 it was ``n_iter``."""
    from inspect import signature

    from sklearn.manifold import TSNE

    names = signature(TSNE).parameters
    return {'max_iter' if 'max_iter' in names else 'n_iter': count}


def revert_sync_batchnorm_on_cpu(model):
    """Replace SyncBN, which raises on CPU tensors, by plain BN.

    Published configurations ask for SyncBN; on the CPU (one process or
    several over gloo) each process then uses the statistics of its own
    samples.

    Args:
        model (nn.Module): On the CPU; changed in place where a parent
            module can be kept.

    Returns:
        nn.Module: The model, or the layer that replaces it.
    """
    from mmengine.model import revert_sync_batchnorm
    from torch.nn import SyncBatchNorm

    count = sum(isinstance(layer, SyncBatchNorm) for layer in model.modules())
    if count == 0:
        return model
    warnings.warn(
        f'{count} SyncBN layers run as plain BN: SyncBN needs CUDA, and '
        'this model is on the CPU'
    )
    return revert_sync_batchnorm(model)
