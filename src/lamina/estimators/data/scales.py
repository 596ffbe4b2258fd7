"""The warning that names an input or a target whose scale a network does not learn from well."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier

from lamina.estimators.data import preprocessing
from lamina.plan import Network

ROWS = 10_000  # of more rows, so many are looked at
ENTRIES = 1 << 22  # and fewer of a wide table, but for `LEAST`
LEAST = 1000
FEW = 50
USER = 5  # stack levels from the warning to the caller of fit


class ScaleWarning(UserWarning):
    """A column of X, or the target, is of a scale that descent does not do well with.

    Raised by `fit` where ``standardize`` does not cover it; the message names the worst column.
    Rows of weight 0 do not count, and of more than 10,000 rows about as many are looked at.

    Notes
    -----
    The bounds are measured: regressions on 1000 rows and 10 features with the default parameters
    lose between 0.05 and 0.2 of R² where all features, or the target, lie there, and soon far more
    beyond; classifiers lose less, and so does a single odd feature, or a larger table.

    A column of X is named if its standard deviation is above 8, or if half the distance d from its
    smallest to its largest number is below 0.01, or below 0.045 where at least half of the columns
    are so small, or if the middle between these is more than 3.5 d from 0; a constant beyond 100. A
    target is named if its standard deviation s is above 30 or below 0.25, or its mean more than 2.5
    s from 0; a constant beyond 30. With the output ``exp(z)`` its mean must be 0.15 to 150 for the
    loss "poisson" and 0.03 to 7 for "gamma". Of fewer than 50 rows, 3.5 and 2.5 become 28 and
    20, and the small bounds a quarter.

    Examples
    --------
    >>> import warnings
    >>> import lamina
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", lamina.ScaleWarning)
    ...     _ = lamina.MLPRegressor(max_iter=1).fit([[2015.0], [2020.0]], [0, 1])
    >>> print([str(w.message) for w in caught if w.category is lamina.ScaleWarning][0])
    column 0 of X has mean 2018 and standard deviation 2.5: set standardize=True
    """


class Bounds(NamedTuple):
    """What is let pass: a larger deviation, a smaller spread, a farther middle is warned of.

    For a column of X, spread and middle are half the distance and half the sum of smallest and
    largest number, so that a rare 1 among zeros is no small number; for a target they are standard
    deviation and mean, since its loss is small if most of its numbers are the same. The middle is
    held against the spread, or against `constant` if all numbers are the same.
    """

    deviation: float
    spread: float
    distance: float
    constant: float


X_BOUNDS = Bounds(deviation=8, spread=0.01, distance=3.5, constant=100)
SMALL = 0.045  # the spread, where half the columns or more are below it
Y_BOUNDS = Bounds(deviation=30, spread=0.25, distance=2.5, constant=30)
MEANS = {"poisson": (0.15, 150.0), "gamma": (0.03, 7.0)}  # that the output exp(z) reaches well


def warn(
    estimator: Any, X: Any, y: np.ndarray, network: Network, weights: np.ndarray | None = None
) -> None:
    """Warn of the worst column of X and of the worst output of y that `standardize` leaves."""
    done = preprocessing.standardized(estimator)
    rows, found = _rows(X, weights), []
    with np.errstate(over="ignore", invalid="ignore"):
        if "X" not in done:
            names = getattr(estimator, "feature_names_in_", None)
            found.append(_inputs(X if rows is None else X[rows], names))
        if "y" not in done and not is_classifier(estimator):
            target = y if rows is None else y[rows]
            of = _mean if network.loss_name in MEANS else _target
            found.append(of(target, network.loss_name))
    found = [words for words in found if words]
    if found:
        words = f"{'; '.join(found)}: set standardize=True"
        warnings.warn(words, ScaleWarning, stacklevel=USER)


def _rows(X: Any, weights: np.ndarray | None) -> np.ndarray | None:
    """Return the rows to look at, None for all.

    They are drawn, since a fixed stride can miss all odd rows of data that repeat; and always the
    same, from a source of their own, since nothing else may depend on them.
    """
    rows = None if weights is None else np.flatnonzero(weights)
    if rows is not None and len(rows) in (0, X.shape[0]):
        rows = None
    n = X.shape[0] if rows is None else len(rows)
    most = min(ROWS, max(LEAST, ENTRIES // max(1, X.shape[1])))
    if n <= most:
        return rows
    places = np.sort(np.random.default_rng(0).integers(n, size=most))
    return places if rows is None else rows[places]


def _mean(y: np.ndarray, loss: str) -> str:
    """Return words for a target that the output exp(z) does not reach well, or "" if it does."""
    low, high = MEANS[loss]
    for mean in np.atleast_1d(np.mean(y, axis=0, dtype=np.float64)):
        if mean != 0 and not low <= mean <= high:
            return f"y has mean {mean:.4g}, outside of {low:g} to {high:g}"
    return ""


def badness_of_target(y: np.ndarray, loss: str) -> np.ndarray:
    """Return how far each output is out of bounds: above 1 it is."""
    if loss in MEANS:
        low, high = MEANS[loss]
        mean = np.atleast_1d(np.mean(y, axis=0, dtype=np.float64))
        return np.where(mean == 0, 0, np.maximum(mean / high, low / np.where(mean > 0, mean, 1)))
    middle = np.array([float(np.mean(_dense(y, j))) for j in range(y.shape[1])])
    spread = np.array([_deviation(y, j) for j in range(y.shape[1])])
    badness = _badness(y, spread, middle, _for_rows(Y_BOUNDS, len(y)))
    return np.maximum(badness, spread / Y_BOUNDS.deviation)


def _target(y: np.ndarray, loss: str) -> str:
    """Return words for the worst output, or "" if none is out of bounds."""
    badness = badness_of_target(y, loss)
    worst = int(badness.argmax())
    if not badness[worst] > 1:
        return ""
    return _words(y, worst, f"output {worst} of y" if worst else "y")


def badness_of_inputs(x: Any) -> np.ndarray:
    """Return how far each column is out of bounds: above 1 it is."""
    low, high = ends(x)
    spread, middle = high / 2 - low / 2, high / 2 + low / 2
    bounds = _for_rows(X_BOUNDS, x.shape[0])
    if np.median(spread[spread > 0] if spread.any() else 1.0) < SMALL and x.shape[0] >= FEW:
        bounds = bounds._replace(spread=SMALL)
    badness = _badness(x, spread, middle, bounds)
    for j in np.flatnonzero(spread > X_BOUNDS.deviation):
        badness[j] = max(badness[j], _deviation(x, j) / X_BOUNDS.deviation)
    return badness


def _inputs(x: Any, names: Any) -> str:
    """Return words for the worst column, or "" if none is out of bounds."""
    badness = badness_of_inputs(x)
    worst = int(badness.argmax())
    if not badness[worst] > 1:
        return ""
    name = worst if names is None else repr(names[worst])
    return _words(x, worst, f"column {name} of X")


def _for_rows(bounds: Bounds, n_rows: int) -> Bounds:
    """Return wider bounds for so few rows that their range says little."""
    if n_rows >= FEW:
        return bounds
    return bounds._replace(spread=bounds.spread / 4, distance=bounds.distance * 8)


def _badness(x: Any, spread: np.ndarray, middle: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return how far each column is out of the bounds of spread and middle: above 1 it is."""
    noise = 10 * np.finfo(x.dtype).eps * np.maximum(abs(middle), spread.max())
    constant = spread <= noise  # or all but rounding
    return np.where(
        constant,
        abs(middle) / bounds.constant,
        np.maximum(bounds.spread, abs(middle) / bounds.distance) / np.where(constant, 1, spread),
    )


def _words(x: Any, j: int, name: str) -> str:
    mean = float(np.mean(_dense(x, j)))
    return f"{name} has mean {mean:.4g} and standard deviation {_deviation(x, j):.4g}"


def ends(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest number of each column, in float64."""
    ends = x.min(axis=0), x.max(axis=0)
    if scipy.sparse.issparse(x):
        ends = ends[0].toarray().ravel(), ends[1].toarray().ravel()
    return ends[0].astype(np.float64), ends[1].astype(np.float64)


def _dense(x: Any, j: Any) -> np.ndarray:
    column = x[:, [j]].toarray() if scipy.sparse.issparse(x) else x[:, j]
    return column.astype(np.float64).ravel()


def _deviation(x: Any, j: Any) -> float:
    """Return a column's standard deviation, also of numbers whose squares float64 cannot hold."""
    column = _dense(x, j)
    unit = abs(column).max() or 1.0
    return float(np.std(column / unit) * unit)
