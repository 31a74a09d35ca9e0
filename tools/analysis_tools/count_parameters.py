# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Count the parameters of a config's model, part by part."""

import sys
from argparse import Namespace

import mmssl
from mmssl.utils.build_errors import explained
from mmssl.utils.config import load_config, require_keys
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/analysis_tools/count_parameters.py CONFIG
  python tools/analysis_tools/count_parameters.py CONFIG --depth 2"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='count-parameters')
    parser.add_config()
    parser.add_argument(
        '--depth',
        type=int,
        default=1,
        help='levels of module names to show',
    )
    parser.add_overrides('model.backbone.depth=18')
    return parser.parse_args(argv)


def count(model, depth: int) -> dict[str, tuple[int, int, int]]:
    """Trainable, frozen and buffer elements by module name.

    Args:
        model (nn.Module): The model.
        depth (int): Levels of names that make a row.

    Returns:
        dict: Name to (trainable, frozen, buffers), in order of first
        appearance; the row ``total`` comes last.
    """
    rows: dict[str, list[int]] = {}

    def add(name: str, column: int, elements: int) -> None:
        parts = name.split('.')[:-1] or ['(model)']
        for key in ('.'.join(parts[:depth]), 'total'):
            rows.setdefault(key, [0, 0, 0])[column] += elements

    for name, parameter in model.named_parameters():
        add(name, 0 if parameter.requires_grad else 1, parameter.numel())
    for name, buffer in model.named_buffers():
        add(name, 2, buffer.numel())
    rows['total'] = rows.pop('total', [0, 0, 0])
    return {name: tuple(row) for name, row in rows.items()}


def run(args: Namespace) -> None:
    """Build the model without weights from files, and print the table."""
    from mmengine.registry import init_default_scope

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    require_keys(cfg, ('model',), 'counting parameters')
    init_default_scope(cfg.get('default_scope') or 'mmssl')
    from mmssl.registry import MODELS

    with explained():
        rows = count(MODELS.build(cfg.model), args.depth)
    width = max(map(len, rows))
    print(f'{"module":<{width}} {"trainable":>14} {"frozen":>14} '
          f'{"buffers":>14}')  # fmt: skip
    for name, row in rows.items():
        print(f'{name:<{width}} ' + ' '.join(f'{n:>14,}' for n in row))


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
