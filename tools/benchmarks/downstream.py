# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From pre-training checkpoints to a table of downstream results."""

import json
import math
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

import mmssl
from mmssl.utils.config import find_config, load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json, write_text
from mmssl.utils.markdown import to_markdown
from mmssl.utils.tool import ToolParser, run_tool

SCRATCH, SVM, UNTRAINED = 'scratch', 'svm', 'untrained'
SUITES = dict(
    images=(
        'linear_resnet50_8xb32-steplr-100e_in1k',
        'multistage_resnet50_8xb32-steplr-28e_in1k',
        'semisup-1pct_resnet50_8xb32-steplr-20e_in1k',
        'semisup-10pct_resnet50_8xb32-steplr-20e_in1k',
        'mask-rcnn_r50_fpn_syncbn_8xb2-1x_coco',
        'faster-rcnn_r50_c4_syncbn_8xb2-24k_voc0712',
    ),
    videos=(
        'retrieval_slowonly50-8x8_ucf101',
        'retrieval_slowonly50-8x8_hmdb51',
        'linear_slowonly50-8x8_64xb8-coslr-60e_k400',
        'finetune_slowonly50-8x8_8xb8-coslr-200e_ucf101',
        'finetune_slowonly50-8x8_8xb8-coslr-200e_hmdb51',
        'finetune_slowonly50-8seg_8xb8-steplr-22e_sthv2',
        'finetune_slowonly50-16x8_8xb8-steplr-60e_charades',
        'finetune_slowonly50-8x8_8xb8-steplr-32e_ava22',
        'lowshot-5_slowonly50-8x8_8xb8-coslr-200e_ucf101',
    ),
)
SVM_OUT, TEST_OUT = 'svm.json', 'test.json'
EXAMPLES = """\
  python tools/benchmarks/downstream.py ORL=orl.pth BYOL=byol.pth --gpus 8
  python tools/benchmarks/downstream.py ORL=orl.pth --slurm PARTITION \\
      --tasks mask-rcnn_r50_fpn_syncbn_8xb2-1x_coco --seeds 0 1 2
  python tools/benchmarks/downstream.py SCRL=s0.pth,s1.pth,s2.pth \\
      random=scratch --tasks faster-rcnn_small-conv_mini --seeds 0 1 2 \\
      --metrics coco/bbox_mAP_50 --cfg-options data_root=data/tiny_coco/
  python tools/benchmarks/downstream.py rho=rho.pth --suite videos --gpus 8
  python tools/benchmarks/downstream.py ORL=orl.pth --svm \\
      orl_resnet50_8xb64-coslr-800e_coco images=VOC2007/JPEGImages \\
      train=voc07_trainval.json test=voc07_test.json workers=8
a task is a config that starts from pre-trained weights, or one that trains
nothing and only tests; where a config tests otherwise than it validates, its
last checkpoint is tested, too.  Several checkpoints of one NAME go with the
seeds in turn.  What is done is kept: a stopped table
goes on.  What fails is listed below it, and the exit code is 1.  Under slurm
every task is a job of tools/slurm_train.sh and its environment."""


class Job(NamedTuple):
    """One training of the table."""

    name: str
    checkpoint: str
    task: str
    seed: int
    folder: Path


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='downstream')
    add = parser.add_argument
    add('runs', nargs='+', metavar='NAME=CHECKPOINT',
        help=f'several with commas between, or {SCRATCH!r}')  # fmt: skip
    add('--suite', choices=sorted(SUITES), default='images',
        help='the usual tasks of such networks')  # fmt: skip
    add('--tasks', nargs='*', metavar='CONFIG',
        help='configs to train or test, instead of a suite')  # fmt: skip
    add('--svm', nargs='+', default=[], metavar=('CONFIG', 'FLAG=VALUE'),
        help='also SVMs, on features by this pre-training config; flags of '
        'tools/evaluation/svm.py, on this machine')  # fmt: skip
    add('--seeds', nargs='+', type=int, default=[0], help='of each task')
    add('--gpus', type=int, default=1, help='processes on this machine')
    add('--slurm', metavar='PARTITION', help='train by tools/slurm_train.sh')
    add('--metrics', nargs='+', default=[], help='columns; all without it')
    add('--out', default='work_dirs/downstream', metavar='DIR',
        help='gets runs, table.md and results.json')  # fmt: skip
    parser.add_overrides()
    args = parser.parse_args(argv)
    if args.tasks is None:
        args.tasks = list(SUITES[args.suite])
    if any('=' not in flag for flag in args.svm[1:]):
        parser.error('--svm takes a config, then FLAG=VALUE')
    if args.gpus < 1 or min(args.seeds) < 0:
        parser.error('--gpus must be >= 1 and --seeds >= 0')
    return args


def jobs_of(args: Namespace) -> list[Job]:
    """All trainings, checkpoint by checkpoint.

    Raises:
        UsageError: An argument is not NAME=CHECKPOINT, or no such file.
    """
    jobs = []
    for text in args.runs:
        name, equals, checkpoints = text.partition('=')
        files = checkpoints.split(',')
        missing = [
            f for f in files
            if f != SCRATCH and '://' not in f and not Path(f).is_file()
        ]  # fmt: skip
        if not (equals and name and checkpoints):
            raise UsageError(f'{text!r} is not NAME=CHECKPOINT')
        if missing:
            raise UsageError(f'{name}: checkpoint not found: {missing[0]}')
        for task in [*args.tasks, *([SVM] if args.svm else [])]:
            for number, seed in enumerate(args.seeds):
                folder = Path(args.out) / name / Path(task).stem / f'{seed}'
                file = files[number % len(files)]
                jobs.append(Job(name, file, task, seed, folder))
    return jobs


def config_of(task: str, args: Namespace) -> Config:
    """The config of a task, with the overrides of the command line."""
    return load_config(task, dict(args.cfg_options), mmssl.get_config_dir())


def weights_option(task: str, checkpoint: str, cfg: Config) -> str | None:
    """The ``--cfg-options`` entry that names the checkpoint.

    Args:
        task (str): Name of the config, for messages.
        checkpoint (str): File, or 'scratch'.
        cfg (Config): Of the task.

    Returns:
        str or None: None where nothing is trained: tools/test.py takes it.

    Raises:
        UsageError: The config does not start from pre-trained weights.
    """
    if cfg.get('train_dataloader') is None:
        return None
    backbone = cfg.model.get('backbone', {})
    if (backbone.get('init_cfg') or {}).get('type') != 'Pretrained':
        raise UsageError(
            f'{task} does not start from pre-trained weights; a downstream '
            "config has model.backbone.init_cfg=dict(type='Pretrained', "
            'checkpoint=None)'
        )
    if checkpoint == SCRATCH:
        return 'model.backbone.init_cfg=None'
    if 'pretrained' in cfg:
        return f'pretrained={checkpoint}'
    return f'model.backbone.init_cfg.checkpoint={checkpoint}'


def svm_command(job: Job, args: Namespace) -> list[str]:
    """The command line of the SVMs."""
    config, *flags = args.svm
    weights = UNTRAINED if job.checkpoint == SCRATCH else job.checkpoint
    words = [w for f in flags for w in f'--{f}'.split('=', 1)]
    tool = Path(mmssl.get_tools_dir()) / 'evaluation/svm.py'
    words += ['--seed', str(job.seed), '--out', str(job.folder / SVM_OUT)]
    return [sys.executable, str(tool), config, weights, *words]


def launched(
    kind: str, job: Job, args: Namespace, words: list[str]
) -> list[str]:
    """The command line of tools/train.py or tools/test.py.

    Args:
        kind (str): 'train' or 'test'.
        job (Job): What it is for.
        args (Namespace): Say how processes are started.
        words (list[str]): Config, checkpoint for testing, then flags.
    """
    tools = Path(mmssl.get_tools_dir())
    place = words.index('--work-dir')
    if args.slurm:
        title = f'{job.name}-{Path(job.task).stem}-{job.seed}'
        start = ['bash', str(tools / f'slurm_{kind}.sh'), args.slurm, title]
        return [*start, *words]
    if args.gpus > 1:
        start = ['bash', str(tools / f'dist_{kind}.sh')]
        return [*start, *words[:place], str(args.gpus), *words[place:]]
    return [sys.executable, str(tools / f'{kind}.py'), *words]


def commands_of(job: Job, args: Namespace) -> Iterator[list[str]]:
    """The command lines of a job, each asked for when the last is done."""
    if job.task == SVM:
        yield svm_command(job, args)
        return
    cfg = config_of(job.task, args)
    given = [f'{key}={value}' for key, value in args.cfg_options.items()]
    weights = weights_option(job.task, job.checkpoint, cfg)
    checkpoint = UNTRAINED if job.checkpoint == SCRATCH else job.checkpoint
    folder = ['--work-dir', str(job.folder)]
    if weights is not None:
        own = ['--seed', str(job.seed), '--cfg-options', weights, *given]
        yield launched('train', job, args, [job.task, *folder, *own])
        if not tested_apart(cfg):
            return
        checkpoint = (job.folder / 'last_checkpoint').read_text().strip()
        given = ['model.backbone.init_cfg=None', *given]
    own = ['--out', str(job.folder / TEST_OUT), '--cfg-options',
           f'randomness.seed={job.seed}', *given]  # fmt: skip
    yield launched('test', job, args, [job.task, checkpoint, *folder, *own])


def tested_apart(cfg: Config) -> bool:
    """Whether the test differs from the validation, as 30 views from one."""
    test = cfg.get('test_dataloader')
    return test is not None and test != cfg.get('val_dataloader')


def train(job: Job, args: Namespace) -> dict[str, float]:
    """Results of a job, from its folder if it is done.

    Raises:
        RuntimeError: Training failed, or evaluated nothing.
    """
    path = job.folder / 'downstream.json'
    key = [job.checkpoint, job.task, str(args.cfg_options)]
    if job.task == SVM:
        key.append(' '.join(args.svm))
    if path.is_file():
        known = json.loads(path.read_text(encoding='utf-8'))
        if known['key'] == key:
            return known['results']
    package = str(Path(mmssl.__file__).parents[1])
    search = [package, os.environ.get('PYTHONPATH', '')]
    environment = dict(
        os.environ, PYTHONPATH=os.pathsep.join(filter(None, search))
    )
    job.folder.mkdir(parents=True, exist_ok=True)
    log = job.folder / 'output.txt'
    with open(log, 'w', encoding='utf-8') as file:
        for command in commands_of(job, args):
            done = subprocess.run(
                command, env=environment, stdout=file,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
            if done.returncode:
                break
    if done.returncode:
        lines = log.read_text(encoding='utf-8').strip().splitlines()
        raise RuntimeError(f'{lines[-1] if lines else "failed"} (see {log})')
    results = results_of(job)
    write_json(path, dict(key=key, results=results))
    return results


def results_of(job: Job) -> dict[str, float]:
    """What the commands of a job left in its folder."""
    if job.task == SVM:
        return svm_metrics(job.folder)
    tested = job.folder / TEST_OUT
    if tested.is_file():
        return json.loads(tested.read_text(encoding='utf-8'))['metrics']
    return last_metrics(job.folder)


def svm_metrics(folder: Path) -> dict[str, float]:
    """What ``tools/evaluation/svm.py`` wrote, without the single classes."""
    found = json.loads((folder / SVM_OUT).read_text(encoding='utf-8'))
    return {name: v for name, v in found.items() if '/AP ' not in name}


def last_metrics(folder: Path) -> dict[str, float]:
    """The newest value of all that validation measured.

    Raises:
        RuntimeError: There is none.
    """
    from mmssl.visualization import find_scalars, read_scalars

    found = find_scalars(folder)
    curves = read_scalars(found) if found else {}
    results = {
        name: float(values[-1])
        for name, (_, values) in curves.items()
        if '/' in name and len(values)
    }
    if not results:
        raise RuntimeError(f'{folder} holds no results of an evaluation')
    return results


def table(found: dict, metrics: list[str]) -> list[list[str]]:
    """Cells as text, the head first: mean and 95 % interval.

    Args:
        found (dict): (name, task) to the results of its seeds.
        metrics (list[str]): Columns; empty for all.
    """
    from mmssl.evaluation.functional import summarize

    cells = [['network', 'task', 'seeds', 'metric', 'value']]
    for (name, task), results in found.items():
        names = dict.fromkeys(key for result in results for key in result)
        for metric in names:
            values = [r[metric] for r in results if metric in r]
            if metrics and metric not in metrics:
                continue
            summary = summarize(values)
            text = f'{summary.mean:.4g}'
            if not math.isnan(summary.half_interval):
                text += f' ± {summary.half_interval:.2g}'
            row = [name, Path(task).stem, str(len(values)), metric, text]
            cells.append(row)
    return cells


def run(args: Namespace) -> int:
    """Train what is not done, write the table."""
    jobs = jobs_of(args)
    for job in jobs:  # mistakes first, before hours of training
        if job.task == SVM:
            find_config(args.svm[0], mmssl.get_config_dir())
            continue
        weights_option(job.task, job.checkpoint, config_of(job.task, args))
    found: dict[tuple[str, str], list] = {}
    failures = []
    for number, job in enumerate(jobs, 1):
        print(f'[{number}/{len(jobs)}] {job.name}, {job.task}, seed '
              f'{job.seed}', flush=True)  # fmt: skip
        try:
            results = train(job, args)
        except RuntimeError as error:
            failures.append(f'{job.name}, {job.task}, seed {job.seed}: '
                            f'{error}')  # fmt: skip
            print(f'failed: {failures[-1]}', file=sys.stderr)
            continue
        found.setdefault((job.name, job.task), []).append(results)
    text = to_markdown(table(found, args.metrics))
    if failures:
        text += '\nFailed:\n\n' + ''.join(f'- {f}\n' for f in failures)
    out = Path(args.out)
    write_text(out / 'table.md', text)
    rows = [dict(name=n, task=t, results=r) for (n, t), r in found.items()]
    write_json(out / 'results.json', dict(rows=rows, failures=failures))
    print(text, end='')
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
