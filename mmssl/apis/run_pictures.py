# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures of what a run's method is about, from its newest checkpoint.

Each of the functions below draws one kind and returns False where the run is
none of that kind.  A part of the data is enough for a picture.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmssl.apis.detections import (
    annotated_pictures,
    classes_of,
    detected_boxes,
    true_boxes,
    with_boxes,
)
from mmssl.apis.model_zoo import get_model
from mmssl.apis.question_answering import answer, answer_figure
from mmssl.apis.translator import read_picture
from mmssl.datasets import collate_views
from mmssl.evaluation.extraction import (
    FeatureSet,
    frame_maps,
    predict_features,
    undisturbed,
)
from mmssl.evaluation.functional import nearest, propagate_sequence
from mmssl.models.algorithms.image_classifier import ImageClassifier
from mmssl.registry import DATASETS
from mmssl.utils.build_errors import explained
from mmssl.utils.id_maps import read_id_map
from mmssl.visualization import (
    Report,
    add_map,
    add_neighbours,
    component_figure,
    confusion_figure,
    motion_colours,
    picture_sheet,
)
from mmssl.visualization.masks import overlay_masks

TEST, BANK, BATCH = 256, 1000, 32
QUESTIONS, FRAMES, SAMPLES = 3, 40, 4
SHOWN = 8


def add_pictures(report: Report, cfg: Config, checkpoint: str | None) -> None:
    """What the network sees, and what it makes of it.

    Args:
        report (Report): Gets sections; where a picture cannot be drawn,
            since data or weights are missing, a sentence with the reason.
        cfg (Config): Of the run.
        checkpoint (str, optional): Its newest one.
    """
    init_default_scope(cfg.get('default_scope') or 'mmssl')
    _try(report, 'Views', lambda: add_views(report, cfg))
    if checkpoint is None:
        report.heading('Pictures')
        report.text('There is no checkpoint to draw pictures with.')
        return

    def draw() -> None:
        model = get_model(cfg.filename, checkpoint)
        with undisturbed(model):
            for kind in KINDS:
                if kind(report, cfg, model):
                    break

    _try(report, 'Pictures', draw)


def _try(report: Report, title: str, draw) -> None:
    """A page says what it lacks; one picture must not cost the others."""
    try:
        with explained():
            draw()
    except Exception as error:
        report.heading(title)
        text = ' '.join(str(error).split())
        report.text(f'Not drawn: {type(error).__name__}: {text}')


def add_views(report: Report, cfg: Config) -> bool:
    """Views of some training samples, as the network gets them."""
    if cfg.get('train_dataloader') is None:
        return False
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    rows = [
        dataset[index]['inputs'] for index in _evenly(len(dataset), SAMPLES)
    ]
    if not all(isinstance(row, list) and row for row in rows):
        return False
    pictures = [[_picture(view) for view in row[:SHOWN]] for row in rows]
    titles = [f'view {i + 1}' for i in range(len(pictures[0]))]
    report.heading('What the network sees')
    caption = (
        'Views of training samples, one row a sample; of clips the middle '
        'frame.'
    )
    if any(len(view) == 2 for view in rows[0]):
        caption += ' Motion: direction is the hue, length the saturation.'
    report.figure(picture_sheet(pictures, titles), 'views', caption)
    return True


def add_components(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Means and samples of the components of a mixture, as of CURL."""
    if not hasattr(model, 'sample_component'):
        return False
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    shape = dataset[0]['inputs'][0].shape[-2:]
    generator = torch.Generator().manual_seed(0)
    pictures = torch.stack(
        [
            model.sample_component(k, SAMPLES, generator)
            for k in range(model.n_active)
        ]
    ).cpu()
    report.heading('Components')
    report.figure(
        component_figure(
            pictures.unflatten(2, shape).numpy(),
            [str(k) for k in range(model.n_active)],
        ),
        'components',
        'Mean and samples of each component of the mixture.',
    )
    return True


def add_translations(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Training pictures of both domains, and their translations."""
    if not hasattr(model, 'generators'):
        return False
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    samples = [dataset[i] for i in _evenly(len(dataset), SAMPLES)]
    batch = model.data_preprocessor(collate_views(samples))
    first, second = batch['inputs']
    columns = {
        'first domain': first,
        'translated': model.generators.a2b(first),
        'second domain': second,
        'translated back': model.generators.b2a(second),
    }
    rows = zip(*map(_levels, columns.values()), strict=True)
    report.heading('Translations')
    report.figure(picture_sheet(list(rows), list(columns)), 'translations')
    return True


def add_answers(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Some questions with what was answered and read."""
    if not hasattr(model, 'choice_head'):
        return False
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    if not hasattr(dataset, 'questions'):  # the first stage selects questions
        return False
    report.heading('Questions')
    for index in _evenly(len(dataset), QUESTIONS):
        (sample,) = answer(model, [dataset[index]])
        report.figure(answer_figure(sample), f'question_{index}')
    return True


def add_masks(report: Report, cfg: Config, model: nn.Module) -> bool:
    """The objects of the first test video, carried through it."""
    settings = cfg.get('test_cfg') or {}
    if settings.get('type') != 'VOSTestLoop':
        return False
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    sample = dataset[0]['data_samples']
    frames = list(islice(sample.frames, FRAMES))
    given = {
        t: mask if isinstance(mask, Tensor) else _ids(mask)
        for t, mask in sample.given.items()
        if t < len(frames)
    }
    maps = frame_maps(
        model,
        frames,
        settings.get('stage', 'backbone'),
        settings.get('layer', -1),
        settings.get('input_size', -1),
    )
    keys = ('context', 'radius', 'topk', 'temperature')
    found = propagate_sequence(
        maps, given, **{k: settings[k] for k in keys if k in settings}
    )
    drawn = [
        overlay_masks(frame.permute(1, 2, 0).numpy(), step.ids.cpu().numpy())
        for frame, step in zip(frames, found, strict=True)
    ]
    chosen = _evenly(len(drawn), SAMPLES)
    report.heading('Objects through a video')
    report.figure(
        picture_sheet(
            [[drawn[t] for t in chosen]], [f'frame {t}' for t in chosen]
        ),
        'masks',
        f'{sample.path}: the masks of the first frame are given, the others '
        'are found.',
    )
    return True


def _ids(mask: Any) -> Tensor:
    ids = mask if isinstance(mask, np.ndarray) else read_id_map(mask)
    return torch.from_numpy(ids)


def add_detections(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Annotated test pictures, and what a detector finds in them."""
    if cfg.get('default_scope') != 'mmdet':
        return False
    model.cfg = cfg
    classes = classes_of(cfg)
    pictures = with_boxes(annotated_pictures(cfg), SAMPLES)
    columns = {
        'true boxes': [true_boxes(item, classes) for item in pictures],
        'detected': detected_boxes(model, pictures, classes),
    }
    shown = [read_picture(item['img_path']) for item in pictures]
    report.heading('Detections')
    report.figure(
        picture_sheet(
            [[picture] * len(columns) for picture in shown],
            list(columns),
            list(zip(*columns.values(), strict=True)),
            side=3.4,
        ),
        'detections',
    )
    return True


def add_predictions(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Which classes a classifier, or mmaction2's recogniser, confuses."""
    loader = cfg.get('test_dataloader')
    recogniser = hasattr(model, 'cls_head')
    if loader is None or not (
        recogniser or isinstance(model, ImageClassifier)
    ):
        return False
    dataset = DATASETS.build(loader.dataset)
    collate = pseudo_collate if recogniser else collate_views
    rows = _evenly(len(dataset), TEST)
    true, found = [], []
    for start in range(0, len(rows), loader.batch_size):
        part = [dataset[i] for i in rows[start : start + loader.batch_size]]
        for sample in model.test_step(collate(part)):
            if recogniser:
                label, scores = sample.gt_label, sample.pred_score
            else:
                label, scores = sample.label, list(sample.scores.values())[-1]
            true.append(torch.as_tensor(label).flatten().tolist())
            found.append(scores)
    report.heading('Predictions')
    if any(len(labels) != 1 for labels in true):
        report.text('Not drawn: a sample has several labels.')
        return True
    scores = torch.stack(found)
    counts = torch.zeros(scores.shape[1], scores.shape[1])
    for (label,), guess in zip(true, scores.argmax(1), strict=True):
        counts[label, guess] += 1
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    report.figure(
        confusion_figure(counts.numpy(), classes),
        'predictions',
        f'{len(rows)} test samples, evenly chosen; percent of each class.',
    )
    return True


def add_features(report: Report, cfg: Config, model: nn.Module) -> bool:
    """Nearest neighbours and a map of the test features."""
    settings = cfg.get('test_cfg') or {}
    stage = settings.get('stage', 'pool')
    loader = cfg.get('test_dataloader')
    dataset = whole_views(cfg) if loader is None else loader.dataset
    if dataset is None or not hasattr(model, 'extract_feat'):
        report.heading('Pictures')
        report.text('The config has no test data, or the model no features.')
        return True
    test = _Part(model, dataset, TEST, stage)
    bank_loader = settings.get('bank_dataloader')
    bank = test
    if bank_loader is not None:
        bank = _Part(model, bank_loader.dataset, BANK, stage)
    count = min(SHOWN, len(bank.features.labels))
    found = nearest(
        test.features.features,
        bank.features.features,
        # A picture is its own nearest one where both are the same data.
        min(count + (bank is test), len(bank.features.labels)),
    ).indices.numpy()
    add_neighbours(
        report,
        found[:, 1:] if bank is test else found,
        test.picture,
        bank.picture,
        test.features.labels.numpy(),
        bank.features.labels.numpy(),
        test.classes,
    )
    report.text(
        f'{len(test.features.labels)} test samples and '
        f'{len(bank.features.labels)} others, evenly chosen.'
    )
    add_map(
        report,
        {stage: test.features.features.numpy()},
        test.features.labels.numpy(),
        test.classes,
    )
    return True


def whole_views(cfg: Config) -> dict | None:
    """The training data with one view that is not random, if it can be."""
    dataset = cfg.train_dataloader.dataset
    if not dataset.get('views'):
        return None
    size = dataset.views[0].get('size', 224)
    side = size if isinstance(size, int) else min(size)
    view = dict(type='CenterView', resize=side, size=side)
    return dict(dataset, views=[view])


class _Part:
    """Features of some samples of a data set, and their pictures."""

    def __init__(
        self, model: nn.Module, dataset: dict, most: int, stage: str
    ) -> None:
        self.dataset = DATASETS.build(dataset)
        self.rows = _evenly(len(self.dataset), most)
        self.classes = getattr(self.dataset, 'metainfo', {}).get('classes')
        samples: list = []
        for start in range(0, len(self.rows), BATCH):
            part = [self.dataset[i] for i in self.rows[start : start + BATCH]]
            samples += predict_features(model, collate_views(part), stage)
        self.features = FeatureSet(
            torch.stack([s.feature for s in samples]),
            torch.tensor([int(s.get('label', -1)) for s in samples]),
            torch.tensor(self.rows),
            [str(s.get('path', '')) for s in samples],
        )

    def picture(self, row: int) -> np.ndarray:
        return _picture(self.dataset[self.rows[row]]['inputs'][0])


KINDS = (
    add_components,
    add_translations,
    add_answers,
    add_masks,
    add_detections,
    add_predictions,
    add_features,
)


def _evenly(count: int, most: int) -> list[int]:
    size = min(count, most)
    return [i * count // size for i in range(size)]


def _picture(view: Tensor) -> np.ndarray:
    """(h, w, 3) uint8 of a view; of a clip (c, t, h, w) its middle frame."""
    if view.ndim == 4:
        view = view[:, view.shape[1] // 2]
    x = view.float()
    if len(x) == 2:  # motion vectors
        return motion_colours(x.permute(1, 2, 0).numpy())
    if len(x) == 1:  # grey, in [0, 1] or 0..255
        x = x.expand(3, -1, -1)
    if x.max() <= 1:
        x = 255 * x
    return x.clamp(0, 255).permute(1, 2, 0).to(torch.uint8).numpy()


def _levels(images: Tensor) -> Sequence[np.ndarray]:
    """(n, h, w, 3) uint8 of (n, 3, h, w) in [-1, 1]."""
    x = ((images.float().cpu() + 1) * 127.5).round().clamp(0, 255)
    return x.permute(0, 2, 3, 1).to(torch.uint8).numpy()
