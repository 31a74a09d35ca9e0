# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Share of SCRL's box sampling in the time of its data pipeline.

The pipeline of the published setting (two views of 224 pixels), on JPEG
photographs in memory, one core.  Counted is CPU time, step by step, so other
work on the machine matters little.
"""

import sys
import time
from argparse import Namespace
from pathlib import Path

from photos import jpeg_photos, use_one_thread

from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python benchmarks/matched_boxes.py
  python benchmarks/matched_boxes.py --rounds 20 --json out.json"""
CONFIG = 'scrl/scrl_resnet50_32xb256-amp-coslr-200e_in1k.py'


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='matched-boxes')
    parser.add_argument(
        '--rounds', type=int, default=10, help='passes over the 19 pictures'
    )
    parser.add_argument('--json', metavar='OUT', help='write the numbers here')
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error(f'--rounds must be >= 1, got {args.rounds}')
    return args


def run(args: Namespace) -> int:
    """Measure, print, write."""
    from mmengine.config import Config

    import mmssl
    from mmssl.datasets.image_dataset import ImageDataset
    from mmssl.datasets.sources import Buffers, BytesSource

    use_one_thread()
    cfg = Config.fromfile(Path(mmssl.get_config_dir()) / CONFIG)
    jpegs = jpeg_photos()
    names = [f'photo {number}' for number in range(len(jpegs))]
    source = BytesSource(Buffers.pack(jpegs), names)
    pipeline = cfg.train_dataloader.dataset.pipeline
    dataset = ImageDataset(source, pipeline=pipeline)
    seconds = {step['type']: 0.0 for step in pipeline}
    for number in range(-1, args.rounds):  # the first one warms up
        for index in range(len(dataset)):
            results = dataset.read(index)
            results['key'] = (0, number + 1, index)
            for settings, step in zip(pipeline, dataset.pipeline, strict=True):
                start = time.process_time()
                results = step(results)
                if number >= 0:
                    seconds[settings['type']] += time.process_time() - start
    total, count = sum(seconds.values()), args.rounds * len(dataset)
    for name, value in seconds.items():
        print(f'{name:13} {1e6 * value / count:7.0f} us a picture '
              f'{100 * value / total:5.1f} %')  # fmt: skip
    if args.json:
        write_json(args.json, {k: v / count for k, v in seconds.items()})
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
