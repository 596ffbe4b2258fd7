"""Facts of the samples of a fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse

from lamina import spec
from lamina.engines import Data
from lamina.estimators.data import scales
from lamina.estimators.inspection import outliers, reference, telling
from lamina.estimators.inspection.effort import Effort
from lamina.plan import Network
from lamina.training import DataFacts, Outlier

ENTRIES = 1 << 21  # of a wide table fewer rows are looked at
SCANNED = 512  # numbers of X for each row that is looked at: so many are scanned for a wrong one


def facts(estimator: Any, data: Data, effort: Effort) -> DataFacts:
    """Return the facts of the samples of a fit, which are as the network sees them.

    They have what weighs in the loss, and are of a sample of the rows, always the same one; but
    class counts, and that a column is constant, are of all rows. A row with a number that is far
    away from all others counts in nothing else.
    """
    n, network = len(data.y), estimator.network_
    rows = _sample(n, max(100, min(effort.facts, ENTRIES // max(1, data.x.shape[1]))))
    part = data if rows is None else data.rows(rows)
    classes = hasattr(estimator, "classes_")
    with np.errstate(all="ignore"):
        odd_x, odd_y = _odd(estimator, data, part, rows, effort)
        part = _without(part, rows, odd_x, odd_y)
        inputs = _moments(part.x, _ends(data.x, part.x))
        simple = reference.reference(part, network, effort)
        return DataFacts(
            n_samples=n,
            columns=_as_given(estimator, inputs),
            inputs=inputs,
            targets=_moments(part.y, _ends(data.y, part.y)),
            out_of_scale=scales.badness_of_inputs(part.x),
            target_out_of_scale=np.zeros(part.y.shape[1])
            if classes
            else scales.badness_of_target(part.y, network.loss_name),
            telling=telling.telling(part.x[:, : estimator.n_features_in_], part.y),
            class_counts=_counts(data.y) if classes else np.empty(0, np.int64),
            constant_loss=constant_loss(network, part) * estimator._loss_scale(part.y.shape[1]),
            reference_r2=simple.r2,
            reference=simple.name,
            reference_accuracy=simple.accuracy,
            ordered=np.nan if estimator.shuffle else _ordered(data.y, classes),
            odd_input=odd_x,
            odd_target=odd_y,
        )


def _ordered(y: np.ndarray, classes: bool) -> float:
    """Return how much more alike neighbours are than chance; of numbers their correlation."""
    if len(y) < 3:
        return np.nan
    if not classes:
        own = y[:, 0].astype(np.float64) - y[:, 0].mean(dtype=np.float64)
        return float((own[1:] * own[:-1]).sum() / (own**2).sum())
    alike = (y[1:] == y[:-1]).all(axis=1).mean()
    shares = _counts(y) / len(y)
    if not np.isclose(shares.sum(), 1):  # several labels
        return np.nan
    chance = float((shares**2).sum())
    return float((alike - chance) / (1 - chance))


def _odd(
    estimator: Any, data: Data, part: Data, rows: np.ndarray | None, effort: Effort
) -> tuple[Outlier | None, Outlier | None]:
    """Return what sticks out of X, of which not all rows are looked at if it is large, and of y."""
    all_x, some_x = (own[:, : estimator.n_features_in_] for own in (data.x, part.x))
    if rows is None or data.x.shape[0] * data.x.shape[1] > SCANNED * effort.facts:
        all_x = some_x
    odd = outliers.outlier(all_x, some_x, getattr(estimator, "x_scaler_", None))
    if odd is not None and all_x is some_x and rows is not None:
        odd = replace(odd, row=int(rows[odd.row]))
    if hasattr(estimator, "classes_"):
        return odd, None
    all_y = part.y if rows is None else data.y
    return odd, outliers.outlier(
        all_y, part.y, getattr(estimator, "y_scaler_", None), outliers.FAR_TARGET
    )


def _without(part: Data, rows: np.ndarray | None, *odd: Outlier | None) -> Data:
    """Return the samples, which are those `rows`, without the odd ones."""
    bad = [own.row for own in odd if own is not None]
    if not bad:
        return part
    places = np.arange(len(part.y)) if rows is None else rows
    return part.rows(np.flatnonzero(~np.isin(places, bad)))


def _sample(n: int, most: int) -> np.ndarray | None:
    """Return the rows to look at, None for all: drawn, as a stride may meet what repeats."""
    if n <= most:
        return None
    return np.sort(np.random.default_rng(0).choice(n, size=most, replace=False))


def _ends(x: Any, part: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return smallest and largest numbers of some rows; of all where those are the same."""
    low, high = scales.ends(part)
    same = np.flatnonzero(high - low <= 1e-12 * np.maximum(abs(low), abs(high)))
    if part is not x and len(same):
        low[same], high[same] = scales.ends(x[:, same])
    return low, high


def _as_given(estimator: Any, inputs: np.ndarray) -> np.ndarray:
    """Return the moments of the columns before they were standardized."""
    own = inputs[:, : estimator.n_features_in_]
    scaler = getattr(estimator, "x_scaler_", None)
    if scaler is None:
        return own
    shift = np.array([1.0, 0.0, 1.0, 1.0])[:, np.newaxis]
    return own * scaler.scale_ + shift * (scaler.mean_ if scaler.with_mean else 0.0)


def _moments(x: Any, ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return `lamina.training.recording.facts.MOMENTS` of each column."""
    return np.array([*spread(x), *ends])


def spread(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column."""
    if scipy.sparse.issparse(x):
        x = x.astype(np.float64)
        mean, square = (np.asarray(own.mean(axis=0)).ravel() for own in (x, x.power(2)))
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
    else:
        mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    return mean, deviation


def _counts(y: np.ndarray) -> np.ndarray:
    """Return the samples of each class, or with each of several labels."""
    # a product is far quicker than a sum over a long axis, and as exact while it counts so far
    ones = np.ones(len(y), y.dtype) @ y if len(y) < 1 << 24 else y.sum(axis=0, dtype=np.float64)
    ones = ones.astype(np.int64)
    return np.array([len(y) - ones[0], ones[0]]) if y.shape[1] == 1 else ones


def constant_loss(network: Network, data: Data) -> float:
    """Return the mean loss of the best guess that ignores X; NaN for outputs without one."""
    y = data.y.astype(np.float64)
    own = reference.importance(data)
    mean = np.average(y, axis=0, weights=own)
    inverse: dict[str, Any] = {
        "identity": lambda p: p,
        "logistic": lambda p: np.log(p) - np.log1p(-p),
        "softmax": np.log,
        "exp": np.log,
    }
    if (y == y[0]).all():  # nothing to guess
        return np.nan
    if network.output not in inverse or network.loss_name in ("custom", "quantiles"):
        return np.nan
    tiny = 1e-9 if network.output != "identity" else 0.0
    top = 1 - tiny if network.output == "logistic" else np.inf
    z = inverse[network.output](np.clip(mean, tiny, top) if tiny else mean)
    head = spec.losses.head(network.output, network.loss_name)
    losses = head.value(np.broadcast_to(z, y.shape), y, **network.loss_options)
    return float(spec.losses.mean_loss(losses, data.weights, data.factors))
