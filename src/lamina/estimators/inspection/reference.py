"""What a simple model makes of the samples: what a network of them should reach at least."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina.engines import Data
from lamina.estimators.inspection.effort import Effort
from lamina.plan import Network

ROWS, COLUMNS = 1000, 256
NEIGHBOURS, NEAR_ROWS = 10, 600
TREES, LEAF = 10, 2
RIDGE = 1.0  # standardized columns: as strong as one sample


class Reference(NamedTuple):
    """How a simple model does on samples that it has not seen.

    Attributes
    ----------
    r2 : float
        NaN where there is none.
    name : str
        Which one it is.
    accuracy : float
        Share of the samples that it gets right; NaN for numbers and several labels.
    """

    r2: float = np.nan
    name: str = ""
    accuracy: float = np.nan


def reference(data: Data, network: Network, effort: Effort) -> Reference:
    """Return how the best of some simple models does on samples left out.

    They are the mean of the nearest neighbours, a linear fit, and perhaps a few randomized trees,
    on at most a thousand samples. NaN where predictions are no means of the target.
    """
    n = min(len(data.y), ROWS)
    if n < 20 or not mean_is_learnt(network):
        return Reference()
    # in an order of its own, always the same: samples may come sorted
    rows = np.random.default_rng(0).permutation(len(data.y))[:n]
    part = data.rows(rows)
    x, y, weights = _standard(part.x), part.y.astype(np.float64), importance(part)
    few, last = slice(0, min(effort.neighbours, NEAR_ROWS)), slice(n // 2, None)
    found = {  # the samples that are predicted, and how
        "the mean of the nearest neighbours": (few, _neighbours(x, y, weights, few)),
        "a linear fit": (slice(None), _linear(x, y, weights)),
    }
    if effort.trees and x.shape[1]:
        found["a set of random trees"] = (last, _trees(x, y, weights))
    judged = [
        Reference(r2(y[own], p, weights[own]), name, _accuracy(y[own], p, network))
        for name, (own, p) in found.items()
    ]
    return max(judged, key=lambda own: np.nan_to_num(own.r2, nan=-np.inf))


def _accuracy(y: np.ndarray, p: np.ndarray, network: Network) -> float:
    """Return the share of samples whose class is predicted; NaN for numbers and several labels."""
    if network.output == "softmax":
        return float((y.argmax(axis=1) == p.argmax(axis=1)).mean())
    if network.output == "logistic" and y.shape[1] == 1:
        return float(((y > 0.5) == (p > 0.5)).mean())
    return np.nan


def mean_is_learnt(network: Network) -> bool:
    """Return whether the loss makes predictions means of the target."""
    return network.loss_name in (
        "squared_error",
        "cross_entropy",
        "binary_cross_entropy",
        "poisson",
        "gamma",
        "huber",
        "focal",
        "binary_focal",
    )


def r2(y: np.ndarray, p: np.ndarray, weights: np.ndarray) -> float:
    """Return the share of the variance of y (n, d) that p predicts, over all outputs alike."""
    if not weights.any():
        return np.nan
    mean = np.average(y, axis=0, weights=weights)
    with np.errstate(all="ignore"):
        total = np.average((y - mean) ** 2, axis=0, weights=weights)
        rest = np.average((y - p) ** 2, axis=0, weights=weights)
    there = total > 0
    if not there.any():
        return np.nan
    if np.isin(y, (0, 1)).all():  # classes: a rare one counts as little as its variance
        return float(1 - rest.sum() / total.sum())
    return float(np.mean(1 - rest[there] / total[there]))


def importance(data: Data) -> np.ndarray:
    """Return what each sample weighs in the loss."""
    own = np.ones(len(data.y))
    for weights in (data.weights, data.factors):
        own = own if weights is None else own * weights
    return own if own.any() else np.ones(len(data.y))


def _standard(x: Any) -> np.ndarray:
    """Return the columns that are not constant, standardized; of too many, those spread most."""
    if scipy.sparse.issparse(x):
        square = np.asarray(x.multiply(x).mean(axis=0)).ravel()
        variance = square - np.asarray(x.mean(axis=0)).ravel() ** 2
        x = x[:, np.sort(np.argsort(-variance, kind="stable")[:COLUMNS])].toarray()
    x = x.astype(np.float64)
    x = x - x.mean(axis=0)
    spread = x.std(axis=0)
    there = np.flatnonzero(spread > 0)
    if len(there) > COLUMNS:
        there = there[np.linspace(0, len(there) - 1, COLUMNS).astype(int)]
    return x[:, there] / spread[there]


def _neighbours(x: np.ndarray, y: np.ndarray, weights: np.ndarray, few: slice) -> np.ndarray:
    """Return the means of the nearest neighbours of a few samples, themselves not among them."""
    x, y, weights = x[:NEAR_ROWS], y[:NEAR_ROWS], weights[:NEAR_ROWS]
    squares = (x**2).sum(axis=1)
    distances = squares - 2 * (x[few] @ x.T)  # and the sample's own square, the same in its row
    np.fill_diagonal(distances, np.inf)
    k = min(NEIGHBOURS, len(y) - 1)
    near = np.argpartition(distances, k - 1, axis=1)[:, :k]
    own = weights[near] + 1e-12
    return (y[near] * own[:, :, None]).sum(axis=1) / own.sum(axis=1, keepdims=True)


def _trees(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the prediction of the second half of the samples by trees fitted to the first."""
    from sklearn.ensemble import ExtraTreesRegressor  # takes a while to import

    half = len(y) // 2
    trees = ExtraTreesRegressor(TREES, min_samples_leaf=LEAF, max_features=1.0, random_state=0)
    own = weights[:half] if weights[:half].any() else None
    known = y[:half, 0] if y.shape[1] == 1 else y[:half]
    trees.fit(x[:half], known, sample_weight=own)
    return trees.predict(x[half:]).reshape(y[half:].shape)


def _linear(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the prediction of each sample by a linear fit to all others.

    Allen's identity: the residual over one minus the leverage.
    """
    own = weights / weights.mean()
    z = np.hstack([np.ones((len(x), 1)), x])
    gram = z.T @ (z * own[:, None]) + np.diag([0.0] + [RIDGE] * x.shape[1])
    solved = (z * own[:, None]) @ np.linalg.inv(gram + 1e-9 * np.eye(len(gram)))
    fitted = z @ (solved.T @ y)
    leverage = np.minimum((z * solved).sum(axis=1), 1 - 1e-6)
    left_out = y - (y - fitted) / (1 - leverage)[:, None]
    return np.clip(left_out, 0, 1) if np.isin(y, (0, 1)).all() else left_out
