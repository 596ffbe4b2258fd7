"""The one number of X, or of the target, that is far away from all the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from lamina.training import Outlier

CENTRAL = 0.98  # of a column's rows: how far they are from its median is usual
# Times as far. The largest numbers of heavy tails are 2 to 20 times as far; of columns that are
# nearly all zeros, such as a word's frequency, up to 400 times.
FAR, FAR_TARGET = 1000.0, 100.0
ALONE = 5.0  # standard deviations from the mean: a number that is far away is that at least
FEW = 10  # rows: of fewer nothing is usual
MOST = 20  # columns that are looked at closely


def outlier(x: Any, part: Any, scaler: Any = None, far: float = FAR) -> Outlier | None:
    """Return the number that is farthest away from the rest of its column, if one is.

    Parameters
    ----------
    x, part : ndarray or sparse matrix of shape (n, n_columns)
        All rows, and those that tell what is usual.
    scaler : object or None
        What standardized the columns, for numbers as they were given.
    far : float
        How many times as far away as is usual it must be.
    """
    if part.shape[0] < FEW or not part.shape[1]:
        return None
    found = [own for j in _candidates(x, part) if (own := _of_column(x, part, int(j), scaler))]
    worst = max(found, key=lambda own: own.times, default=None)
    return None if worst is None or worst.times < far else worst


def _candidates(x: Any, part: Any) -> np.ndarray:
    """Return the columns whose ends are far from the mean, the worst first."""
    low, high = (np.asarray(_dense(own)) for own in (x.min(axis=0), x.max(axis=0)))
    unit = np.maximum(np.maximum(abs(low), abs(high)), 1e-300)
    if scipy.sparse.issparse(part):  # of few columns, as the others are never far
        part = part.multiply(1 / unit).tocsc()
        mean = _dense(part.mean(axis=0))
        deviation = np.sqrt(np.maximum(_dense(part.multiply(part).mean(axis=0)) - mean**2, 0))
    else:
        scaled = part / unit
        mean, deviation = scaled.mean(axis=0), scaled.std(axis=0)
    away = np.maximum(high / unit - mean, mean - low / unit) / np.maximum(deviation, 1e-300)
    worst = np.argsort(-away, kind="stable")[:MOST]
    return worst[away[worst] > ALONE]


def _of_column(x: Any, part: Any, j: int, scaler: Any) -> Outlier | None:
    some = _dense(part[:, [j]])
    middle = float(np.median(some))
    usual = float(np.partition(abs(some - middle), k := int(CENTRAL * (len(some) - 1)))[k])
    whole = some if part is x else _dense(x[:, [j]])
    row = int(abs(whole - middle).argmax())
    value = float(whole[row])
    if not usual > 0:
        return None
    times = abs(value - middle) / usual
    scale = 1.0 if scaler is None else float(scaler.scale_[j])
    shift = 0.0 if scaler is None or not scaler.with_mean else float(scaler.mean_[j])
    given = shift + scale * np.array([value, middle])
    return Outlier(row, j, float(given[0]), float(given[1]), scale * usual, times)


def _dense(x: Any) -> np.ndarray:
    own = x.toarray() if scipy.sparse.issparse(x) else np.asarray(x)
    return own.astype(np.float64).ravel()
