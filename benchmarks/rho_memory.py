# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Memory of a step of rho clips: term by term, and in one graph.

Each case runs in a fresh process, one training step of a Slow-only network;
printed is the peak beyond what the process held before the step.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

METHODS = ('MoCo', 'BYOL', 'SimCLR')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--rho', type=int, default=4, help='clips of a video')
    parser.add_argument('--batch', type=int, default=2, help='videos')
    parser.add_argument('--size', type=int, default=112, help='pixels')
    parser.add_argument('--channels', type=int, default=16)
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    parser.add_argument('--case', nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def measure(args: argparse.Namespace, method: str, sequential: bool) -> float:
    """MB of one step, in this process."""
    import torch
    from memory import peak
    from mmengine.optim import OptimWrapper
    from mmengine.registry import DefaultScope

    import mmssl.models  # noqa: F401
    from mmssl.registry import MODELS

    torch.set_num_threads(1)
    width = 8 * args.channels
    more = dict(
        MoCo=dict(symmetric=True, queue_length=64),
        BYOL=dict(head=dict(type='PredictionHead', sizes=(32, 64, 32))),
        SimCLR=dict(
            joint_views=False, joint_projector=False, pairs='consecutive'
        ),
    )[method]
    config = dict(
        type=method,
        reduction='sum',
        sequential=sequential,
        backbone=dict(
            type='mmaction.ResNet3dSlowOnly', depth=18, pretrained=None,
            base_channels=args.channels, lateral=False, with_pool2=False,
            conv1_kernel=(1, 7, 7), inflate=(0, 0, 1, 1), norm_eval=False,
            conv1_stride_t=1, pool1_stride_t=1,
        ),
        neck=dict(type='ProjectionMLP', sizes=(width, 64, 32)),
        **more,
    )  # fmt: skip
    with DefaultScope.overwrite_default_scope('mmssl'):
        model = MODELS.build(config)
    parameters = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=0.1))
    shape = args.batch, 3, 8, args.size, args.size
    clips = [
        torch.randint(0, 256, shape, dtype=torch.uint8)
        for _ in range(args.rho)
    ]
    before = peak()
    model.train_step(dict(inputs=clips, data_samples=None), wrapper)
    return peak() - before


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    if args.case:
        method, form = args.case
        print(measure(args, method, form == 'sequential'))
        return 0
    settings = [
        f'--{name}={getattr(args, name)}'
        for name in ('rho', 'batch', 'size', 'channels')
    ]
    numbers = {}
    for method in METHODS:
        found = {}
        for form in ('sequential', 'joint'):
            command = [sys.executable, __file__, *settings]
            command += ['--case', method, form]
            out = subprocess.run(
                command, check=True, capture_output=True, text=True
            ).stdout
            found[form] = float(out.split()[-1])
        numbers[method] = found
        print(
            f'{method:7} sequential {found["sequential"]:7.0f} MB, joint '
            f'{found["joint"]:7.0f} MB, '
            f'ratio {found["joint"] / found["sequential"]:.2f}'
        )
    if args.json:
        Path(args.json).write_text(json.dumps(numbers, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
