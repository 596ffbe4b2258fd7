"""Parameters that hold an options object: its fields are parameters too, as ``name__field``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from lamina.plan import Recorder, Regularization


def listed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of all options objects among the parameters, those within them too."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if _is_options(value):
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            own |= listed(own)
            found |= {f"{name}__{inner}": entry for inner, entry in own.items()}
    return found


def merged(given: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters to set, with a changed object in place of entries ``name__field``.

    Parameters
    ----------
    given : dict
        What `set_params` is asked for.
    present : dict
        All parameters as they are.

    Raises
    ------
    ValueError
        If a parameter has no options, or none of that name; ArgumentError if one is out of range.
    """
    own, inner = _split(given)
    for name, changes in inner.items():
        if name not in present:  # the caller knows the words, and raises before it sets any
            return {f"{name}__{field}": value for field, value in changes.items()}
        value = own.get(name, present[name])
        own[name] = _changed(name, _meant(name, value), changes)
    return own


def _meant(name: str, value: Any) -> Any:
    """Return the object that None or a flag stands for, or the value itself."""
    if name == "regularization" and value is None:
        return Regularization()
    if name == "diagnose" and isinstance(value, (bool, np.bool_)):
        return Recorder()
    return value


def _split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the entries that name a parameter, and by parameter those that name a field."""
    own: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for key, value in given.items():
        name, nested, field = key.partition("__")
        if nested:
            inner.setdefault(name, {})[field] = value
        else:
            own[name] = value
    return own, inner


def _changed(name: str, value: Any, changes: dict[str, Any]) -> Any:
    """Return the options object with some of its fields replaced."""
    if not _is_options(value):
        raise ValueError(
            f"{name} must be an object with options to set {name}__{next(iter(changes))}, got "
            f"{value!r} ({type(value).__name__}): set {name} itself first"
        )
    known = [field.name for field in fields(value)]
    own, inner = _split(changes)
    for field in [*own, *inner]:
        if field not in known:
            raise ValueError(
                f"Invalid parameter {field!r} for {name}={value!r}. Valid parameters are: "
                f"{known!r}."
            )
    for field, deeper in inner.items():
        before = own.get(field, getattr(value, field))
        own[field] = _changed(f"{name}__{field}", before, deeper)
    return replace(value, **own)


def _is_options(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)
