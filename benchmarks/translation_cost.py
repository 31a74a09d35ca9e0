# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Cost of translating and of a training step, with and without shared passes.

Prints processor's seconds of one thread, so that other load matters little.
"""

import sys
import time
from argparse import Namespace

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python benchmarks/translation_cost.py --side 128 --channels 16 --blocks 4
  python benchmarks/translation_cost.py --steps 0   # published, no training"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='translation_cost')
    parser.add_argument('--side', type=int, default=256, help='pixels')
    parser.add_argument('--channels', type=int, default=64, help='ngf, ndf')
    parser.add_argument('--blocks', type=int, default=9, help='residual')
    parser.add_argument('--batch', type=int, default=1, help='pictures')
    parser.add_argument('--steps', type=int, default=3, help='timed steps')
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Measure."""
    import torch
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import DefaultScope

    import mmssl.engine  # noqa: F401
    from mmssl.registry import MODELS

    torch.set_num_threads(1)
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4))
    for share in (False, True):
        torch.manual_seed(0)
        model = MODELS.build(
            dict(
                type='CycleGANTranslator',
                generator=dict(
                    type='ResNetGenerator', base_channels=args.channels,
                    num_blocks=args.blocks,
                ),
                discriminator=dict(
                    type='PatchDiscriminator', base_channels=args.channels
                ),
                share_passes=share,
            )
        )  # fmt: skip
        calls = dict(generator=0, discriminator=0)
        for kind, pair in zip(
            calls, (model.generators, model.discriminators), strict=True
        ):
            for network in pair.children():
                network.register_forward_hook(
                    lambda *_, kind=kind, calls=calls: calls.__setitem__(
                        kind, calls[kind] + 1
                    )
                )
        x = torch.rand(args.batch, 3, args.side, args.side) * 2 - 1
        if not share:
            start = time.process_time()
            with torch.no_grad():
                model.generators.a2b(x)
            seconds = time.process_time() - start
            rate = args.batch / seconds
            print(f'translating: {rate:.2f} pictures a processor second')
        if args.steps == 0:
            break
        with DefaultScope.overwrite_default_scope('mmssl'):
            wrapper = build_optim_wrapper(
                model,
                dict(
                    constructor='MultiOptimWrapperConstructor',
                    generators=adam,
                    discriminators=adam,
                ),
            )
        data = dict(inputs=[127.5 * (x + 1), 127.5 * (1 - x)])
        model.train_step(dict(data), wrapper)
        calls.update(generator=0, discriminator=0)
        start = time.process_time()
        for _ in range(args.steps):
            model.train_step(dict(data), wrapper)
        seconds = (time.process_time() - start) / args.steps
        print(
            f'{"shared" if share else "single"} passes: '
            f'{calls["generator"] // args.steps} generator and '
            f'{calls["discriminator"] // args.steps} discriminator passes, '
            f'{1000 * seconds:.0f} ms a step'
        )
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
