"""Which samples are held out to judge by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import _safe_indexing

from lamina.plan import checks


class Samples(NamedTuple):
    """Samples with their weights, if they have any."""

    X: Any
    y: Any
    weights: np.ndarray | None = None

    def rows(self, index: np.ndarray) -> Samples:
        """Return the samples at `index`."""
        weights = None if self.weights is None else self.weights[index]
        return Samples(_safe_indexing(self.X, index), _safe_indexing(self.y, index), weights)

    def __len__(self) -> int:
        return int(self.X.shape[0])


def split(
    samples: Samples, fraction: float, labels: bool, random: np.random.RandomState
) -> tuple[Samples, Samples]:
    """Return the samples to train on and those held out, about `fraction` of each class.

    One sample of each class is never held out, so that every class is known; samples of weight 0
    neither, since they judge nothing.
    """
    n = len(samples)
    classes = _classes(samples.y) if labels else np.zeros(n, int)
    order = np.lexsort((random.permutation(n), classes))
    first = np.append(True, np.diff(classes[order]) != 0)
    heavy = np.ones(n, bool) if samples.weights is None else samples.weights[order] > 0
    eligible = order[~first & heavy]
    n_held = min(max(round(fraction * n), 1), len(eligible))
    if n_held == 0:
        raise checks.ArgumentError(
            f"X and y must have samples to hold out, but at least one of each class is needed to "
            f"train on: got {n} samples of {classes.max() + 1} classes; set validation_fraction=0 "
            f"to judge by the loss of the training samples"
        )
    # Evenly through the classes in order, which takes the same share of each.
    places = np.floor((np.arange(n_held) + random.uniform()) * len(eligible) / n_held)
    held = np.zeros(n, bool)
    held[eligible[places.astype(int)]] = True
    return samples.rows(np.flatnonzero(~held)), samples.rows(np.flatnonzero(held))


def _classes(y: Any) -> np.ndarray:
    """Return the place of each label among the sorted ones; 0 for a matrix of several labels."""
    if getattr(y, "ndim", 1) != 1:
        return np.zeros(y.shape[0], int)
    return np.unique(y, return_inverse=True)[1]
