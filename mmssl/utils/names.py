# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Nearest names, for messages about a misspelt one."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest(
    name: str, known: Iterable[str], count: int = 3, cutoff: float = 0.6
) -> list[str]:
    """The known names most like ``name``, best first, case ignored.

    Args:
        name (str): What was written.
        known (Iterable[str]): What is allowed.
        count (int): How many to return at most.
        cutoff (float): Least similarity in [0, 1].

    Returns:
        list[str]: May be empty.
    """
    wanted = name.lower()
    scored = [
        (SequenceMatcher(None, wanted, other.lower()).ratio(), other)
        for other in set(known)
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [other for score, other in scored if score >= cutoff][:count]


def suggestion(name: str, known: Iterable[str]) -> str:
    """``'; did you mean A, B?'``, or the empty string."""
    found = nearest(name, known)
    return f'; did you mean {", ".join(found)}?' if found else ''
