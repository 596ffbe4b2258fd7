"""What the pictures of a recorded training share: records, layers, epochs and panels."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np

from lamina.displays.figure import axes
from lamina.estimators.html import facts
from lamina.estimators.inspection.representations import fitted
from lamina.plan import checks
from lamina.training import Record

GREY = "#888888"


def record_of(estimator: Any) -> tuple[Record, str]:
    """Return the record of a fitted estimator, and what it counts: "epoch" or "iteration"."""
    if fitted(estimator)._state.record is None:
        raise checks.ArgumentError(
            "estimator must be fitted with diagnose=True, which records what each layer does, got "
            f"one fitted without: {estimator!r}"
        )
    return estimator.record_, facts.unit(estimator, 1)


def measured(record: Any) -> Record:
    """Return a record with a measured epoch at least; an error for anything else."""
    checks.kind("record", record, Record, "a Record, such as model.record_")
    if not record.n_measured:
        raise checks.ArgumentError("record has no measured epoch: training ended before the first")
    return record


def layers_of(record: Record, layers: Any, hidden: bool = False) -> list[int]:
    """Return the chosen layers, counted from 1; None are all, or the hidden ones if there are.

    A number is one layer.
    """
    n = record.n_layers
    if isinstance(layers, Integral) and not isinstance(layers, bool):
        layers = [layers]
    if layers is None:
        return list(range(1, n + (not hidden or n == 1)))
    chosen = checks.entries("layers", layers, f"a list of layers in [1, {n}]")
    if not chosen:
        raise checks.fail("layers", "not empty", layers)
    for layer in chosen:
        checks.integer("every entry of layers", layer, f"[1, {n}]")
    if len(set(chosen)) < len(chosen):
        raise checks.fail("layers", "without repetition", layers)
    return [int(layer) for layer in chosen]


def name_of(record: Record, layer: int) -> str:
    """Return what a panel is called: the layer and what it is made of."""
    return f"layer {layer}: {record.units[layer - 1].shape[2]} {record.activations[layer - 1]}"


def ink() -> Any:
    """Return the colour of text and lines in the style that is set, black or for dark grounds."""
    import matplotlib

    return matplotlib.rcParams["axes.labelcolor"]


def edges(epochs: np.ndarray) -> np.ndarray:
    """Return the borders of the cells of a picture around measured epochs."""
    middles = (epochs[1:] + epochs[:-1]) / 2
    first, last = (middles[0], middles[-1]) if len(middles) else (epochs[0] + 0.5, epochs[0] - 0.5)
    return np.concatenate([[2 * epochs[0] - first], middles, [2 * epochs[-1] - last]])


def panels(
    n: int, ax: Any, what: str, height: float, *, columns: int | None = None, **options: Any
) -> tuple[Any, list[Any]]:
    """Return a figure and n axes, `height` inches each; given axes hold one panel only."""
    if ax is not None:
        if n != 1:
            raise checks.ArgumentError(f"ax holds one panel, and there are {n}: choose one {what}")
        figure, ax = axes(ax)
        return figure, [ax]
    columns = columns or (n if n <= 3 else 2 if n == 4 else 3 if n <= 9 else 4)
    rows = -(-n // columns)
    size = (max(4.5, min(10.0, 3.4 * columns)), rows * height + 0.9)
    figure, made = axes(figsize=size, nrows=rows, ncols=columns, squeeze=False, **options)
    for empty in made.flat[n:]:
        empty.remove()
    return figure, list(made.flat[:n])


def count_epochs(ax: Any, unit: str, lowest: bool) -> None:
    """Give the x axis whole numbers, and in the lowest panel of a column its labels."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    if lowest:  # a panel above an empty place has no neighbour to share them with
        ax.set_xlabel(unit)
        ax.tick_params(labelbottom=True)


def outer(made: list[Any]) -> Iterator[tuple[Any, bool, bool]]:
    """Yield each panel, whether it is the lowest of its column and whether it is the leftmost."""
    for i, ax in enumerate(made):
        spec = ax.get_subplotspec()
        columns = spec.get_gridspec().ncols if spec is not None else 1
        yield ax, i + columns >= len(made), i % columns == 0
