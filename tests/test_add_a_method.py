# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""docs/add_a_method.md, followed to the letter in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs' / 'add_a_method.md').read_text(encoding='utf-8')


def run(folder, words):
    """A command of the page; its output."""
    if words[0] == 'mmssl':
        words = [sys.executable, '-m', 'mmssl.apis.cli', *words[1:]]
    paths = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        words, cwd=folder, env=dict(os.environ, PYTHONPATH=paths),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def test_the_method_of_the_page_is_added_and_trains(tmp_path):
    files = re.findall(
        r'^`([\w/]+\.py)`\n\n```python\n(.*?)```', PAGE, re.M | re.S
    )
    assert [name for name, _ in files] == [
        'my_ssl/barlow_twins.py', 'configs/barlow_tiny.py',
        'tests/test_barlow_twins.py',
    ]  # fmt: skip
    assert len(files) == PAGE.count('```python')
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding='utf-8')
    (block,) = re.findall(r'```shell\n(.*?)```', PAGE, re.S)
    export, *commands = block.strip().splitlines()
    assert export == 'export PYTHONPATH=$PWD'
    log = run(tmp_path, shlex.split(commands[0]))
    losses = [float(x) for x in re.findall(r' loss: ([\d.]+)', log)]
    assert len(losses) == 4 and losses[-1] < 0.7 * losses[0]
    assert 'knn/top1' in log
    for command in commands[1:]:
        run(tmp_path, shlex.split(command))
    report = tmp_path / 'work_dirs/barlow_tiny/report/report.html'
    text = report.read_text(encoding='utf-8')
    assert 'BarlowTwins' in text and 'Not drawn' not in text
    weights = torch.load(tmp_path / 'barlow.pth', weights_only=True)
    assert len(weights.get('state_dict', weights)) > 10
    pytest = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider']
    run(tmp_path, [*pytest, 'tests'])
