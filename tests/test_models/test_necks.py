# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.layers import build_mlp

VARIANTS = {
    'simclr_': dict(bias=False, last_bias=False, last_norm=True),
    'byol_': dict(last_bias=False),
    'simsiam_proj': dict(
        bias=False, last_bias=False, last_norm=True, last_affine=False
    ),
    'simsiam_pred': dict(bias=False),
    'barlow_': dict(bias=False, last_bias=False),
}


@pytest.mark.parametrize('case', VARIANTS)
def test_published_projectors_are_options_of_one_mlp(case):
    g = load_golden('image_baselines/necks.npz', case)
    g = {k.lstrip('_').removeprefix('param__'): v for k, v in g.items()}
    weights = [g[f'fc{i}__weight'] for i in range(3) if f'fc{i}__weight' in g]
    sizes = [w.shape[1] for w in weights] + [weights[-1].shape[0]]
    mlp = build_mlp(sizes, **VARIANTS[case]).double()
    counts = {'fc': 0, 'bn': 0}
    for module in mlp:
        kind = {torch.nn.Linear: 'fc', torch.nn.BatchNorm1d: 'bn'}.get(
            type(module)
        )
        if kind is None:
            continue
        name = f'{kind}{counts[kind]}'
        counts[kind] += 1
        recorded = {
            k.removeprefix(f'{name}__'): v
            for k, v in g.items()
            if k.startswith(name)
        }
        module.load_state_dict(
            {**module.state_dict(), **recorded}, strict=True
        )
    assert_golden(mlp(g['x']), g['y'], 1e-10)
