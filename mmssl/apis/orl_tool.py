# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Command lines of ORL's second stage; the work is in ``orl_stages.py``.

Nothing heavy is imported before a step runs, so that ``--help`` answers at
once.
"""

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

ORDER = ('features', 'neighbours', 'proposals', 'rois', 'pairs')
WEIGHTS, PICTURES, SIZE, KNN, BOXES, RULES, RATIO, SHARD, WORKERS = range(9)
GROUPS = dict(
    features=(WEIGHTS, PICTURES, SIZE, SHARD, WORKERS),
    neighbours=(KNN,),
    proposals=(PICTURES, BOXES, SHARD, WORKERS),
    rois=(WEIGHTS, PICTURES, SIZE, RULES, SHARD, WORKERS),
    pairs=(RATIO, SHARD),
    run=(WEIGHTS, PICTURES, SIZE, KNN, BOXES, RULES, RATIO, WORKERS),
)
"""Arguments of each tool."""


def shard(text: str) -> tuple[int, int]:
    """'1/4' to (1, 4); the first is 0/4."""
    number, slash, count = text.partition('/')
    if not (slash and number.isdecimal() and count.isdecimal()) or not (
        int(number) < int(count)
    ):
        raise ArgumentTypeError(
            f'{text!r} is not NUMBER/COUNT with 0 <= NUMBER < COUNT'
        )
    return int(number), int(count)


def add_arguments(parser: ToolParser, groups: Sequence[int]) -> None:
    """Add the groups of arguments that a tool has."""
    add = parser.add_argument
    if WEIGHTS in groups:
        add('config', help='config of stage 1, a path or a shipped name')
        add('checkpoint', help='its weights')
    if PICTURES in groups:
        add('--images', required=True, metavar='DIR',
            help='folder of the pictures')  # fmt: skip
        add('--list', metavar='FILE', help='names below it, one a line, '
            'instead of all pictures in sorted order')  # fmt: skip
    add('--out', required=True, metavar='DIR', help='folder of all files')
    if SIZE in groups:
        add('--size', type=int, default=224,
            help='side of what the network sees, pixels')  # fmt: skip
    if KNN in groups:
        add('-k', type=int, default=10, help='neighbours of a picture')
    if BOXES in groups:
        add('--proposals', default='selective_search',
            help="'selective_search', 'grid', or JSON files of boxes with "
            'commas between, as ORL publishes them')  # fmt: skip
    if RULES in groups:
        add('--min-size', type=int, default=96, help='of a side, pixels')
        add('--max-ratio', type=float, default=3.0, help='of the sides')
        add('--max-iou', type=float, default=0.5, help='with a kept box')
        add('--top-n', type=int, default=100, help='boxes of a picture')
    if RATIO in groups:
        add('--ratio', type=float, default=0.1,
            help="pairs as a share of a picture's boxes")  # fmt: skip
    if SHARD in groups:
        add('--shard', type=shard, default=(0, 1), metavar='P/N',
            help='do the share P (from 0) of N; tools/orl/merge.py joins '
            'them')  # fmt: skip
    if WORKERS in groups:
        add('--workers', type=int, default=1, help='processes')


def main_of(
    tool: str, description: str, examples: str, argv: list[str] | None
) -> int:
    """Entry of a tool: one step, or all of them.

    Args:
        tool (str): A key of ``GROUPS``.
        description (str): The tool's docstring.
        examples (str): Command lines.
        argv (list[str], optional): Arguments.

    Returns:
        int: Exit code.
    """

    def parse(argv):
        parser = ToolParser(description, examples, prog=tool)
        add_arguments(parser, GROUPS[tool])
        args = parser.parse_args(argv)
        for name in ('size', 'k', 'workers'):
            if getattr(args, name, 1) < 1:
                parser.error(f'{name} must be >= 1')
        return args

    def run(args):
        args.shard = getattr(args, 'shard', (0, 1))
        for step in ORDER if tool == 'run' else (tool,):
            run_step(step, args)

    return run_tool(parse, run, argv)


def run_step(kind: str, args: Namespace) -> None:
    """Do what is left of a step; merge it where the shard is the whole."""
    step = globals()[f'_{kind}'](args)
    if step.done:
        print(f'{kind}: {step.path}')
    elif args.shard[1] == 1:
        merge(step)
        print(f'{kind}: {step.path}')
    else:
        number, count = args.shard
        print(f'{kind}: shard {number}/{count} done')


def listed(args: Namespace) -> list[str]:
    """Names of the pictures, the same for all steps of a folder."""
    from mmssl.datasets.correspondences import (
        IMAGE_LIST,
        read_image_list,
        write_image_list,
    )
    from mmssl.datasets.sources import list_images, read_list

    if getattr(args, 'images', None) is None:
        return read_image_list(args.out)
    if not Path(args.images).is_dir():
        raise UsageError(f'--images {args.images}: there is no such folder')
    names = read_list(args.list)[0] if args.list else list_images(args.images)
    if not names:
        raise UsageError(f'no pictures in {args.list or args.images}')
    if (Path(args.out) / IMAGE_LIST).exists() and not args.list:
        # A picture more or less in the folder is another list.
        names = names if set(names) != set(read_image_list(args.out)) else (
            read_image_list(args.out)
        )  # fmt: skip
    write_image_list(args.out, names)
    return names


def _source(args: Namespace, names: Sequence[str]):
    from mmssl.datasets.sources import FileSource

    return FileSource(args.images, names)


def _weights(args: Namespace) -> dict:
    from mmssl.apis.orl_step import file_digest

    if not Path(args.checkpoint).is_file():
        raise UsageError(f'checkpoint not found: {args.checkpoint}')
    return dict(
        config=Path(args.config).stem,
        weights=file_digest(args.checkpoint),
        size=args.size,
    )


def _model(args: Namespace):
    import torch

    from mmssl.apis.model_zoo import get_model

    model = get_model(args.config, args.checkpoint)
    return model.cuda() if torch.cuda.is_available() else model


def _step(args: Namespace, kind: str, settings: dict):
    from mmssl.apis.orl_step import Step

    return Step(args.out, kind, listed(args), settings)


def earlier(args: Namespace, kind: str):
    """A step whose merged file must be there, with its own settings."""
    from mmssl.apis.orl_step import Step
    from mmssl.datasets.correspondences import read_header

    names = listed(args)
    path = Path(args.out) / f'{kind}.npz'
    if not path.exists():
        raise UsageError(
            f'{path} is missing: run the step {kind} first, and '
            'tools/orl/merge.py if it was done in shards'
        )
    settings = read_header(path, kind, names)['settings']
    return Step(args.out, kind, names, settings, settings['chunk'])


def _features(args: Namespace):
    from mmssl.apis.orl_stages import extract_features

    step = _step(args, 'features', _weights(args))
    if not step.done:
        source = _source(args, step.names)
        extract_features(step, source, _model(args), args.size, args.shard,
                         args.workers)  # fmt: skip
    return step


def _neighbours(args: Namespace):
    from mmssl.apis.orl_stages import find_neighbours

    before = earlier(args, 'features')
    settings = dict(k=args.k, features=before.header['settings'])
    step = _step(args, 'neighbours', settings)
    args.shard = (0, 1)
    if not step.done:
        try:
            find_neighbours(step, before.read()['features'], args.k)
        except ValueError as error:
            raise UsageError(str(error)) from error
    return step


def _proposals(args: Namespace):
    from mmssl.apis.orl_stages import propose, store_proposals
    from mmssl.apis.orl_step import file_digest
    from mmssl.datasets.correspondences import official_proposals
    from mmssl.datasets.proposals import PROPOSERS

    kind = args.proposals
    if kind in PROPOSERS:
        step = _step(args, 'proposals', dict(proposals=kind))
        if not step.done:
            source = _source(args, step.names)
            propose(step, source, kind, args.shard, args.workers)
        return step
    files = kind.split(',')
    missing = [name for name in files if not Path(name).is_file()]
    if missing:
        raise UsageError(
            f'--proposals {missing[0]!r} is neither {" nor ".join(PROPOSERS)}'
            ' nor a file'
        )
    digests = [file_digest(name) for name in files]
    step = _step(args, 'proposals', dict(proposals=digests))
    if not step.done:
        try:
            contents = [
                json.loads(Path(name).read_text(encoding='utf-8'))
                for name in files
            ]
        except ValueError as error:
            raise UsageError(f'{kind} is no JSON: {error}') from error
        boxes = official_proposals(contents, step.names, kind)
        store_proposals(step, boxes)
    return step


def _rois(args: Namespace):
    from mmssl.apis.orl_stages import extract_regions

    before = earlier(args, 'proposals')
    rules = dict(
        min_size=args.min_size,
        max_ratio=args.max_ratio,
        max_iou=args.max_iou,
        top_n=args.top_n,
    )
    settings = dict(
        _weights(args), rules=rules, proposals=before.header['settings']
    )
    step = _step(args, 'rois', settings)
    if not step.done:
        source = _source(args, step.names)
        count = extract_regions(
            step, source, _model(args), before.read(), args.size, rules,
            args.shard, args.workers,
        )  # fmt: skip
        print(f'rois: {count} regions passed the network, each once')
    return step


def _pairs(args: Namespace):
    import numpy as np

    from mmssl.apis import orl_stages

    if not 0 < args.ratio <= 1:
        raise UsageError(f'--ratio must be in (0, 1], got {args.ratio}')
    regions, near = earlier(args, 'rois'), earlier(args, 'neighbours')
    settings = dict(
        ratio=args.ratio,
        regions=regions.header['settings'],
        neighbours=near.header['settings'],
    )
    step = _step(args, 'pairs', settings)
    if not step.done:
        knn = orl_stages.checked_neighbours(
            near.read()['knn'], len(step.names), str(near.path)
        )
        features = np.load(
            Path(args.out) / orl_stages.ROI_FEATURES, mmap_mode='r'
        )
        orl_stages.pair_regions(
            step, regions.read(), features, knn, args.ratio, args.shard
        )
    return step


def merge(step) -> None:
    """Join the chunks of a step; refuses holes."""
    from mmssl.apis import orl_stages

    if step.kind == 'features':
        orl_stages.merge_features(step)
    elif step.kind == 'proposals':
        step.finish(orl_stages.merge_rows(step))
    elif step.kind == 'rois':
        orl_stages.merge_regions(step)
    else:
        args = Namespace(out=step.path.parent)
        orl_stages.merge_pairs(
            step,
            earlier(args, 'rois').read(),
            earlier(args, 'neighbours').read()['knn'],
        )


def merge_all(folder: str) -> list[str]:
    """Join every step of a folder that was done in shards.

    Returns:
        list[str]: The steps.

    Raises:
        UsageError: There is none, or one has holes.
    """
    from mmssl.apis.orl_step import Step
    from mmssl.datasets.correspondences import read_header, read_image_list

    merged = []
    for kind in ORDER:
        parts = sorted((Path(folder) / 'parts' / kind).glob('*.npz'))
        if not parts:
            continue
        names = read_image_list(folder)
        settings = read_header(parts[0], kind, names)['settings']
        step = Step(folder, kind, names, settings, settings['chunk'])
        merge(step)
        merged.append(kind)
    if not merged:
        raise UsageError(
            f'{folder} holds no parts to merge; a step without --shard '
            'merges its own'
        )
    return merged


def official_info(settings: dict) -> dict:
    """The ``info`` of the authors' file, from the settings of pairs."""
    rules = settings.get('regions', {}).get('rules', {})
    return dict(
        bbox_min_size=rules.get('min_size'),
        bbox_max_aspect_ratio=rules.get('max_ratio'),
        bbox_max_iou=rules.get('max_iou'),
        intra_bbox_num=rules.get('top_n'),
        knn_bbox_pair_ratio=settings.get('ratio'),
    )
