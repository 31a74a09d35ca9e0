# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""List published and measured settings, or download weights."""

import sys
from argparse import Namespace

from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  mmssl zoo list
  mmssl zoo list 'moco*'
  mmssl zoo download NAME --dest checkpoints"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='zoo')
    commands = parser.add_subparsers(dest='command', required=True)
    text = (
        'What others published and what was measured here, and whether '
        'there are weights.'
    )
    listing = commands.add_parser('list', description=text, help=text)
    listing.add_argument(
        'pattern', nargs='?', default='*', help='of names, as for files'
    )
    text = 'Fetch the weights of one setting and print their path.'
    fetch = commands.add_parser('download', description=text, help=text)
    fetch.add_argument('name', help='name of a config')
    fetch.add_argument(
        '--dest',
        help='folder; by default MMSSL_HOME/checkpoints, where get_model '
        'looks, with ~/.cache/mmssl for MMSSL_HOME',
    )
    return parser.parse_args(argv)


def run(args: Namespace) -> None:
    """List, or download and print the path."""
    from mmssl.apis.model_zoo import download_weights

    if args.command == 'download':
        print(download_weights(args.name, args.dest))
    else:
        _print_table(args.pattern)


def _print_table(pattern: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from mmssl.apis.model_zoo import zoo_table
    from mmssl.utils.errors import UsageError

    rows = zoo_table(pattern)
    if not rows:
        raise UsageError(
            f'no setting with results has a name like {pattern!r}'
        )
    table = Table('name', 'data', 'epochs', 'result', 'weights')
    for row in rows:
        results = '\n'.join(
            f'{dataset}, {task}: {metric} {value}'
            + (' (here)' if source.startswith('measured here') else '')
            for task, dataset, metric, value, source in row['results']
        )
        table.add_row(
            row['name'],
            row['data'],
            str(row['epochs']),
            results or '-',
            'download' if row['weights'] else 'train',
        )
    # Without a terminal nothing is cut to its width.
    console = Console()
    Console(width=console.width if console.is_terminal else 200).print(table)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
