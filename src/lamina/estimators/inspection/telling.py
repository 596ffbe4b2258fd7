"""How much of the target a single column tells: what gives a leaked column away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from scipy.stats import rankdata

ROWS, COLUMNS = 2000, 8  # as many are looked at closely
NEARLY = 0.9  # of all: a column that cannot tell so much is not looked at more closely
LEAST = 0.2  # of the variance, by a line or the classes' means: of less none tells it all


def telling(x: Any, y: np.ndarray) -> np.ndarray:
    """Return a number between 0 and 1 for columns that tell nearly all, NaN for the others.

    For numbers it is the larger of Pearson's and Spearman's correlation, without sign: any rising
    function of the target is found. For classes it is the share of the errors of the best guess
    without X that a small tree on the column alone does not make.
    """
    found = np.full(x.shape[1], np.nan)
    n = min(x.shape[0], ROWS)
    if n < 10:
        return found
    rows = np.linspace(0, x.shape[0] - 1, n).astype(int)
    x, y = x[rows], y[rows].astype(np.float64)
    closest = _closest(x, y)
    if not len(closest):
        return found
    tells = _of_classes(y) if _all_classes(y) else _of_numbers(y)
    for j in closest:
        column = x[:, [j]].toarray().ravel() if scipy.sparse.issparse(x) else x[:, j]
        found[j] = tells(column.astype(np.float64))
    return found


def _closest(x: Any, y: np.ndarray) -> np.ndarray:
    """Return the columns that tell most of the target by a straight line, or by class means.

    The share of a column's variance between the classes, for numbers the largest squared
    correlation with an output.
    """
    sparse = scipy.sparse.issparse(x)
    mean = np.asarray(x.mean(axis=0), np.float64).ravel()
    centred = y - y.mean(axis=0)
    products = np.asarray(x.T @ centred) if sparse else (x - mean).T @ centred
    square = np.asarray(x.multiply(x).mean(axis=0)).ravel() if sparse else None
    variance = x.var(axis=0) if square is None else np.maximum(square - mean**2, 0)
    one_of_all = y.shape[1] > 1 and _all_classes(y) and bool((y.sum(axis=1) == 1).all())
    own = products**2 / np.maximum(_sizes(y, one_of_all), 1e-300)
    with np.errstate(all="ignore"):
        told = (own.sum(axis=1) if one_of_all else own.max(axis=1)) / (variance * len(y))
    told = np.nan_to_num(told)
    order = np.argsort(-told, kind="stable")[:COLUMNS]
    return order[told[order] > LEAST]


def _sizes(y: np.ndarray, one_of_all: bool) -> np.ndarray:
    """Return the samples of each class, or the sum of each output's squares."""
    return y.sum(axis=0) if one_of_all else ((y - y.mean(axis=0)) ** 2).sum(axis=0)


def _all_classes(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all())


def _of_numbers(y: np.ndarray) -> Callable[[np.ndarray], float]:
    """Return a function of a column: its largest correlation with an output."""
    ranked = [(own, rankdata(own)) for own in y.T]

    def tells(column: np.ndarray) -> float:
        ranks = rankdata(column)
        pairs = [pair for own, order in ranked for pair in ((column, own), (ranks, order))]
        return max(abs(_pearson(*pair)) for pair in pairs)

    return tells


def _of_classes(y: np.ndarray) -> Callable[[np.ndarray], float]:
    """Return a function of a column: what it tells of the classes, or of the clearest label."""
    if y.shape[1] > 1 and (y.sum(axis=1) == 1).all():
        labels = [y.argmax(axis=1)]
    else:
        labels = [own.astype(int) for own in y.T]
    counts = [np.bincount(codes) for codes in labels]

    def tells(column: np.ndarray) -> float:
        pairs = zip(labels, counts, strict=True)
        return float(np.fmax.reduce([_by_tree(column, *pair) for pair in pairs]))

    return tells


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    lengths = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / lengths) if lengths > 0 else 0.0


def _by_tree(column: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> float:
    n_classes, guess = int(np.count_nonzero(counts)), float(counts.max() / len(codes))
    leaves: int = max(2 * n_classes, 4)
    if n_classes < 2 or _at_most(column, codes, leaves, guess) < NEARLY:
        return np.nan
    from sklearn.tree import DecisionTreeClassifier  # takes a while to import

    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
    own = rankdata(column, method="dense")[:, np.newaxis]  # trees compute in float32
    right = tree.fit(own, codes).score(own, codes)
    return float((right - guess) / (1 - guess))


def _at_most(column: np.ndarray, codes: np.ndarray, leaves: int, guess: float) -> float:
    """Return what a tree of so many leaves can tell at most.

    Along the column the class changes at most once between two leaves, and twice for each sample
    that is not of its leaf's class.
    """
    along = codes[np.argsort(column, kind="stable")]
    errors = (np.count_nonzero(np.diff(along)) - leaves + 1) / 2
    return 1 - max(errors, 0) / (len(codes) * (1 - guess))
