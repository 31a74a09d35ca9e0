# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Both stages on generated pictures: what each adds on classes never seen."""

import itertools
import math

import torch

from mmssl.evaluation.functional import (
    confidence_interval,
    few_shot_classify,
)
from mmssl.registry import MODELS
from mmssl.structures import DataSample
from mmssl.utils.episodes import EpisodeShape, draw_episode, rows_of_classes

BACKBONE = dict(
    type='AMDIMEncoder', encoder_size=32, ndf=4, n_rkhs=32, n_depth=1
)
SHAPE = EpisodeShape(5, 1, 5)
PER_CLASS = 12
CLASSES = 16


def striped_pictures(classes, generator):
    """(n, 3, 32, 32) pictures and (n,) labels.

    A class is the hue of the ground; its brightness, which is far stronger,
    the stripes and the noise differ from picture to picture.
    """
    rows, columns = torch.meshgrid(
        torch.arange(32.0), torch.arange(32.0), indexing='ij'
    )
    pictures, labels = [], []
    for label in classes:
        hue = 2 * math.pi * (label / CLASSES + torch.arange(3) / 3)
        for _ in range(PER_CLASS):
            angle, phase = 6.3 * torch.rand(2, generator=generator)
            wave = angle.cos() * rows + angle.sin() * columns
            brightness = torch.randn(1, generator=generator)
            noise = 0.3 * torch.randn(3, 32, 32, generator=generator)
            ground = 0.3 * hue.cos()[:, None, None] + brightness
            pictures.append(ground + (0.8 * wave + phase).sin() + noise)
            labels.append(label)
    return torch.stack(pictures), torch.tensor(labels)


def two_views(pictures, generator):
    """Each moved and made noisy by itself; the brightness stays."""
    views = []
    for _ in range(2):
        shift = torch.randint(-8, 9, (2,), generator=generator).tolist()
        noise = 0.1 * torch.randn(pictures.shape, generator=generator)
        views.append(pictures.roll(shift, (2, 3)) + noise)
    return views


def accuracy(model, pictures, labels):
    """1-shot accuracy of the nearest prototype, and half its interval."""
    with torch.no_grad():
        features = model.eval()([pictures])
    model.train()
    results = few_shot_classify(
        features, labels, n_episodes=300, query=5,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    return confidence_interval(results.accuracy)


def train(model, optimizer, batches):
    for batch in batches:
        loss = sum(
            value for name, value in model(*batch, mode='loss').items()
            if 'loss' in name
        )  # fmt: skip
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_each_stage_improves_on_classes_that_neither_has_seen():
    # Acceptance check 9: the second stage gains over the first alone.
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    pictures, labels = striped_pictures(range(0, CLASSES, 2), generator)
    test = striped_pictures(range(1, CLASSES, 2), generator)

    first = MODELS.build(dict(type='AMDIM', backbone=BACKBONE))
    found = [accuracy(first, *test)]
    chosen = torch.randint(len(pictures), (40, 48), generator=generator)
    train(
        first,
        torch.optim.Adam(first.parameters(), lr=2e-3),
        ([two_views(pictures[rows], generator)] for rows in chosen),
    )
    found.append(accuracy(first, *test))

    second = MODELS.build(
        dict(
            type='ProtoNet', backbone=dict(BACKBONE, projections=False),
            way=SHAPE.way, shot=SHAPE.shot, query=SHAPE.query,
            temperature=8.0,
        )
    )  # fmt: skip
    second.backbone.load_state_dict(first.backbone.state_dict(), strict=False)
    classes = rows_of_classes(labels, SHAPE)
    episodes = [draw_episode(classes, SHAPE, generator) for _ in range(80)]
    labelled = [DataSample(label=int(label)) for label in labels]
    train(
        second,
        torch.optim.SGD(second.parameters(), lr=5e-3, momentum=0.9),
        (
            ([pictures[rows]], [labelled[row] for row in rows])
            for rows in episodes
        ),
    )
    found.append(accuracy(second, *test))
    for before, after in itertools.pairwise(found):
        gain, doubt = after.mean - before.mean, before.half_width
        assert gain > 2 * (doubt + after.half_width), found
