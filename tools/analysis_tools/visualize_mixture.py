# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw what a mixture (CURL) has learned from its stream, without display.

components.png: mean and samples of each component; births.png: when each was
born, and for which class; usage.png and usage.csv: which classes used which
component, over the stream; latents.png and latents_by_component.png: t-SNE of
test pictures; confusion.png: class against component."""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/visualize_mixture.py CONFIG CHECKPOINT \\
      --out-dir work_dirs/pictures
  python tools/analysis_tools/visualize_mixture.py CONFIG CHECKPOINT \\
      --samples 8 --points 500"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='visualize-mixture')
    parser.add_config('checkpoint')
    parser.add_argument(
        '--out-dir', default='work_dirs/mixture', metavar='DIR',
        help='folder of the pictures',
    )  # fmt: skip
    parser.add_argument(
        '--samples', type=int, default=4, help='pictures of a component'
    )
    parser.add_argument(
        '--points', type=int, default=1000, help='test pictures at most'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of samples and of t-SNE'
    )
    parser.add_overrides('test_dataloader.dataset.data_root=PATH')
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Draw."""
    import numpy as np
    import torch

    from mmssl.evaluation.extraction import undisturbed
    from mmssl.evaluation.functional import confusion_matrix
    from mmssl.evaluation.session import evaluation_runner
    from mmssl.utils.checkpoint import read_checkpoint
    from mmssl.visualization import (
        component_figure,
        confusion_figure,
        save_figure,
        scatter_figure,
        tsne,
    )

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    out = Path(args.out_dir)
    with (
        tempfile.TemporaryDirectory() as cfg.work_dir,
        evaluation_runner(cfg, args.checkpoint) as runner,
    ):
        model, loader = runner.bare_model, runner.test_loop.dataloader
        check_mixture(model)
        samples = []
        with undisturbed(model):
            for batch in loader:
                batch = model.data_preprocessor(batch)
                shape = batch['inputs'][0].shape[-2:]
                samples += model.predict(
                    batch['inputs'], batch['data_samples']
                )
            generator = torch.Generator().manual_seed(args.seed)
            pictures = torch.stack(
                [
                    model.sample_component(k, args.samples, generator)
                    for k in range(model.n_active)
                ]
            ).cpu()
        classes = loader.dataset.metainfo['classes']
    labels = torch.tensor([int(sample.label) for sample in samples])
    chosen = torch.stack([sample.scores for sample in samples]).argmax(1)
    confusion = confusion_matrix(
        labels, chosen, len(classes), pictures.shape[0]
    )
    titles = [
        f'{k}: {classes[int(column.argmax())]}' if column.any() else f'{k}'
        for k, column in enumerate(confusion.T)
    ]
    save_figure(
        component_figure(pictures.unflatten(2, shape).numpy(), titles),
        out / 'components.png',
    )
    save_figure(
        confusion_figure(confusion.numpy(), classes, titles),
        out / 'confusion.png',
    )
    rows = np.linspace(
        0, len(samples) - 1, min(args.points, len(samples))
    ).astype(int)
    features = torch.stack([samples[row].feature for row in rows])
    points = tsne(features.cpu().numpy(), args.seed)
    for name, title, numbers, names in (
        ('latents', 'Latents, by class', labels, classes),
        (
            'latents_by_component',
            'Latents, by component: its most frequent class',
            chosen,
            titles,
        ),
    ):
        figure = scatter_figure({title: points}, numbers.numpy()[rows], names)
        save_figure(figure, out / f'{name}.png')
    content = read_checkpoint(args.checkpoint)
    draw_births(cfg, content, classes, out)
    draw_usage(content, classes, out)
    print(f'pictures written to {out}')
    return 0


def check_mixture(model) -> None:
    """Refuse other models.

    Raises:
        UsageError: Names the tool to use.
    """
    if not hasattr(model, 'sample_component'):
        raise UsageError(
            f'{type(model).__name__} is no mixture with sample_component(), '
            'as CURL is; use tools/analysis_tools/visualize_features.py'
        )


def draw_births(cfg, checkpoint: dict, classes: list, out: Path) -> None:
    """The timeline, where the run could grow along a stream."""
    from mmssl.datasets import StreamSchedule
    from mmssl.visualization import birth_figure, save_figure

    stream = cfg.train_dataloader.get('batch_sampler')
    if 'expansion' not in checkpoint or stream is None:
        return
    plan = StreamSchedule(
        stream.n_steps, stream.n_classes, stream.get('n_concurrent', 1)
    )
    shown = (
        [[]]
        if stream.get('schedule') == 'iid'
        else [list(plan.classes(p)) for p in range(plan.n_classes)]
    )
    births = checkpoint['expansion']['births']
    figure = birth_figure(births, shown, plan.n_steps, classes)
    save_figure(figure, out / 'births.png')


def draw_usage(checkpoint: dict, classes: list, out: Path) -> None:
    """Usage over time as a picture and a table, where it was recorded."""
    import csv

    from mmssl.utils.files import atomic_path
    from mmssl.visualization import save_figure, usage_figure

    records = checkpoint.get('usage', {}).get('records')
    if not records:
        return
    steps = [record['step'] for record in records]
    tables = [record['usage'].numpy() for record in records]
    save_figure(usage_figure(steps, tables, classes), out / 'usage.png')
    with (
        atomic_path(out / 'usage.csv') as path,
        open(path, 'w', newline='', encoding='utf-8') as file,
    ):
        rows = csv.writer(file)
        rows.writerow(['step', 'class', 'component', 'samples'])
        for step, table in zip(steps, tables, strict=True):
            for label, component in zip(*table.nonzero(), strict=True):
                samples = f'{table[label, component]:.4g}'
                rows.writerow([step, classes[label], component, samples])


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
