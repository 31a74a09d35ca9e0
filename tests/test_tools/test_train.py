# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The command line of training, from flags to exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmssl

TRAIN = str(Path(mmssl.get_tools_dir()) / 'train.py')
TESTS = str(Path(__file__).parent.parent)


@pytest.fixture
def train(tool, quiet):
    return tool('train.py').main


def last_error(capsys):
    error = capsys.readouterr().err.strip().splitlines()
    return error[-1]


def test_a_run_leaves_config_log_scalars_checkpoints_and_backbone(
    train, toy_config, tmp_path
):
    assert train([toy_config, '--seed', '5']) == 0
    run = tmp_path / 'work_dirs/toy'
    for name in ('toy.py', 'last_checkpoint', 'epoch_1.pth', 'epoch_2.pth',
                 'backbone.pth'):  # fmt: skip
        assert (run / name).is_file(), name
    assert Config.fromfile(run / 'toy.py').randomness.seed == 5
    (log,) = run.glob('*/*.log')
    assert log.name == f'{log.parent.name}.log'
    text = log.read_text()
    assert '\x1b' not in text, 'no control characters in files'
    line = next(t for t in text.splitlines() if 'Epoch(train) [2][4/6]' in t)
    for part in ('lr:', 'eta:', 'time:', 'data_time:', 'loss:'):
        assert part in line
    (scalars,) = run.glob('*/vis_data/scalars.json')
    records = [json.loads(t) for t in scalars.read_text().splitlines()]
    assert [r['step'] for r in records] == [2, 4, 6, 8, 10, 12]


def test_a_second_start_leaves_the_first_ones_files(
    train, toy_config, tmp_path
):
    run = tmp_path / 'work_dirs/toy'
    assert train([toy_config]) == 0
    (first,) = run.glob('*/vis_data/scalars.json')
    before = first.read_text()
    short = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert train([toy_config, *short]) == 0
    assert len(list(run.glob('*/vis_data/scalars.json'))) == 2
    assert first.read_text() == before
    assert (run / 'epoch_2.pth').is_file()


def test_the_best_checkpoint_is_kept(train, toy_config, tmp_path):
    validation = [
        '+val_dataloader.batch_size=4', '+val_dataloader.num_workers=0',
        '+val_dataloader.dataset.type=ToyData',
        '+val_dataloader.sampler.type=DefaultSampler',
        '+val_dataloader.sampler.shuffle=False',
        '+val_dataloader.collate_fn.type=default_collate',
        '+val_evaluator.type=ToyMetric', '+val_cfg.type=ValLoop',
        '+train_cfg.val_interval=1', 'train_cfg.max_epochs=3',
        '+default_hooks.checkpoint.save_best=mean',
        '+default_hooks.checkpoint.rule=greater',
        'default_hooks.checkpoint.max_keep_ckpts=1',
    ]  # fmt: skip
    assert train([toy_config, '--cfg-options', *validation]) == 0
    run = tmp_path / 'work_dirs/toy'
    (scalars,) = run.glob('*/vis_data/scalars.json')
    records = map(json.loads, scalars.read_text().splitlines())
    means = [r['mean'] for r in records if 'mean' in r]
    best = means.index(max(means)) + 1
    names = sorted(path.name for path in run.glob('*epoch_*.pth'))
    assert names == [f'best_mean_epoch_{best}.pth', 'epoch_3.pth']
    torch.load(run / names[0], weights_only=True)


def test_the_command_line_wins_over_the_config(tool, toy_config):
    module = tool('train.py')
    args = module.parse_args(
        [toy_config, '--seed', '7', '--deterministic', '--amp',
         '--auto-scale-lr', '--no-pin-memory', '--work-dir', 'elsewhere',
         '--compile', 'eager', '--cfg-options', 'train_cfg.max_epochs=9',
         '+train_dataloader.pin_memory=True'],
    )  # fmt: skip
    cfg = module.merge_args(module.launch.config_of(args), args)
    assert cfg.randomness == dict(seed=7, deterministic=True)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.auto_scale_lr.enable and cfg.train_cfg.max_epochs == 9
    assert cfg.train_dataloader.pin_memory is False
    assert cfg.work_dir == 'elsewhere'
    assert cfg.compile == dict(backend='eager')


def test_resume_goes_on_and_a_finished_run_has_nothing_to_do(
    train, toy_config, tmp_path, capsys
):
    short = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert train([toy_config, '--work-dir', 'a', *short]) == 0
    assert train([toy_config, '--work-dir', 'a', '--resume']) == 0
    assert train([toy_config, '--work-dir', 'b']) == 0
    one, other = (
        torch.load(tmp_path / f / 'epoch_2.pth', weights_only=True)
        for f in 'ab'
    )
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name])
    capsys.readouterr()
    assert train([toy_config, '--work-dir', 'a', '--resume']) == 0
    assert 'nothing to do (epoch 2/2)' in capsys.readouterr().out


@pytest.mark.parametrize(
    'flags, message',
    [
        (['--bogus'], 'unrecognized arguments: --bogus'),
        (['--seed', 'x'], 'invalid int value'),
        (['--cfg-options', 'model.widht=3'], 'nearest: model.'),
        (['--cfg-options', '+model.widht=3'], 'ToyModel has no argument'),
        (['--cfg-options', 'model.type=ToyModle'], 'did you mean ToyModel'),
        (['--cfg-options', 'model.type=mmdte.ResNet'], 'did you mean mmdet'),
        (['--cfg-options', '+train_dataloader.workers=3'],
         'DataLoader has no argument workers'),
        (['--cfg-options', '+optim_wrapper.optimizer.momentumm=1'],
         'SGD has no argument momentumm; did you mean momentum'),
        (['--resume', 'none.pth'], 'checkpoint not found: none.pth'),
        (['--cfg-options', 'load_from=none.pth'], 'checkpoint not found'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_exit_code_2(
    train, toy_config, capsys, flags, message
):
    assert train([toy_config, *flags]) == 2
    error = last_error(capsys)
    assert error.startswith('error: ') and message in error


def test_a_missing_config_is_exit_code_2(train, capsys):
    assert train(['no_such_config']) == 2
    assert 'config not found: no_such_config' in last_error(capsys)


def test_a_broken_loss_is_exit_code_1(train, toy_config, capsys):
    code = train([toy_config, '--cfg-options', '+model.broken_from=3'])
    assert code == 1
    assert 'loss = nan at iteration 4' in last_error(capsys)


def test_a_dry_run_trains_one_iteration_and_keeps_nothing(
    train, toy_config, tmp_path, capsys
):
    assert train([toy_config, '--dry-run']) == 0
    text = capsys.readouterr().out
    assert 'loss: ' in text and 'dry run: all built' in text
    assert not (tmp_path / 'work_dirs').exists()


def test_torch_compile_trains(train, toy_config):
    epochs = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert train([toy_config, '--compile', 'eager', *epochs]) == 0


def test_auto_scale_needs_its_base(train, toy_config, capsys):
    flags = ['--auto-scale-lr', '--cfg-options', 'auto_scale_lr=None']
    assert train([toy_config, *flags]) == 2
    assert 'base_batch_size' in last_error(capsys)


def start(toy_config, *flags):
    """A run in a process of its own, until its first checkpoint.

    Without learning rate, as nobody knows for how long it goes on, and the
    toy's loss would grow until it is not finite.  A shell's background jobs,
    which these tests may be, ignore Ctrl-C; the run shall not.
    """
    process = subprocess.Popen(
        [sys.executable, TRAIN, toy_config, '--cfg-options',
         'train_cfg.max_epochs=100000', 'train_dataloader.num_workers=2',
         '+train_dataloader.persistent_workers=True',
         'default_hooks.checkpoint.max_keep_ckpts=1',
         'optim_wrapper.optimizer.lr=0', *flags],
        env=dict(os.environ, PYTHONPATH=TESTS, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    note = Path('work_dirs/toy/last_checkpoint')
    for _ in range(600):
        if note.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    return process


def alive(group):
    """Processes of a session that are no zombies."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != 'Z':
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(
    'signum, code',
    [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGUSR1, 75)],
)
def test_a_signal_to_all_processes_ends_the_run_without_orphans(
    toy_config, signum, code
):
    process = start(toy_config)
    os.killpg(process.pid, signum)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == code, output[-2000:]
    assert alive(process.pid) == []
    if signum != signal.SIGINT:
        name = Path('work_dirs/toy/last_checkpoint').read_text()
        assert Path(name).name.startswith('iter_')
        torch.load(name, weights_only=True)
