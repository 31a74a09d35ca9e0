# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Carry the masks of a video's first frame through it, and draw them."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python demo/vos_demo.py film.mp4 --mask first.png --checkpoint epoch_60.pth
  python demo/vos_demo.py film.mp4 --box 120 80 60 90 --box 300 90 50 80
  python demo/vos_demo.py folder/of/frames --mask first.png
Written: OUT_DIR/overlay.mp4 and OUT_DIR/masks/*.png (palette PNGs).  A box
is x y width height in pixels, and is followed as if all of it were object.
Without a checkpoint the weights are random: colours and edges only."""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='vos_demo')
    parser.add_argument('video', help='video file, or folder of frames')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--mask', metavar='PNG', help='object numbers of the first frame'
    )
    what.add_argument(
        '--box',
        nargs=4,
        type=int,
        action='append',
        metavar=('X', 'Y', 'W', 'H'),
        help='box in the first frame; again for another object',
    )
    parser.add_argument(
        '--config',
        default='resnet18_davis2017',
        help='path of a config, or the name of a shipped one',
    )
    parser.add_argument('--checkpoint', help='file or URL of the weights')
    parser.add_argument('--out-dir', default='work_dirs/vos_demo')
    parser.add_argument(
        '--input-size',
        type=int,
        default=240,
        metavar='PIXELS',
        help='short edge that the network sees; -1: as it is',
    )
    parser.add_argument('--context', type=int, default=7, metavar='FRAMES')
    parser.add_argument('--radius', type=float, default=8, metavar='CELLS')
    parser.add_argument('--topk', type=int, default=10, metavar='CELLS')
    parser.add_argument('--layer', type=int, default=-1)
    parser.add_argument(
        '--first', type=int, default=0, metavar='N', help='frame to start at'
    )
    parser.add_argument(
        '--max-frames', type=int, metavar='N', help='stop after so many'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """Read, propagate, draw, write."""
    from mmengine.utils import ProgressBar

    from mmssl.apis.vos import VOSPropagator, write_steps

    propagator = VOSPropagator(
        args.config,
        args.checkpoint,
        context=args.context,
        radius=args.radius,
        topk=args.topk,
        layer=args.layer,
        input_size=args.input_size,
    )
    clip = propagator.open(
        args.video, args.mask, args.box, args.first, args.max_frames
    )
    progress = ProgressBar(len(clip.frames))

    def counted():
        for step in propagator.steps(clip):
            progress.update()
            yield step

    count = write_steps(args.out_dir, counted(), clip.rate)
    print(f'\n{count} frames in {Path(args.out_dir) / "overlay.mp4"}')


def main(argv: list[str] | None = None) -> int:
    """Entry of the demo; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
