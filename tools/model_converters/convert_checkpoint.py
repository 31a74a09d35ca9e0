# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Turn checkpoints of other codes into ours, and ours into theirs."""

import pickle
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.lazy import OptionalPackage
from mmssl.utils.tool import ToolParser, run_tool

safetensors = OptionalPackage('safetensors.torch', "a file '.safetensors'")

SAFE = '.safetensors'
TARGETS = ('mmssl', 'torchvision', 'detectron2')
EXAMPLES = """\
  mmssl convert moco moco_v2_800ep_pretrain.pth.tar moco.pth \\
      --config mocov2_resnet50_8xb32-coslr-200e_in1k
  mmssl convert scrl checkpoint_last.pth resnet50.pth --to torchvision
  mmssl convert scrl checkpoint_last.pth r50.safetensors --to torchvision
  mmssl convert mmssl work_dirs/byol/epoch_200.pth byol.pkl --to detectron2
layouts: mmssl (a checkpoint of ours), torchvision, moco, densecl, orl, scrl,
wmse, amdim, rho, dense_vos"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='convert')
    parser.add_argument('layout', help='what wrote the file, see below')
    parser.add_argument('checkpoint', help='file to read')
    parser.add_argument(
        'out', help="file to write; in safetensors' form if it ends so"
    )
    parser.add_argument(
        '--to',
        choices=TARGETS,
        default='mmssl',
        help='mmssl: all weights; the others: the ResNet of the backbone '
        "(torchvision's names are timm's too)",
    )
    parser.add_argument(
        '--config',
        help='name of a config whose model must take the result completely',
    )
    parser.add_argument(
        '--allow-unmatched',
        action='store_true',
        help='leave out names that the map does not know',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a foreign checkpoint that needs unpickling, which can run '
        'any code',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Read, convert, check, write."""
    from mmssl.utils.checkpoint import extract_prefix, read_checkpoint
    from mmssl.utils.key_maps import to_detectron2, to_torchvision

    checkpoint = read_checkpoint(args.checkpoint, trust=args.trust_checkpoint)
    weights = _ours(args, checkpoint)
    if args.config:
        _check(args.config, weights)
    if args.to == 'detectron2' and Path(args.out).suffix == SAFE:
        raise UsageError('Detectron2 reads no safetensors: name a file .pkl')
    if args.to != 'mmssl':
        weights = extract_prefix(weights)
        to = dict(torchvision=to_torchvision, detectron2=to_detectron2)
        weights = to[args.to](weights)
    _write(args, weights)
    print(f'{len(weights)} weights written to {args.out}')


def _ours(args: Namespace, checkpoint: dict) -> dict:
    from mmssl.utils.checkpoint import state_dict_of
    from mmssl.utils.key_maps import LAYOUTS, convert, weights_in
    from mmssl.utils.names import suggestion

    if args.layout == 'mmssl':
        return state_dict_of(checkpoint)
    if args.layout not in LAYOUTS:
        hint = suggestion(args.layout, [*LAYOUTS, 'mmssl'])
        raise UsageError(f'no layout {args.layout}{hint}')
    layout = LAYOUTS[args.layout]
    converted = convert(weights_in(checkpoint, layout), layout)
    if converted.left_out:
        print(
            f'{len(converted.left_out)} left out on purpose: '
            + ', '.join(converted.left_out)
        )
    if converted.unmatched:
        names = ', '.join(converted.unmatched)
        if not args.allow_unmatched:
            raise UsageError(
                f'{len(converted.unmatched)} names of {args.checkpoint} are '
                f'not of the layout {args.layout} ({layout.source}): {names}; '
                '--allow-unmatched leaves them out'
            )
        print(f'{len(converted.unmatched)} unknown names left out: {names}')
    if not converted.weights:
        raise UsageError(
            f'no weight of {args.checkpoint} is of the layout {args.layout} '
            f'({layout.source})'
        )
    return converted.weights


def _check(config: str, weights: dict) -> None:
    """Names and shapes must be exactly those of the config's model."""
    from mmssl.apis.model_zoo import get_model

    own = get_model(config).state_dict()
    missing = sorted(own.keys() - weights.keys())
    unknown = sorted(weights.keys() - own.keys())
    wrong = [
        f'{name} {tuple(value.shape)}, expected {tuple(own[name].shape)}'
        for name, value in weights.items()
        if name in own and value.shape != own[name].shape
    ]
    parts = [
        f'{len(names)} {what} ({", ".join(names)})'
        for what, names in (
            ('missing', missing),
            ('not in the model', unknown),
            ('of another shape', wrong),
        )
        if names
    ]
    if parts:
        raise UsageError(
            f'the result does not fit {config}: ' + '; '.join(parts)
        )
    print(f'all {len(own)} weights of {config} matched')


def _write(args: Namespace, weights: dict) -> None:
    import torch

    from mmssl.utils.files import atomic_path

    source = Path(args.checkpoint).name
    meta = dict(source=source, layout=args.layout)
    with atomic_path(args.out) as temporary:
        if Path(args.out).suffix == SAFE:
            own = {name: value.clone() for name, value in weights.items()}
            safetensors.save_file(own, temporary, meta)
        elif args.to == 'detectron2':
            # The form that its checkpointer reads.
            content = dict(
                model={name: value.numpy() for name, value in weights.items()},
                __author__='mmssl',
                matching_heuristics=True,
            )
            temporary.write_bytes(pickle.dumps(content))
        elif args.to == 'torchvision':
            torch.save(weights, temporary)
        else:
            torch.save(dict(meta=meta, state_dict=weights), temporary)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
