"""Checks of points, and linear forms in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.descent.inputs import numeric
from lamina.plan.checks import fail


def points(name: str, value: Any, d: int) -> np.ndarray:
    """Return a float64 copy of one point (d,) or of many (N, d), or raise ArgumentError."""
    array = finite(name, value)
    if array.ndim not in (1, 2) or array.shape[-1] != d:
        raise fail(name, f"of shape ({d},) or (N, {d})", array.shape)
    return array


def finite(name: str, value: Any) -> np.ndarray:
    """Return a float64 copy of an array of finite numbers, or raise ArgumentError."""
    array = numeric(name, value)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = bad[0].tolist()
        raise fail(name, "finite", f"{array[tuple(place)]} at {place}")
    return array


def linear_form(weights: Any, constant: float = 0.0, names: Any = None) -> str:
    """Return ``"0.6 x1 - 0.8 x2 + 1"``; of more than eight weights only how many there are.

    `names` are those of the variables, x1, x2, ... by default.
    """
    names = [f"x{i}" for i in range(1, len(weights) + 1)] if names is None else names
    terms = [(w, str(name)) for w, name in zip(weights, names, strict=True) if w]
    if len(weights) > 8:
        terms = [(1.0, "w·x")]
    if constant or not terms:
        terms.append((constant, ""))
    text = " ".join(f"{'-' if value < 0 else '+'} {_term(value, name)}" for value, name in terms)
    text = text[2:] if text.startswith("+") else "-" + text[2:]
    return text if len(weights) <= 8 else f"{text}, w of {len(weights)} numbers"


def _term(value: float, name: str) -> str:
    size = f"{abs(value):.4g}"
    return name if name and abs(value) == 1 else f"{size} {name}".strip()


def listed(values: Any) -> str:
    """Return ``"(0.6, 0.8)"``; of more than eight numbers only how many there are."""
    if len(values) > 8:
        return f"a vector of {len(values)} numbers"
    return f"({', '.join(f'{value:.4g}' for value in values)})"
