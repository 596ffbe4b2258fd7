"""The parts that a page is made of. Whatever is not `Html` already is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lamina.estimators.html import text

LONG_NAME = 16  # characters at the head of a row, which takes more room from there on
LONG = 2000  # characters of a setting or an error that are shown


class Html(str):
    """A text that is HTML already."""


class Section(NamedTuple):
    """A part of the page.

    Attributes
    ----------
    name : str
        Its id, which no other part has.
    title : str
    body : Html
    """

    name: str
    title: str
    body: Html


def words(value: Any, most: int = 300) -> Html:
    """Return a value as text of a page.

    A text in another script may run from right to left: it stands apart, so that it turns around
    nothing beside it.
    """
    if isinstance(value, Html):
        return value
    shown = text.breakable(value, most)
    return Html(shown if shown.isascii() else f'<bdi dir="auto">{shown}</bdi>')


def number(value: Any, digits: int = 4) -> str:
    """Return a number for readers; "not defined" for NaN."""
    value = float(value)
    if value != value:
        return "not defined"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.{digits}g}"


def paragraph(value: Any, kind: str = "") -> Html:
    """Return a paragraph."""
    return Html(f"<p{_class(kind)}>{words(value, LONG)}</p>")


def listed(items: Iterable[Any], kind: str = "") -> Html:
    """Return a list of points."""
    body = "".join(f"<li>{words(item, LONG)}</li>" for item in items)
    return Html(f"<ul{_class(kind)}>{body}</ul>")


def details(summary: str, body: Html, opened: bool = False) -> Html:
    """Return a part that can be folded."""
    mark = " open" if opened else ""
    return Html(f"<details{mark}><summary>{words(summary)}</summary>{body}</details>")


def code(name: str, label: str, source: str) -> Html:
    """Return a listing, which scrolls in a box of its own; `name` must be the page's only one."""
    # Line breaks and all else stand as they are, but for what no page may hold.
    lines = "\n".join(text.escape(line, LONG) for line in source.splitlines())
    return Html(
        f'<pre class="scroll" id="{name}" tabindex="0" role="region" '
        f'aria-label="{text.escape(label)}"><code>{lines}</code></pre>'
    )


def facts(caption: str, rows: Iterable[tuple[Any, Any]]) -> Html:
    """Return a table of names and values, which breaks its lines where it has no room."""
    body = "".join(
        f'<tr><th scope="row">{words(name)}</th><td>{words(value, LONG)}</td></tr>'
        for name, value in rows
    )
    return Html(
        f'<table class="facts"><caption>{words(caption)}</caption><tbody>{body}</tbody></table>'
    )


def grid(
    name: str,
    caption: str,
    head: Sequence[Any],
    rows: Iterable[Sequence[Any]],
    kind: str = "",
    groups: Sequence[tuple[Any, int]] = (),
) -> Html:
    """Return a table with column heads in a box that scrolls; the first cell heads its row.

    `groups` are heads above the other heads, each with the number of columns that it is over.
    """
    rows = list(rows)
    kind += " long" if any(len(str(row[0])) > LONG_NAME for row in rows) else ""
    over = "".join(
        f'<th scope="colgroup" colspan="{n}">{words(cell)}</th>'
        if cell
        else f'<td colspan="{n}"></td>'
        for cell, n in groups
    )
    over = f"<tr>{over}</tr>" if over else ""
    top = "".join(f'<th scope="col">{words(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{words(row[0])}</th>{"".join(map(_cell, row[1:]))}</tr>'
        for row in rows
    )
    return Html(
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}">'
        f'<table class="grid {kind}">'
        f'<caption id="{name}"><span>{words(caption)}</span></caption>'
        f"<thead>{over}<tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


class Shaded(Html):
    """The text of a cell, with how dark it is to be, between 0 and 1."""

    share: float

    def __new__(cls, value: Any, share: float) -> Shaded:
        """Escape the value."""
        made = super().__new__(cls, words(value))
        made.share = share
        return made


def _cell(value: Any) -> str:
    if isinstance(value, Shaded):
        return f'<td style="--share: {value.share:.3f}">{value}</td>'
    return f"<td>{words(value)}</td>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
