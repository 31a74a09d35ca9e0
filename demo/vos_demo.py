# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Carry the masks of a video's first frame through it, and draw them."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
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
    import torch
    from mmengine.utils import ProgressBar

    from mmssl import get_model
    from mmssl.evaluation.extraction import frame_maps
    from mmssl.evaluation.functional import propagate_sequence
    from mmssl.utils.id_maps import write_id_map
    from mmssl.utils.video_writer import write_video
    from mmssl.visualization.masks import overlay_masks

    frames, names, rate = read_frames(args)
    height, width = frames[0].shape[1:]
    if args.mask:
        ids = read_mask(args.mask, (height, width))
    else:
        ids = boxes_to_ids(args.box, (height, width))
    if not args.checkpoint:
        print('no --checkpoint: random weights, which see colours and edges')
    model = get_model(args.config, args.checkpoint or False)
    found = propagate_sequence(
        frame_maps(
            model, frames, layer=args.layer, input_size=args.input_size
        ),
        {0: torch.from_numpy(ids)},
        context=args.context,
        radius=args.radius,
        topk=args.topk,
    )
    folder = Path(args.out_dir)
    progress = ProgressBar(len(frames))

    def drawn():
        for frame, name, result in zip(frames, names, found, strict=True):
            mask = result.ids.numpy()
            write_id_map(folder / 'masks' / f'{name}.png', mask)
            progress.update()
            yield overlay_masks(frame.permute(1, 2, 0).numpy(), mask)

    count = write_video(folder / 'overlay.mp4', drawn(), rate)
    print(f'\n{count} frames in {folder / "overlay.mp4"}')


def read_frames(args: Namespace):
    """Frames, their names, and how many there are a second."""
    from mmssl.datasets import FrameFolder, VideoFile
    from mmssl.datasets.vos_sequences import FRAMES

    path = Path(args.video)
    if not path.exists():
        raise UsageError(f'no video: there is no {path}')
    if path.is_dir():
        video, rate = FrameFolder(path), 25.0
        if not len(video):
            raise UsageError(f'no video: {path} has no frames {FRAMES}')
        names = [file.stem for file in video.paths]
    else:
        video = VideoFile(path)
        rate, names = video.rate, [f'{t:05d}' for t in range(len(video))]
    stop = len(video)
    if args.max_frames is not None:
        stop = min(stop, args.first + args.max_frames)
    if not 0 <= args.first < stop:
        raise UsageError(
            f'{path} has {len(video)} frames: --first {args.first} and '
            f'--max-frames {args.max_frames} leave none'
        )
    part = range(args.first, stop)
    return Frames(video, part), [names[t] for t in part], rate


class Frames:
    """A part of a video, read a few frames at a time.

    Args:
        video (Sequence): With ``read(ids)``.
        part (range): Numbers of the frames.
        ahead (int): Frames read at once; single ones would decode those
            since the last key frame again and again.
    """

    def __init__(self, video, part: range, ahead: int = 32) -> None:
        self.video, self.part, self.ahead = video, part, ahead
        self._kept = {}

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int):
        import torch

        number = self.part[index]
        if number not in self._kept:
            ids = list(self.part[index : index + self.ahead])
            self._kept = dict(zip(ids, self.video.read(ids), strict=True))
        return torch.from_numpy(self._kept[number]).permute(2, 0, 1)


def read_mask(path: str, size: tuple[int, int]):
    """Object numbers of the first frame.

    Raises:
        UsageError: Unreadable, of another size, or without object.
    """
    from mmssl.utils.id_maps import read_id_map

    ids = read_id_map(path)
    if ids.shape != size:
        raise UsageError(
            f'mask {path} has height x width {ids.shape[0]} x '
            f'{ids.shape[1]}, the frames {size[0]} x {size[1]}'
        )
    if not ((ids > 0) & (ids < 255)).any():
        raise UsageError(f'mask {path} has no object: all of it is background')
    return ids


def boxes_to_ids(boxes: list[list[int]], size: tuple[int, int]):
    """Object numbers of boxes, the first is 1; later ones lie in front.

    Raises:
        UsageError: A box without area or outside the frame.
    """
    import numpy as np

    ids = np.zeros(size, np.uint8)
    for number, (x, y, width, height) in enumerate(boxes, 1):
        inside = (
            0 <= x < x + width <= size[1] and 0 <= y < y + height <= size[0]
        )
        if not inside:
            raise UsageError(
                f'box {x} {y} {width} {height} (x y width height) must lie '
                f'in the frame of width x height {size[1]} x {size[0]}'
            )
        ids[y : y + height, x : x + width] = number
    return ids


def main(argv: list[str] | None = None) -> int:
    """Entry of the demo; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
