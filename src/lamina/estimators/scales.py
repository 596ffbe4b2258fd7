"""The warning that names an input or a target whose scale a network does not learn from well."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina.estimators import preprocessing
from lamina.plan import Network

ROWS = 1000  # of more rows, about as many, evenly spread, are looked at
USER = 5  # stack levels from the warning to the caller of fit


class ScaleWarning(UserWarning):
    """A column of X, or the target, is of a scale that descent does not do well with.

    Raised by `fit` where ``standardize`` does not cover it; the message names the worst column.
    The bounds are wide: measured on regressions with the default parameters, a fit beyond them
    loses a tenth of R² or far more.

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

    Spread and middle are half the distance and half the sum of smallest and largest number, so
    that a rare 1 among zeros is no small number. The middle is held against the spread, or
    against `constant` if all numbers are the same.
    """

    deviation: float
    spread: float
    distance: float
    constant: float


X_BOUNDS = Bounds(deviation=100, spread=0.01, distance=30, constant=100)
Y_BOUNDS = Bounds(deviation=30, spread=0.1, distance=5, constant=30)
EXP_MEANS = 0.03, 1e6  # means of a target that the output exp(z) reaches well


def warn(estimator: Any, X: Any, y: np.ndarray | None, network: Network) -> None:
    """Warn of the worst column of X and of the worst output of y that `standardize` leaves."""
    done = preprocessing.standardized(estimator)
    found = []
    with np.errstate(over="ignore", invalid="ignore"):
        if "X" not in done:
            names = getattr(estimator, "feature_names_in_", None)
            found.append(_column(_sample(X), X_BOUNDS, "column", names))
        if y is not None and "y" not in done:
            found.append(_small(y) if network.output == "exp" else _output(y))
    found = [words for words in found if words]
    if found:
        words = f"{'; '.join(found)}: set standardize=True"
        warnings.warn(words, ScaleWarning, stacklevel=USER)


def _sample(x: Any) -> Any:
    """Return about `ROWS` rows, evenly spread: no random draw, which would change the model."""
    return x if x.shape[0] < 2 * ROWS else x[:: x.shape[0] // ROWS]


def _output(y: np.ndarray) -> str:
    words = _column(_sample(y), Y_BOUNDS, "output", None)
    return words.replace("output 0 of X", "y").replace("of X", "of y") if words else words


def _small(y: np.ndarray) -> str:
    """Return words for a target that the output exp(z) does not reach well, or "" if it does."""
    mean = float(y.mean())
    good = mean == 0 or EXP_MEANS[0] <= mean <= EXP_MEANS[1]
    return "" if good else f"y has mean {mean:.4g}, far from 1"


def _column(x: Any, bounds: Bounds, kind: str, names: Any) -> str:
    """Return words for the worst column, or "" if none is out of bounds."""
    low, high = _ends(x)
    spread, middle = high / 2 - low / 2, high / 2 + low / 2
    noise = 10 * np.finfo(x.dtype).eps * np.maximum(abs(middle), spread.max())
    constant = spread <= noise  # or all but rounding
    badness = np.where(
        constant,
        abs(middle) / bounds.constant,
        np.maximum(bounds.spread, abs(middle) / bounds.distance) / np.where(constant, 1, spread),
    )
    for j in np.flatnonzero(spread > bounds.deviation):
        badness[j] = max(badness[j], _deviation(x, j) / bounds.deviation)
    worst = int(badness.argmax())
    if not badness[worst] > 1:
        return ""
    name = worst if names is None else repr(names[worst])
    mean, deviation = float(np.mean(_dense(x, worst))), _deviation(x, worst)
    return f"{kind} {name} of X has mean {mean:.4g} and standard deviation {deviation:.4g}"


def _ends(x: Any) -> tuple[np.ndarray, np.ndarray]:
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
