# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stage 2 of ORL by its tools: whole, in shards, after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import mmssl
from mmssl.apis import orl_stages, orl_step
from mmssl.datasets.correspondences import read_arrays, read_correspondences

CONFIG = """
model = dict(
    type='BYOL',
    backbone=dict(type='SmallConvNet', channels=(4, 8), strides=(2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(8, 8, 6)),
    head=dict(type='PredictionHead', sizes=(6, 8, 6)))
"""
COUNT = 7
FILES = ('features', 'neighbours', 'proposals', 'rois', 'pairs')


@pytest.fixture(scope='module')
def setup(tmp_path_factory):
    """Arguments of config, weights and pictures."""
    root = tmp_path_factory.mktemp('orl')
    (root / 'stage1.py').write_text(CONFIG)
    torch.manual_seed(0)
    model = mmssl.get_model(str(root / 'stage1.py'))
    torch.save(dict(state_dict=model.state_dict()), root / 'stage1.pth')
    rng = np.random.default_rng(0)
    (root / 'pictures').mkdir()
    for number in range(COUNT):
        size = (20, 24) if number == 3 else (64, 80)  # smaller than the crop
        img = cv2.resize(rng.integers(0, 255, (4, 5, 3), np.uint8), size[::-1])
        cv2.imwrite(str(root / f'pictures/{number}.png'), img)
    return root


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(orl_step.Step.__init__, '__defaults__', (2,))


def arguments(setup, step, out):
    weights = [str(setup / 'stage1.py'), str(setup / 'stage1.pth')]
    pictures = ['--images', str(setup / 'pictures')]
    own = dict(
        extract_features=[*weights, *pictures, '--size', '32'],
        knn=['-k', '3'],
        proposals=[*pictures, '--proposals', 'grid'],
        rois=[*weights, *pictures, '--size', '32', '--min-size', '24'],
        pairs=['--ratio', '0.2'],
    )
    own['run'] = [
        *own['rois'], '-k', '3', '--proposals', 'grid', '--ratio', '0.2',
    ]  # fmt: skip
    return [*own[step], '--out', str(out)]


def run_all(tool, setup, out):
    return tool('orl/run.py').main(arguments(setup, 'run', out))


@pytest.fixture(scope='module')
def whole(setup, tmp_path_factory):
    """The folder of an undivided run."""
    out = tmp_path_factory.mktemp('whole')
    from mmssl.apis.orl_tool import main_of

    defaults = orl_step.Step.__init__.__defaults__
    orl_step.Step.__init__.__defaults__ = (2,)
    assert main_of('run', '', '', arguments(setup, 'run', out)) == 0
    orl_step.Step.__init__.__defaults__ = defaults
    return out


def assert_same_files(one, other):
    for name in FILES:
        a, b = ((f / f'{name}.npz').read_bytes() for f in (one, other))
        assert a == b, name
    name = orl_stages.ROI_FEATURES
    assert (one / name).read_bytes() == (other / name).read_bytes()


def test_all_steps_make_pairs_that_hold_together(whole, setup):
    names, found, settings = read_correspondences(whole / 'pairs.npz')
    assert names == [f'{i}.png' for i in range(COUNT)]
    assert found.knn.shape == (COUNT, 3)
    assert found.boxes_of(3).tolist() == [[0, 0, 24, 20]]  # none admissible
    for i in range(COUNT):
        count = max(1, int(0.2 * len(found.boxes_of(i))))
        own = {tuple(box) for box in found.boxes_of(i).tolist()}
        for rank, other in enumerate(found.knn[i]):
            pairs = found.pairs_of(i, rank).tolist()
            most = len(own) * len(found.boxes_of(other))
            assert len(pairs) == min(count, most)
            assert {tuple(pair[:4]) for pair in pairs} <= own
            there = {tuple(box) for box in found.boxes_of(other).tolist()}
            assert {tuple(pair[4:]) for pair in pairs} <= there
            assert (np.diff(found.similarity_of(i, rank)) <= 0).all()
    assert settings['regions']['rules']['min_size'] == 24
    features = np.load(whole / orl_stages.ROI_FEATURES)
    assert features.shape == (len(found.boxes), 8)  # once for each region
    assert np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


def test_a_second_run_gives_the_same_files_and_a_third_does_nothing(
    tool, setup, whole, tmp_path, capsys
):
    assert run_all(tool, setup, tmp_path) == 0
    assert_same_files(whole, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.glob('*.np?')}
    capsys.readouterr()
    assert run_all(tool, setup, tmp_path) == 0
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.glob('*.np?')}
    assert 'passed the network' not in capsys.readouterr().out


def test_shards_give_the_same_files(tool, setup, whole, tmp_path):
    for step in ('extract_features', 'knn', 'proposals', 'rois', 'pairs'):
        main = tool(f'orl/{step}.py').main
        own = arguments(setup, step, tmp_path)
        if step == 'knn':
            assert main(own) == 0
            continue
        for number in (1, 0, 2):
            assert main([*own, '--shard', f'{number}/3']) == 0
        assert tool('orl/merge.py').main(['--out', str(tmp_path)]) == 0
    assert_same_files(whole, tmp_path)


def test_proposals_by_two_processes_are_the_same(tool, setup, whole, tmp_path):
    own = arguments(setup, 'proposals', tmp_path)
    assert tool('orl/proposals.py').main([*own, '--workers', '2']) == 0
    name = 'proposals.npz'
    assert (whole / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_shard_with_holes_is_named(tool, setup, tmp_path, capsys):
    main = tool('orl/proposals.py').main
    own = arguments(setup, 'proposals', tmp_path)
    assert main([*own, '--shard', '0/2']) == 0
    merge = tool('orl/merge.py').main
    assert merge(['--out', str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert '2 of 4 parts of proposals are missing' in error
    assert 'pictures 4 to 5' in error
    assert tool('orl/rois.py').main(arguments(setup, 'rois', tmp_path)) == 2
    assert 'run the step proposals first' in capsys.readouterr().err
    assert main([*own, '--shard', '1/2']) == 0
    assert merge(['--out', str(tmp_path)]) == 0
    assert merge(['--out', str(tmp_path)]) == 2
    assert 'holds no parts to merge' in capsys.readouterr().err


def test_a_stopped_step_goes_on(tool, setup, whole, tmp_path, monkeypatch):
    done = []
    write = orl_step.Step.write

    def stop_after_two(step, number, arrays):
        if step.kind == 'rois' and len(done) == 2:
            raise KeyboardInterrupt
        write(step, number, arrays)
        done.extend([number] if step.kind == 'rois' else [])

    monkeypatch.setattr(orl_step.Step, 'write', stop_after_two)
    assert run_all(tool, setup, tmp_path) == 130
    assert done == [0, 1] and not (tmp_path / 'rois.npz').exists()
    monkeypatch.setattr(orl_step.Step, 'write', write)
    again = []
    monkeypatch.setattr(
        orl_step.Step,
        'write',
        lambda step, number, arrays: (
            again.append((step.kind, number)), write(step, number, arrays)
        ),
    )  # fmt: skip
    assert run_all(tool, setup, tmp_path) == 0
    assert [n for kind, n in again if kind == 'rois'] == [2, 3]
    assert_same_files(whole, tmp_path)


def test_a_killed_step_goes_on(setup, whole, tmp_path, tool):
    """SIGKILL while regions are extracted; nothing that was done is lost."""
    code = (
        'import time\n'
        'from mmssl.apis import orl_step, orl_tool\n'
        'orl_step.Step.__init__.__defaults__ = (2,)\n'
        'write = orl_step.Step.write\n'
        'def slow(step, number, arrays):\n'
        '    write(step, number, arrays)\n'
        '    time.sleep(60 if step.kind == "rois" else 0)\n'
        'orl_step.Step.write = slow\n'
        f'orl_tool.main_of("run", "", "", {arguments(setup, "run", tmp_path)})'
    )
    environment = dict(
        os.environ, PYTHONPATH=str(Path(mmssl.__file__).parents[1])
    )
    process = subprocess.Popen([sys.executable, '-c', code], env=environment)
    part = tmp_path / 'parts/rois/000000.npz'
    deadline = time.monotonic() + 60
    while not part.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stamp = part.stat().st_mtime_ns
    assert stamp and not (tmp_path / 'rois.npz').exists()
    assert run_all(tool, setup, tmp_path) == 0
    assert_same_files(whole, tmp_path)


def test_other_pictures_weights_or_settings_are_refused(
    tool, setup, tmp_path, capsys
):
    assert run_all(tool, setup, tmp_path) == 0
    own = arguments(setup, 'run', tmp_path)
    other = tmp_path / 'other.pth'
    weights = torch.load(setup / 'stage1.pth')
    weights['state_dict']['backbone.layers.0.1.bias'] += 1
    torch.save(weights, other)
    own[1] = str(other)
    main = tool('orl/run.py').main
    assert main(own) == 2
    assert 'made with other settings (weights=' in capsys.readouterr().err
    own = arguments(setup, 'run', tmp_path)
    assert main([*own, '--min-size', '20']) == 2
    assert 'rois.npz was made with other settings' in capsys.readouterr().err
    own[own.index('--images') + 1] = str(tmp_path)
    assert main(own) == 2
    assert 'no pictures in' in capsys.readouterr().err
    cv2.imwrite(str(tmp_path / 'new.png'), np.zeros((9, 9, 3), np.uint8))
    assert main(own) == 2
    assert 'lists other pictures' in capsys.readouterr().err


def test_damaged_files_and_bad_values_are_refused(
    tool, setup, whole, tmp_path, capsys
):
    main = tool('orl/pairs.py').main
    for file in whole.glob('*'):
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / 'pairs.npz').unlink()
    arrays, header = read_arrays(tmp_path / 'neighbours.npz', 'neighbours')
    arrays['knn'][2, 1] = COUNT
    orl_step.write_arrays(tmp_path / 'neighbours.npz', header, arrays)
    own = arguments(setup, 'pairs', tmp_path)
    assert main(own) == 2
    error = capsys.readouterr().err
    assert f'neighbour 1 of picture 2 is {COUNT}' in error
    (tmp_path / 'rois.npz').write_bytes(b'PK')
    assert main(own) == 2
    assert 'rois.npz cannot be read' in capsys.readouterr().err
    assert main([*own, '--ratio', '0']) == 2
    assert '--ratio must be in (0, 1]' in capsys.readouterr().err
    assert main([*own, '--shard', '3/3']) == 2
    assert 'NUMBER/COUNT' in capsys.readouterr().err
    knn = tool('orl/knn.py').main
    (tmp_path / 'neighbours.npz').unlink()
    assert knn(['-k', '9', '--out', str(tmp_path)]) == 2
    assert 'need at least 10 pictures, got 7' in capsys.readouterr().err


def test_an_unreadable_picture_is_named(tool, setup, tmp_path, capsys):
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    for number in range(3):
        data = (setup / f'pictures/{number}.png').read_bytes()
        (pictures / f'{number}.png').write_bytes(data[:30] if number else data)
    own = ['--proposals', 'grid', '--images', str(pictures),
           '--out', str(tmp_path / 'out')]  # fmt: skip
    assert tool('orl/proposals.py').main(own) == 2
    error = capsys.readouterr().err
    assert '1.png' in error and 'needs every picture' in error


def test_boxes_come_from_a_file_and_pairs_go_to_json_and_back(
    tool, setup, whole, tmp_path, capsys
):
    boxes = [[[0, 0, 30, 30], [10, 10, 40, 40]]] * (COUNT - 1) + [[]]
    boxes[3] = [[0, 0, 24, 20]]
    (tmp_path / 'boxes.json').write_text(json.dumps(dict(bbox=boxes)))
    out = tmp_path / 'out'
    own = arguments(setup, 'run', out)
    main = tool('orl/run.py').main
    own += ['--proposals', str(tmp_path / 'boxes.json')]
    assert main(own) == 0
    _, found, _ = read_correspondences(out / 'pairs.npz')
    assert found.boxes_of(0).tolist() == boxes[0]
    assert found.boxes_of(COUNT - 1).tolist() == [[0, 0, 80, 64]]  # all of it
    assert main([*own[:-1], 'selective']) == 2
    assert "'selective' is neither" in capsys.readouterr().err

    convert = tool('orl/convert.py').main
    there, back = str(tmp_path / 'x.json'), str(tmp_path / 'back/pairs.npz')
    assert convert([str(whole / 'pairs.npz'), there]) == 0
    info = json.loads(Path(there).read_text())['info']
    assert info == dict(
        bbox_min_size=24, bbox_max_aspect_ratio=3.0, bbox_max_iou=0.5,
        intra_bbox_num=100, knn_image_num=3, knn_bbox_pair_ratio=0.2,
    )  # fmt: skip
    assert convert([there, back]) == 0
    for one, other in zip(
        read_correspondences(whole / 'pairs.npz')[1][:5],
        read_correspondences(back)[1][:5],
        strict=True,
    ):
        assert np.array_equal(one, other)
    assert convert([there]) == 2
    Path(there).write_text('{')
    assert convert([there, back]) == 2
    assert 'cannot read JSON' in capsys.readouterr().err


def test_pairs_and_neighbours_are_drawn(tool, setup, whole, tmp_path, capsys):
    main = tool('orl/draw_pairs.py').main
    own = [str(whole / 'pairs.npz'), '--output-dir', str(tmp_path)]
    pictures = ['--images', str(setup / 'pictures')]
    assert main([*own, *pictures, '-n', '3']) == 0
    for name in ('pairs', 'neighbours'):
        img = cv2.imread(str(tmp_path / f'{name}.png'))
        assert img.std() > 10
    assert main([*own, *pictures, '-n', '0']) == 2
    assert main([*own, '--images', str(tmp_path)]) == 1
    assert 'No such file' in capsys.readouterr().err
