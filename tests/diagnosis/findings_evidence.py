"""Evidence made by hand: that of a sound training, but for what a test changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.diagnosis.findings import Evidence, Knobs
from lamina.plan import Network, Training
from lamina.spec.measures import NUMBERS, UNITS
from lamina.training import DataFacts, Record, Standing

N, EPOCHS = 400, 40
SOUND = {  # of each layer in each epoch
    "gradient": 0.1,
    "bias_gradient": 0.05,
    "sample_gradient": 1.0,
    "slope": 1.0,
    "backflow": 0.5,
    "input": 2.0,
    "bound": 1.0,
    "weight": 3.0,
    "update": 0.015,
}


def network(activation: str = "relu", hidden: tuple[int, ...] = (10, 10)) -> Network:
    return Network.mlp(4, hidden, 3, activation=activation, output="softmax")


def record(of: Network, rows: int = 100, n: int = EPOCHS, moved: float = 0.5) -> Record:
    """Return the record of a sound training whose weights came `moved` of their length."""
    sizes = [layer.units for layer in of.layers]
    numbers = np.tile([SOUND[name] for name in NUMBERS], (n, len(sizes), 1))
    start = [(np.ones(shapes[0]), np.zeros(shapes[1])) for shapes in of.shapes]
    end = [((1 + moved) * w, b) for w, b in start]
    unit = {"mean": 0.5, "deviation": 0.3, "flat": 0.4, "signal": 0.1}
    return Record(
        tuple(str(layer.activation) for layer in of.layers),
        np.arange(1, n + 1),
        np.full(n, rows),
        numbers,
        [
            np.tile(np.array([unit[u] for u in UNITS], np.float32)[:, None], (n, 1, size))
            for size in sizes
        ],
        np.full(n, np.nan),
        [(0, start), (n, end)],
    )


def measured(own: Record, layer: int, rows: Any = slice(None), **values: float) -> Record:
    """Return a record with other numbers of a layer."""
    numbers = own.numbers.copy()
    for name, value in values.items():
        numbers[rows, layer - 1, NUMBERS.index(name)] = value
    return replace(own, numbers=numbers)


def flat(own: Record, layer: int, share: float, units: int | None = None) -> Record:
    """Return a record in which units of a layer are flat for a share of the samples."""
    arrays = [a.copy() for a in own.units]
    arrays[layer - 1][:, UNITS.index("flat"), :units] = share
    return replace(own, units=arrays, health=None)


def facts(**changes: Any) -> DataFacts:
    """Return facts of 400 standardized samples of three classes."""
    moments = np.array([[0.0] * 4, [1.0] * 4, [-3.0] * 4, [3.0] * 4])
    own: dict[str, Any] = {
        "n_samples": N,
        "columns": moments,
        "inputs": moments,
        "targets": np.array([[0.33] * 3, [0.47] * 3, [0.0] * 3, [1.0] * 3]),
        "out_of_scale": np.full(4, 0.3),
        "target_out_of_scale": np.full(3, 0.5),
        "telling": np.full(4, 0.5),
        "class_counts": np.array([150, 150, 100]),
        "constant_loss": 1.0,
        "reference_r2": 0.8,
        "reference": "a linear fit",
    }
    return DataFacts(**own | changes)


def standing(**changes: Any) -> Standing:
    own: dict[str, Any] = {
        "n_samples": 200,
        "loss": 0.2,
        "r2": 0.85,
        "accuracy": 0.9,
        "confidence": 0.91,
        "recalls": np.array([0.9, 0.9, 0.9]),
        "class_counts": np.array([80, 80, 40]),
        "temperature": 1.1,
        "gain": 0.001,
    }
    return Standing(**own | changes)


def evidence(**changes: Any) -> Evidence:
    """Return the evidence of a sound training."""
    of = changes.pop("network", network())
    losses = 0.15 + 0.8 * np.exp(-np.arange(EPOCHS) / 6)
    own: dict[str, Any] = {
        "network": of,
        "training": Training(batch_size=100, max_iter=EPOCHS, alpha=1e-4),
        "history": {"loss": losses, "eval_loss": losses + 0.05},
        "knobs": Knobs(),
        "outcome": "CONVERGED",
        "n_epochs": EPOCHS,
        "record": record(of),
        "facts": facts(),
        "standings": {"train": standing(), "eval": standing(r2=0.8)},
        "features": ("column 0", "column 1", "'age'", "column 3"),
        "classes": ("a", "b", "c"),
    }
    return Evidence(**own | changes)


def bad() -> dict[str, Standing]:
    """Return standings of a network far behind the simple model."""
    return {
        "train": standing(r2=0.3, loss=0.8, accuracy=0.5),
        "eval": standing(r2=0.3, loss=0.8),
    }
