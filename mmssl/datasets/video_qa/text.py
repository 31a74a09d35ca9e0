# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Text of TVQA: cleaning, time spans, subtitle files."""

import math
import re
from pathlib import Path
from typing import NamedTuple

from mmssl.utils.errors import UsageError
from mmssl.utils.spans import Span

LAST_SECONDS = 3.0  # of a last sentence whose end nobody wrote down
EMPTY = '.'  # the text of a clip without sentences

# clean_str of https://github.com/jayleicn/TVQA, rule by rule in its order
_RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^A-Za-z0-9(),!?:.'`]", ' '),
        (r"('s|'ve|n't|'re|'d|'ll|'m)", r' \1'),
        (r'([:,!])', r' \1 '),
        (r'\.\.\.|\.', ' . '),
        (r'[()]', ' '),
        (r'\?', ' ? '),
        (r'\s{2,}', ' '),
    )
]
_TIME = re.compile(r'(\d+):(\d+):(\d+)[,.](\d+)')


class Sentence(NamedTuple):
    """A sentence of a clip and its span in seconds."""

    text: str
    start: float
    end: float


def clean_text(text: str) -> str:
    """Words and punctuation apart, as TVQA cleans its text; keeps case."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.strip()


def parse_span(value: str | list | tuple | None) -> Span | None:
    """The span of an annotation.

    Args:
        value: ``'76.01-84.2'``, ``[76.01, 84.2]``, or None.

    Returns:
        tuple or None: None where a time is NaN (TVQA's own code puts 10 to
        30 s there).

    Raises:
        ValueError: Something else.
    """
    if value is None:
        return None
    parts = value.split('-') if isinstance(value, str) else value
    if len(parts) != 2:
        raise ValueError(f'a time span is START-END in seconds, got {value!r}')
    start, end = (float(part) for part in parts)
    return None if math.isnan(start) or math.isnan(end) else (start, end)


def close_sentences(rows: list[tuple]) -> list[Sentence]:
    """Give an end to every sentence; sort by start.

    Args:
        rows (list[tuple]): (text, start, end); where the end is None it is
            the next start, of the last one 3 s later.
    """
    rows = sorted(rows, key=lambda row: row[1])
    sentences = []
    for place, (text, start, end) in enumerate(rows, 1):
        if end is None:
            end = rows[place][1] if place < len(rows) else start + LAST_SECONDS
        sentences.append(Sentence(text, float(start), float(end)))
    return sentences


def read_srt(path: Path) -> list[Sentence]:
    """Sentences of a SubRip file, as TVQA reads them.

    ISO-8859-1, UTF-8 where that shows a byte-order mark; a line without
    speaker gets ``(<UNKNAME>:)``.

    Raises:
        UsageError: A block has no time line; names file and block.
    """
    data = path.read_bytes()
    is_utf8 = data.startswith(b'\xef\xbb\xbf')
    text = data.decode('utf-8-sig' if is_utf8 else 'iso-8859-1')
    rows = []
    blocks = re.split(r'\n\s*\n', text.replace('\r\n', '\n').strip())
    for number, block in enumerate(filter(None, blocks), 1):
        lines = block.strip().split('\n')
        place = next((i for i, x in enumerate(lines) if '-->' in x), None)
        times = [] if place is None else _TIME.findall(lines[place])
        if len(times) != 2:
            raise UsageError(
                f'{path}: block {number} has no line '
                '00:00:01,000 --> 00:00:02,000'
            )
        start, end = (
            3600 * int(h) + 60 * int(m) + int(s) + float(f'0.{fraction}')
            for h, m, s, fraction in times
        )
        said = ' '.join(line.strip() for line in lines[place + 1 :]).strip()
        if said:
            rows.append((with_speaker(said), start, end))
    return close_sentences(rows)


def with_speaker(text: str) -> str:
    """TVQA writes ``(Sheldon:)`` in front; who is not known is named so."""
    return text if text.startswith('(') else f'(<UNKNAME>:){text}'
