"""Range checks whose errors name the argument, what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from inspect import isabstract, isfunction, signature
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


# What other libraries call ours: for the hints of errors, no names of their own.
ALIASES = {
    "swish": ["silu"],
    "sigmoid": ["logistic"],
    "linear": ["identity"],
    "none": ["identity"],
    "hardtanh": ["hard_tanh"],
    "mse": ["squared_error"],
    "mean_squared_error": ["squared_error"],
    "mae": ["absolute_error"],
    "mean_absolute_error": ["absolute_error"],
    "pinball": ["quantile"],
    "cross_entropy": ["log_loss"],
    "categorical_crossentropy": ["log_loss", "cross_entropy"],
    "log_loss": ["cross_entropy"],
    "bce": ["log_loss", "binary_cross_entropy"],
    "binary_cross_entropy": ["log_loss"],
    "binary_crossentropy": ["log_loss", "binary_cross_entropy"],
}


def fail(name: str, expected: str, value: Any, options: Iterable[str] = ()) -> ArgumentError:
    """Return the error to raise: ``name must be expected, got value``.

    With a hint where the value looks like one of `options`, or is a class in place of its object.
    """
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    hint = _meant(value, list(options)) or _object_of(value)
    return ArgumentError(f"{name} must be {expected}, got {shown} ({type(value).__name__}){hint}")


def _meant(value: Any, options: list[str]) -> str:
    if not isinstance(value, str):
        return ""
    given = value.lower().replace("-", "_").replace(" ", "_")
    known = [name for name in ALIASES.get(given, []) if name in options]
    close = known or get_close_matches(given, options, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _object_of(value: Any) -> str:
    """Return what to write for an object of a class of options, or of a function that makes one."""
    ours = str(getattr(value, "__module__", "")).startswith("lamina.")
    if not ours or not (is_dataclass(value) or isfunction(value)) or isabstract(value):
        return ""
    if not isinstance(value, type) and not isfunction(value):
        return ""
    parameters = signature(value).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):  # a base that has no objects
        return ""
    needed = [p.name for p in parameters if p.default is p.empty]
    return f"; write {value.__name__}({', '.join(needed)}), an object"


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
        raise fail(name, "one of " + ", ".join(repr(o) for o in options), value, options)


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
