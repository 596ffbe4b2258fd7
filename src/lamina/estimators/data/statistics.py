"""Means and standard deviations of columns, of numbers of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.preprocessing import StandardScaler

from lamina import scalers

_EXTREME = 300  # powers of two beyond which squares, sums and products may leave float64


def scaler(x: Any, weights: np.ndarray | None, centre: bool = True) -> StandardScaler:
    """Return the fitted `StandardScaler` of a matrix.

    Its numbers are scikit-learn's. Columns of huge or tiny numbers, whose variance float64 cannot
    hold, are computed at another power of two and brought back.
    """
    made, powers = _fitted(x, weights, centre)
    mean, scale, var = made.mean_, made.scale_, made.var_
    if powers is not None:
        constant = scale == 1  # else it is below 1, as all numbers then are
        mean, scale = np.ldexp(mean, powers), np.ldexp(scale, np.where(constant, 0, powers))
        with np.errstate(over="ignore", under="ignore"):
            var = np.ldexp(var, 2 * powers)
    scale = np.maximum(scale, np.finfo(x.dtype).tiny)  # float32 would divide by 0 else
    mean = mean if centre else np.zeros_like(mean)
    return scalers.scaler(mean, scale, var, made.n_samples_seen_, centre)


def common_scaler(y: np.ndarray, weights: np.ndarray | None) -> StandardScaler:
    """Return a scaler of the first column's numbers for all: outputs in an order stay in it."""
    return of_first(scaler(y, weights))


def of_first(made: StandardScaler) -> StandardScaler:
    """Return a scaler of as many columns that has the first one's numbers for all."""
    mean, scale, var = (np.full_like(own, own[0]) for own in (made.mean_, made.scale_, made.var_))
    return scalers.scaler(mean, scale, var, made.n_samples_seen_, True)


def means(x: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the means of what is there in each column of a matrix with NaN, 0 where nothing is."""
    absent = np.isnan(x if weights is None else x[weights > 0]).all(axis=0)
    made, powers = _fitted(np.where(absent, 0, x).astype(x.dtype), weights, centre=True)
    return made.mean_ if powers is None else np.ldexp(made.mean_, powers)


def refuse_extremes(x: Any) -> None:
    """Raise for numbers whose moments float64 cannot hold at their own scale."""
    powers = _powers(_largest(x))
    if powers is not None:
        column = int(abs(powers).argmax())
        raise ValueError(
            f"column {column} has numbers of about 1e{powers[column] * 0.30103:+.0f}, which cannot "
            f"be standardized in chunks: multiply it by a number"
        )


def _fitted(
    x: Any, weights: np.ndarray | None, centre: bool
) -> tuple[StandardScaler, np.ndarray | None]:
    """Return a `StandardScaler` of ``x 2^-powers``, and the powers or None where all are 0."""
    powers = _powers(_largest(x))
    if powers is not None:
        x = _times_two_to_the(x, -powers)
    if weights is not None:
        x, weights = x.astype(np.float64), _near_one(weights)
    with np.errstate(invalid="ignore"):  # a constant's variance may be rounded to below 0
        return StandardScaler(with_mean=centre).fit(x, sample_weight=weights), powers


def mean_scaler(y: np.ndarray, weights: np.ndarray | None) -> StandardScaler:
    """Return a scaler that divides by the mean: for targets above 0 with the output exp(z)."""
    return by_mean(scaler(y, weights))


def by_mean(made: StandardScaler) -> StandardScaler:
    """Return a scaler that divides by the means of `made`, where they are above 0."""
    scale = np.where(made.mean_ > 0, made.mean_, 1.0)
    return scalers.scaler(np.zeros_like(scale), scale, made.var_, made.n_samples_seen_, False)


def _near_one(weights: np.ndarray) -> np.ndarray:
    """Return weights in float64, at another power of two if they are huge or tiny."""
    weights = weights.astype(np.float64)
    power = int(np.frexp(weights.max())[1])
    return np.ldexp(weights, -power) if abs(power) > _EXTREME else weights


def _largest(x: Any) -> np.ndarray:
    """Return the largest absolute value of each column, NaN left out."""
    if scipy.sparse.issparse(x):
        return np.asarray(abs(x).max(axis=0).todense(), np.float64).ravel()
    with np.errstate(invalid="ignore"):
        top = np.fmax.reduce(x, axis=0, initial=0.0)
        return np.fmax(top, -np.fmin.reduce(x, axis=0, initial=0.0)).astype(np.float64)


def _powers(largest: np.ndarray) -> np.ndarray | None:
    """Return the binary exponent of each column, or None if no column needs it."""
    powers = np.frexp(largest)[1]
    return powers if (abs(powers) > _EXTREME).any() else None


def _times_two_to_the(x: Any, powers: np.ndarray) -> Any:
    if not scipy.sparse.issparse(x):
        return np.ldexp(x.astype(np.float64), powers)
    x = x.tocsr().astype(np.float64)
    x.data = np.ldexp(x.data, powers[x.indices])
    return x
