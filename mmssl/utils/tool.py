# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What every command-line tool does alike: parse, run, exit code.

Exit codes: 0 done, 1 the run failed, 2 wrong usage, 75 stopped by SIGUSR1
and to be queued again, 130 interrupted by Ctrl-C.  Nothing here imports
torch, so that ``--help`` answers at once.
"""

import json
import os
import sys
import time
import traceback
from argparse import (
    ArgumentDefaultsHelpFormatter,
    ArgumentParser,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mmssl.utils.errors import RunStopped, UsageError

ARGUMENTS = dict(
    config='path of a config, or the name of a shipped one',
    checkpoint='file or URL of the weights',
)


class _HelpFormatter(
    ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter
):
    """Shows defaults, keeps the line breaks of the examples."""


class ToolParser(ArgumentParser):
    """Argument parser with defaults in the help and one-line errors.

    Adds ``--debug`` (traceback on failure), which :func:`run_tool` reads.

    Args:
        description (str): One sentence.
        examples (str): Command lines, shown at the end of the help.

    Raises:
        UsageError: By :meth:`error`, so that a wrong flag is exit code 2.
    """

    def __init__(self, description: str, examples: str = '', **kwargs):
        kwargs.setdefault('formatter_class', _HelpFormatter)
        kwargs.setdefault('allow_abbrev', False)
        if examples:
            kwargs.setdefault('epilog', f'examples:\n{examples}')
        super().__init__(description=description, **kwargs)
        self.add_argument(
            '--debug',
            action='store_true',
            help='show the traceback of an error',
        )

    def add_config(self, *others: str) -> None:
        """Add the argument ``config``, and more by their usual help.

        Args:
            *others (str): Names in ``ARGUMENTS``.
        """
        for name in ('config', *others):
            self.add_argument(name, help=ARGUMENTS[name])

    def add_overrides(self, examples: str = 'data_root=PATH') -> None:
        """Add ``--cfg-options``, a dict of changes to the config.

        Args:
            examples (str): For the help.
        """
        from mmengine.config import DictAction

        self.add_argument(
            '--cfg-options',
            nargs='+',
            action=DictAction,
            default={},
            metavar='K=V',
            help=f'overrides of config keys, e.g. {examples}',
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message} (see {self.prog} --help)')


def run_tool(
    parse: Callable[[Sequence[str] | None], Namespace],
    run: Callable[[Namespace], int | None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse, run, and turn whatever happens into an exit code.

    Args:
        parse (Callable): From the arguments to a namespace.
        run (Callable): Does the work; returns an exit code, None is 0.
        argv (Sequence[str], optional): Defaults to ``sys.argv[1:]``.

    Returns:
        int: Exit code, see the module's text.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    debug = '--debug' in argv
    try:
        return run(parse(argv)) or 0
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return 130
    except RunStopped as stop:
        print(stop, file=sys.stderr)
        return stop.exit_code
    except UsageError as error:
        if debug:
            traceback.print_exc()
        print(f'error: {one_line(error)}', file=sys.stderr)
        _tell_torchrun(one_line(error))
        return error.exit_code
    except Exception as error:
        # The other processes die of this one's failure, and a cluster's log
        # may be all that is left of it.
        if debug or int(os.environ.get('WORLD_SIZE', 1)) > 1:
            traceback.print_exc()
        _tell_torchrun(traceback.format_exc())
        print(
            f'error: {type(error).__name__}: {one_line(error)} '
            '(--debug shows the traceback)',
            file=sys.stderr,
        )
        return 1


def _tell_torchrun(text: str) -> None:
    """Put the error into torchrun's summary, which ends the output.

    Of many processes that end, it names the first one as the cause, with
    what this file says.
    """
    path = os.environ.get('TORCHELASTIC_ERROR_FILE')
    if path:
        data = dict(message=text, timestamp=int(time.time()))
        Path(path).write_text(json.dumps(data), encoding='utf-8')


def one_line(error: BaseException) -> str:
    """The message of an error with its line breaks folded."""
    text = error.args[0] if isinstance(error, KeyError) else error
    return ' '.join(str(text).split())
