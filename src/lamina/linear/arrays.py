"""Matrices that come from a user: float64 copies, with errors that name argument and place."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from lamina.estimators.inputs import name_non_finite
from lamina.plan import checks


def matrix(name: str, values: Any, n_rows: int | None = None, n_columns: int | None = None) -> Any:
    """Return a finite float64 copy (C order) of a matrix with so many rows and columns.

    Raises
    ------
    ArgumentError
        If it is no dense numeric matrix of that shape.
    ValueError
        If it holds NaN or infinity; the message names the place.
    """
    given = _numeric(name, values)
    rows, columns = n_rows or "rows", n_columns or "columns"
    if given.ndim != 2 or 0 in given.shape:
        raise checks.fail(name, f"a matrix of shape ({rows}, {columns})", given.shape)
    wanted = (n_rows or given.shape[0], n_columns or given.shape[1])
    if given.shape != wanted:
        raise checks.fail(name, f"of shape ({rows}, {columns})", given.shape)
    return _finite(name, given)


def vector(name: str, values: Any, size: int | None = None) -> Any:
    """Return a finite float64 copy of a vector of `size` entries."""
    given = _numeric(name, values)
    if given.ndim != 1 or given.size == 0 or given.size != (size or given.size):
        raise checks.fail(name, f"a vector of shape ({size or 'entries'},)", given.shape)
    return _finite(name, given)


def frozen(array: np.ndarray) -> np.ndarray:
    """Return the array itself, made read-only."""
    array.setflags(write=False)
    return array


def _numeric(name: str, values: Any) -> np.ndarray:
    if scipy.sparse.issparse(values):
        raise checks.fail(name, "a dense array (use .toarray())", values)
    try:
        given = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise checks.fail(name, "an array with rows of equal length", values) from None
    if given.dtype.kind not in "iuf":
        raise checks.fail(name, "real numbers", values)
    return given


def _finite(name: str, given: np.ndarray) -> np.ndarray:
    copy = np.array(given, dtype=np.float64, order="C")
    name_non_finite(copy, name)
    return copy
