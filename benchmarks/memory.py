# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The peak memory of a process, without importing anything large."""

import re
import resource
from pathlib import Path


def peak() -> float:
    """Largest memory of this program so far, MB.

    ``ru_maxrss`` would count what its parent had when it started it.
    """
    status = Path('/proc/self/status')
    if status.is_file():
        found = re.search(r'VmHWM:\s*(\d+) kB', status.read_text())
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
