# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Strip a checkpoint to weights and meta, and name it by its hash."""

import hashlib
import os
import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/model_converters/publish_model.py epoch_100.pth simclr.pth
writes simclr-<first 8 digits of its sha256>.pth"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='publish')
    parser.add_argument('checkpoint', help='checkpoint of a training run')
    parser.add_argument('out', help='name without the hash')
    parser.add_argument(
        '--ema',
        choices=('drop', 'use'),
        help='needed where the checkpoint has averaged weights of EMAHook: '
        'publish the plain weights, or the averaged ones',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load a foreign checkpoint that needs unpickling, which can run '
        'any code',
    )
    return parser.parse_args(argv)


def published(checkpoint: dict, ema: str | None) -> dict:
    """Weights and meta of a checkpoint, nothing else.

    Raises:
        UsageError: The choice about averaged weights is missing or void.
    """
    from mmssl.utils.checkpoint import state_dict_of, to_plain

    averaged = checkpoint.get('ema_state_dict')
    if averaged is not None and ema is None:
        raise UsageError(
            'the checkpoint has averaged weights (ema_state_dict): choose '
            '--ema drop or --ema use'
        )
    if ema == 'use':
        if averaged is None:
            raise UsageError('--ema use: the checkpoint has no averaged ones')
        checkpoint = dict(checkpoint, state_dict=averaged)
    meta = to_plain(checkpoint.get('meta', {}), 'meta')
    return dict(meta=meta, state_dict=state_dict_of(checkpoint))


def run(args: Namespace) -> None:
    """Write the file; the hash in its name is that of the final file."""
    import torch

    from mmssl.utils.checkpoint import read_checkpoint
    from mmssl.utils.files import atomic_path

    checkpoint = read_checkpoint(args.checkpoint, trust=args.trust_checkpoint)
    content = published(checkpoint, args.ema)
    out = Path(args.out)
    with atomic_path(out) as temporary:
        torch.save(content, temporary)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    final = out.with_name(f'{out.stem}-{digest[:8]}.pth')
    os.replace(out, final)
    print(f'{final}\nsha256 {digest}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
