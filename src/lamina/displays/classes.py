"""How pictures show classes: colours, markers, names of a bearable length, and a legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lamina.displays.figure import COLOURS

FEW = (COLOURS[1], COLOURS[0], *COLOURS[2:])
# matplotlib's petroff10, for more classes than can be told apart by every eye, with a green in the
# place of its second grey
TEN = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#1b6e3c", "#92dadd"),
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
MOST_CLASSES = len(TEN) * len(MARKERS)
MOST_LETTERS = 24
LETTER, MARK, ROW = 0.09, 0.75, 0.2  # inches of a legend's letter, its marker and its rows


def class_colours(n: int) -> list[Any]:
    """Return a colour for each of n classes; after ten they begin anew."""
    own = FEW[:-1] if n < len(FEW) else TEN
    return [own[i % len(own)] for i in range(n)]


def short(name: Any, most: int = MOST_LETTERS) -> str:
    """Return a name on one line, without its middle where it is too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(name)).split())
    if len(line) <= most:
        return line
    end = (most - 1) // 3
    return f"{line[: most - 1 - end]}…{line[len(line) - end :]}"


def names_of(classes: Sequence[Any], most: int = MOST_LETTERS) -> list[str]:
    """Return short names, with their place behind those that would be the same."""
    made = [short(name, most) for name in classes]
    counts = Counter(made)
    return [f"{own} ({i})" if counts[own] > 1 else own for i, own in enumerate(made, 1)]


def class_legend(figure: Any, ax: Any, own: bool, handles: list[Any], classes: list[Any]) -> Any:
    """Return a legend of classes: below an `own` figure, which gets room for it, or within `ax`."""
    names = names_of(classes)
    options: dict[str, Any] = {"fontsize": 8, "loc": "best"}
    if own:
        wide = max(map(len, names)) * LETTER + MARK
        columns = max(1, min(len(names), int(figure.get_figwidth() / wide)))
        rows = -(-len(names) // columns)
        columns = -(-len(names) // rows)
        figure.set_figheight(figure.get_figheight() + (rows - 1) * ROW)
        options = {"loc": "outside lower center", "ncols": columns, "frameon": False}
    elif len(names) > 10:
        options |= {"fontsize": 6, "ncols": 2}
    # A text that begins with "_" would have no entry: each is written once its entry is there.
    made = (figure if own else ax).legend(handles, [str(i) for i in range(len(names))], **options)
    for text, name in zip(made.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text(name)
    return made
