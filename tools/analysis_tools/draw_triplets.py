# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw DSM's clips: the frames, the anchor, its warped scene, its partners.

A sheet a video: rows are frames of the clips, columns the anchor's frames
before they are cut, the anchor, the same with the config's disturbance of the
scene, what that changed, the positive and the negative."""

import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

import mmssl
from mmssl.utils.config import load_config, require_keys
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/draw_triplets.py dsm_tiny --out-dir triplets
  python tools/analysis_tools/draw_triplets.py CONFIG -n 4 --frames 6 \\
      --cfg-options model.sld.type=ThinPlateSplineWarp
written are triplet_NUMBER.png for each video"""

COLUMNS = ('frame', 'anchor', 'scene warped', 'changed', 'positive',
           'negative')  # fmt: skip


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='draw-triplets')
    parser.add_config()
    parser.add_argument(
        '--out-dir', default='work_dirs/triplets', metavar='DIR',
        help='folder of the pictures',
    )  # fmt: skip
    parser.add_argument(
        '-n', type=int, default=3, help='videos, spread over the data'
    )
    parser.add_argument('--frames', type=int, default=4, help='rows')
    parser.add_argument(
        '--seed', type=int, default=0, help='of clips, views and warps'
    )
    parser.add_overrides('model.sld.type=AffineWarp')
    args = parser.parse_args(argv)
    if args.n < 1 or args.frames < 1 or args.seed < 0:
        parser.error(
            f'-n and --frames must be >= 1 and --seed >= 0, got {args.n}, '
            f'{args.frames} and {args.seed}'
        )
    return args


def columns_of(sample: dict, sld, rows: int) -> list[list[np.ndarray]]:
    """Frames (h, w, 3) of every column but the first.

    Args:
        sample (dict): With three views (3, t, h, w) uint8.
        sld (Module): Disturbance of the scene.
        rows (int): Frames wanted, spread over the clip.
    """
    anchor, positive, negative = sample['inputs'][:3]
    warped = sld(anchor.float()[None].clone())[0].round().clamp(0, 255)
    changed = (warped - anchor.float()).abs()
    changed = 255 - changed.mean(0, keepdim=True).expand(anchor.shape)
    count = anchor.shape[1]
    chosen = np.linspace(0, count - 1, min(rows, count)).round().astype(int)
    return [
        [clip[:, t].byte().permute(1, 2, 0).numpy() for t in chosen]
        for clip in (anchor, warped, changed, positive, negative)
    ]


def source_frames(dataset, sample: dict, rows: int) -> list[np.ndarray]:
    """The anchor's frames before they are cut."""
    facts = sample['data_samples']
    frames = facts.clip_frames[0]
    chosen = np.linspace(0, len(frames) - 1, min(rows, len(frames)))
    numbers = frames[chosen.round().astype(int)]
    load = dataset.pipeline[0]
    with load.open(dataset.read(facts.sample_idx)) as reader:
        return list(reader.read(numbers, load.short_side))


def run(args: Namespace) -> int:
    """Read the clips, disturb and draw them."""
    import torch
    from mmengine.registry import init_default_scope

    from mmssl.datasets import SampleIndex
    from mmssl.datasets.transforms import LoadTriplet
    from mmssl.registry import DATASETS, MODELS
    from mmssl.utils.build_errors import explained
    from mmssl.visualization import picture_sheet, save_figure

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    require_keys(cfg, ('train_dataloader', 'model'), 'drawing triplets')
    init_default_scope(cfg.get('default_scope') or 'mmssl')
    with explained():
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if not isinstance(dataset.pipeline[0], LoadTriplet):
        raise UsageError(
            f'{args.config} has no triplets; its data set needs '
            "clips=dict(type='LoadTriplet', ...), as configs/dsm have it"
        )
    if cfg.model.get('sld') is None:
        raise UsageError(
            f'{args.config} leaves the scene as it is; name a disturbance by '
            '--cfg-options model.sld.type=SpatialLocalWarp'
        )
    sld = MODELS.build(cfg.model.sld)
    torch.manual_seed(args.seed)
    count = min(args.n, len(dataset))
    chosen = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    out = Path(args.out_dir)
    for index in chosen.tolist():
        sample = dataset[SampleIndex(index, args.seed)]
        columns = [
            source_frames(dataset, sample, args.frames),
            *columns_of(sample, sld, args.frames),
        ]
        figure = picture_sheet(list(zip(*columns, strict=True)), COLUMNS)
        save_figure(figure, out / f'triplet_{index}.png')
    print(f'{count} of {len(dataset)} videos drawn: {out}/triplet_*.png')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
