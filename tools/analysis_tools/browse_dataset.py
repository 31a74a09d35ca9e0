# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw samples of a config's data: sources with crops, views, clips."""

import math
import sys
import textwrap
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import mmssl
from mmssl.utils.config import load_config, require_keys
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/browse_dataset.py CONFIG --output-dir views
  python tools/analysis_tools/browse_dataset.py CONFIG -n 8 --split val \\
      --cfg-options data_root=path/to/pictures/
written are overview.png and sample_NUMBER.png for each sample; of videos a
row for each clip, and where in the video it lies"""


MOST_ROWS = 12


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='browse-dataset')
    parser.add_config()
    parser.add_argument(
        '--output-dir', default='browse', metavar='DIR', help='where to write'
    )
    parser.add_argument(
        '-n', type=int, default=20, help='samples, spread over the data'
    )
    parser.add_argument(
        '--split', choices=('train', 'val', 'test'), default='train',
        help='which data loader of the config',
    )  # fmt: skip
    parser.add_argument(
        '--seed', type=int, default=0, help='the same seed, the same views'
    )
    parser.add_overrides()
    args = parser.parse_args(argv)
    if args.n < 1 or args.seed < 0:
        parser.error(f'-n must be >= 1 and --seed >= 0, got {args.n}, '
                     f'{args.seed}')  # fmt: skip
    return args


class Sample(NamedTuple):
    """What is drawn of a sample.

    Attributes:
        title (str): File and class.
        source (ndarray): (h, w, 3) uint8 RGB.
        views (list[ndarray]): v times (h, w, 3) uint8 RGB.
        geometry (list[ViewGeometry]): v records.
        boxes (ndarray or None): (v, r, 4) xyxy in each view, box i of every
            view showing the same; None where the method has none.
        foreign (Sequence[int]): Views that show another picture.
    """

    title: str
    source: np.ndarray
    views: list
    geometry: list
    boxes: np.ndarray | None = None
    foreign: tuple[int, ...] = ()


class ClipSample(NamedTuple):
    """What is drawn of a video.

    Attributes:
        title (str): File and class.
        rows (list[ClipRow]): Its clips.
        num_frames (int or None): Length of the video, where it is known.
    """

    title: str
    rows: list
    num_frames: int | None = None


def load_item(dataset, index: int, seed: int) -> dict:
    """A sample as epoch 0 of a run with this seed sees it."""
    from mmssl.datasets import SampleIndex
    from mmssl.datasets.image_dataset import seeded_globals

    with seeded_globals((seed, 0, index)):  # for foreign data sets
        return dataset[SampleIndex(index, seed)]


def clips_of(item: dict) -> dict[str, np.ndarray]:
    """The clips of a sample by name, (t, h, w, 3); none of a picture.

    Takes the views of our data sets (a list, or a dict with names), the
    stacked views of mmaction2's, and whole videos with object masks.
    """
    facts, inputs = item['data_samples'], item['inputs']
    if 'frames' in facts and 'annotations' in facts:
        return {'frames': masked_frames(facts)}
    if isinstance(inputs, dict):
        named = {}
        for name, views in inputs.items():
            several = isinstance(views, list | tuple)
            for i, view in enumerate(views if several else [views]):
                named[f'{name} {i + 1}' if several else name] = view
    else:
        named = {f'clip {i + 1}': view for i, view in enumerate(inputs)}
    return {
        name: clip_pictures(view)
        for name, view in named.items()
        if hasattr(view, 'ndim') and view.ndim == 4 and len(view) in (2, 3)
    }


def clip_pictures(clip) -> np.ndarray:
    """(t, h, w, 3) of a clip; motion by its colours."""
    from mmssl.visualization import motion_colours

    frames = clip.permute(1, 2, 3, 0).numpy()
    return motion_colours(frames) if frames.shape[-1] == 2 else frames


def masked_frames(facts) -> np.ndarray:
    """Eight frames of a sequence, tinted where there are object masks."""
    from mmssl.utils.id_maps import read_id_map
    from mmssl.visualization.masks import overlay_masks

    count = len(facts.frames)
    places = np.linspace(0, count - 1, min(8, count)).round().astype(int)
    frames = []
    for place in places.tolist():
        frame = facts.frames[place].permute(1, 2, 0).numpy()
        mask = facts.annotations.get(facts.names[place])
        if mask is not None:
            ids = read_id_map(mask) if isinstance(mask, str | Path) else mask
            frame = overlay_masks(frame, np.asarray(ids))
        frames.append(frame)
    return np.stack(frames)


def title_of(dataset, facts, index: int) -> str:
    """'file.mp4   class'."""
    title = Path(facts.get('path', '') or f'sample {index}').name
    label = facts.get('label')
    if label is None and 'gt_label' in facts and len(facts.gt_label) == 1:
        label = int(facts.gt_label)
    if label is not None:
        classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
        title += f'   {classes[label] if classes else f"class {label}"}'
    return title


def read_clips(dataset, item: dict, index: int) -> ClipSample:
    """Rows of the clips of a sample."""
    from mmssl.visualization import sample_rows

    facts, clips = item['data_samples'], clips_of(item)
    if 'path' not in facts and hasattr(dataset, 'get_data_info'):
        facts.set_field(
            dataset.get_data_info(index).get('filename', ''),
            'path',
            field_type='metainfo',
        )
    rows = sample_rows(
        list(clips.values()), facts.get('clip_frames'), list(clips)
    )
    return ClipSample(
        title_of(dataset, facts, index),
        rows[:MOST_ROWS],
        facts.get('num_frames'),
    )


def read_sample(dataset, index: int, seed: int) -> Sample | ClipSample:
    """What is drawn of a sample, a picture's or a video's."""
    from mmssl.datasets.transforms import LoadImage

    item = load_item(dataset, index, seed)
    if clips_of(item):
        return read_clips(dataset, item, index)
    facts = item['data_samples']
    # Not the one asked for, if that is unreadable.
    picture = LoadImage()(dataset.read(facts.sample_idx))
    return Sample(
        title_of(dataset, facts, index),
        picture['img'],
        [view.permute(1, 2, 0).numpy() for view in item['inputs']],
        facts.views,
        facts.get('boxes'),
        tuple(
            number
            for number, source in enumerate(facts.get('view_sources', ()))
            if source != facts.sample_idx
        ),
    )


def show(axis, picture: np.ndarray, frame: str | None = None) -> None:
    """A picture, perhaps in a coloured frame; small ones keep their pixels."""
    from mmssl.visualization.style import bare

    bare(axis)
    small = max(picture.shape[:2]) <= 128
    axis.imshow(picture, interpolation='nearest' if small else 'antialiased')
    for spine in axis.spines.values() if frame else ():
        spine.set(visible=True, color=frame, linewidth=1.8)


def show_source(axis, sample: Sample, tags: bool) -> None:
    """The source and the outlines of the crops, in the views' colours."""
    from matplotlib.patches import Rectangle

    from mmssl.visualization.style import PAPER, colour

    show(axis, sample.source)
    height, width = sample.source.shape[:2]
    for number, geometry in enumerate(sample.geometry):
        if number in sample.foreign:
            continue
        x, y, w, h = geometry.crop
        # imshow puts the centre of the first pixel at 0.
        corner = (x - 0.5, y - 0.5)
        for line, edge in ((3.4, PAPER), (1.8, colour(number))):
            box = Rectangle(
                corner, w, h, fill=False, edgecolor=edge,
                linewidth=line if tags else line * 0.6,
            )  # fmt: skip
            axis.add_patch(box).set_clip_on(False)  # whole at the border
        if tags:
            axis.annotate(
                str(number + 1), corner, (3, -3),
                textcoords='offset points', ha='left', va='top',
                fontsize=7, fontweight='bold', color=PAPER,
                bbox=dict(boxstyle='square,pad=0.2', linewidth=0,
                          facecolor=colour(number)),
            )  # fmt: skip
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def show_boxes(axis, boxes: np.ndarray, tags: bool) -> None:
    """Matched boxes of one view; what has one number shows one place."""
    from matplotlib.patches import Rectangle

    from mmssl.visualization.style import PAPER, colour

    for number, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        edges = [(2.2, PAPER), (1.2, colour(number))]
        for line, edge in edges if tags else edges[1:]:
            box = Rectangle(
                (x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False,
                edgecolor=edge, linewidth=line,
            )  # fmt: skip
            axis.add_patch(box)
        if tags:
            axis.annotate(
                str(number + 1), (x1 - 0.5, y1 - 0.5), (1.5, -1.5),
                textcoords='offset points', ha='left', va='top',
                fontsize=5, fontweight='bold', color=PAPER,
                bbox=dict(boxstyle='square,pad=0.15', linewidth=0,
                          facecolor=colour(number)),
            )  # fmt: skip


def caption(number: int, view: np.ndarray, geometry) -> str:
    """'1   224 x 224   flipped'."""
    parts = [str(number + 1), f'{view.shape[1]} × {view.shape[0]}']
    if geometry.flip:
        parts.append('flipped')
    return '   '.join(parts)


def sheet_figure(sample: Sample | ClipSample):
    """One sample: source and views; or a row for each clip."""
    if isinstance(sample, ClipSample):
        from mmssl.visualization import clip_figure

        return clip_figure(sample.rows, sample.title, sample.num_frames)
    return picture_figure(sample)


def picture_figure(sample: Sample):
    """One sample: the source at the left, the views at the right."""
    from matplotlib.figure import Figure

    from mmssl.visualization.style import INK, MUTED, PAPER, colour

    count = len(sample.views)
    rows = 1 if count == 1 else 2 if count <= 8 else 3
    columns = -(-count // rows)
    side = 1.75  # inches of a view
    height = rows * (side + 0.3) + 0.45
    source_height, source_width = sample.source.shape[:2]
    source = (height - 0.6) * min(2.0, source_width / source_height)
    figure = Figure(
        (source + columns * (side + 0.12) + 0.4, height),
        facecolor=PAPER, layout='constrained',
    )  # fmt: skip
    grid = figure.add_gridspec(
        rows, columns + 1, width_ratios=[source] + [side] * columns
    )
    figure.suptitle(
        sample.title, x=0.01, ha='left', fontsize=10, fontweight='bold',
        color=INK,
    )  # fmt: skip
    show_source(figure.add_subplot(grid[:, 0]), sample, tags=True)
    for number, (view, geometry) in enumerate(
        zip(sample.views, sample.geometry, strict=True)
    ):
        row, column = divmod(number, columns)
        axis = figure.add_subplot(grid[row, column + 1])
        show(axis, view, colour(number))
        axis.set_anchor('NW')
        if sample.boxes is not None:
            show_boxes(axis, sample.boxes[number], tags=True)
        text = caption(number, view, geometry)
        if number in sample.foreign:
            text += '   other picture'
        axis.set_title(text, loc='left', fontsize=8, color=MUTED, pad=4)
    return figure


def overview_figure(samples: list[Sample] | list[ClipSample]):
    """One row a sample: its first clip; or source and views."""
    if isinstance(samples[0], ClipSample):
        from mmssl.visualization import ClipRow, clip_figure
        from mmssl.visualization.neighbours import shorten

        rows = []
        for sample in samples:
            parts = [shorten(part, 26) for part in sample.title.split('   ')]
            rows.append(ClipRow('\n'.join(parts), sample.rows[0].frames))
        return clip_figure(rows)
    return picture_overview(samples)


def picture_overview(samples: list[Sample]):
    """One row a sample: source, views; many rows stand side by side."""
    from mmssl.visualization.style import INK, colour, new_figure

    columns = 1 + max(len(sample.views) for sample in samples)
    blocks = max(1, round(math.sqrt(len(samples) / (columns + 1.5))))
    rows = -(-len(samples) // blocks)
    titles = [textwrap.fill(s.title, 24, max_lines=3) for s in samples]
    room = 0.075 * max(len(t) for title in titles for t in title.split('\n'))
    figure, axes = new_figure(
        blocks * (room + 1.05 * columns + 0.6), 1.05 * rows + 0.2, rows,
        blocks * columns, width_ratios=([1.5] + [1] * (columns - 1)) * blocks,
    )  # fmt: skip
    for axis in axes:
        axis.set_axis_off()
    for number, (sample, title) in enumerate(
        zip(samples, titles, strict=True)
    ):
        block, row = divmod(number, rows)
        start = (row * blocks + block) * columns
        first, *others = axes[start : start + columns]
        for axis in (first, *others[: len(sample.views)]):
            axis.set_axis_on()
        show_source(first, sample, tags=False)
        first.set_anchor('E')
        first.set_ylabel(
            title, rotation=0, ha='right', va='center', fontsize=7, color=INK
        )
        for view, axis in enumerate(others[: len(sample.views)]):
            show(axis, sample.views[view], colour(view))
            if sample.boxes is not None:
                show_boxes(axis, sample.boxes[view], tags=False)
    return figure


def run(args: Namespace) -> int:
    """Read the samples and draw them."""
    from mmengine.registry import init_default_scope

    from mmssl.registry import DATASETS
    from mmssl.utils.build_errors import explained
    from mmssl.visualization import save_figure

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    loader = f'{args.split}_dataloader'
    require_keys(cfg, (loader,), f'browsing the split {args.split}')
    init_default_scope(cfg.get('default_scope') or 'mmssl')
    with explained():
        dataset = DATASETS.build(cfg[loader].dataset)
    count = min(args.n, len(dataset))
    chosen = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    out = Path(args.output_dir)
    samples = []
    for index in chosen.tolist():
        samples.append(read_sample(dataset, index, args.seed))
        save_figure(sheet_figure(samples[-1]), out / f'sample_{index}.png')
    save_figure(overview_figure(samples), out / 'overview.png')
    print(f'{count} of {len(dataset)} samples drawn: {out}/overview.png, '
          f'{out}/sample_*.png')  # fmt: skip
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
