"""Checks of points with labels of two classes."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse

from lamina.estimators.data.inputs import name_non_finite
from lamina.plan import checks


def points_of(X: Any) -> np.ndarray:
    """Return X as a new float64 array; an error if that is not what it says."""
    if scipy.sparse.issparse(X):
        raise checks.fail("X", "dense (X.toarray() makes it so)", X)
    try:
        given = np.asarray(X)
    except ValueError:  # rows of unequal length
        raise checks.fail("X", "of shape (n_samples, n_features)", X) from None
    if given.dtype.kind not in "biufO":
        raise checks.fail("X", "numbers (integers or floats)", given.dtype)
    if given.ndim != 2 or 0 in given.shape:
        raise checks.fail("X", "of shape (n_samples, n_features), both at least 1", given.shape)
    points = _of_objects(given) if given.dtype.kind == "O" else given
    name_non_finite(points, "X", getattr(X, "columns", None))
    with np.errstate(over="ignore"):
        points = np.array(points, dtype=np.float64, order="C")
    wrong = np.argwhere(points.astype(given.dtype) != given)
    if len(wrong):
        place: tuple[int, ...] = tuple(wrong[0].tolist())
        raise checks.fail(f"X{list(place)}", "exactly representable in float64", given[place])
    return points + 0.0  # no negative zeros


def _of_objects(given: np.ndarray) -> np.ndarray:
    """Return objects, as of a data frame of several types, as floats; one that is missing is NaN.

    An integer beyond the largest float becomes that float, which is not equal to it.
    """
    points = np.empty(given.shape)
    for place, value in np.ndenumerate(given):
        if not (_missing(value) or isinstance(value, Real | np.bool_)):
            raise checks.fail(f"X{list(place)}", "numbers (integers or floats)", value)
        try:
            points[place] = np.nan if _missing(value) else float(value)
        except OverflowError:
            points[place] = np.finfo(float).max
    return points


def _missing(value: Any) -> bool:
    """Return whether `value` is NaN or pandas' NA."""
    return type(value).__name__ == "NAType" or (isinstance(value, Real) and value != value)


def check_labels(y: Any) -> None:
    """Name what is missing among labels, and labels of different kinds, which have no order."""
    try:
        values = np.asarray(y)
    except ValueError:  # of unequal lengths, which has an error of its own
        return
    if values.dtype.kind in "US" and not hasattr(y, "dtype"):
        values = np.asarray(y, dtype=object)  # NumPy makes NaN among strings the string "nan"
    if values.dtype.kind == "f":
        name_non_finite(values, "y")
    if y is None or values.dtype.kind != "O":
        return
    missing = [i for i, value in enumerate(values.flat) if _missing(value)]
    if missing:
        raise ValueError(f"Input y contains NaN: the first is at row {missing[0]}.")
    texts = sum(isinstance(value, str) for value in values.flat)
    if 0 < texts < values.size or any(value is None for value in values.flat):
        raise checks.fail("y", "labels that can be sorted", y)


def classes_of(y: Any, n: int) -> tuple[tuple[Any, ...], np.ndarray]:
    """Return the sorted labels and the place of each row's label among them."""
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise checks.fail("y", f"of shape ({n},), one label per row of X", labels.shape)
    check_labels(y)
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError:
        raise checks.fail("y", "labels that can be sorted", y) from None
    if len(classes) > 2:
        raise checks.fail("y", "of one or two classes", classes.tolist())
    return tuple(classes.tolist()), codes
