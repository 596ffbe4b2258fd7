"""Checks of points with labels of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from lamina.estimators.inputs import name_non_finite
from lamina.plan import checks


def points_of(X: Any) -> np.ndarray:
    """Return X as a new float64 array; an error if that is not what it says."""
    if scipy.sparse.issparse(X):
        raise checks.fail("X", "dense (X.toarray() makes it so)", X)
    try:
        given = np.asarray(X)
    except ValueError:  # rows of unequal length
        raise checks.fail("X", "of shape (n_samples, n_features)", X) from None
    if given.dtype.kind not in "iuf":
        raise checks.fail("X", "numbers (integers or floats)", given.dtype)
    if given.ndim != 2 or 0 in given.shape:
        raise checks.fail("X", "of shape (n_samples, n_features), both at least 1", given.shape)
    name_non_finite(given, "X", getattr(X, "columns", None))
    with np.errstate(over="ignore"):
        points = np.array(given, dtype=np.float64, order="C")
    wrong = np.argwhere(points.astype(given.dtype) != given)
    if len(wrong):
        place: tuple[int, ...] = tuple(wrong[0].tolist())
        raise checks.fail(f"X{list(place)}", "exactly representable in float64", given[place])
    return points + 0.0  # no negative zeros


def classes_of(y: Any, n: int) -> tuple[tuple[Any, ...], np.ndarray]:
    """Return the sorted labels and the place of each row's label among them."""
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise checks.fail("y", f"of shape ({n},), one label per row of X", labels.shape)
    if labels.dtype.kind == "f":
        name_non_finite(labels, "y")
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError:
        raise checks.fail("y", "labels that can be sorted", y) from None
    if len(classes) > 2:
        raise checks.fail("y", "of one or two classes", classes.tolist())
    return tuple(classes.tolist()), codes
