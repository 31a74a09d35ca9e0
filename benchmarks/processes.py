# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Several forms of one computation, each in a process of its own.

So each has its own peak memory.  A benchmark gives its forms by name, and
what makes their inputs; numbers and results come back for the comparison.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from memory import peak
from torch import Tensor


class Outcome(NamedTuple):
    """Of one form: ``clock`` and ``cpu`` (seconds), ``beside_inputs`` and
    ``peak`` (MB) by name, and the named tensors that it returned."""

    numbers: dict[str, float]
    found: dict[str, Tensor]


def make_parser(description: str) -> argparse.ArgumentParser:
    """Parser with what :func:`run_forms` needs."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--json', metavar='OUT', help='write the numbers')
    parser.add_argument('--worker', nargs=2, help=argparse.SUPPRESS)
    return parser


def run_forms(
    script: str,
    argv: list[str],
    args: argparse.Namespace,
    inputs: Callable[[argparse.Namespace], tuple],
    forms: Mapping[str, Callable[..., dict[str, Tensor]]],
) -> dict[str, Outcome] | None:
    """Start a process for each form, or be one of them.

    Args:
        script (str): ``__file__`` of the benchmark.
        argv (list[str]): Its arguments.
        args (Namespace): The same, parsed.
        inputs (Callable): From the arguments to the inputs of all forms.
        forms (Mapping[str, Callable]): From the inputs to named tensors.

    Returns:
        dict[str, Outcome] | None: By form; None in a process of one form,
        which has nothing left to do.
    """
    if args.worker:
        _work(*args.worker, inputs(args), forms)
        return None
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for form in forms:
            out = Path(folder) / f'{form}.pt'
            command = [sys.executable, script, *argv]
            subprocess.run([*command, '--worker', form, str(out)], check=True)
            outcome = outcomes[form] = Outcome(**torch.load(out))
            text = '  '.join(
                f'{k} {v:.2f}' for k, v in outcome.numbers.items()
            )
            print(f'{form:6} {text}', flush=True)
    return outcomes


def _work(form: str, out: str, inputs: tuple, forms: Mapping) -> None:
    before = peak()
    start = time.perf_counter(), time.process_time()
    found: dict[str, Any] = forms[form](*inputs)
    stop = time.perf_counter(), time.process_time()
    clock, cpu = (b - a for a, b in zip(start, stop, strict=True))
    memory = dict(beside_inputs=peak() - before, peak=peak())
    torch.save(
        dict(numbers=dict(clock=clock, cpu=cpu, **memory), found=found), out
    )


def report(
    args: argparse.Namespace,
    outcomes: Mapping[str, Outcome],
    number: str,
    ours: str = 'mmssl',
) -> None:
    """Print the ratio of the other form to ours, and how far they differ.

    Args:
        args (Namespace): With ``json``, where the numbers are written.
        outcomes (Mapping[str, Outcome]): Of two forms.
        number (str): Which number is compared.
        ours (str): The form that the other is divided by.
    """
    (other,) = set(outcomes) - {ours}
    values = {form: x.numbers[number] for form, x in outcomes.items()}
    ratio = values[other] / values[ours]
    reference = outcomes[other].found
    differences = {
        key: (reference[key] - value).abs().max().item()
        for key, value in outcomes[ours].found.items()
    }
    text = ', '.join(f'{k} {v:.1e}' for k, v in differences.items())
    print(
        f'ratio {other} / {ours} of {number}: {ratio:.2f}; largest '
        f'differences: {text}'
    )
    if args.json:
        numbers = {form: x.numbers for form, x in outcomes.items()}
        content = dict(numbers, ratio=ratio, differences=differences)
        Path(args.json).write_text(json.dumps(content, indent=2) + '\n')
