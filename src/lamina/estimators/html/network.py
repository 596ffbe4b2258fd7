"""The picture of a fitted network: from the features down to the loss, a block each."""

from __future__ import annotations

from itertools import groupby
from math import log, prod
from typing import Any, NamedTuple

from lamina.estimators.html import text
from lamina.plan import Schedule

PITCH, HEIGHT, HALF, LEFT = 42, 24, 54, 124  # of the rows, the blocks, half a block, the words
WIDTH = 380
MOST = 9  # rows of hidden layers
WORDS = 38  # characters of a row


class Row(NamedTuple):
    """A block, or what is done between blocks.

    Attributes
    ----------
    kind : {"input", "step", "layer", "output", "loss"}
    words, more : str
        Its line, and a smaller line below.
    units : int
        How wide the block is; 0: there is none.
    """

    kind: str
    words: str
    more: str = ""
    units: int = 0


class Layer(NamedTuple):
    """What is said of a hidden layer."""

    units: int
    activation: str
    dropout: str
    n_parameters: int


def rows(estimator: Any) -> list[Row]:
    """Return what X goes through."""
    network, n = estimator.network_, estimator.n_features_in_
    found = [Row("input", text.count(n, "feature"), _noise(estimator), n)]
    found += _before(estimator)
    found += _hidden(_layers(estimator))
    output = f"{text.count(network.n_outputs, 'output')}, {network.output}"
    found.append(Row("output", output, _parameters(_sizes(network)[-1]), network.n_outputs))
    if hasattr(estimator, "temperature_"):
        found.append(Row("step", f"at temperature {estimator.temperature_:.4g}", "calibrated"))
    if hasattr(estimator, "y_scaler_"):
        found.append(Row("step", "back to the units of y", "standardized for training"))
    return [*found, Row("loss", network.loss_name.replace("_", " "), "loss")]


def draw(estimator: Any, name: str) -> str:
    """Return the picture as SVG; `name` must be the page's only one."""
    own = rows(estimator)
    largest = max(row.units for row in own)
    parts, above, end = [], 0.0, 0
    for i, row in enumerate(own):
        top = 4 + i * PITCH
        half = _half(row.units, largest)
        if above and half:
            parts.append(_joint(above, half, end, top))
        if half:
            above, end = half, top + HEIGHT
        parts.append(_block(row, half, top))
    words = "; ".join(f"{row.words} ({row.more})" if row.more else row.words for row in own)
    box = (WIDTH, 4 + len(own) * PITCH - (PITCH - HEIGHT) + 8)
    return text.picture(name, "The network", words, box, "".join(parts))


def _half(units: int, largest: int) -> float:
    """Return half the width of a block: by the logarithm, so that 10,000 units leave room."""
    return 7 + (HALF - 7) * log(units) / log(max(largest, 2)) if units else 0.0


def _joint(above: float, below: float, start: int, top: int) -> str:
    """Return what joins the foot of a block to the top of the next one."""
    points = f"{HALF - above:.1f},{start} {HALF + above:.1f},{start} "
    points += f"{HALF + below:.1f},{top} {HALF - below:.1f},{top}"
    return f'<polygon class="lamina-joint" points="{points}"/>'


def _block(row: Row, half: float, top: int) -> str:
    shape = ""
    if half:
        shape = (
            f'<rect class="lamina-{row.kind}" x="{HALF - half:.1f}" y="{top}" '
            f'width="{2 * half:.1f}" height="{HEIGHT}" rx="4"/>'
        )
    elif row.kind == "step":
        shape = f'<circle class="lamina-step" cx="{HALF}" cy="{top + HEIGHT / 2:g}" r="6"/>'
    y = top + (10 if row.more else 16)
    words = f'<text x="{LEFT}" y="{y}" font-size="13">{text.escape(row.words, WORDS)}</text>'
    if row.more:
        words += (
            f'<text class="lamina-more" x="{LEFT}" y="{top + 25}" font-size="11">'
            f"{text.escape(row.more, WORDS + 8)}</text>"
        )
    return shape + words


def _before(estimator: Any) -> list[Row]:
    """Return what is done to the features."""
    imputer, found = getattr(estimator, "imputer_", None), []
    if imputer is not None:
        n = len(imputer.indicator_.features_)
        extra = f"and {text.count(n, 'indicator')} added"
        found.append(Row("step", "missing numbers filled", extra))
    scaler = getattr(estimator, "x_scaler_", None)
    if scaler is not None:
        done = "mean 0, variance 1" if scaler.with_mean else "variance 1, not centred"
        found.append(Row("step", "features standardized", done))
    if imputer is not None and estimator.network_.n_inputs != estimator.n_features_in_:
        n = estimator.network_.n_inputs
        found.append(Row("input", text.count(n, "input"), "", n))
    return found


def _layers(estimator: Any) -> list[Layer]:
    """Return the hidden layers."""
    network = estimator.network_
    training = estimator._state.training
    dropout = 0.0 if training is None else training.regularization.dropout
    n_hidden = len(network.layers) - 1
    rates = dropout if isinstance(dropout, tuple) else (dropout,) * n_hidden
    return [
        Layer(layer.units, layer.called, _dropout(rate), n)
        for layer, rate, n in zip(network.layers[:-1], rates, _sizes(network)[:-1], strict=False)
    ]


def _hidden(layers: list[Layer]) -> list[Row]:
    """Return a row for each layer; those alike share one, and of many the middle ones do."""
    runs = [list(own) for _, own in groupby(layers, key=lambda layer: layer[:3])]
    if len(runs) <= MOST:
        return [_run(alike) for alike in runs]
    half = MOST // 2
    between = [layer for alike in runs[half:-half] for layer in alike]
    more = _parameters(sum(layer.n_parameters for layer in between))
    middle = Row("step", f"{len(between)} more layers", more)
    return [*map(_run, runs[:half]), middle, *map(_run, runs[-half:])]


def _run(alike: list[Layer]) -> Row:
    """Return the row of layers that are alike."""
    units, activation, dropout, _ = alike[0]
    times = f"{len(alike)} layers of " if len(alike) > 1 else ""
    more = _parameters(sum(layer.n_parameters for layer in alike))
    more += f", {dropout}" if dropout else ""
    return Row("layer", f"{times}{units:,} {activation}", more, units)


def _sizes(network: Any) -> list[int]:
    """Return the number of parameters of each layer."""
    return [sum(prod(shape) for shape in own) for own in network.shapes]


def _parameters(n: int) -> str:
    return text.count(n, "parameter")


def _dropout(rate: Any) -> str:
    if isinstance(rate, Schedule):
        return "dropout by schedule"
    return f"dropout {rate:g}" if rate else ""


def _noise(estimator: Any) -> str:
    """Return what training adds to the inputs."""
    training = estimator._state.training
    if training is None:
        return ""
    own = training.regularization
    places = (("dropout", own.input_dropout), ("noise", own.input_noise))
    words = [
        f"{name} by schedule" if isinstance(rate, Schedule) else f"{name} {rate:g}"
        for name, rate in places
        if isinstance(rate, Schedule) or rate
    ]
    return ", ".join(words)
