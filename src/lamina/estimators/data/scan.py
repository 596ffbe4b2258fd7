"""The first pass over chunks: classes, statistics and counts, as a fit to all rows finds them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.sparsefuncs import mean_variance_axis

from lamina import scalers
from lamina.engines import Data
from lamina.estimators.data import inputs, preprocessing, statistics
from lamina.plan import Network

USER = 6  # stack levels from the warning to the caller of fit_batches
SEEN = 1000  # rows of the first chunk that are looked at for a warning of scales


class Scan:
    """Gathers what a training needs to know of its chunks, one after another."""

    def __init__(self, estimator: Any, first: bool, classes: Any) -> None:
        self.estimator, self.first, self.n_samples = estimator, first, 0
        self.begin: Any = None  # a few rows of the first chunk
        self.first_chunk: Any = None
        self._classifier = is_classifier(estimator)
        self._standardized = preprocessing.standardized(estimator) if first else ""
        self._learns = first and estimator.missing == "learn"
        self._finds = first and self._classifier and classes is None
        self._balances = self._classifier and isinstance(estimator.class_weight, str)
        self._labels: list[np.ndarray] = []
        self._counts: dict[Any, float] = {}
        self._sums, self._weight = np.zeros(0), 0.0  # of several labels at once
        self._x, self._y = Moments(), Moments()
        self._absent = np.zeros(0, bool)
        self._given = classes

    @property
    def needs_all(self) -> bool:
        """Whether all chunks must be seen before the training."""
        asked = self._finds, self._balances, self._learns, bool(self._standardized)
        return any(asked)

    def warn_of_first(self) -> None:
        """Say that the statistics are not those of all rows."""
        names = [f"standardize={self.estimator.standardize!r}"] * bool(self._standardized)
        names += ["missing='learn'"] * self._learns
        if names:
            warnings.warn(
                f"{' and '.join(names)} goes by the first chunk alone, since batches can be "
                f"iterated over only once: pass a list or a function that returns an iterator",
                UserWarning,
                stacklevel=USER,
            )

    def add(self, chunk: Any) -> None:
        """Take in a chunk; ValueError if a fit could not."""
        beginning = self.begin is None
        X, y = self._checked(chunk, beginning)
        weights = inputs.check_weights(chunk.weights, X)
        self.n_samples += X.shape[0]
        if self._classifier:
            self._add_labels(y, weights, beginning)
        if beginning:
            self._begin(chunk, X, y)
        if self._learns:
            self._absent = self._absent | _absent(X, weights)
        if self._learns or "X" in self._standardized:
            self._x.add(X, weights)
        if "y" in self._standardized:
            self._y.add(self.estimator._targets(y, X.dtype), weights)

    def _checked(self, chunk: Any, beginning: bool) -> tuple[Any, Any]:
        own = self.estimator
        if beginning:
            self.dtype = own._dtype(self.first)
            if self.first:
                preprocessing.forget(own)
        X, y = inputs.check_x_y(
            own,
            chunk.X,
            chunk.y,
            self.dtype,
            reset=self.first and beginning,
            y_numeric=not self._classifier,
        )
        self.dtype = X.dtype
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=beginning)
        return X, y

    def _begin(self, chunk: Any, X: Any, y: Any) -> None:
        """Keep what later chunks and the loop want of the first one."""
        rows = slice(0, SEEN)
        few = [None if own is None else own[rows] for own in (X, y, chunk.weights)]
        if hasattr(chunk.X, "columns"):  # its names are checked again
            few[0] = chunk.X[rows]
        self.begin, self.first_chunk = chunk._replace(X=few[0], y=few[1], weights=few[2]), chunk
        self._few = X[rows], y[rows]
        if self._learns:
            if scipy.sparse.issparse(X):
                raise ValueError("missing='learn' needs a dense X, got a sparse matrix")
            self._absent = np.zeros(X.shape[1], bool)
            self.estimator.imputer_ = None  # so that more NaN may come

    def _add_labels(self, y: np.ndarray, weights: Any, beginning: bool) -> None:
        own = self.estimator
        if beginning:
            self._several = type_of_target(y).startswith("multilabel")
            if self.first and self._given is not None:
                self._set_classes(y, self._given)
        labels = unique_labels(y)
        if self._finds:
            self._labels = [np.unique(np.concatenate([*self._labels, labels]))]
        else:
            own._check_classes(labels, True)
        if self._balances:
            self._count(y, weights)

    def _count(self, y: np.ndarray, weights: Any) -> None:
        each = np.ones(y.shape[0]) if weights is None else weights.astype(np.float64)
        if self._several:
            ones = np.asarray(y.T @ each).ravel()
            self._sums = ones if not self._sums.size else self._sums + ones
            self._weight += float(each.sum())
            return
        labels, places = np.unique(y, return_inverse=True)
        before = [self._counts.get(label, 0.0) for label in labels]
        # As of all rows at once, to the bit: one number is added after the other.
        counts = np.bincount(np.append(np.arange(len(labels)), places), np.append(before, each))
        self._counts |= dict(zip(labels, counts, strict=True))

    def _set_classes(self, y: np.ndarray, classes: Any) -> None:
        own = self.estimator
        own.classes_ = unique_labels(classes)
        own._label_binarizer = LabelBinarizer().fit(y if self._several else own.classes_)

    def finish_x(self) -> None:
        """Give the estimator its classes and what stands before the network."""
        own = self.estimator
        if self._finds:
            labels = self._labels[0]
            self._set_classes(self._few[1], labels)
            if self._several:
                own.classes_ = own._label_binarizer.classes_
        if self._learns:
            features = np.flatnonzero(self._absent)
            own.imputer_ = scalers.imputer(self._x.means, features, self.dtype.name)
        if "X" in self._standardized:
            own.x_scaler_ = self._x.scaler(self.dtype)
        X, y = self._few
        self.example = preprocessing.apply(own, X), own._targets(y, self.dtype)

    def network(self) -> Network:
        """Return the network."""
        X, y = self.example
        return self.estimator._network(X.shape[1], y.shape[1], self.dtype)

    def finish_y(self, network: Network) -> None:
        """Give the estimator what stands behind the network."""
        if "y" in self._standardized:
            self.estimator.y_scaler_ = self._y.of_target(network.output, self.dtype)

    def stand_in(self) -> Data:
        """Return a row for each class, or one for several labels, that weighs as all rows do."""
        y = self.example[1]
        if not self._classifier:
            return Data(np.zeros((1, 1)), y[:1])
        own = self.estimator
        if self._several:
            return Data(np.zeros((1, 1)), (self._sums / (self._weight or 1.0))[np.newaxis])
        rows = own._targets(own.classes_, np.dtype(np.float64))
        counts = None
        if self._balances:
            counts = np.array([self._counts.get(label, 0.0) for label in own.classes_])
        return Data(np.zeros((len(rows), 1)), rows, counts)


class Moments:
    """Means and variances of columns, chunk by chunk; NaN is left out.

    Those of chunks are put together as Chan, Golub and LeVeque (1979) do. scikit-learn's
    ``partial_fit`` would lose a column that has nothing but NaN in one chunk.
    """

    def __init__(self) -> None:
        self._seen: Any = 0  # rows, or the sum of their weights
        self._n: Any = 0.0  # of each column, without NaN
        self._mean: Any = 0.0
        self._spread: Any = 0.0  # sum of the squared distances from the mean
        self._sparse = False

    def add(self, x: Any, weights: np.ndarray | None) -> None:
        """Take in more rows."""
        statistics.refuse_extremes(x)
        if weights is not None:
            x, weights = x[weights > 0], weights[weights > 0].astype(np.float64)
        if not x.shape[0]:
            return
        self._sparse = scipy.sparse.issparse(x)
        self._seen += x.shape[0] if weights is None else float(weights.sum())
        n, mean, spread = (_of_sparse if self._sparse else _of_dense)(x, weights)
        total = self._n + n
        share = np.divide(n, total, out=np.zeros_like(mean), where=total > 0)
        step = mean - self._mean
        self._mean = self._mean + step * share
        self._spread = self._spread + spread + step * step * self._n * share
        self._n = total

    @property
    def means(self) -> np.ndarray:
        """The means of what is there, 0 where nothing is."""
        return self._mean

    def scaler(self, dtype: np.dtype) -> StandardScaler:
        """Return the scaler of the columns, with their means where NaN was."""
        mean, var, eps = self._mean, self._spread / self._seen, np.finfo(np.float64).eps
        # What scikit-learn takes for a constant but for rounding.
        constant = var <= self._seen * eps * var + (self._seen * mean * eps) ** 2
        scale = np.maximum(np.where(constant, 1.0, np.sqrt(var)), np.finfo(dtype).tiny)
        mean = np.zeros_like(mean) if self._sparse else mean
        return scalers.scaler(mean, scale, var, self._seen, not self._sparse)

    def of_target(self, output: str, dtype: np.dtype) -> StandardScaler:
        """Return the scaler of a target for a network with that output."""
        made = self.scaler(dtype)
        of = {"exp": statistics.by_mean, "ascending": statistics.of_first}
        return of[output](made) if output in of else made


def _of_dense(x: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Return the weight, the mean and the sum of squared distances of each column."""
    there = ~np.isnan(x)
    each = there if weights is None else there * weights[:, np.newaxis]
    n, x = each.sum(axis=0, dtype=np.float64), np.where(there, x, 0).astype(np.float64)
    mean = np.divide((each * x).sum(axis=0), n, out=np.zeros_like(n), where=n > 0)
    return n, mean, (each * (x - mean) ** 2).sum(axis=0)


def _of_sparse(x: Any, weights: np.ndarray | None) -> tuple[np.ndarray, ...]:
    own = x.astype(np.float64)
    mean, var, n = mean_variance_axis(own, axis=0, weights=weights, return_sum_weights=True)
    return n, mean, var * n


def _absent(x: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return np.isnan(x if weights is None else x[weights > 0]).any(axis=0)
