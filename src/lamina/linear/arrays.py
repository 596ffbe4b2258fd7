"""Matrices that come from a user: float64 copies, with errors that name argument and place."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from lamina.descent.inputs import numeric
from lamina.plan import checks


def matrix(
    name: str,
    values: Any,
    n_rows: int | None = None,
    n_columns: int | None = None,
    vectors: bool = False,
) -> Any:
    """Return a finite float64 copy (C order) of a matrix with so many rows and columns.

    With `vectors` a vector is taken as one column.

    Raises
    ------
    ArgumentError
        If it is no dense matrix of that shape with finite numbers; the message names the place.
    """
    if scipy.sparse.issparse(values):
        raise checks.fail(name, "a dense array (use .toarray())", values)
    given = np.array(numeric(name, values), order="C")
    given = given[:, None] if vectors and given.ndim == 1 else given
    rows, columns = n_rows or "rows", n_columns or "columns"
    if given.ndim != 2 or 0 in given.shape:
        raise checks.fail(name, f"a matrix of shape ({rows}, {columns})", given.shape)
    wanted = (n_rows or given.shape[0], n_columns or given.shape[1])
    if given.shape != wanted:
        raise checks.fail(name, f"of shape ({rows}, {columns})", given.shape)
    bad = np.argwhere(~np.isfinite(given))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        found = f"{given[row, column]} at row {row}, column {column}"
        raise checks.ArgumentError(f"{name} must be finite, got {found}")
    return given


def frozen(array: np.ndarray) -> np.ndarray:
    """Return the array itself, made read-only."""
    array.setflags(write=False)
    return array
