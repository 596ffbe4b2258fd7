"""The pictures of a table's model, by the library's displays and scikit-learn's."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import clone

from lamina import displays
from lamina.displays.classes import names_of, short
from lamina.displays.figure import axes
from lamina.estimators.inspection.representations import drawn
from lamina.tables.columns import Values
from lamina.tables.errors import TableError, listed, near
from lamina.tables.model import TableModel

__all__ = ["Chosen", "picture", "plain", "saved"]

DPI = 130
BINS = 10
SAMPLES = 1000  # of the representations
NO_DATE = {".png": None, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


@dataclass(frozen=True)
class Chosen:
    """What the options of the command ask for; empty if nothing."""

    layers: tuple[int, ...] = ()
    what: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    plane: str | None = None


def picture(model: TableModel, kind: str, table: Any, chosen: Chosen, ending: str) -> bytes:
    """Return the picture of a kind as a file of that ending.

    Raises
    ------
    TableError
        If the model, the table or what is chosen has not what the picture needs.
    """
    with plain():
        try:
            return saved(_DRAWN[kind](model, table, chosen), ending)
        except TableError:
            raise
        except ValueError as error:  # of data, and ArgumentError
            raise TableError(" ".join(str(error).split())) from error


@contextmanager
def plain() -> Iterator[None]:
    """Draw the same bytes each time, whatever this machine's settings; leave no figure open."""
    import matplotlib

    matplotlib.use("Agg")  # no window, wherever this runs
    import matplotlib.pyplot as plt

    own: dict[Any, Any] = {"backend": "Agg", "svg.hashsalt": "lamina"}
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(own)
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            plt.close("all")


def saved(figure: Any, ending: str) -> bytes:
    """Return a figure as a file of that ending, without a date."""
    file = io.BytesIO()
    figure.savefig(file, format=ending[1:], dpi=DPI, metadata=NO_DATE[ending])
    return file.getvalue()


def _curves(model: TableModel, table: Any, chosen: Chosen) -> Any:
    return displays.LearningCurvesDisplay.from_estimator(model.estimator).plot().figure_


def _gradients(model: TableModel, table: Any, chosen: Chosen) -> Any:
    what = chosen.what or "gradient_norm"
    return displays.GradientFlowDisplay.from_estimator(model.estimator, what).plot().figure_


def _units(model: TableModel, table: Any, chosen: Chosen) -> Any:
    return (
        displays.UnitHealthDisplay.from_estimator(model.estimator, _layers(model, chosen))
        .plot()
        .figure_
    )


def _weights(model: TableModel, table: Any, chosen: Chosen) -> Any:
    own = displays.WeightHistogramsDisplay.from_estimator(model.estimator, _layers(model, chosen))
    return own.plot().figure_


def _spectra(model: TableModel, table: Any, chosen: Chosen) -> Any:
    own = displays.WeightSpectraDisplay.from_estimator(model.estimator, _layers(model, chosen))
    return own.plot().figure_


def _activations(model: TableModel, table: Any, chosen: Chosen) -> Any:
    X = model.preprocessing.transform(model.columns(table))
    layers = _layers(model, chosen)
    own = displays.ActivationHistogramsDisplay.from_estimator(model.estimator, X, layers)
    return own.plot().figure_


def _representations(model: TableModel, table: Any, chosen: Chosen) -> Any:
    X, truth = _samples(model, table)
    y = model.target.to_learn(truth)
    own = displays.RepresentationsDisplay.from_estimator(model.estimator, X, y, max_samples=SAMPLES)
    # Scored as the estimator has its target, and shown as the table has it.
    shown = truth[drawn(len(truth), SAMPLES, 0)]
    own.y = _names(model)[shown.astype(int)] if model.target.classes else shown
    return own.plot().figure_


def _surface(model: TableModel, table: Any, chosen: Chosen) -> Any:
    X, truth = _samples(model, table)
    y, plane = model.target.to_learn(truth), chosen.plane or "random"
    if plane == "path" and model.estimator._state.record is None:
        raise TableError("--plane path draws what --diagnose records: train the model with it")
    own = displays.LossPlaneDisplay.from_estimator(model.estimator, X, y, plane=plane)
    return own.plot().figure_


def _learning_rate(model: TableModel, table: Any, chosen: Chosen) -> Any:
    X, truth = _samples(model, table)
    fresh = clone(model.estimator).set_params(diagnose=False)
    own = displays.LearningRateDisplay.from_estimator(fresh, X, model.target.to_learn(truth))
    return own.plot().figure_


def _confusion(model: TableModel, table: Any, chosen: Chosen) -> Any:
    from sklearn.metrics import ConfusionMatrixDisplay

    truth, chances = _chances(model, table)
    names = _names(model)
    side = max(4.5, 2.0 + 0.42 * len(names))
    figure, ax = axes(figsize=(side + 1, side))
    ConfusionMatrixDisplay.from_predictions(
        truth,
        chances.argmax(axis=1),
        labels=np.arange(len(names)),
        display_labels=names_of(names.tolist(), 30),
        ax=ax,
        cmap="Blues",
        values_format="d",
        xticks_rotation="vertical" if max(map(len, names)) > 4 else "horizontal",
    )
    for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        text.set_parse_math(False)
    right = (truth == chances.argmax(axis=1)).mean()
    ax.set_title(f"{right:.1%} of {len(truth):,} rows are right", fontsize=11)
    ax.set(xlabel="predicted", ylabel="true")
    return figure


def _calibration(model: TableModel, table: Any, chosen: Chosen) -> Any:
    """Draw how often what is said to be so likely is so: the second class, or the likeliest."""
    from sklearn.calibration import CalibrationDisplay

    truth, chances = _chances(model, table)
    two = chances.shape[1] == 2
    said = chances[:, 1] if two else chances.max(axis=1)
    hits = truth == (1 if two else chances.argmax(axis=1))
    name = _names(model)[1]
    figure, ax = axes(figsize=(5.6, 5.2))
    CalibrationDisplay.from_predictions(
        hits, said, n_bins=BINS, strategy="quantile", pos_label=True, ax=ax, name="this network"
    )
    label = f"probability of {short(name, 60)}" if two else "probability of the predicted class"
    ax.set_xlabel(label, parse_math=False)
    ax.set_ylabel("share of the rows that are" if two else "share of the rows that are right")
    ax.set_title(f"{len(truth):,} rows in {BINS} bins of equal size", fontsize=11)
    return figure


def _boundary(model: TableModel, table: Any, chosen: Chosen) -> Any:
    if model.target.levels:
        raise TableError("boundary draws one number or classes, and the model predicts quantiles")
    columns = model.columns(table)
    first, second = _pair(model, chosen.columns)
    typical = {name: _typical(values) for name, values in columns.items()}

    def answer(points: np.ndarray) -> np.ndarray:
        own = {name: np.full(len(points), value) for name, value in typical.items()}
        return model.answer({**own, first: points[:, 0], second: points[:, 1]})

    rows = np.column_stack([columns[first], columns[second]]).astype(np.float64)
    there, y = np.isfinite(rows).all(axis=1), None
    if model.target.name in table.column_names:
        truth = model.target.read(table[model.target.name])
        there &= _known(model, truth)
        y = _names(model)[truth[there].astype(int)] if model.target.classes else truth[there]
    if not there.any():
        raise TableError(f"no row has a number in both {first!r} and {second!r}")
    classes = _names(model) if model.target.classes else None
    n = len(columns) - 2
    held = f"{n} other column{'s' * (n != 1)} at what is usual" if n else ""
    own = displays.BoundaryDisplay(answer, rows[there], y, (first, second), classes, held)
    return own.plot().figure_


def _pair(model: TableModel, chosen: tuple[str, ...]) -> tuple[str, str]:
    """Return the two columns to draw, which hold numbers."""
    kinds = model.preprocessing.kinds
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    if not chosen and len(numbers) == 2:
        return numbers[0], numbers[1]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        said = f"such as {listed(numbers, 4)}" if len(numbers) > 1 else "and the model has not two"
        raise TableError(
            f"boundary draws two columns of numbers, {said}: name both, each with --column"
        )
    for name in chosen:
        if name not in kinds:
            raise TableError(f"the model has no column {name!r}: {near(name, kinds)}")
        if name not in numbers:
            raise TableError(f"column {name!r} holds no numbers, but is a {kinds[name]}")
    return chosen[0], chosen[1]


def _typical(values: Values) -> Any:
    """Return the middle value of a column, or the most frequent one."""
    if values.dtype == object:
        return Counter(values.tolist()).most_common(1)[0][0]
    missing = np.isnan(values)
    own = np.sort(values[~missing])
    return own[len(own) // 2] if len(own) else values[0]


def _samples(model: TableModel, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and target of the rows that have one that the model knows."""
    model.check_target(table.column_names)
    truth = model.target.read(table[model.target.name])
    rows = _known(model, truth)
    if not rows.any():
        raise TableError(f"target {model.target.name!r} has no value that the model knows")
    return model.preprocessing.transform(model.columns(table))[rows], truth[rows]


def _chances(model: TableModel, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the true classes, and the probabilities of all."""
    if not model.target.classes:
        raise TableError(
            f"{model.target.name!r} is a number, and this picture is of classes: draw "
            "'representations' or 'boundary'"
        )
    model.check_target(table.column_names)
    truth = model.target.read(table[model.target.name])
    rows = _known(model, truth)
    if not rows.any():
        raise TableError(f"target {model.target.name!r} has no value that the model knows")
    return truth[rows].astype(int), model.answer(model.columns(table))[rows]


def _known(model: TableModel, truth: np.ndarray) -> np.ndarray:
    known = ~np.isnan(truth)
    return known & (truth >= 0) if model.target.classes else known


def _names(model: TableModel) -> np.ndarray:
    return np.array(model.target.label_names())


def _layers(model: TableModel, chosen: Chosen) -> tuple[int, ...] | None:
    n = len(model.estimator.network_.layers)
    for layer in chosen.layers:
        if not 1 <= layer <= n:
            raise TableError(f"--layer must be between 1 and {n}, the output layer, got {layer}")
    if len(set(chosen.layers)) < len(chosen.layers):
        raise TableError("--layer names a layer twice: leave one out")
    return chosen.layers or None


_DRAWN = {
    "curves": _curves,
    "gradients": _gradients,
    "units": _units,
    "weights": _weights,
    "spectra": _spectra,
    "activations": _activations,
    "representations": _representations,
    "boundary": _boundary,
    "confusion": _confusion,
    "calibration": _calibration,
    "surface": _surface,
    "learning-rate": _learning_rate,
}
