# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The console entry ``mmssl``: the files in ``tools/`` under short names."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import mmssl
from mmssl.utils.names import suggestion

COMMANDS = {
    'train': 'train.py',
    'test': 'test.py',
    'extract': 'analysis_tools/extract_features.py',
    'browse': 'analysis_tools/browse_dataset.py',
    'print-config': 'analysis_tools/print_config.py',
    'analyze-logs': 'analysis_tools/analyze_logs.py',
    'count-parameters': 'analysis_tools/count_parameters.py',
    'visualize': 'analysis_tools/visualize_features.py',
    'visualize-mixture': 'analysis_tools/visualize_mixture.py',
    'visualize-episodes': 'analysis_tools/visualize_episodes.py',
    'report': 'analysis_tools/report.py',
    'zoo': 'zoo.py',
    'compare': 'benchmarks/compare.py',
    'publish': 'model_converters/publish_model.py',
    'extract-backbone': 'model_converters/extract_backbone.py',
}
"""Command to file below the tools folder; each has ``main(argv) -> int``."""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv (list[str], optional): Command and its arguments; defaults to
            ``sys.argv[1:]``.

    Returns:
        int: Exit code of the tool; 2 for an unknown command, 1 where a
        package that it needs is not installed.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] in ('-h', '--help'):
        print(usage())
        return 0 if argv else 2
    command, rest = argv[0], argv[1:]
    if command == '--version':
        print(mmssl.__version__)
        return 0
    if command == 'doctor':
        from mmssl import doctor

        return doctor.main(rest)
    if command not in COMMANDS:
        hint = suggestion(command, [*COMMANDS, 'doctor'])
        print(f'error: no command {command}{hint}', file=sys.stderr)
        return 2
    try:
        tool = load(command)
    except ModuleNotFoundError as error:
        package = (error.name or 'mmssl').split('.')[0]
        if package == 'mmssl':
            raise
        print(
            f'error: {package} is not installed; python -m mmssl.doctor '
            'prints the command that installs it',
            file=sys.stderr,
        )
        return 1
    return tool.main(rest)


def usage() -> str:
    """The help text: one line a command, from the tools' docstrings."""
    lines = ['usage: mmssl COMMAND [ARGS]; mmssl COMMAND --help', '']
    for command in COMMANDS:
        lines.append(f'  {command:<17} {_first_line(command)}')
    lines.append('  doctor            Say what is installed and what is not.')
    return '\n'.join(lines)


def _file(command: str) -> Path:
    return Path(mmssl.get_tools_dir()) / COMMANDS[command]


def _first_line(command: str) -> str:
    """First line of the docstring, without importing the tool."""
    text = _file(command).read_text(encoding='utf-8')
    return text.split('"""', 2)[1].strip().splitlines()[0]


def load(command: str) -> ModuleType:
    """Import the file of a command as a module of its own name."""
    path = _file(command)
    name = f'mmssl_tool_{path.stem}'
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    # Data workers that are spawned look their functions up by module name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == '__main__':
    sys.exit(main())
