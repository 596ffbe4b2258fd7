"""Words and numbers as HTML: everything is escaped here, and nothing is long."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any


def escape(value: Any, most: int = 300) -> str:
    """Return a text, cut to `most` characters, that stands for itself in HTML and attributes."""
    shown = str(value)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    # What no file in UTF-8 can hold becomes "?"; other control characters no page may have.
    shown = shown.encode("utf-8", "replace").decode()
    return html.escape("".join(c if c.isprintable() else " " for c in shown))


def breakable(value: Any, most: int = 300) -> str:
    """Return a text as `escape` does, that breaks lines after underscores rather than anywhere."""
    return escape(value, most).replace("_", "_<wbr>")


def number(value: float) -> str:
    """Return a count with separators, or four digits of another number."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}"


def count(n: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def time(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if math.isnan(seconds):
        return "not known"
    for size, unit in ((3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1000:.3g} ms"


def listed(names: Iterable[Any], most: int = 6) -> str:
    """Return the first names, each cut short, and how many more there are."""
    own = [str(name) for name in names]
    shown = ", ".join(name if len(name) <= 30 else name[:29] + "…" for name in own[:most])
    return shown + (f" and {len(own) - most:,} more" if len(own) > most else "")


def table(rows: Iterable[tuple[Any, Any]]) -> str:
    """Return a table of names and values."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{breakable(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table><tbody>{body}</tbody></table>"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with column heads; all cells are HTML already."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{c}</td>" for c in row[1:]) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def details(summary: str, body: str, name: str, opened: bool = False) -> str:
    """Return a part that can be folded; summary and body are HTML already."""
    mark = " open" if opened else ""
    return f'<details class="{name}"{mark}><summary>{summary}</summary>{body}</details>'


def picture(name: str, title: str, words: str, box: tuple[float, float], body: str) -> str:
    """Return an SVG of a viewBox's size that tells those who do not see it its numbers.

    `name` must be the page's only one; `body` is SVG already.
    """
    width, height = box
    return (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(words, 4000)}</desc>{body}</svg>'
    )
