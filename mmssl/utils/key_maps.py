# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Names of weights in other people's checkpoints, as data.

A :class:`Layout` says where a published file keeps its weights and what each
is called here; :func:`convert` applies it.  Names are those of the code that
wrote the files, see ``source`` of each layout.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from mmssl.utils.errors import UsageError


class Rule(NamedTuple):
    """One line of a map.

    Args:
        pattern (str): Regular expression of a whole name.
        name (str, optional): What it is called here, with ``\\1`` for the
            first group; None leaves the entry out on purpose.
        change (Callable, optional): From the tensor to ours.
    """

    pattern: str
    name: str | None
    change: Callable[[Tensor], Tensor] | None = None


class Layout(NamedTuple):
    """A kind of checkpoint.

    Args:
        source (str): Code that writes it.
        rules (tuple[Rule, ...]): The first that fits a name counts.
        sections (dict): Entry of the file that holds weights to the prefix
            its names get; where the file has none of them it is a bare
            state dict.
    """

    source: str
    rules: tuple[Rule, ...]
    sections: dict[str, str]


class Converted(NamedTuple):
    """What :func:`convert` made, by name."""

    weights: dict[str, Tensor]
    left_out: list[str]
    unmatched: list[str]


def _columns_to_rows(queue: Tensor) -> Tensor:
    """(D, K) queue of MoCo to our (K, D)."""
    return queue.t().contiguous()


def _to_scalar(pointer: Tensor) -> Tensor:
    return pointer.reshape(())


def _to_linear(kernel: Tensor) -> Tensor:
    """A 1 x 1 convolution is our linear layer over positions."""
    return kernel.flatten(1)


# torchvision's, and so mmdet's, names of a ResNet.
_RESNET = r'((?:conv1|bn1|layer[1-4])\..+)'
_FLAT = {'state_dict': ''}


def _twice(online: str, target: str, *rules: Rule) -> tuple[Rule, ...]:
    """Rules of a network and of its slow copy.

    Args:
        online (str): Pattern that begins the names of the network.
        target (str): The same of the slow copy.
        rules (Rule): Of what follows.
    """
    return tuple(
        Rule(theirs + rule.pattern, ours + rule.name, rule.change)
        for theirs, ours in ((online, ''), (target, 'momentum_encoder.'))
        for rule in rules
    )


def _slow_only() -> Iterator[Rule]:
    """PySlowFast's Slow pathway to mmaction2's ``ResNet3dSlowOnly``."""
    stem = r'backbone\.s1\.pathway0_stem\.'
    yield Rule(stem + r'conv\.(.+)', r'backbone.conv1.conv.\1')
    yield Rule(stem + r'bn\.(.+)', r'backbone.conv1.bn.\1')
    for stage in range(1, 5):
        block = rf'backbone\.s{stage + 1}\.pathway0_res(\d+)\.'
        for theirs, ours in (
            ('branch1', 'downsample'),
            (r'branch2\.a', 'conv1'),
            (r'branch2\.b', 'conv2'),
            (r'branch2\.c', 'conv3'),
        ):
            ours = rf'backbone.layer{stage}.\1.{ours}'
            yield Rule(rf'{block}{theirs}\.(.+)', rf'{ours}.conv.\2')
            yield Rule(rf'{block}{theirs}_bn\.(.+)', rf'{ours}.bn.\2')


LAYOUTS = {
    'torchvision': Layout(
        'torchvision.models.resnet',
        (Rule(_RESNET, r'backbone.\1'), Rule(r'fc\..+', None)),
        _FLAT,
    ),
    'moco': Layout(
        'facebookresearch/moco, moco/builder.py (v1 and v2)',
        (
            *_twice(
                r'encoder_q\.',
                r'encoder_k\.',
                Rule(_RESNET, r'backbone.\1'),
                Rule(r'fc\.(\d+\..+)', r'neck.mlp.\1'),
                Rule(r'fc\.(weight|bias)', r'neck.mlp.0.\1'),
            ),
            Rule('queue', 'queue.rows', _columns_to_rows),
            Rule('queue_ptr', 'queue.written', _to_scalar),
        ),
        _FLAT,
    ),
    'densecl': Layout(
        'WXinlong/DenseCL, openselfsup/models/densecl.py and necks.py',
        (
            *_twice(
                r'encoder_q\.',
                r'encoder_k\.',
                Rule(r'0\.' + _RESNET, r'backbone.\1'),
                Rule(r'1\.mlp\.(.+)', r'neck.mlp.\1'),
                Rule(r'1\.mlp2\.(.+weight)', r'neck.dense_mlp.\1', _to_linear),
                Rule(r'1\.mlp2\.(.+bias)', r'neck.dense_mlp.\1'),
            ),
            Rule('queue', 'queue.rows', _columns_to_rows),
            Rule('queue_ptr', 'queue.written', _to_scalar),
            Rule('queue2', 'dense_queue.rows', _columns_to_rows),
            Rule('queue2_ptr', 'dense_queue.written', _to_scalar),
            # The same tensors as encoder_q.0.
            Rule(r'backbone\..+', None),
            # Published files of the backbone alone.
            Rule(_RESNET, r'backbone.\1'),
        ),
        _FLAT,
    ),
    'orl': Layout(
        'Jiahao000/ORL, openselfsup/models/orl.py and byol.py',
        (
            *_twice(
                r'online_net\.',
                r'target_net\.',
                Rule(r'0\.' + _RESNET, r'backbone.\1'),
                Rule(r'1\.mlp\.(.+)', r'neck.mlp.\1'),
            ),
            Rule(r'(?:global_)?head\.predictor\.mlp\.(.+)', r'head.mlp.\1'),
            Rule(
                r'local_(intra|inter)_head\.predictor\.mlp\.(.+)',
                r'\1_head.mlp.\2',
            ),
            # The same tensors as online_net.
            Rule(r'(?:backbone|neck)\..+', None),
            # Published files of the backbone alone.
            Rule(_RESNET, r'backbone.\1'),
        ),
        _FLAT,
    ),
    'scrl': Layout(
        'kakaobrain/scrl, trainer/base.py and models/backbone.py',
        (
            # The children of torchvision's ResNet by number.
            *_twice(
                r'online\.',
                r'target\.',
                Rule(r'encoder\.0\.(.+)', r'backbone.conv1.\1'),
                Rule(r'encoder\.1\.(.+)', r'backbone.bn1.\1'),
                Rule(r'encoder\.4\.(.+)', r'backbone.layer1.\1'),
                Rule(r'encoder\.5\.(.+)', r'backbone.layer2.\1'),
                Rule(r'encoder\.6\.(.+)', r'backbone.layer3.\1'),
                Rule(r'encoder\.7\.(.+)', r'backbone.layer4.\1'),
                Rule(r'projector\.net\.(.+)', r'neck.mlp.\1'),
            ),
            Rule(r'predictor\.net\.(.+)', r'head.mlp.\1'),
            Rule(r'evaluator\.linear\.(.+)', r'probe.fc.\1'),
        ),
        {
            'online_network_state_dict': 'online.',
            'target_network_state_dict': 'target.',
            'predictor_state_dict': 'predictor.',
            'evaluator_state_dict': 'evaluator.',
        },
    ),
    'wmse': Layout(
        'htdt/self-supervised, model.py, methods/base.py and methods/byol.py',
        (
            Rule(r'model\.' + _RESNET, r'backbone.\1'),
            Rule(r'head\.(\d+\..+)', r'neck.mlp.\1'),
            # Of the BYOL variant.
            Rule(r'pred\.(\d+\..+)', r'head.mlp.\1'),
            Rule(r'model_t\.' + _RESNET, r'momentum_encoder.backbone.\1'),
            Rule(r'head_t\.(\d+\..+)', r'momentum_encoder.neck.mlp.\1'),
        ),
        _FLAT,
    ),
    'amdim': Layout(
        'Philip-Bachman/amdim-public and Alibaba-AAIG/SSL-FEW-SHOT',
        (
            Rule(r'encoder\.(.+)', r'backbone.\1'),
            # The online classifiers of ImageNet's or the user's classes.
            Rule(r'evaluator\..+', None),
        ),
        {'model': '', 'params': ''},
    ),
    'rho': Layout(
        'facebookresearch/SlowFast, models/contrastive.py with Slow-only',
        (
            *_slow_only(),
            # The MLP is dropped for every use downstream; the slow copy, the
            # queue and their counters serve pre-training only.
            Rule(r'backbone\.head\..+', None),
            Rule(r'(?:backbone_hist\.|queue|ptr|knn_mem|iter).*', None),
        ),
        {'model_state': ''},
    ),
    'dense_vos': Layout(
        'visinf/dense-ulearn-vos, models/net.py and utils/checkpoints.py',
        (
            Rule(r'backbone\.' + _RESNET, r'backbone.\1'),
            Rule(r'emb_q\.(.+)', r'neck.\1'),
        ),
        {'model': ''},
    ),
}
"""By the name that the tool takes."""


def weights_in(checkpoint: Mapping[str, Any], layout: Layout) -> dict:
    """All weights of a file under flat names.

    ``module.`` of DataParallel goes wherever it stands.

    Args:
        checkpoint (Mapping): Content of the file.
        layout (Layout): What kind of file it is.

    Returns:
        dict[str, Tensor]: Names of the authors to tensors.
    """
    sections = [key for key in layout.sections if key in checkpoint]
    parts = [(layout.sections[key], checkpoint[key]) for key in sections]
    return {
        re.sub(r'(^|\.)module\.', r'\1', prefix + name): value
        for prefix, weights in parts or [('', checkpoint)]
        for name, value in weights.items()
        if isinstance(value, Tensor)
    }


def convert(weights: Mapping[str, Tensor], layout: Layout) -> Converted:
    """Rename, and change where a tensor is kept in another form.

    Args:
        weights (Mapping[str, Tensor]): As from :func:`weights_in`.
        layout (Layout): The map.

    Returns:
        Converted: Weights under our names; names left out on purpose; names
        that no rule knows.

    Raises:
        UsageError: Two entries would get one name.
    """
    converted, left_out, unmatched = {}, [], []
    for name, value in weights.items():
        for rule in layout.rules:
            match = re.fullmatch(rule.pattern, name)
            if match:
                break
        else:
            unmatched.append(name)
            continue
        if rule.name is None:
            left_out.append(name)
            continue
        ours = match.expand(rule.name)
        if ours in converted:
            raise UsageError(
                f'two entries of the checkpoint would be {ours}, the second '
                f'is {name}: not a file of this layout'
            )
        converted[ours] = rule.change(value) if rule.change else value
    return Converted(converted, left_out, unmatched)


def to_torchvision(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names of torchvision's ResNet, without its ``fc``.

    Args:
        weights (Mapping[str, Tensor]): A ResNet's, as mmdet names them.

    Raises:
        UsageError: A name is not of a ResNet.
    """
    return {_resnet_name(name): value for name, value in weights.items()}


def to_detectron2(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names of Detectron2's ResNet: ``stem.conv1``, ``res2.0.conv1.norm``.

    The mapping is that of MoCo's published converter
    (facebookresearch/moco, detection/convert-pretrain-to-detectron2.py).

    Args:
        weights (Mapping[str, Tensor]): A ResNet's, as mmdet names them.

    Raises:
        UsageError: A name is not of a ResNet.
    """
    renamed = {}
    for name, value in weights.items():
        name = _resnet_name(name)
        name = re.sub(r'^(conv1|bn1)', r'stem.\1', name)
        name = re.sub(
            r'^layer(\d)', lambda m: f'res{int(m.group(1)) + 1}', name
        )
        name = re.sub(r'bn(\d)', r'conv\1.norm', name)
        name = name.replace('downsample.0', 'shortcut')
        name = name.replace('downsample.1', 'shortcut.norm')
        renamed[name] = value
    return renamed


def _resnet_name(name: str) -> str:
    if not re.fullmatch(_RESNET, name):
        raise UsageError(
            f'{name} is no weight of a ResNet with the names of torchvision; '
            'only those backbones can be written for torchvision and '
            'Detectron2'
        )
    return name
