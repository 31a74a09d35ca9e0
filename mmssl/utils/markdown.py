# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Tables as text."""

from collections.abc import Sequence


def to_markdown(cells: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for line in cells:
        padded = [c.ljust(w) for c, w in zip(line, widths, strict=True)]
        lines.append(f'| {" | ".join(padded)} |')
    rule = '|' + '|'.join('-' * (w + 2) for w in widths) + '|'
    return '\n'.join([lines[0], rule, *lines[1:]]) + '\n'
