"""Objects as the Python that makes them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import numpy as np

from lamina import plan
from lamina.estimators.html.facts import is_default

_OURS = {name for name in plan.__all__ if isinstance(getattr(plan, name), type)}
_MOST = 20  # numbers of an array that are written out


class NoSourceError(ValueError):
    """An object that no short piece of Python makes, such as a function."""


def source(value: Any, used: set[str]) -> str:
    """Return an expression for a value, and note in `used` which of lamina's names it takes.

    Raises
    ------
    NoSourceError
        If there is none.
    """
    if value is None or type(value) in _PLAIN:
        return repr(value)
    if type(value) is float:
        return repr(value) if np.isfinite(value) else f'float("{value!r}")'
    if isinstance(value, np.generic):
        return source(value.item(), used)
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= _MOST:
        return source(value.tolist(), used)
    if type(value) is list:
        return f"[{', '.join(source(own, used) for own in value)}]"
    if type(value) is tuple:
        inner = ", ".join(source(own, used) for own in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Mapping):
        pairs = (f"{source(k, used)}: {source(v, used)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if is_dataclass(value) and type(value).__name__ in _OURS:
        return _object(value, used)
    raise NoSourceError(type(value).__name__)


_PLAIN = (bool, int, str)


def _object(value: Any, used: set[str]) -> str:
    given = [
        f"{field.name}={source(getattr(value, field.name), used)}"
        for field in fields(value)
        if field.init and not _default(field, getattr(value, field.name))
    ]
    used.add(type(value).__name__)
    return f"{type(value).__name__}({', '.join(given)})"


def _default(field: Any, value: Any) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return default is not MISSING and is_default(value, default)


def constructor(estimator: Any) -> tuple[list[str], list[str], set[str]]:
    """Return an estimator's constructor call by line, what it leaves out, and the names it takes.

    Parameters at their defaults are not written.
    """
    used, lines, left = {type(estimator).__name__}, [], []
    own = estimator.get_params(deep=False)
    defaults = inspect.signature(type(estimator).__init__).parameters
    for name in [name for name in defaults if name in own]:
        if is_default(own[name], defaults[name].default):
            continue
        try:
            lines.append(f"    {name}={source(own[name], used)},")
        except NoSourceError as error:
            left.append(f"{name} (of type {error})")
    call = type(estimator).__name__
    return ([f"{call}(", *lines, ")"] if lines else [f"{call}()"]), left, used
