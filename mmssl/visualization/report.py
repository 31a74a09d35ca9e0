# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One HTML file that holds everything: tables, text and pictures."""

import base64
import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from matplotlib.figure import Figure

from mmssl.utils.files import atomic_path, write_text
from mmssl.visualization.style import save_figure

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #1f2933; --muted: #66717d;
  --line: #e3e7eb; --paper: #fff; --desk: #f6f7f8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec;
  --muted: #9aa5b1; --line: #3a4048; --paper: #1a1a1a; --desk: #0f1113 }
  figure img { background: #fff; border-radius: 4px }
  figure.chart img { filter: invert(.898) hue-rotate(180deg) } }
* { box-sizing: border-box }
body { margin: 0; background: var(--desk); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans",
  sans-serif }
main { max-width: 980px; margin: 40px auto; padding: 48px 56px;
  background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -.01em;
  overflow-wrap: anywhere }
.subtitle { margin: 8px 0 0; color: var(--muted); overflow-wrap: anywhere }
h2 { margin: 44px 0 12px; padding-top: 20px; font-size: 19px;
  border-top: 1px solid var(--line) }
p { margin: 10px 0; overflow-wrap: anywhere }
.wide { overflow-x: auto; margin: 14px 0 }
table { border-collapse: collapse; font-size: 15px;
  font-variant-numeric: tabular-nums }
th, td { padding: 7px 18px 7px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left }
th { color: var(--muted); font-weight: 600 }
tr:last-child td { border-bottom: 2px solid var(--ink) }
thead th { border-bottom: 2px solid var(--ink) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px;
  margin: 20px 0 0; font-size: 15px }
dt { color: var(--muted) }
dd { margin: 0; overflow-wrap: anywhere }
figure { margin: 18px 0 }
figure img { display: block; max-width: 100%; height: auto }
figcaption { margin-top: 8px; color: var(--muted); font-size: 14px;
  overflow-wrap: anywhere }
.grid { display: grid; gap: 18px 24px; margin: 18px 0;
  grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr)) }
.grid figure { margin: 0 }
@media (max-width: 700px) { main { margin: 0; padding: 24px; border: 0;
  border-radius: 0 } dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin-bottom: 8px } }
@media print { body { background: #fff } main { border: 0; margin: 0 } }
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p class="subtitle">$subtitle</p>
$body
</main>
</body>
</html>
""")


class Report:
    """Collects parts in their order; ``write`` makes the files.

    Args:
        title (str): Plain text, as all texts here.
        subtitle (str): One line below the title.
    """

    def __init__(self, title: str, subtitle: str = '') -> None:
        self.title, self.subtitle = title, subtitle
        self._parts: list[str] = []
        self._figures: dict[str, tuple[Figure | bytes, str]] = {}

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f'<h2>{html.escape(text)}</h2>')

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f'<p>{html.escape(text)}</p>')

    def table(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Add a table; the keys of the first row are the head.

        Args:
            rows (Sequence[Mapping]): Numbers are shown with three digits
                at most after the point, small ones with three digits.

        Raises:
            ValueError: If there is no row.
        """
        if not rows:
            raise ValueError('a table needs at least one row')
        names = list(rows[0])
        head = ''.join(f'<th>{html.escape(name)}</th>' for name in names)
        body = '\n'.join(
            '<tr>'
            + ''.join(f'<td>{_cell(row.get(name, ""))}</td>' for name in names)
            + '</tr>'
            for row in rows
        )
        # On a narrow screen a wide table scrolls, not the page.
        self._parts.append(
            f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
            f'<tbody>\n{body}\n</tbody>\n</table></div>'
        )

    def facts(self, facts: Mapping[str, object]) -> None:
        """Add names with their values, one a line."""
        rows = ''.join(
            f'<dt>{html.escape(name)}</dt><dd>{_cell(value)}</dd>'
            for name, value in facts.items()
        )
        self._parts.append(f'<dl>{rows}</dl>')

    def charts(self, charts: Mapping[str, tuple[Figure, str]]) -> None:
        """Add small figures of lines side by side.

        Args:
            charts (Mapping): Name, as of :meth:`figure`, to figure and
                caption.
        """
        self._parts.append('<div class="grid">')
        for name, (figure, caption) in charts.items():
            self.figure(figure, name, caption, chart=True)
        self._parts.append('</div>')

    def figure(
        self,
        figure: Figure | bytes,
        name: str,
        caption: str = '',
        chart: bool = False,
    ) -> None:
        """Add a picture.

        Args:
            figure (Figure or bytes): Drawn when the report is written; or
                the content of a PNG file.
            name (str): Of the PNG file, without ending; unique.
            caption (str): Below the picture.
            chart (bool): Lines on paper, whose colours may be turned round
                where the reader wants a dark page; photographs may not.

        Raises:
            ValueError: If the name is taken.
        """
        if name in self._figures:
            raise ValueError(f'the report has a figure {name} already')
        self._figures[name] = (figure, caption)
        self._parts.append(
            f'<figure{" class=chart" if chart else ""}>\n'
            f'<!--figure:{name}-->\n</figure>'
        )

    def write(self, folder: str | os.PathLike) -> Path:
        """Write ``report.html``, and each picture as a PNG beside it.

        Args:
            folder (str or PathLike): Created if absent.

        Returns:
            Path: The HTML file; it needs no other file.
        """
        folder = Path(folder)
        body = '\n'.join(self._parts)
        for name, (figure, caption) in self._figures.items():
            path = folder / f'{name}.png'
            if isinstance(figure, bytes):
                with atomic_path(path) as temporary:
                    temporary.write_bytes(figure)
            else:
                save_figure(figure, path)
            code = base64.b64encode(path.read_bytes()).decode()
            caption = html.escape(caption)
            body = body.replace(
                f'<!--figure:{name}-->',
                f'<img alt="{caption or name}" '
                f'src="data:image/png;base64,{code}">\n'
                f'<figcaption>{caption}</figcaption>',
            )
        page = PAGE.substitute(
            title=html.escape(self.title),
            subtitle=html.escape(self.subtitle),
            body=body,
        )
        write_text(folder / 'report.html', page)
        return folder / 'report.html'


def _cell(value: object) -> str:
    if isinstance(value, float):
        # Three digits after the point, of small numbers three that count.
        small = 0 < abs(value) < 0.01
        text = f'{value:.3g}' if small else f'{value:.3f}'
        value = text if 'e' in text else text.rstrip('0').rstrip('.')
    return html.escape(str(value))
