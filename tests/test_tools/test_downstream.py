# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The table of downstream results, from commands to cells."""

import json
from pathlib import Path

import pytest
import torch

import mmssl

TASK = 'linear_tiny'


@pytest.fixture
def downstream(tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('a', 'b'):
        torch.save(dict(state_dict={}), tmp_path / f'{name}.pth')
    return tool('benchmarks/downstream.py')


@pytest.fixture
def commands(downstream, monkeypatch):
    """Command lines instead of trainings, which leave a log of results."""
    seen = []

    class Done:
        returncode = 0

    def run(command, stdout, **kwargs):
        seen.append(command)
        if Path(command[1]).name in ('test.py', 'slurm_test.sh'):
            out = command[command.index('--out') + 1]
            Path(out).write_text(json.dumps(dict(metrics={'a/R@1': 40.0})))
            return Done
        if '--out' in command:
            content = {'svm/mAP': 30.5, 'svm/AP cat': 77.0,
                       'svm/4-shot mAP': 20.0}  # fmt: skip
            out = command[command.index('--out') + 1]
            Path(out).write_text(json.dumps(content))
            return Done
        folder = Path(command[command.index('--work-dir') + 1])
        if 'fail.pth' in ' '.join(command):
            stdout.write('error: no luck\n')
            return type('Failed', (), dict(returncode=1))
        (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
        log = folder / '20260101_000000/vis_data/scalars.json'
        log.parent.mkdir(parents=True)
        seed = int(command[command.index('--seed') + 1])
        log.write_text(
            json.dumps(dict(loss=1.0, step=1)) + '\n'
            + json.dumps({'coco/bbox_mAP': 0.1 + seed / 10, 'step': 1}) + '\n'
        )  # fmt: skip
        return Done

    monkeypatch.setattr(downstream.subprocess, 'run', run)
    return seen


def options(command):
    return command[command.index('--cfg-options') + 1 :]


def test_every_run_task_and_seed_is_trained_once(downstream, commands, capsys):
    own = ['A=a.pth,b.pth', 'none=scratch', '--seeds', '0', '1', '--tasks',
           TASK, 'faster-rcnn_r18_fpn_mini']  # fmt: skip
    assert downstream.main(own) == 0
    assert len(commands) == 8
    weights = [options(command)[0] for command in commands]
    one = 'model.backbone.init_cfg'
    assert weights == [
        f'{one}.checkpoint=a.pth', f'{one}.checkpoint=b.pth',
        'pretrained=a.pth', 'pretrained=b.pth', *[f'{one}=None'] * 4,
    ]  # fmt: skip
    text = Path('work_dirs/downstream/table.md').read_text()
    row = next(line for line in text.splitlines() if line.startswith('| A'))
    assert 'coco/bbox_mAP' in row and '0.15 ± 0.64' in row
    assert downstream.main(own) == 0
    assert len(commands) == 8  # all known
    assert downstream.main([*own, '--metrics', 'other']) == 0
    assert '0.15' not in Path('work_dirs/downstream/table.md').read_text()


def test_processes_and_slurm(downstream, commands):
    own = ['A=a.pth', '--tasks', TASK, '--cfg-options', 'log_level=ERROR']
    assert downstream.main([*own, '--gpus', '4', '--out', 'one']) == 0
    assert downstream.main([*own, '--slurm', 'big', '--out', 'two']) == 0
    dist, slurm = commands
    assert Path(dist[1]).name == 'dist_train.sh' and dist[2:4] == [TASK, '4']
    assert Path(slurm[1]).name == 'slurm_train.sh'
    assert slurm[2:5] == ['big', f'A-{TASK}-0', TASK]
    assert 'log_level=ERROR' in options(slurm)


def test_what_trains_nothing_is_tested(downstream, commands):
    task = 'action-retrieval_tiny'
    assert downstream.main(['A=a.pth', 'none=scratch', '--tasks', task]) == 0
    own, scratch = commands
    assert Path(own[1]).name == 'test.py' and own[2:4] == [task, 'a.pth']
    assert scratch[3] == 'untrained'
    assert 'a/R@1' in Path('work_dirs/downstream/table.md').read_text()


def test_a_test_of_its_own_follows_the_training(downstream, commands):
    task = 'finetune_slowonly50-8x8_8xb8-coslr-200e_ucf101'
    own = ['A=a.pth', '--tasks', task, '--out', 'out']
    assert downstream.main(own) == 0
    train, test = commands
    assert Path(train[1]).name == 'train.py' and options(train) == [
        'pretrained=a.pth'
    ]  # fmt: skip
    folder = f'out/A/{task}/0'
    assert test[2:4] == [task, f'{folder}/epoch_1.pth']
    assert 'model.backbone.init_cfg=None' in options(test)
    results = json.loads(Path('out/results.json').read_text())
    assert results['rows'][0]['results'] == [{'a/R@1': 40.0}]
    assert downstream.main([*own[:-1], 'two', '--slurm', 'big']) == 0
    assert [Path(c[1]).name for c in commands[2:]] == [
        'slurm_train.sh', 'slurm_test.sh',
    ]  # fmt: skip
    assert commands[3][4:6] == [task, f'two/A/{task}/0/epoch_1.pth']


def test_suites_are_shipped_configs(downstream, commands):
    assert downstream.main(['A=a.pth', '--suite', 'videos']) == 0
    tasks = {Path(c[2]).name for c in commands}
    assert tasks == set(downstream.SUITES['videos'])


def test_svms_stand_in_the_same_table(downstream, commands):
    own = ['A=a.pth', 'none=scratch', '--tasks', '--svm', 'simclr_tiny',
           'train=t.json', 'low-shot=4']  # fmt: skip
    assert downstream.main(own) == 0
    one, other = commands
    assert one[2:8] == [
        'simclr_tiny', 'a.pth', '--train', 't.json', '--low-shot', '4',
    ]  # fmt: skip
    assert other[3] == 'untrained'
    text = Path('work_dirs/downstream/table.md').read_text()
    assert '30.5' in text and 'svm/4-shot mAP' in text
    assert '77' not in text
    assert downstream.main(own) == 0 and len(commands) == 2
    assert downstream.main([*own[:-2], 'train']) == 2
    assert downstream.main(['A=a.pth', '--tasks', '--svm', 'nothing']) == 2


def test_a_failure_is_listed_and_the_rest_goes_on(
    downstream, commands, tmp_path, capsys
):
    (tmp_path / 'fail.pth').write_bytes((tmp_path / 'a.pth').read_bytes())
    own = ['bad=fail.pth', 'good=a.pth', '--tasks', TASK]
    assert downstream.main(own) == 1
    text = Path('work_dirs/downstream/table.md').read_text()
    assert '| good' in text
    assert f'- bad, {TASK}, seed 0: error: no luck (see ' in text


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['a.pth'], 'is not NAME=CHECKPOINT'),
        (['A=missing.pth'], 'A: checkpoint not found: missing.pth'),
        (['A=a.pth', '--tasks', 'simclr_tiny'], 'does not start from'),
        (['A=a.pth', '--tasks', 'nothing'], 'config not found: nothing'),
        (['A=a.pth', '--gpus', '0'], '--gpus must be >= 1'),
    ],
)
def test_mistakes_come_before_any_training(
    downstream, commands, arguments, message, capsys
):
    assert downstream.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert commands == []


def test_a_real_run_gives_real_numbers(downstream, tmp_path):
    model = mmssl.get_model('simclr_tiny')
    torch.save(dict(state_dict=model.state_dict()), 'simclr.pth')
    assert downstream.main([
        'SimCLR=simclr.pth', '--tasks', TASK, '--cfg-options',
        'train_dataloader.dataset.per_class=8',
        'train_dataloader.num_workers=0', 'train_dataloader.batch_size=64',
        'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
        'test_dataloader.dataset.per_class=4',
        'val_dataloader.dataset.per_class=4',
    ]) == 0  # fmt: skip
    results = json.loads(Path('work_dirs/downstream/results.json').read_text())
    (row,) = results['rows']
    assert any('top1' in name for name in row['results'][0])
