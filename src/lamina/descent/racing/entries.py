"""Who races: every rule under every schedule, each with a name and a learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lamina.plan import AdaDelta, Adaptive, Rule, Schedule, checks
from lamina.plan.rules import RULES

BEST = "best"
PLATEAU = "a schedule that waits for no plateau: a race has a fixed length"


@dataclass(frozen=True)
class Entry:
    """A runner before the race.

    Attributes
    ----------
    name : str
    rule : Rule or str
        As it was given: for an estimator a rule's name has the estimator's options.
    schedule : Schedule or None
    rate : float or None
        None: the best is to be searched for.
    """

    name: str
    rule: Rule | str
    schedule: Schedule | None
    rate: float | None


def entries(
    rules: Any, schedules: Any, learning_rate: Any, own: Schedule | None = None
) -> list[Entry]:
    """Return each rule under each schedule; ArgumentError for the first that cannot race.

    Without `schedules` under `own`. A rule without a learning rate runs once.
    """
    named, under = _rules(rules), _schedules(schedules, own)
    rates = _rates(learning_rate, list(named))
    made = []
    for rule_name, rule in named.items():
        if without_rate(rule):
            made.append(Entry(rule_name, rule, None, np.nan))
            continue
        for name, schedule in under.items():
            initial = None if schedule is None else schedule.initial
            rate = rates[rule_name] if initial is None else initial
            whole = rule_name if schedules is None else f"{rule_name}, {name}"
            made.append(Entry(whole, rule, schedule, rate))
    return made


def without_rate(rule: Rule | str) -> bool:
    """Return whether the learning rate has no effect on a rule."""
    return rule == "adadelta" or isinstance(rule, AdaDelta)


def waits(schedule: Schedule) -> bool:
    """Return whether a schedule is, or hands over to, one that only a plateau moves."""
    inner = [getattr(schedule, field.name) for field in fields(schedule)]
    return isinstance(schedule, Adaptive) or any(
        waits(own) for own in inner if isinstance(own, Schedule)
    )


def _rules(rules: Any) -> dict[str, Rule | str]:
    expected = "a rule, a sequence of rules or their names, or a dict of them by name"
    named = _named("rules", [rules] if isinstance(rules, (str, Rule)) else rules, expected)
    for rule in named.values():
        if isinstance(rule, str):
            checks.choice("every rule of rules", rule, RULES)
        else:
            example = "a Rule of lamina, such as Adam(), or its name"
            checks.kind("every rule of rules", rule, Rule, example)
    return named


def _schedules(schedules: Any, own: Schedule | None) -> dict[str, Schedule | None]:
    expected = "None, a Schedule, a sequence of them, or a dict of them by name"
    given = [schedules] if isinstance(schedules, (Schedule, str)) else schedules
    named = {"": own} if schedules is None else _named("schedules", given, expected)
    for schedule in named.values():
        if schedule is None:
            continue
        checks.kind(
            "every schedule of schedules",
            schedule,
            Schedule,
            "a Schedule, such as Cosine(), or None",
        )
        if waits(schedule):
            raise checks.fail("every schedule of schedules", PLATEAU, schedule)
        if schedule.initial == 0:
            raise checks.fail("every schedule of schedules", "one with initial above 0", schedule)
    return named


def _named(name: str, given: Any, expected: str) -> dict[str, Any]:
    """Return what was given by name: a dict's own names, else each one's own."""
    if isinstance(given, Mapping):
        for key in given:
            if not isinstance(key, str) or not key or not key.isprintable():
                expected = "a text of one line that is not empty"
                raise checks.fail(f"every name in {name}", expected, key)
        named = dict(given)
    else:
        listed = checks.entries(name, given, expected)
        named = {}
        for one in listed:
            called = "constant" if one is None else one if isinstance(one, str) else repr(one)
            if called in named:
                raise checks.fail(name, "different from one another, or a dict of names", called)
            named[called] = one
    if not named:
        raise checks.fail(name, f"{expected}, at least one", given)
    return named


def _rates(learning_rate: Any, names: list[str]) -> dict[str, float | None]:
    if not isinstance(learning_rate, Mapping):
        rate = _rate("learning_rate", learning_rate)
        return dict.fromkeys(names, rate)
    if sorted(map(str, learning_rate)) != sorted(names):
        raise checks.fail("learning_rate", f"a dict of a rate for each of {names}", learning_rate)
    return {name: _rate(f"learning_rate[{name!r}]", learning_rate[name]) for name in names}


def _rate(name: str, value: Any) -> float | None:
    if isinstance(value, str):
        if value != BEST:
            raise checks.fail(name, f"a number in (0, inf) or {BEST!r}", value, [BEST])
        return None
    checks.real(name, value, "(0, inf)")
    return float(value)
