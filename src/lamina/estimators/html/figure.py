"""The learning curves as SVG that takes its ink from the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from lamina.estimators.html import curves, text
from lamina.estimators.measuring.history import TrainingHistory

# All at least 3.4 : 1 against white and against #111, so that they serve any theme.
COLOURS = ("#3b82c4", "#d5601a", "#15966f", "#c0639b", "#b58105", "#8a70d6", "#7d8590")
INK = "#010203"  # stands for the colour of the page's text
LINES = 14  # of one panel
POINTS, ALL_POINTS = 500, 1500  # of one line, and of all
SIZE = (5.3, 3.3)  # inches, of 72 pixels


def looks(losses: list[str], scores: list[str]) -> dict[str, tuple[str, str]]:
    """Return colour and dash of all lines that are drawn."""
    return curves.styles([*losses[:LINES], *scores[:LINES]], COLOURS)


def draw(
    history: TrainingHistory,
    own: dict[str, tuple[str, str]],
    what: str,
    unit: str,
    most: int,
    name: str,
) -> str:
    """Return a panel as SVG; `name` must be the page's only one."""
    from matplotlib.figure import Figure

    with plain():
        figure = Figure(figsize=SIZE, layout="constrained")
        ax = figure.subplots()
        curves.draw(ax, history, own, most)
        best = curves.dress(ax, history, own, what, unit)
        ax.tick_params(length=0)
        ax.spines["left"].set_visible(False)
        if best is not None:
            mark(ax, history, unit)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    box = (SIZE[0] * 72, SIZE[1] * 72)
    words = ". ".join(words_of(history, line, unit) for line in own)
    return text.picture(name, f"{what} by {unit}", words, box, inline(out.getvalue(), name))


def swatch(look: tuple[str, str] | None) -> str:
    """Return a bit of a line, to find it in the picture."""
    if look is None:
        return ""
    colour, dash = look
    pattern = {"-": "", "--": "5 3", ":": "2 2", "-.": "5 2 1 2"}[dash]
    return (
        f'<svg class="lamina-swatch" aria-hidden="true" width="20" height="8" viewBox="0 0 20 8">'
        f'<path d="M1 4H19" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{pattern}"/>'
        f"</svg>"
    )


def mark(ax: Any, history: TrainingHistory, unit: str) -> None:
    """Name the best epoch above its line, on the side where there is room."""
    low, high = ax.get_xlim()
    right = history.best_epoch > (low + high) / 2
    ax.annotate(
        f"best {unit}: {history.best_epoch:,}",
        (history.best_epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3 if not right else -3, 2),
        textcoords="offset points",
        ha="right" if right else "left",
        fontsize=10,
    )


def words_of(history: TrainingHistory, name: str, unit: str) -> str:
    """Return a line in words."""
    values, n = history[name], history.n_epochs
    words = f"{name}: {text.number(float(values[0]))} in {unit} 1"
    if n > 1:
        words += f", {text.number(float(values[-1]))} in {unit} {n:,}"
    best = history.best_epoch
    if best is not None and best not in (1, n):
        words += f", {text.number(float(values[best - 1]))} in the best, {best:,}"
    return words


_SETTINGS = Lock()  # matplotlib's are those of the whole process


@contextmanager
def plain(more: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draw in one style, whatever the user has set for pictures of their own.

    `more` are rcParams that come on top of it.
    """
    import matplotlib

    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    own: Any = dict.fromkeys(inked, INK)
    own |= {"svg.fonttype": "none", "svg.hashsalt": "lamina", "font.size": 11}
    own["axes.formatter.useoffset"] = False
    with _SETTINGS, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(own | dict(more or {}))
        yield


def inline(page: str, name: str) -> str:
    """Return what stands in matplotlib's SVG, fit to stand in a page beside others like it.

    Its style sheet would hold for the whole page, its ids would meet those of the next picture,
    and it has six digits where one is seen.
    """
    body = page[page.index('<g id="figure_1">') : page.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)
    body = re.sub(r" font-family: [^;\"]+;", "", body)
    body = re.sub(r"rotate\(-0 [^)]*\)", "", body).replace(' transform=""', "")
    body = re.sub(r"<[^>]*>", _rounded, body)
    body = re.sub(r"\s*\n\s*", " ", body).replace(" L ", "L").replace("> <", "><")
    body = re.sub(r"<g(?: [^>]*)?/>", "", body)
    return body.replace(INK, "currentColor")


def _rounded(tag: re.Match[str]) -> str:
    return re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", tag[0])
