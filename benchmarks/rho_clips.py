# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two clips of a video, decoded and augmented: ours and mmaction2's pipeline.

Ours seeks to the key frames before the wanted ones, decodes these once for
all clips, scales while it converts to RGB, and colours and crops whole clips.
mmaction2's stock steps decode from the first frame up to the last wanted one.
Both read the same frames (compared before), scale to 256, jitter colours, cut
to 224, mirror and pack.  Brightness, contrast and saturation alone are
jittered, since mmaction2's hue fails with NumPy 2; ``--published`` adds hue,
grey and blur of rho to ours alone.  Both run in turn; counted is time of the
processor.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

SIZE, SHORT = 224, 256
AREA, RATIO = (0.2, 0.766), (0.75, 1.3333)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'videos', nargs='*', help='files; without any, three are drawn'
    )
    parser.add_argument('--rho', type=int, default=2, help='clips of a video')
    parser.add_argument('--repeats', type=int, default=5, help='rounds')
    parser.add_argument(
        '--published',
        action='store_true',
        help='all of rho for ours: hue, grey and blur as well',
    )
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    return parser.parse_args(argv)


def draw_videos(folder: Path) -> list[str]:
    """Ten seconds each, 340 x 256, H.264 with FFmpeg's own key frames."""
    import av

    paths = []
    for number in range(3):
        rng = np.random.default_rng(number)
        field = rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)
        field = cv2.resize(field, (900, 600), interpolation=cv2.INTER_CUBIC)
        path = folder / f'{number}.mp4'
        with av.open(str(path), 'w') as container:
            stream = container.add_stream('libx264', rate=30)
            stream.width, stream.height = 340, 256
            stream.pix_fmt = 'yuv420p'
            for t in range(300):
                x, y = t, t // 2
                pixels = np.ascontiguousarray(field[y : y + 256, x : x + 340])
                frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        paths.append(str(path))
    return paths


def ours(rho: int, published: bool) -> Callable:
    """Our pipeline, from a path and a key."""
    from mmssl.datasets.transforms import LoadClips, MultiView, PackViews

    more = dict(gray_prob=0.2, blur_prob=0.5) if published else {}
    hue = 0.15 if published else 0.0
    view = dict(
        size=SIZE,
        area=AREA,
        ratio=RATIO,
        antialias=False,
        jitter=(0.6, 0.6, 0.6, hue),
        order=('jitter', 'gray', 'blur', 'solarize', 'crop', 'flip'),
        num=rho,
        **more,
    )
    steps = [
        LoadClips(num_clips=rho, short_side=SHORT),
        MultiView([view]),
        PackViews(),
    ]

    def run(path: str, key: tuple[int, int, int]) -> dict:
        results = dict(path=path, key=key, sample_idx=0)
        for step in steps:
            results = step(results)
        return results

    return run


def stock(rho: int) -> Callable:
    """mmaction2's pipeline of the same steps."""
    from mmaction.registry import TRANSFORMS
    from mmengine.registry import init_default_scope

    init_default_scope('mmaction')
    steps = [
        TRANSFORMS.build(step)
        for step in (
            dict(type='PyAVInit'),
            dict(
                type='SampleFrames', clip_len=8, frame_interval=8,
                num_clips=rho, target_fps=30,
            ),
            dict(type='PyAVDecode'),
            dict(type='Resize', scale=(-1, SHORT)),
            dict(
                type='ColorJitter', brightness=0.6, contrast=0.6,
                saturation=0.6, hue=0.0,
            ),
            dict(
                type='RandomResizedCrop', area_range=AREA,
                aspect_ratio_range=RATIO,
            ),
            dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs'),
        )
    ]  # fmt: skip

    def run(path: str, key: tuple[int, int, int]) -> dict:
        np.random.seed(key[1])
        results = dict(filename=path, start_index=0, modality='RGB', label=0)
        for step in steps:
            results = step(results)
        return results

    return run


def frames_agree(path: str) -> bool:
    """Whether both decoders give the same pixels for the same numbers."""
    import av

    from mmssl.datasets.transforms import READERS

    with READERS['pyav'](path) as reader:
        numbers = np.linspace(0, reader.num_frames - 1, 12).astype(int)
        chosen = reader.read(numbers)
    with av.open(path) as container:
        every = [f.to_rgb().to_ndarray() for f in container.decode(video=0)]
    return bool(all((chosen[i] == every[n]).all() for i, n in
                    enumerate(numbers)))  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = args.videos or draw_videos(Path(folder))
        for path in paths:
            if not frames_agree(path):
                print(f'{path}: other frames than by decoding everything')
                return 1
        forms = dict(
            ours=ours(args.rho, args.published), mmaction2=stock(args.rho)
        )
        seconds: dict[str, list[float]] = {name: [] for name in forms}
        for turn in range(args.repeats + 1):
            for name, run in forms.items():
                start = time.process_time()
                for number, path in enumerate(paths):
                    run(path, (0, turn, number))
                spent = (time.process_time() - start) / len(paths)
                if turn:  # the first one imports and warms up
                    seconds[name].append(spent)
    middle = {n: statistics.median(spent) for n, spent in seconds.items()}
    for name, spent in middle.items():
        print(
            f'{name:10} {1000 * spent:7.1f} ms a video, '
            f'{args.rho / spent:6.1f} clips a second and core'
        )
    ratio = middle['mmaction2'] / middle['ours']
    print(f'ratio {ratio:.2f}')
    if args.json:
        numbers = dict(seconds=middle, ratio=ratio, rho=args.rho)
        Path(args.json).write_text(json.dumps(numbers, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
