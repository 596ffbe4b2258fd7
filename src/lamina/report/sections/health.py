"""What a fit with ``diagnose`` recorded of gradients, units and weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import displays
from lamina.diagnosis import STATES
from lamina.estimators.html import facts, text
from lamina.plan import checks
from lamina.report.figures import displayed
from lamina.report.markup import Html, Section, details, grid, number, paragraph
from lamina.report.subject import Subject

LAYERS = 60  # rows of a table
SPOKEN = 12  # layers of a picture's words


def gradients(subject: Subject) -> Section | None:
    """Return the norms of the gradients by layer, and how long the steps were."""
    record = _record(subject)
    if record is None:
        return None
    unit = _unit(subject)
    body = paragraph(
        "The gradient of the loss by each layer's weights, measured in one step of each measured "
        f"{unit}. Its bound is the product of the layer's slopes, of what the layers above pass "
        "back, and of its inputs. A step of about a thousandth of the weights is usual."
    )
    own = displays.GradientFlowDisplay.from_estimator(subject.estimator)
    norms = record["gradient_norm"]
    said = [f"gradient norm {{}} in {when}" for when in _ends(record, unit)]
    lines = [
        f"layer {i + 1}: "
        + ", ".join(
            line.format(number(norms[at, i])) for line, at in zip(said, (0, -1), strict=False)
        )
        for i in range(record.n_layers)
    ]
    title = f"Gradient norm by layer and {unit}"
    body = Html(body + displayed("gradient-flow", title, _spoken(lines), own))
    heads = {
        "gradient_norm": "norm of the gradient",
        "bound": "its bound",
        "update_ratio": "step / weights",
    }
    columns = {head: [list(map(number, row)) for row in record[n]] for n, head in heads.items()}
    table = _table("health-gradient-norm", "Gradients", record, unit, columns)
    return Section("gradients", "Gradient flow", Html(body + table))


def units(subject: Subject) -> Section | None:
    """Return how many units are in which state."""
    record = _record(subject)
    if record is None or not keeps_units(record):
        return None
    unit = _unit(subject)
    body = paragraph(
        "A unit is flat for a sample where its slope is below 0.01: next to no gradient comes "
        "through. It is dead if it is flat for every sample of the measured batch, and nearly dead "
        "if for nine in ten; a logistic or tanh unit that is so for nine in ten is saturated. A "
        "constant one hardly changes its output. Of an unknown one numbers are not finite."
    )
    own = displays.UnitHealthDisplay.from_estimator(subject.estimator)
    lines = [
        f"layer {layer}: "
        + ", ".join(
            f"{_counted(own.counts(layer, at))} in {when}"
            for when, at in zip(_ends(record, unit), (0, -1), strict=False)
        )
        for layer in own.layers
    ]
    title = f"State of each unit by {unit}"
    body = Html(body + displayed("unit-health", title, _spoken(lines), own))
    seen = sorted({int(i) for states in own.states.values() for i in np.unique(states[[0, -1]])})
    columns = {
        f"{STATES[i]} units": [
            [f"{(own.states[layer][at] == i).sum():,}" for layer in own.layers] for at in (0, -1)
        ]
        for i in seen
    }
    for name, head in (("activation_mean", "mean output"), ("activation_spread", "its spread")):
        columns[head] = [
            [number(record[name][at, layer - 1]) for layer in own.layers] for at in (0, -1)
        ]
    table = _table("health-dead", "Units", record, unit, columns)
    return Section("units", "Unit health", Html(body + table))


def weights(subject: Subject) -> Section | None:
    """Return how the weights of each layer are spread, and how that came."""
    record = _record(subject)
    if record is None or len(record.snapshots) < 2:
        return None
    unit, snapshots = _unit(subject), record.snapshots
    ends = _named(snapshots[0][0], unit), _named(snapshots[-1][0], unit)
    rows = list(_weights(snapshots))
    lines = [
        f"layer {layer}: standard deviation {first} at {ends[0]}, {last} at {ends[1]}, where the "
        f"largest weight is {largest} and the change {moved} of the first weights"
        for layer, first, last, largest, moved in rows
    ]
    own = displays.WeightHistogramsDisplay.from_estimator(subject.estimator)
    title = f"Histograms of the weights of each layer, at {len(snapshots)} times"
    picture = displayed("weight-histograms", title, _spoken(lines), own)
    head = ["layer", ends[0], ends[1], "largest weight", "change / first weights"]
    groups = (("", 1), ("standard deviation", 2), ("", 2))
    caption = "Weights of each layer; the last columns are of the end, and by norms"
    table = grid("health-weights", caption, head, rows[:LAYERS], "numbers", groups)
    return Section("weights", "Weights", Html(picture + table))


def keeps_units(record: Any) -> bool:
    """Return whether a record has numbers of each unit: not after ``Recorder(units=False)``."""
    try:
        record.unit("mean", 1)
    except checks.ArgumentError:
        return False
    return True


def _record(subject: Subject) -> Any:
    record = getattr(subject.estimator, "record_", None)
    return record if record is not None and record.n_measured else None


def _unit(subject: Subject) -> str:
    """Return what is counted: "epoch", or "iteration" of L-BFGS."""
    return facts.unit(subject.estimator, 1)


def _named(epoch: int, unit: str) -> str:
    return "the start" if epoch == 0 else f"{unit} {epoch:,}"


def _ends(record: Any, unit: str) -> list[str]:
    """Return what the first and the last measured epoch are called; one if there is one."""
    return [
        _named(int(record.epochs[i]), unit) for i in ((0, -1) if record.n_measured > 1 else (0,))
    ]


def _counted(counts: dict[str, int]) -> str:
    return " and ".join(f"{n:,} {name}" for name, n in counts.items())


def _spoken(lines: list[str]) -> str:
    """Return what a picture shows in words, of as many layers as one listens to."""
    more = f"; and {len(lines) - SPOKEN} more layers" if len(lines) > SPOKEN else ""
    return "; ".join(lines[:SPOKEN]) + more


def _table(
    name: str, title: str, record: Any, unit: str, columns: dict[str, list[list[str]]]
) -> Html:
    """Return the first and the last number of each layer; `columns` have rows by epoch."""
    ends = _ends(record, unit)
    places = (0, -1)[: len(ends)]
    n = len(next(iter(columns.values()))[0])
    rows = [
        [str(i + 1), *(own[at][i] for own in columns.values() for at in places)]
        for i in range(min(n, LAYERS))
    ]
    several = len(ends) > 1
    head = ["layer", *(ends * len(columns) if several else columns)]
    groups = [("", 1), *((own, 2) for own in columns)] if several else []
    caption = f"{title} by layer, in {text.count(record.n_measured, f'measured {unit}')}"
    table = grid(name, caption, head, rows, "numbers", groups)
    return table if len(rows) <= 8 else details(f"Numbers of {len(rows)} layers", table)


def _weights(snapshots: list[Any]) -> Any:
    """Yield layer, spread at the start and the end, largest weight and change of each layer."""
    before, after = snapshots[0][1], snapshots[-1][1]
    for i, (old, new) in enumerate(zip(before, after, strict=True), 1):
        first = _norm(old[0])
        moved = _norm(new[0] / 2 - old[0] / 2) / first * 2 if first > 0 else np.nan
        yield [
            str(i),
            number(_deviation(old[0])),
            number(_deviation(new[0])),
            number(abs(new[0]).max()),
            number(moved),
        ]


def _deviation(weights: np.ndarray) -> float:
    """Return the standard deviation, also of numbers whose squares float64 cannot hold."""
    size = float(abs(weights).max()) or 1.0
    return float(np.std(weights / size)) * size if np.isfinite(size) else np.nan


def _norm(weights: np.ndarray) -> float:
    size = float(abs(weights).max()) or 1.0
    return float(np.linalg.norm(weights / size)) * size if np.isfinite(size) else np.nan
