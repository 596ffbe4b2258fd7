"""Numbers and names in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

LONG = 40  # characters of a column's name


def number(value: Any) -> str:
    """Return three digits of a number, or what it is if it is not finite."""
    if isinstance(value, str):
        return value
    own = float(value)
    if math.isnan(own):
        return "undefined"
    if math.isinf(own):
        return "infinite" if own > 0 else "minus infinite"
    if own == round(own) and abs(own) < 1e6:
        return f"{int(own):,}"
    return f"{own:.3g}"


def share(value: float) -> str:
    """Return a share in percent, never 0% or 100% of what is not that."""
    if not math.isfinite(value):
        return number(value)
    percent = 100 * value
    if 0 < percent < 0.1:
        return f"{percent:.2g}%"
    if 99.9 < percent < 100:
        return "over 99.9%"
    if abs(percent) >= 1e5:
        return f"{percent:.2g}%"
    return f"{percent:.1f}%" if 0 < percent < 1 or 99 < percent < 100 else f"{percent:,.0f}%"


def compared(value: float, other: str) -> str:
    """Return what share of something a number is, or how many times it."""
    if value > 2 or not math.isfinite(value):
        return f"{number(value)} times {other}"
    return f"{share(value)} of {other}"


def count(n: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """Return the first names, and how many more there are."""
    own = [name if len(name) <= LONG else name[: LONG - 1] + "…" for name in names]
    more = len(own) - most
    if more > 0:
        return f"{', '.join(own[:most])} and {more:,} more"
    return own[0] if len(own) == 1 else f"{', '.join(own[:-1])} and {own[-1]}" if own else "none"
