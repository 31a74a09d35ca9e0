# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two views of a JPEG on one core: ours against Pillow and torchvision.

Both decode the same photographs, cut two views of a published recipe and
make uint8 tensors, in turn, so that both see the same machine.  Counted is
CPU time.  The second table gives each operation on identical parameters:
its time, and how far its pixels are from Pillow's.
"""

import io
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial

import numpy as np
from photos import (
    RECIPES,
    jpeg_photos,
    two_view_dataset,
    use_one_thread,
    view_of,
)

from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

JITTER = ('brightness', 'contrast', 'saturation', 'hue')
EXAMPLES = """\
  python benchmarks/augmentation.py
  python benchmarks/augmentation.py --recipes mocov2 --json out.json"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='augmentation')
    parser.add_argument(
        '--recipes', nargs='+', choices=RECIPES, default=list(RECIPES)
    )
    parser.add_argument(
        '--rounds', type=int, default=10, help='times through the photographs'
    )
    parser.add_argument(
        '--side', type=int, default=500, help='longer side of the photographs'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', metavar='OUT', help='write the numbers here')
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error(f'--rounds must be >= 1, got {args.rounds}')
    return args


def open_pil(jpeg: bytes):
    """As torchvision's loader for folders does."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as opened:
        return opened.convert('RGB')


def torchvision_view(view: dict) -> Callable:
    """The same recipe written with torchvision's transforms.

    Args:
        view (dict): Settings of a ``RandomView``.
    """
    import random

    from PIL import ImageFilter
    from torchvision import transforms as T

    from mmssl.datasets.transforms import RandomView

    asked = RandomView(**view)

    def pil_blur(img):
        sigma = random.uniform(*asked.blur_sigma)
        return img.filter(ImageFilter.GaussianBlur(sigma))

    steps = dict(
        crop=T.RandomResizedCrop(asked.size, asked.area, asked.ratio),
        flip=T.RandomHorizontalFlip(asked.flip_prob),
        jitter=T.RandomApply([T.ColorJitter(*asked.jitter)],
                             asked.jitter_prob),
        gray=T.RandomGrayscale(asked.gray_prob),
        blur=T.RandomApply([T.Lambda(pil_blur)], asked.blur_prob),
        solarize=T.RandomSolarize(128, asked.solarize_prob),
    )  # fmt: skip
    return T.Compose([*(steps[name] for name in asked.order),
                      T.PILToTensor()])  # fmt: skip


def throughput(jpegs: list[bytes], recipe: str, args: Namespace) -> dict:
    """Pictures a CPU second, in turn.

    Returns:
        dict: ``mmssl``, ``pillow`` (medians of the rounds) and ``ratio``
        (median of the rounds' ratios).
    """
    import random

    import torch

    from mmssl.datasets import SampleIndex

    view = view_of(recipe)
    dataset = two_view_dataset(jpegs, view)
    reference = torchvision_view(view)

    def ours(number: int) -> None:
        for index in range(len(jpegs)):
            dataset[SampleIndex(index, args.seed, number)]

    def theirs(number: int) -> None:
        torch.manual_seed(args.seed + number)
        random.seed(args.seed + number)
        for jpeg in jpegs:
            img = open_pil(jpeg)
            reference(img), reference(img)

    speeds = dict(mmssl=[], pillow=[])
    for number in range(-1, args.rounds):  # the first warms up
        for name, run in (('mmssl', ours), ('pillow', theirs)):
            start = time.process_time()
            run(max(number, 0))
            seconds = time.process_time() - start
            if number >= 0:
                speeds[name].append(len(jpegs) / seconds)
    ratios = np.divide(speeds['mmssl'], speeds['pillow'])
    result = {name: float(np.median(s)) for name, s in speeds.items()}
    return dict(result, ratio=float(np.median(ratios)))


def operations(jpegs: list[bytes], args: Namespace) -> dict[str, dict]:
    """Time and pixels of every operation, on identical parameters.

    Args:
        jpegs (list[bytes]): The photographs.
        args (Namespace): ``rounds`` views are drawn of each photograph.

    Returns:
        dict: Name to the result of :func:`compare`.
    """
    from mmssl.datasets.transforms import RandomView, view_rng
    from mmssl.datasets.transforms import opencv_backend as cv
    from mmssl.datasets.transforms import pillow_backend as pil
    from mmssl.datasets.transforms.loading import decode_cv2

    view = RandomView(224, jitter=(0.8, 0.8, 0.8, 0.2), blur_prob=1.0)
    photos = [decode_cv2(jpeg) for jpeg in jpegs]
    drawn, cuts = [], []
    for number in range(args.rounds):
        for index, photo in enumerate(photos):
            rng = view_rng((args.seed, number, index), 0)
            drawn.append(view.draw(rng, photo.shape[:2]))
            cuts.append(cv.crop(photo, drawn[-1].crop))
    views = [cv.resize(cut, view.size, 'bilinear') for cut in cuts]

    def table(name: str, pictures: list, settings: list[tuple]) -> dict:
        return compare(
            [
                (
                    partial(getattr(cv, name), picture, *values),
                    partial(getattr(pil, name), pil.begin(picture), *values),
                )
                for picture, values in zip(pictures, settings, strict=True)
            ]
        )

    tables = dict(
        decode=compare(
            [(partial(decode_cv2, j), partial(open_pil, j)) for j in jpegs]
            * args.rounds
        )
    )
    for kind in ('bilinear', 'bicubic'):
        settings = [(view.size, kind)] * len(cuts)
        tables[f'resize, {kind}'] = table('resize', cuts, settings)
    for name in JITTER:
        settings = [(dict(params.jitter)[name],) for params in drawn]
        tables[name] = table(name, views, settings)
    tables['blur'] = table('blur', views, [(p.blur,) for p in drawn])
    for name in ('gray', 'flip', 'solarize'):
        tables[name] = table(name, views, [()] * len(views))
    return tables


def compare(pairs: list[tuple[Callable, Callable]]) -> dict[str, float]:
    """Two ways to the same pixels, in turn.

    Args:
        pairs (list[tuple]): Ours and Pillow's; both return a picture.

    Returns:
        dict: ``mmssl_ms`` and ``pillow_ms`` of a picture, their ``ratio``,
        ``mean`` and ``largest`` absolute difference in grey levels.
    """
    seconds, means, largest = [0.0, 0.0], [], 0
    for pair in pairs:
        pictures = []
        for side, call in enumerate(pair):
            call()  # so that memory and caches are warm for both
            start = time.process_time()
            picture = call()
            seconds[side] += time.process_time() - start
            pictures.append(np.asarray(picture, np.int16))
        difference = np.abs(pictures[0] - pictures[1])
        means.append(difference.mean())
        largest = max(largest, int(difference.max()))
    return dict(
        mmssl_ms=1000 * seconds[0] / len(pairs),
        pillow_ms=1000 * seconds[1] / len(pairs),
        ratio=seconds[1] / seconds[0],
        mean=float(np.mean(means)),
        largest=largest,
    )


def run(args: Namespace) -> int:
    """Measure, print, write."""
    use_one_thread()
    jpegs = jpeg_photos(args.side)
    print(f'{len(jpegs)} photographs of {args.side} pixels, two views of 224 '
          'pixels each, one thread\n')  # fmt: skip
    print('recipe    mmssl img/s  pillow img/s  ratio')
    speeds = {}
    for recipe in args.recipes:
        speeds[recipe] = row = throughput(jpegs, recipe, args)
        print(f'{recipe:8} {row["mmssl"]:12.1f} {row["pillow"]:13.1f} '
              f'{row["ratio"]:6.2f}', flush=True)  # fmt: skip
    print('\noperation         mmssl ms  pillow ms  ratio    mean  largest '
          'difference')  # fmt: skip
    tables = operations(jpegs, args)
    for name, row in tables.items():
        print(f'{name:16} {row["mmssl_ms"]:9.3f} {row["pillow_ms"]:10.3f} '
              f'{row["ratio"]:6.2f} {row["mean"]:7.3f} '
              f'{row["largest"]:8}')  # fmt: skip
    if args.json:
        write_json(args.json, dict(throughput=speeds, operations=tables))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
