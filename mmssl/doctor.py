# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Say what is installed, what fits, and the command for what does not.

``python -m mmssl.doctor`` must answer where nothing else starts, so all but
the standard library is imported late.  A probe looks at this machine, a
``judge_*`` function turns what it saw into a finding and touches nothing.
"""

import json
import os
import platform
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import mmssl
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python -m mmssl.doctor
  python -m mmssl.doctor --json > environment.json
the exit code is 1 if something that everything needs is missing or does not
fit, else 0"""

PYTHON = '>=3.10'
EVERYTHING = 'everything'
MODULES = {
    'mmaction2': 'mmaction',
    'mmcv-lite': 'mmcv',
    'opencv-contrib-python-headless': 'cv2',
    'pillow': 'PIL',
    'pyyaml': 'yaml',
    'scikit-image': 'skimage',
    'scikit-learn': 'sklearn',
}
"""Requirement to module, where the names differ."""

OPENCV = 'opencv-contrib-python-headless'
OPENCV_DISTRIBUTIONS = (
    'opencv-python',
    'opencv-python-headless',
    'opencv-contrib-python',
    OPENCV,
)
FROM_MODULE = ('cv2', 'mmaction', 'mmcv', 'mmdet', 'mmengine')
"""Modules that several distributions bring, so that their own files say more
than the metadata of one of them."""

SAME_RELEASE = 'pip install --force-reinstall torch torchvision'


class Package(NamedTuple):
    """A line of a requirement file.

    ``wanted`` is a version range such as '>=2.1'; ``concerns`` says which
    features need the package; ``flags`` go behind ``pip install``.
    """

    name: str
    wanted: str
    concerns: str
    flags: str = ''

    @property
    def module(self) -> str:
        """str: Name to import."""
        return MODULES.get(self.name, self.name)

    @property
    def command(self) -> str:
        """str: Installs the package in its range."""
        return f"pip install {self.flags}'{self.name}{self.wanted}'"


class Finding(NamedTuple):
    """One row of the table; ``command`` is empty where there is no need."""

    name: str
    found: str
    wanted: str
    state: str
    concerns: str
    command: str = ''

    @property
    def stops_everything(self) -> bool:
        """bool: Whether mmssl cannot be used because of this."""
        fits = self.state in ('ok', 'unknown', 'none')
        return self.concerns == EVERYTHING and not fits


def wanted_packages(folder: Path) -> list[Package]:
    """What the requirement files ask for, each package once.

    Features come from the files' own comments: ``# [extra] features`` opens
    a section of ``optional.txt``, the comment behind a line of
    ``mminstall.txt`` belongs to that line.

    Args:
        folder (Path): Holds runtime.txt, mminstall.txt and optional.txt.
    """
    found: dict[str, Package] = {}
    for file, flags in (
        ('runtime', ''),
        ('mminstall', '--no-deps '),
        ('optional', ''),
    ):
        section = EVERYTHING
        for line in (folder / f'{file}.txt').read_text().splitlines():
            if re.match(r'# \[\w+\]', line):
                section = line[2:]
            requirement, _, comment = line.partition('#')
            parts = re.match(r'([\w-]+)(\S*)', requirement)
            if not parts:
                continue
            concerns = comment.strip() or section
            name, wanted = parts.groups()
            if name in found:
                concerns = f'{found[name].concerns}; {concerns}'
            found[name] = Package(name, wanted, concerns, flags)
    return list(found.values())


def judge_package(
    package: Package, found: str | None, owners: Sequence[str] = ()
) -> Finding:
    """Compare the version that is there with the range.

    Args:
        package (Package): What is wanted.
        found (str, optional): Version, '' if it cannot be told, None where
            the module is not there.
        owners (Sequence[str]): Distributions that brought the module; one
            of another name is removed by the command first.
    """
    from packaging.specifiers import SpecifierSet

    row = (package.name, found or 'unknown', package.wanted)
    if found is None:
        row = (package.name, 'none', package.wanted)
        return Finding(*row, 'missing', package.concerns, package.command)
    if not found:
        return Finding(*row, 'unknown', package.concerns)
    broken = [
        limit
        for limit in SpecifierSet(package.wanted)
        if not limit.contains(found, prereleases=True)
    ]
    if not broken:
        return Finding(*row, 'ok', package.concerns)
    upper = any(limit.operator.startswith('<') for limit in broken)
    others = [name for name in owners if name != package.name]
    command = package.command
    if others:
        command = f'pip uninstall -y {" ".join(others)} && {command}'
    state = 'too new' if upper else 'too old'
    return Finding(*row, state, package.concerns, command)


def judge_python(version: str) -> Finding:
    """Python itself."""
    from packaging.specifiers import SpecifierSet

    row = ('Python', version, PYTHON)
    if SpecifierSet(PYTHON).contains(version, prereleases=True):
        return Finding(*row, 'ok', EVERYTHING)
    command = 'make PYTHON=python3.11 env'
    return Finding(*row, 'too old', EVERYTHING, command)


def judge_opencv(owners: Sequence[str]) -> Finding:
    """Several OpenCV distributions overwrite each other's files.

    Args:
        owners (Sequence[str]): Those that are installed.
    """
    row = ('OpenCV distributions', ', '.join(owners) or 'none', 'one')
    concerns = 'which OpenCV is imported'
    if len(owners) < 2:
        return Finding(*row, 'ok', concerns)
    command = f'pip uninstall -y {" ".join(owners)} && pip install {OPENCV}'
    return Finding(*row, 'clash', concerns, command)


def judge_probe(
    name: str, found: str, error: str | None, concerns: str, command: str
) -> Finding:
    """Something that was tried: it works, or it raised.

    Args:
        name (str): What was tried.
        found (str): What is there when it works.
        error (str, optional): What it raised.
        concerns (str): Features that need it.
        command (str): Mends it.
    """
    if error is None:
        return Finding(name, found, 'works', 'ok', concerns)
    return Finding(name, error, 'works', 'broken', concerns, command)


def judge_cuda(built_for: str | None, devices: Sequence[str]) -> Finding:
    """A missing GPU is no fault, but says why training is slow.

    Args:
        built_for (str, optional): CUDA version of torch; None is a CPU
            build, '' a torch that cannot be imported.
        devices (Sequence[str]): Names of the GPUs that torch sees.
    """
    if devices:
        found = f'CUDA {built_for}: {", ".join(devices)}'
        return Finding('GPU', found, 'optional', 'ok', 'training on a GPU')
    if built_for is None:
        found, command = 'torch is a CPU build', SAME_RELEASE
    else:
        found, command = 'torch sees no device', 'nvidia-smi'
    row = ('GPU', found, 'optional', 'none', 'training on a GPU')
    return Finding(*row, command)


def judge_operators(choice: str, compiled: bool, error: str | None) -> Finding:
    """Whose operators mmdet and mmaction2 will use.

    Args:
        choice (str): ``MMSSL_MMCV_OPS``.
        compiled (bool): Whether mmcv brought compiled operators.
        error (str, optional): What importing those raised.
    """
    concerns = 'detectors; operators of mmdet and mmaction2'
    row = ('mmcv operators', f'MMSSL_MMCV_OPS={choice}')
    if choice == 'torchvision' or (choice == 'auto' and not compiled):
        return Finding(row[0], "torchvision's", row[1], 'ok', concerns)
    if not compiled:
        command = 'export MMSSL_MMCV_OPS=auto'
        return Finding(row[0], 'none', row[1], 'missing', concerns, command)
    if error is not None:
        command = 'export MMSSL_MMCV_OPS=torchvision'
        return Finding(row[0], error, row[1], 'broken', concerns, command)
    return Finding(row[0], 'compiled', row[1], 'ok', concerns)


def judge_cache(folder: str, writable: bool) -> Finding:
    """Where downloaded weights are kept.

    Args:
        folder (str): The folder, which need not exist yet.
        writable (bool): Whether it can be written or made.
    """
    row = ('cache', folder, 'writable')
    concerns = 'weights given by URL'
    if writable:
        return Finding(*row, 'ok', concerns)
    command = 'export TORCH_HOME=FOLDER'
    return Finding(*row, 'broken', concerns, command)


def usable(findings: Sequence[Finding]) -> bool:
    """Whether nothing that everything needs is missing or unsuitable."""
    return not any(finding.stops_everything for finding in findings)


def examine() -> list[Finding]:
    """Look at this machine; imports torch, OpenCV and PyAV."""
    packages = wanted_packages(mmssl.shipped('requirements'))
    findings = [judge_python(platform.python_version())]
    findings += [
        judge_package(package, version_of(package), _owners(package.module))
        for package in packages
    ]
    missing = {
        package.module
        for package, finding in zip(packages, findings[1:], strict=True)
        if finding.state == 'missing'
    }
    findings.append(
        judge_opencv(
            [name for name in OPENCV_DISTRIBUTIONS if _metadata(name)]
        )
    )
    # What is missing has a row already.
    for module, probe in PROBES.items():
        if module not in missing:
            findings.append(probe())
    findings.append(judge_cache(*_cache()))
    return findings


def version_of(package: Package) -> str | None:
    """Version of a package, without importing it.

    Returns:
        str | None: '' where no version is written; None without the module.
    """
    spec = find_spec(package.module)
    if spec is None or spec.origin is None:
        return None
    in_files = _version_in(Path(spec.origin).parent)
    in_metadata = _metadata(package.name)
    if package.module in FROM_MODULE:
        return in_files or in_metadata or ''
    return in_metadata or in_files or ''


def _version_in(folder: Path) -> str | None:
    for name in ('version.py', '_version.py', '__init__.py'):
        file = folder / name
        text = file.read_text(errors='ignore') if file.is_file() else ''
        if version := written_version(text):
            return version
    return None


def written_version(text: str) -> str | None:
    """The version that a source text assigns to a name."""
    found = re.search(
        r'^(?:__version__|version|opencv_version)\b[^\'"\n]*=\s*'
        r'[\'"](\d[^\'"]*)[\'"]',
        text,
        re.MULTILINE,
    )
    return found.group(1) if found else None


def _metadata(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _owners(module: str) -> list[str]:
    """Distributions that brought a module."""
    if not hasattr(_owners, 'table'):  # reads every distribution's files
        _owners.table = metadata.packages_distributions()
    return sorted(set(_owners.table.get(module, ())))


def _error_of(probe: Callable[[], None]) -> str | None:
    """First line of what a probe raises; None if it does not."""
    try:
        probe()
    except Exception as error:
        lines = str(error).strip().splitlines() or ['']
        return f'{type(error).__name__}: {lines[0]}'.rstrip(': ')
    return None


def _ximgproc() -> Finding:
    def call() -> None:
        import cv2
        import numpy as np

        # hasattr() is true even where the extra modules cannot be called.
        cv2.ximgproc.thinning(np.zeros((8, 8), np.uint8))

    return judge_probe(
        'cv2.ximgproc',
        'answers a call',
        _error_of(call),
        'selective search',
        f'pip install --force-reinstall {OPENCV}',
    )


def _torchvision_operators() -> Finding:
    def call() -> None:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0, 1, 1]]), torch.ones(1), 0.5)

    return judge_probe(
        'torchvision operators',
        'answer a call',
        _error_of(call),
        EVERYTHING,
        SAME_RELEASE,
    )


def _ffmpeg() -> Finding:
    version = 'unknown'

    def call() -> None:
        import av

        nonlocal version
        version = str(getattr(av, 'ffmpeg_version_info', version))
        av.CodecContext.create('h264', 'r')

    error = _error_of(call)
    return judge_probe(
        'FFmpeg in PyAV',
        version,
        error,
        'decoding of clips',
        'pip install --force-reinstall av',
    )


def _gpu() -> Finding:
    built_for, devices = '', []
    try:
        import torch
    except Exception:
        return judge_cuda(built_for, devices)
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        devices = [torch.cuda.get_device_name(i) for i in range(count)]
    return judge_cuda(torch.version.cuda, devices)


def _operators() -> Finding:
    from mmssl.compat import operator_choice

    def load() -> None:
        import torch  # noqa: F401  (the operators link to it)
        from mmcv import _ext  # noqa: F401

    choice = operator_choice()
    folders = find_spec('mmcv').submodule_search_locations
    compiled = PathFinder.find_spec('mmcv._ext', folders) is not None
    tried = compiled and choice != 'torchvision'
    return judge_operators(
        choice, compiled, _error_of(load) if tried else None
    )


def _cache() -> tuple[str, bool]:
    """The folder that torch.hub, and so MMEngine, downloads into."""
    home = os.environ.get('XDG_CACHE_HOME', '~/.cache')
    root = os.environ.get('TORCH_HOME', os.path.join(home, 'torch'))
    folder = Path(root).expanduser().absolute() / 'hub' / 'checkpoints'
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    return str(folder), existing.is_dir() and os.access(existing, os.W_OK)


PROBES = dict(
    cv2=_ximgproc,
    torchvision=_torchvision_operators,
    mmcv=_operators,
    torch=_gpu,
    av=_ffmpeg,
)
"""Module to what is tried where it is installed."""


def report(findings: Sequence[Finding]) -> str:
    """The table as text, then a line for each thing to do."""
    header = ('what', 'found', 'wanted', 'state', 'concerns')
    rows = [header, *(finding[:5] for finding in findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ['  '.join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return '\n'.join([*lines, *conclusion(findings)])


def conclusion(findings: Sequence[Finding]) -> list[str]:
    """What to do about each finding that does not fit, and the verdict."""
    lines = [
        f'{finding.name} is {finding.state}: {finding.command}'
        for finding in findings
        if finding.command and finding.state != 'none'
    ]
    stopping = [f.name for f in findings if f.stops_everything]
    verdict = (
        f'mmssl {mmssl.__version__} cannot be used: {", ".join(stopping)}'
        if stopping
        else f'mmssl {mmssl.__version__} can be used'
    )
    return ['', *lines, verdict]


def show(findings: Sequence[Finding]) -> None:
    """Print the table: in colour on a terminal, plain into a pipe."""
    if not sys.stdout.isatty() or find_spec('rich') is None:
        print(report(findings))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = dict(ok='green', none='', unknown='yellow')
    table = Table(box=None, pad_edge=False)
    for title in ('what', 'found', 'wanted', 'state', 'concerns'):
        table.add_column(title, overflow='fold')
    for finding in findings:
        colour = colours.get(
            finding.state, 'red' if finding.stops_everything else 'yellow'
        )
        cells = [Text(cell) for cell in finding[:5]]
        cells[3].stylize(colour)
        table.add_row(*cells)
    Console().print(table)
    # Not by rich, which would break the commands into lines.
    print('\n'.join(conclusion(findings)))


def parse_args(argv: Sequence[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__.splitlines()[0], EXAMPLES, prog='doctor')
    parser.add_argument(
        '--json', action='store_true', help='print the findings as JSON'
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Examine and print."""
    if find_spec('packaging') is None:
        print("packaging is missing: pip install 'packaging>=23.0'")
        return 1
    findings = examine()
    if args.json:
        rows = [finding._asdict() for finding in findings]
        content = dict(
            mmssl=mmssl.__version__, usable=usable(findings), findings=rows
        )
        print(json.dumps(content, indent=2))
    else:
        show(findings)
    return 0 if usable(findings) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
