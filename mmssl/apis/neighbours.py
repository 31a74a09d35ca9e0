# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Test pictures beside the training pictures that a network finds near."""

from mmengine.runner import Runner

from mmssl.evaluation import FeatureSet
from mmssl.evaluation.functional import nearest
from mmssl.evaluation.session import clip, feature_loaders, picture
from mmssl.visualization import Report, add_neighbours, add_retrieval

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
    near = nearest(test.features, bank.features, count).indices.numpy()
    add_neighbours(
        report,
        near,
        lambda row: picture(test_loader, test, row),
        lambda row: picture(bank_loader, bank, row),
        test.labels.numpy(),
        bank.labels.numpy(),
        getattr(test_loader.dataset, 'metainfo', {}).get('classes'),
    )
    if len(clip(test_loader, test, 0)) > 1:
        add_retrieval(
            report,
            near,
            lambda row: clip(test_loader, test, row),
            lambda row: clip(bank_loader, bank, row),
            test.labels.numpy(),
            bank.labels.numpy(),
            getattr(test_loader.dataset, 'metainfo', {}).get('classes'),
        )
