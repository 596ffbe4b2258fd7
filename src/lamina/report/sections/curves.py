"""The learning curves, and what each epoch gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.displays.figure import COLOURS
from lamina.displays.learning_curves import BLUE_FIRST
from lamina.estimators.html import curves, facts
from lamina.estimators.html.figure import mark, words_of
from lamina.report.figures import picture
from lamina.report.markup import Html, Section, details, grid, number, words
from lamina.report.subject import Subject

LINES = 12  # of a picture
POINTS = 400  # of a line
ROWS = 40  # of the table of epochs
COLUMNS = 30
DASHES = {"-": "", "--": "5 3", ":": "2 2", "-.": "5 2 1 2"}
_COLOURS = BLUE_FIRST[:-1]


def section(subject: Subject) -> Section | None:
    """Return the pictures of losses and scores, and their numbers."""
    estimator = subject.estimator
    history, unit = estimator.history_, facts.unit(estimator, 1)
    if not history.n_epochs:
        return None
    names = [name for name in facts.numbers(estimator) if name != "seconds"][:COLUMNS]
    both = curves.losses_and_scores(history, facts.scorers(estimator))
    losses, scores = ([n for n in own if n in names] for own in both)
    looks = curves.styles([*losses[:LINES], *scores[:LINES]], _COLOURS)
    pictures = ""
    for what, own in (("loss", losses), ("score", scores)):
        drawn = {name: looks[name] for name in own if name in looks}
        if any(np.isfinite(history[name]).any() for name in drawn):
            pictures += _picture(history, drawn, what, unit)
    order = [*losses, *scores, *(n for n in names if n in curves.PLAIN)]
    ends = _ends(history, order, looks, unit)
    numbers = details(f"Numbers by {unit}", _table(history, order, unit))
    body = Html(f'<div class="beside">{pictures}</div>{ends}{numbers}')
    return Section("curves", "Learning curves", body)


def _picture(history: Any, looks: dict[str, Any], what: str, unit: str) -> Html:
    def draw(figure: Any) -> None:
        ax = figure.subplots()
        curves.draw(ax, history, looks, POINTS)
        best = curves.dress(ax, history, looks, what, unit)
        ax.tick_params(length=0)
        ax.spines["left"].set_visible(False)
        if best is not None:
            mark(ax, history, unit)

    seen = ". ".join(words_of(history, name, unit) for name in looks)
    title = f"{what.capitalize()} by {unit}"
    return picture(f"curves-{what}", title, seen, draw)


def _ends(history: Any, names: list[str], looks: dict[str, Any], unit: str) -> Html:
    """Return the first and last numbers, and those of the best epoch, with each line's look."""
    n, best = history.n_epochs, history.best_epoch
    places = {1: f"first, {unit} 1", n: f"last, {unit} {n:,}"} if n > 1 else {1: f"{unit} 1"}
    if best is not None and best not in places:
        places[best] = f"best, {unit} {best:,}"
    rows = [
        [_named(name, looks.get(name)), *(number(history[name][i - 1]) for i in places)]
        for name in names
    ]
    caption = "First, last and best numbers" if len(places) > 1 else "Numbers"
    return grid("curves-ends", caption, ["number", *places.values()], rows, "numbers")


def _named(name: str, look: tuple[str, str] | None) -> Html:
    """Return a name after a bit of its line."""
    if look is None:
        return words(name)
    colour, dash = look
    return Html(
        '<span class="line"><svg class="swatch" aria-hidden="true" width="20" height="8" '
        'viewBox="0 0 20 8">'
        f'<path d="M1 4H19" style="stroke: var(--c{COLOURS.index(colour)})" '
        f'stroke-dasharray="{DASHES[dash]}"/></svg><span>{words(name)}</span></span>'
    )


def _table(history: Any, names: list[str], unit: str) -> Html:
    """Return the numbers of all epochs, or of as many as are read, evenly between."""
    n = history.n_epochs
    chosen = np.unique(np.linspace(0, n - 1, min(n, ROWS)).round().astype(int))
    rows = [[f"{i + 1:,}", *(number(history[name][i]) for name in names)] for i in chosen]
    caption = f"Numbers of {len(chosen)} of {n:,} {unit}s" if n > len(chosen) else "All numbers"
    return grid("curves-numbers", caption, [unit, *names], rows, "numbers")
