"""scikit-learn's fitted scaler and imputer, made of their numbers and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

__all__ = ["KINDS", "imputer", "numbers", "scaler"]


def scaler(
    mean_: np.ndarray, scale_: np.ndarray, var_: np.ndarray, n_samples_seen_: Any, with_mean: bool
) -> StandardScaler:
    """Return a fitted `StandardScaler`; ValueError if these cannot be its numbers.

    With ``with_mean=False`` the means are 0, so that ``(x - mean_) / scale_`` is always what it
    computes.
    """
    arrays = {"mean_": mean_, "scale_": scale_, "var_": var_}
    _check_vectors(arrays)
    if not np.isfinite(mean_).all() or not np.isfinite(scale_).all() or not (scale_ > 0).all():
        raise ValueError("a scaler's means must be finite and its scales finite and above 0")
    if not with_mean and mean_.any():
        raise ValueError("a scaler that does not centre must have the means 0")
    if not float(n_samples_seen_) > 0:
        raise ValueError("a scaler must have seen samples")
    made = StandardScaler(with_mean=bool(with_mean))
    for name, value in arrays.items():
        setattr(made, name, value)
    made.n_samples_seen_, made.n_features_in_ = n_samples_seen_, len(mean_)
    return made


def imputer(statistics_: np.ndarray, indicators: np.ndarray, dtype: str) -> SimpleImputer:
    """Return a fitted `SimpleImputer` of means with indicators of the columns `indicators`.

    It is fitted to two rows that are missing just there, which leaves every private attribute as
    the installed scikit-learn wants it.
    """
    _check_vectors({"statistics_": statistics_})
    if not np.isfinite(statistics_).all():
        raise ValueError("an imputer's statistics must be finite")
    rows = np.zeros((2, len(statistics_)), np.dtype(dtype))
    rows[1, np.asarray(indicators, np.int64)] = np.nan
    made = SimpleImputer(strategy="mean", add_indicator=True, keep_empty_features=True).fit(rows)
    if not np.array_equal(made.indicator_.features_, indicators):
        raise ValueError("an imputer's indicators must be ascending columns")
    made.statistics_ = statistics_
    return made


def numbers(made: Any) -> tuple[str, dict[str, Any]]:
    """Return the kind of a transformer and the arguments that make it again."""
    if isinstance(made, SimpleImputer):
        own = {"statistics_": made.statistics_, "indicators": made.indicator_.features_}
        return "imputer", own | {"dtype": made._fit_dtype.name}
    names = ("mean_", "scale_", "var_", "n_samples_seen_", "with_mean")
    return "scaler", {name: getattr(made, name) for name in names}


KINDS: dict[str, Callable[..., Any]] = {"scaler": scaler, "imputer": imputer}


def _check_vectors(arrays: dict[str, Any]) -> None:
    shapes = {getattr(value, "shape", None) for value in arrays.values()}
    floats = all(getattr(value, "dtype", None) == np.float64 for value in arrays.values())
    if len(shapes) != 1 or len(shapes.pop() or ()) != 1 or not floats:
        raise ValueError(f"{', '.join(arrays)} must be float64 vectors of one length")
