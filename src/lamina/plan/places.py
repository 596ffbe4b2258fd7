"""The schedules that stand in options, wherever: at a momentum, a strength, a dropout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from lamina.plan.schedule import Clock, Schedule


def schedules_in(options: Any) -> Iterator[Schedule]:
    """Give every schedule that `options` (a dataclass, a sequence or a schedule) holds."""
    if isinstance(options, Schedule):
        yield options
    elif isinstance(options, (list, tuple)):
        for option in options:
            yield from schedules_in(option)
    elif is_dataclass(options):
        for field in fields(options):
            yield from schedules_in(getattr(options, field.name))


def over(options: Any, end: Clock) -> Any:
    """Return `options` with every schedule's open length set, for a training that ends at `end`.

    The same object if nothing was open.
    """
    if isinstance(options, Schedule):
        return options.over(getattr(end, options.unit))
    if type(options) in (list, tuple):
        known = [over(option, end) for option in options]
        return options if _same(known, options) else type(options)(known)
    if not is_dataclass(options) or isinstance(options, type):
        return options
    names = [field.name for field in fields(options)]
    before = [getattr(options, name) for name in names]
    after = {name: over(value, end) for name, value in zip(names, before, strict=True)}
    changed = {
        name: after[name] for name, old in zip(names, before, strict=True) if after[name] is not old
    }
    return replace(options, **changed) if changed else options


def _same(after: list, before: Any) -> bool:
    return all(new is old for new, old in zip(after, before, strict=True))
