# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Test pictures beside the training pictures that a network finds near."""

from mmengine.runner import Runner

from mmssl.evaluation import FeatureSet
from mmssl.evaluation.functional import nearest
from mmssl.evaluation.session import feature_loaders, picture
from mmssl.visualization import Report, add_neighbours

SHOWN = 8


def show_neighbours(
    report: Report, runner: Runner, bank: FeatureSet, test: FeatureSet
) -> None:
    """Add the picture grid of nearest neighbours to a report.

    Args:
        report (Report): Gets a section.
        runner (Runner): Evaluates features; its loaders hold the pictures.
        bank (FeatureSet): Of the runner's labelled training pictures.
        test (FeatureSet): Of its test pictures.
    """
    bank_loader, test_loader = feature_loaders(runner)
    count = min(SHOWN, len(bank.labels))
    add_neighbours(
        report,
        nearest(test.features, bank.features, count).indices.numpy(),
        lambda row: picture(test_loader, test, row),
        lambda row: picture(bank_loader, bank, row),
        test.labels.numpy(),
        bank.labels.numpy(),
        getattr(test_loader.dataset, 'metainfo', {}).get('classes'),
    )
