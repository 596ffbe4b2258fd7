"""Losses and scores by epoch on matplotlib's axes, for a report and for a display."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lamina.estimators.measuring.history import TrainingHistory

PLAIN = ("epoch", "learning_rate", "seconds")
DASHES = ("-", "--", ":", "-.")
WIDE = 10.0  # largest loss by smallest, from which on losses have a logarithmic axis
GREY = "#888888"  # of grid and marks: seen on white and on black


def losses_and_scores(
    history: TrainingHistory, scorers: Iterable[str] = ()
) -> tuple[list[str], list[str]]:
    """Return the names of the losses, and those of the scores.

    A set's loss is called ``{set}_loss``. So may a score be: one of `scorers`, the names of those
    that the fit had, and without them scikit-learn's negated losses, as "neg_log_loss".
    """
    names = [name for name in history if name not in PLAIN]
    ends = [f"_{scorer}" for scorer in (*scorers, "neg_log_loss")]

    def is_score(name: str) -> bool:
        own = (f"{name.removesuffix(end)}_loss" in history for end in ends if name.endswith(end))
        return any(own) or not name.endswith("_loss")

    scores = [name for name in names if name != "loss" and is_score(name)]
    return [name for name in names if name not in scores], scores


def styles(names: Sequence[str], colours: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a dash for each line, all apart as long as there are enough."""
    n = len(colours)
    return {name: (colours[i % n], DASHES[i // n % len(DASHES)]) for i, name in enumerate(names)}


def thinned(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` of the points, at least four, with the peaks of every stretch."""
    if len(x) <= most:
        return x, y
    kept = {0, len(x) - 1}
    for rows in np.array_split(np.arange(len(x)), max(1, (most - 2) // 2)):
        seen = rows[np.isfinite(y[rows])]
        # A stretch without a number stays a gap.
        own = (seen[y[seen].argmin()], seen[y[seen].argmax()]) if len(seen) else rows[:1]
        kept.update(int(i) for i in own)
    order = sorted(kept)
    return x[order], y[order]


def draw(
    ax: Any,
    history: TrainingHistory,
    looks: dict[str, tuple[str, str]],
    most: int | None = None,
) -> dict[str, Any]:
    """Draw numbers by epoch, each in its colour and dash; return the lines by name.

    With `most`, each line has no more points.
    """
    lines = {}
    for name, (colour, dash) in looks.items():
        x, y = history["epoch"], np.where(np.isfinite(history[name]), history[name], np.nan)
        if most is not None:
            x, y = thinned(x, y, most)
        (lines[name],) = ax.plot(x, y, dash, color=colour, lw=1.8, label=name)
        alone = _alone(y)
        if alone:  # a line of one point is not seen
            lines[name].set(marker="o", markersize=4, markevery=alone)
    return lines


def dress(ax: Any, history: TrainingHistory, names: Iterable[str], what: str, unit: str) -> Any:
    """Set scales, labels and grid; mark the best epoch and return its line, or None."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    span = _span(history, names) if what == "loss" else 1.0
    if span > WIDE:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 1e3 else (1,)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    ax.set(xlabel=unit, ylabel=what)
    ax.grid(axis="y", color=GREY, alpha=0.25, lw=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    room = max(0.5, 0.02 * history.n_epochs)
    ax.set_xlim(1 - room, history.n_epochs + room)
    if history.best_epoch is None or history.n_epochs == 1:
        return None
    return ax.axvline(history.best_epoch, color=GREY, lw=1, ls=(0, (2, 2)), zorder=0)


def _alone(y: np.ndarray) -> list[int]:
    """Return the places of numbers that have no number beside them."""
    there = np.isfinite(np.concatenate([[np.nan], y, [np.nan]]))
    return [int(i) for i in np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])]


def _span(history: TrainingHistory, names: Iterable[str]) -> float:
    """Return the largest number by the smallest; 1 where one of them is not above 0."""
    values = np.concatenate([[], *(history[name] for name in names)])
    values = values[np.isfinite(values)]
    return float(values.max() / values.min()) if len(values) and values.min() > 0 else 1.0
