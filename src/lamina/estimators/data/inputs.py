"""Checks of the data that come in, with errors that name the place."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.validation import _check_sample_weight, validate_data


def name_non_finite(array: Any, name: str, columns: Any = None, nan: bool = False) -> None:
    """Raise ValueError that names the first NaN or infinity of a numeric array, if there is one.

    With `nan` a NaN is let pass.
    """
    wrong = np.isinf if nan else _is_not_finite
    if scipy.sparse.issparse(array):
        array = array.tocoo()
        bad = np.flatnonzero(wrong(array.data))
        if len(bad):
            place = int(array.row[bad[0]]), int(array.col[bad[0]])
            _raise(array.data[bad[0]], name, place, array.dtype, columns)
        return
    # A finite sum proves that all entries are finite, at a tenth of the cost of looking.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(array)):
            return
    places = np.argwhere(wrong(array))
    if len(places):
        first = tuple(int(i) for i in places[0])
        _raise(array[first], name, first, array.dtype, columns)


def _is_not_finite(array: np.ndarray) -> np.ndarray:
    return ~np.isfinite(array)


def _raise(value: Any, name: str, place: tuple[int, ...], dtype: Any, columns: Any) -> None:
    what = "NaN" if np.isnan(value) else f"infinity or a value too large for {dtype!r}"
    where = f"row {place[0]}"
    if len(place) > 1:
        where += f", column {place[1]}"
        where += "" if columns is None else f" ({columns[place[1]]!r})"
    raise ValueError(
        f"Input {name} contains {what}: the first is at {where}. "
        f"Remove such rows or replace the values, for instance by sklearn.impute.SimpleImputer."
        + (" missing='learn' takes NaN in X." if what == "NaN" and name == "X" else "")
    )


def check_x(estimator: Any, x: Any, dtype: Any, **options: Any) -> Any:
    """Return X as a C-ordered array or CSR matrix of `dtype`.

    It is finite, or a NaN is there where the estimator was fitted to replace it.
    """
    with np.errstate(over="ignore"):
        x = validate_data(
            estimator,
            x,
            accept_sparse=["csr", "csc"],
            dtype=dtype,
            ensure_all_finite=False,
            **options,
        )
    return _finite_rows(estimator, x, hasattr(estimator, "imputer_"))


def check_x_y(
    estimator: Any, x: Any, y: Any, dtype: Any = (np.float64, np.float32), **options: Any
) -> tuple[Any, Any]:
    """Return X as `check_x` does, of one of the dtypes, and y as scikit-learn validates it.

    In a first fit, with ``reset=True``, `missing` says whether X may have NaN.
    """
    first = options.get("reset", True)
    nan = estimator.missing == "learn" if first else hasattr(estimator, "imputer_")
    _check_target(y)
    x, y = validate_data(
        estimator,
        x,
        y,
        accept_sparse=["csr", "csc"],
        multi_output=True,
        dtype=dtype,
        ensure_all_finite=False,
        **options,
    )
    return _finite_rows(estimator, x, nan), y


def _check_target(y: Any) -> None:
    """Name the place of a NaN or infinity in a numeric y, before scikit-learn only says so."""
    values = y if scipy.sparse.issparse(y) else np.asarray(y)
    if np.issubdtype(values.dtype, np.floating) and values.ndim in (1, 2):
        name_non_finite(values, "y")


def _finite_rows(estimator: Any, x: Any, nan: bool) -> Any:
    x = x.tocsr() if scipy.sparse.issparse(x) else np.ascontiguousarray(x)
    name_non_finite(x, "X", getattr(estimator, "feature_names_in_", None), nan)
    return x


def check_weights(sample_weight: Any, x: Any) -> np.ndarray | None:
    """Return the sample weights in X's dtype; ValueError if one is negative."""
    if sample_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, x, dtype=x.dtype)
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        row = int(negative[0])
        raise ValueError(f"sample_weight must be >= 0, got {weights[row]} at row {row}")
    least = float(np.finfo(x.dtype).tiny)  # below it, one over a sum of weights may be infinite
    small = np.flatnonzero((weights > 0) & (weights < least))
    if len(small):
        row = int(small[0])
        raise ValueError(
            f"sample_weight must be 0 or at least {least:.3g} in {x.dtype}, got {weights[row]} at "
            f"row {row}; multiply all weights by a number"
        )
    return weights
