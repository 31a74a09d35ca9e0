# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Write the backbone weights of a checkpoint to a file for other tasks."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/model_converters/extract_backbone.py epoch_100.pth backbone.pth
in mmdet or mmaction2, either of
  backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='backbone.pth'))
  backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='epoch_100.pth',
                              prefix='backbone.'))"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='extract-backbone')
    parser.add_argument('checkpoint', help='checkpoint of a training run')
    parser.add_argument('out', help='file to write')
    parser.add_argument(
        '--prefix',
        default='backbone.',
        help='exact beginning of the names to keep; it is cut off, e.g. '
        '--prefix momentum_encoder.module.backbone.',
    )
    parser.add_argument(
        '--ema',
        action='store_true',
        help='take the averaged weights (ema_state_dict) of EMAHook',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a foreign checkpoint that needs unpickling, which can run '
        'any code',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Extract and write, atomically."""
    import torch

    from mmssl.utils.checkpoint import (
        extract_prefix,
        read_checkpoint,
        state_dict_of,
    )
    from mmssl.utils.files import atomic_path

    checkpoint = read_checkpoint(args.checkpoint, trust=args.trust_checkpoint)
    if args.ema:
        if 'ema_state_dict' not in checkpoint:
            raise UsageError(f'{args.checkpoint} has no ema_state_dict')
        checkpoint['state_dict'] = checkpoint['ema_state_dict']
    weights = state_dict_of(checkpoint)
    kept = extract_prefix(weights, args.prefix)
    meta = dict(source=Path(args.checkpoint).name, prefix=args.prefix)
    with atomic_path(args.out) as temporary:
        torch.save(dict(meta=meta, state_dict=kept), temporary)
    print(f'{len(kept)} of {len(weights)} keys kept, written to {args.out}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
