# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Exceptions that the command line turns into one line and an exit code."""


class UsageError(Exception):
    """A mistake that the user can mend: shown as one line, exit code 2.

    Subclass it where a caller wants to tell one mistake from another.  The
    message is one sentence: what was met, where, and what to do.
    """

    exit_code = 2


class RunStopped(Exception):
    """A signal asked the run to stop; its checkpoint is on the disk.

    Args:
        message (str): What was saved and how to go on.
        exit_code (int): 0 for a plain stop, 75 (``EX_TEMPFAIL``) where the
            scheduler is to queue the run again.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
