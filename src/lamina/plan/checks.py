"""Range checks whose errors name the argument, what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import MISSING, fields
from numbers import Integral, Real
from typing import Any


class ArgumentError(ValueError, TypeError):
    """An argument has the wrong type or lies outside its range.

    Both a ValueError and a TypeError, as scikit-learn's InvalidParameterError is.

    Examples
    --------
    >>> import lamina
    >>> lamina.Adam(beta_1=1.5)
    Traceback (most recent call last):
        ...
    lamina.plan.checks.ArgumentError: beta_1 must be a number in [0, 1), got 1.5 (float)
    """


def fail(name: str, expected: str, value: Any) -> ArgumentError:
    """Return the error to raise: ``name must be expected, got value``."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return ArgumentError(f"{name} must be {expected}, got {shown} ({type(value).__name__})")


def real(name: str, value: Any, interval: str) -> None:
    """Check that `value` is a number in `interval`, written as in "[0, 1)" or "(0, inf)"."""
    if isinstance(value, bool) or not isinstance(value, Real) or not _inside(value, interval):
        raise fail(name, f"a number in {interval}", value)


def integer(name: str, value: Any, interval: str) -> None:
    """Check that `value` is a whole number in `interval`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not _inside(value, interval):
        raise fail(name, f"an integer in {interval}", value)


def choice(name: str, value: Any, options: Iterable[str]) -> None:
    """Check that `value` is one of `options`."""
    options = list(options)
    if not isinstance(value, str) or value not in options:
        raise fail(name, "one of " + ", ".join(repr(o) for o in options), value)


def flag(name: str, value: Any) -> None:
    """Check that `value` is True or False (Python's or NumPy's)."""
    if type(value).__name__ not in {"bool", "bool_"}:
        raise fail(name, "True or False", value)


def kind(name: str, value: Any, expected: type, words: str) -> None:
    """Check that `value` is an instance of `expected`, which the error calls `words`."""
    if not isinstance(value, expected):
        raise fail(name, words, value)


def entries(name: str, value: Any, expected: str) -> tuple[Any, ...]:
    """Return the entries, of whatever kind, of a sequence or an array."""
    ordered = hasattr(value, "__len__") and not isinstance(value, (str, bytes, Mapping, Set))
    if not ordered or getattr(value, "ndim", 1) == 0:
        raise fail(name, expected, value)
    return tuple(value)


def _inside(value: Any, interval: str) -> bool:
    low, high = (float(end) for end in interval[1:-1].split(","))
    try:
        value = float(value)
    except OverflowError:  # a whole number beyond the largest float
        return False
    above = value >= low if interval[0] == "[" else value > low
    below = value <= high if interval[-1] == "]" else value < high
    return above and below


def short_repr(self: Any) -> str:
    """Return the repr of a dataclass with only the fields that differ from their defaults."""
    shown = []
    for field in fields(self):
        value = getattr(self, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if default is MISSING or value != default:
            shown.append(f"{field.name}={value!r}")
    return f"{type(self).__name__}({', '.join(shown)})"
