"""A walk-through as HTML: no scripts, no other files, in the page's own ink and paper."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from lamina.diagnosis.trace import text
from lamina.diagnosis.trace.step import Step

STYLE = """
.lamina-trace { line-height: 1.45; max-width: 64rem; }
.lamina-trace :is(h1, h3) { font-size: 1.1em; margin: 0.2em 0 0.6em; overflow-wrap: anywhere; }
.lamina-trace .lamina-legend { opacity: 0.85; font-size: 0.92em; margin: 0 0 0.8em; }
.lamina-trace details { margin: 0.5em 0; border-left: 3px solid #3b82c4; padding-left: 0.8em; }
.lamina-trace summary { cursor: pointer; font-weight: 600; }
.lamina-trace .lamina-step { margin: 0.7em 0; overflow-x: auto; }
.lamina-trace .lamina-step p { margin: 0.1em 0; }
.lamina-trace .lamina-equation { font-family: ui-monospace, monospace; font-size: 1em; }
.lamina-trace .lamina-note { opacity: 0.8; font-size: 0.88em; margin-left: 0.9em; }
div.lamina-trace table { border-collapse: collapse; margin: 0.25em 0 0.25em 0.8em;
  font-size: 0.92em; font-variant-numeric: tabular-nums; color: inherit; border: none; }
div.lamina-trace table :is(th, td) { text-align: right; padding: 0.1em 0.6em; border: none;
  border-bottom: 1px solid rgba(128, 128, 128, 0.3); background: none; font-weight: normal; }
div.lamina-trace table td { white-space: nowrap; }
div.lamina-trace table th { opacity: 0.85; }
div.lamina-trace table th[scope="row"] { text-align: left; }
"""


def fragment(
    title: str, steps: Iterable[Step], digits: int, rows: int, legend: str = "", level: int = 3
) -> str:
    """Return what a notebook shows; `level` is that of its heading."""
    text.check(digits, rows)
    parts = "".join(
        _part(part, list(own), digits, rows) for part, own in groupby(steps, key=lambda s: s.part)
    )
    head = f"<h{level}>{escape(title)}</h{level}>"
    head += f'<p class="lamina-legend">{escape(legend)}</p>' if legend else ""
    return f'<div class="lamina-trace"><style>{STYLE}</style>{head}{parts}</div>'


def page(title: str, steps: Iterable[Step], digits: int, rows: int, legend: str = "") -> str:
    """Return a whole page, which follows the reader's choice of light or dark."""
    body = fragment(title, steps, digits, rows, legend, level=1)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title>"
        "<style>body { font-family: system-ui, sans-serif; margin: 1.5rem; }</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def escape(value: Any) -> str:
    """Return a text that stands for itself in HTML and in attributes."""
    shown = "".join(c if c.isprintable() else " " for c in str(value))
    return html.escape(shown)


def _part(part: str, steps: Sequence[Step], digits: int, rows: int) -> str:
    body = "".join(_step(step, digits, rows) for step in text.sourced(steps))
    return f"<details open><summary>{escape(part)}</summary>{body}</details>"


def _step(step: Step, digits: int, rows: int) -> str:
    single = np.ndim(step.value) == 0
    about = text.notes(step, digits, rows)
    line = f'<span class="lamina-equation">{escape(text.said(step, digits))}</span>'
    if about:
        line += f' <span class="lamina-note">{_unbroken(about)}</span>'
    table = "" if single else _table(step, digits, rows)
    if step.worked is not None:
        shown = escape(step.worked(digits))
        table += f'<p class="lamina-equation lamina-note">{shown}</p>'
    return f'<div class="lamina-step"><p>{line}</p>{table}</div>'


def _unbroken(about: str) -> str:
    return escape(about).replace(" × ", "&nbsp;×&nbsp;")


def _table(step: Step, digits: int, rows: int) -> str:
    cells, down, across = text.cells(step, digits, rows)
    head = ""
    if step.columns:
        names = [text.name(step.columns, j) for j in across]
        corner = "<td></td>" if step.rows else ""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
        head = f"<thead><tr>{corner}{head}</tr></thead>"
    body = ""
    for i, row in zip(down, cells, strict=True):
        own = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        if step.rows:
            own = f'<th scope="row">{escape(text.name(step.rows, i))}</th>{own}'
        body += f"<tr>{own}</tr>"
    size = text.shape(step.value).replace("×", "by")
    label = escape(f"{step.name}, {size}")
    return f'<table aria-label="{label}">{head}<tbody>{body}</tbody></table>'
