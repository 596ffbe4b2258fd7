"""Checks of points, functions and what functions return."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.plan import checks


def vector(name: str, values: Any, size: int | None = None) -> np.ndarray:
    """Return a float64 copy of shape (d,); ArgumentError if it is not a finite numeric vector."""
    array = numeric(name, values)
    expected = "(d,), d >= 1" if size is None else f"({size},)"
    if array.ndim != 1 or not array.size or size not in (None, array.size):
        raise checks.fail(name, f"of shape {expected}", array.shape)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise checks.fail(name, "finite", f"{array[bad[0]]} at index {bad[0]}")
    return array


def numeric(name: str, values: Any) -> np.ndarray:
    """Return a float64 copy; ArgumentError for anything but whole and real numbers."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise checks.fail(name, "an array of numbers", values) from None
    if array.dtype.kind not in "iuf":
        raise checks.fail(name, "an array of numbers", values)
    return np.array(array, dtype=np.float64)


def function(name: str, value: Any) -> None:
    """Check that `value` can be called."""
    if not callable(value):
        raise checks.fail(name, "a function", value)


def show(point: np.ndarray) -> str:
    """Return a point in a few characters."""
    shown = ", ".join(f"{value:.6g}" for value in point[:4])
    return f"({shown}{', ...' if len(point) > 4 else ''})"
