# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The shell scripts: several processes, and what Slurm is asked for."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mmssl

TOOLS = Path(mmssl.get_tools_dir())
TESTS = str(Path(__file__).parent.parent)


def bash(*argv, **variables):
    return subprocess.run(
        ['bash', *map(str, argv)],
        env=dict(
            os.environ,
            PYTHON=sys.executable,
            PYTHONPATH=TESTS,
            OMP_NUM_THREADS='1',
            **variables,
        ),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_two_processes_train_and_only_the_first_writes(toy_config, tmp_path):
    done = bash(
        TOOLS / 'dist_train.sh', toy_config, 2, '--work-dir', 'a run',
        '--cfg-options', 'train_cfg.max_epochs=1',
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert '8 (4 x 2 processes x 1 accumulated)' in done.stdout
    run = tmp_path / 'a run'
    assert (run / 'epoch_1.pth').is_file()
    assert len([p for p in run.iterdir() if p.is_dir()]) == 1


def test_one_process_goes_on_with_what_two_began(toy_config, tmp_path):
    argv = ['--work-dir', 'a run', '--cfg-options', 'train_cfg.max_epochs=1']
    done = bash(TOOLS / 'dist_train.sh', toy_config, 2, *argv)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    argv[-1] = 'train_cfg.max_epochs=2'
    done = bash(TOOLS / 'dist_train.sh', toy_config, 1, '--resume', *argv)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    # The toy's sampler gives every process all 22 samples.
    warning = (
        'saved with 2 processes, 6 iterations an epoch, batches of 8; now 1, '
        '6, 4: going on at epoch 1, iteration 6'
    )
    assert warning in done.stdout + done.stderr
    assert (tmp_path / 'a run' / 'epoch_2.pth').is_file()


def test_the_failure_of_one_rank_ends_all_with_its_message(toy_config):
    done = bash(
        TOOLS / 'dist_train.sh', toy_config, 2,
        '--cfg-options', 'model.type=ToyModle',
    )  # fmt: skip
    assert done.returncode != 0
    assert 'did you mean ToyModel' in done.stderr
    # torchrun's own summary, the last thing that is read, says it too.
    summary = done.stderr.split('Root Cause', 1)[1]
    assert 'did you mean ToyModel' in summary


def test_one_rank_that_fails_alone_ends_the_other(toy_config):
    started = time.monotonic()
    done = bash(
        TOOLS / 'dist_train.sh', toy_config, 2,
        '--cfg-options', '+model.failing_rank=1',
    )  # fmt: skip
    assert done.returncode != 0
    assert 'Traceback' in done.stderr and 'rank 1 fails' in done.stderr
    assert time.monotonic() - started < 60


def test_parameters_without_gradient_are_named(toy_config):
    done = bash(
        TOOLS / 'dist_train.sh', toy_config, 2,
        '--cfg-options', '+model.idle=True',
    )  # fmt: skip
    assert done.returncode != 0
    assert 'for ever: idle.weight, idle.bias; freeze them' in done.stderr


@pytest.fixture
def fake_srun(tmp_path):
    """A ``srun`` that prints its arguments, one a line."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    script = folder / 'srun'
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    script.chmod(0o755)
    return f'{folder}:{os.environ["PATH"]}'


def test_slurm_train_passes_arguments_with_blanks_whole(fake_srun):
    done = bash(
        TOOLS / 'slurm_train.sh', 'gpu', 'job', 'conf.py', '--work-dir',
        'a run', PATH=fake_srun, GPUS='4', GPUS_PER_NODE='2',
        CPUS_PER_TASK='3', SRUN_ARGS='--signal=USR1@90 --quiet',
    )  # fmt: skip
    words = done.stdout.splitlines()
    assert words[:4] == ['--partition', 'gpu', '--job-name', 'job']
    for flag, value in [
        ('--gres', 'gpu:2'),
        ('--ntasks', '4'),
        ('--ntasks-per-node', '2'),
        ('--cpus-per-task', '3'),
    ]:
        assert words[words.index(flag) + 1] == value
    assert '--signal=USR1@90' in words and '--quiet' in words
    assert words[-5:] == [
        'conf.py', '--launcher', 'slurm', '--work-dir', 'a run',
    ]  # fmt: skip


def test_slurm_test_on_a_partition_without_gpus_asks_for_none(fake_srun):
    done = bash(
        TOOLS / 'slurm_test.sh', 'cpu', 'job', 'conf.py', 'a b.pth',
        PATH=fake_srun, GRES='',
    )  # fmt: skip
    words = done.stdout.splitlines()
    assert '--gres' not in words
    assert words[-4:] == ['conf.py', 'a b.pth', '--launcher', 'slurm']


@pytest.mark.parametrize(
    'script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh',
               'slurm_test.sh'],
)  # fmt: skip
def test_too_few_arguments_show_the_usage(script):
    done = bash(TOOLS / script, 'one')
    assert done.returncode == 2 and done.stderr.startswith('usage:')


def job(folder, exit_code, config='conf.py'):
    """Run the batch script with commands that write down what they get."""
    log = folder / 'calls'
    for name, code in ('srun', exit_code), ('scontrol', 0):
        script = folder / 'bin' / name
        script.write_text(
            f'#!/bin/sh\necho "{name} $*" >> "{log}"\nexit {code}\n'
        )
        script.chmod(0o755)
    done = bash(
        TOOLS / 'slurm_job.sh', config, '--work-dir', 'run',
        PATH=f'{folder}/bin:{os.environ["PATH"]}', MMSSL_TOOLS=str(TOOLS),
        SLURM_JOB_ID='7', SLURM_JOB_NAME='n', SLURM_JOB_PARTITION='cpu',
        SLURM_NTASKS='4', SLURM_NNODES='2', SLURM_SUBMIT_DIR='elsewhere',
        GRES='',
    )  # fmt: skip
    return done, log.read_text().splitlines()


@pytest.mark.parametrize('exit_code', [0, 1, 75])
def test_slurm_job_queues_itself_again_only_after_a_signal(
    fake_srun, tmp_path, exit_code
):
    done, calls = job(tmp_path, exit_code)
    assert done.returncode == exit_code
    assert '--ntasks 4 --ntasks-per-node 2' in calls[0]
    assert calls[0].endswith(
        'conf.py --launcher slurm --resume --work-dir run'
    )
    assert calls[1:] == (['scontrol requeue 7'] if exit_code == 75 else [])


def test_slurm_job_outside_slurm_shows_the_usage():
    done = bash(TOOLS / 'slurm_job.sh', 'conf.py')
    assert done.returncode == 2 and done.stderr.startswith('usage: sbatch')
