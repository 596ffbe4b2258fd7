"""A walk-through as text: equations with their values, large arrays cut short."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from lamina.diagnosis.trace.step import Step
from lamina.plan import checks

GAP = "…"
WIDTH = 100
NAMED = 12  # columns with names that are shown whole: a row of ten classes
LISTED = 60  # rows with names, where the samples are the columns
LONGEST = 24  # characters of a name
CORNER = 2  # rows of a matrix that does not fit
PROSE = re.compile(r" (is|if|for|the|of) ")  # equations that do not go on with "="


def check(digits: Any, rows: Any) -> None:
    """Raise ArgumentError unless numbers can be shown so."""
    checks.integer("digits", digits, "[1, 17]")
    checks.integer("rows", rows, "[2, 1000]")


def page(
    title: str,
    steps: Iterable[Step],
    digits: int,
    rows: int,
    legend: str = "",
    width: int = WIDTH,
) -> str:
    """Return title, legend and steps, a heading for each part."""
    check(digits, rows)
    checks.integer("width", width, "[40, inf)")
    lines = [title, *_wrapped(legend, width)]
    for part, own in groupby(steps, key=lambda step: step.part):
        lines += ["", part]
        for step in sourced(own):
            lines += [f"  {line}" for line in _step(step, digits, rows, width - 2)]
    return "\n".join(lines)


def _step(step: Step, digits: int, rows: int, width: int) -> list[str]:
    head, about = said(step, digits), notes(step, digits, rows)
    value = beside(step, digits, rows)
    together = f"{head}{':' if PROSE.search(head) else ' ='} {value}" if value else head
    about = f"({about})" if about else ""
    if len(head) > width:
        head = "\n    ".join(textwrap.wrap(head, width - 4))
        together = f"{head}{together[len(said(step, digits)) :]}"
    lines = [together]
    if len(together) > width:
        lines = [head, *textwrap.wrap(value, width - 4, initial_indent="    ")] if value else [head]
    if about and len(lines[0]) + 3 + len(about) <= width:
        lines[0] += f"   {about}"
    elif about:
        lines[1:1] = textwrap.wrap(about, width, initial_indent="  ", subsequent_indent="  ")
    if not value and step.value is not None and np.ndim(step.value):
        lines += _grid(step, digits, rows, width)
    if step.worked is not None:
        lines += textwrap.wrap(
            step.worked(digits), width, initial_indent="  ", subsequent_indent="    "
        )
    return lines


def _wrapped(legend: str, width: int) -> list[str]:
    """Return the lines of a legend, broken between its entries where that can be."""
    space = "\N{NO-BREAK SPACE}"
    items = [item.replace(" ", space) for item in legend.split("; ")] if legend else []
    return [line.replace(space, " ") for line in textwrap.wrap("; ".join(items), width)]


def sourced(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps of a part, each source with the first that has it."""
    seen = {"given"}
    for step in steps:
        yield replace(step, source="") if step.source in seen else step
        seen.add(step.source)


def said(step: Step, digits: int) -> str:
    """Return the equation, with its value if that is a number."""
    if step.value is None or np.ndim(step.value):
        return step.equation
    return f"{step.equation} = {number(step.value, digits)}"


def notes(step: Step, digits: int, rows: int) -> str:
    """Return words and source of a step, and of what cannot be seen whole the shape."""
    array, size = np.asarray(step.value), ""
    cut = array.ndim == 2 and max(array.shape) > max(rows, NAMED if step.columns else 0)
    if cut and (step.columns or step.rows or step.equation.endswith("is given")):
        size = shape(array)
    if is_corner(step, rows):
        size += f"{', ' if size else ''}norm {number(norm(array), digits)}"
    return " · ".join(note for note in (size, step.words, step.source) if note)


def norm(value: Any) -> float:
    """Return the Frobenius norm."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(np.asarray(value, np.float64)))


def is_corner(step: Step, rows: int) -> bool:
    """Return whether of a matrix a corner is enough: it is large, and has no names."""
    array = np.asarray(step.value)
    named = step.rows or step.columns or array.dtype.kind not in "fiu"
    return not named and array.ndim == 2 and len(array) > 1 and max(array.shape) > rows


def shape(value: Any) -> str:
    """Return "2 × 3", or nothing for a number."""
    return " × ".join(str(n) for n in np.shape(value))


def number(value: Any, digits: int) -> str:
    """Return a number to so many digits that count, or a text."""
    if isinstance(value, (bool, np.bool_, str)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return str(value)
    return f"{float(value) + 0.0:.{digits}g}"


def shortened(n: int, most: int) -> list[int | None]:
    """Return the places to show of n: all, or the first and last with None between."""
    if n <= most:
        return list(range(n))
    first = (most + 1) // 2
    return [*range(first), None, *range(n - (most - first), n)]


def beside(step: Step, digits: int, rows: int) -> str:
    """Return a row, or the corner of a large matrix, to stand beside the equation."""
    array = np.asarray(step.value)
    if is_corner(step, rows):
        own = [_row(row[: rows // 3], array.shape[1], digits) for row in array[:CORNER]]
        return f"[{', '.join(own)}{', ' + GAP if len(array) > CORNER else ''}]"
    flat = array.ndim == 1 or (array.ndim == 2 and len(array) == 1)
    if step.value is None or not flat or step.rows or step.columns:
        return ""
    row = array.ravel()
    places = shortened(len(row), rows if len(row) <= rows else max(2, 2 * rows // 3))
    shown = [GAP if i is None else number(row[i], digits) for i in places]
    return f"[{'  '.join(shown)}]"


def _row(values: np.ndarray, n: int, digits: int) -> str:
    shown = [number(value, digits) for value in values]
    return f"[{', '.join([*shown, GAP] if n > len(shown) else shown)}]"


def cells(
    step: Step, digits: int, rows: int, most: int = NAMED
) -> tuple[list[list[str]], Any, Any]:
    """Return the entries as texts, and the places of the rows and columns that are shown."""
    array = np.asarray(step.value)
    array = array.reshape(1, -1) if array.ndim < 2 else array
    high = CORNER + 1 if is_corner(step, rows) else rows
    down = shortened(array.shape[0], max(rows, LISTED) if step.samples == 1 else high)
    across = shortened(array.shape[1], _across(array.shape[1], rows, most, bool(step.columns)))
    table = [
        [GAP if i is None or j is None else number(array[i, j], digits) for j in across]
        for i in down
    ]
    return table, down, across


def _across(n: int, rows: int, most: int, named: bool) -> int:
    """Return how many columns to show of n: all of a few that have names, or of more some."""
    return min(most, n if named and n <= NAMED else rows)


def _grid(step: Step, digits: int, rows: int, width: int) -> list[str]:
    """Return lines of aligned columns; where there is no room first digits go, then columns."""
    named = max(rows, NAMED)
    fewer = [(digits, named), *((max(2, digits - k), named) for k in (1, 2))]
    for few, most in [*fewer, *((digits, most) for most in range(named - 1, 1, -1))]:
        lines = _lines(step, few, rows, most)
        if max(map(len, lines)) <= width:
            break
    return lines


def _lines(step: Step, digits: int, rows: int, most: int) -> list[str]:
    table, down, across = cells(step, digits, rows, most)
    if step.columns:
        table.insert(0, [name(step.columns, j) for j in across])
    if step.rows:
        names = [name(step.rows, i) for i in down]
        names = ["", *names] if step.columns else names
        table = [[own, *row] for own, row in zip(names, table, strict=True)]
    widths = [max(len(row[j]) for row in table) for j in range(len(table[0]))]
    return ["    " + "  ".join(_aligned(row, widths, bool(step.rows))) for row in table]


def _aligned(row: Sequence[str], widths: Sequence[int], named: bool) -> list[str]:
    own = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
    return [row[0].ljust(widths[0]), *own[1:]] if named else own


def name(names: Sequence[str], at: int | None) -> str:
    """Return the name of a row or column, cut where it is long."""
    own = GAP if at is None else names[at]
    return own if len(own) <= LONGEST else own[: LONGEST - 1] + GAP
