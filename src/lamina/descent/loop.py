"""The general descent loop (note 004): a direction, a step length, a step, until it is time."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from lamina.descent import inputs
from lamina.descent.line import NoStepError
from lamina.descent.moves import Mover, along_a_line, by_a_rule
from lamina.descent.objective import MeanOfTerms, Objective
from lamina.descent.path import Path, Record
from lamina.descent.sampling import Sampling
from lamina.descent.steps import StepRule
from lamina.descent.stops import GradientNorm, State
from lamina.plan import GradientDescent, Rule, checks
from lamina.plan.rules import RULES


def descend(
    f: Any,
    start: Any,
    *,
    gradient: Any = None,
    direction: Any = None,
    step: Any = 0.1,
    rule: Rule | str | None = None,
    sampling: Sampling | None = None,
    stop: Any = (),
    tolerance: float | None = 1e-8,
    max_steps: int = 1000,
) -> Path:
    """Descend from `start` and return the path.

    Note 004's loop for ``min f(x)`` over all x in R^d: find a direction d with ``<grad f, d> < 0``
    and a step length alpha, go to ``x + alpha d``, stop where the gradient is 0. By default
    ``d = -grad f``.

    Parameters
    ----------
    f : callable
        ``f(x)`` for x of shape (d,) returns one number; for stochastic descent a `MeanOfTerms`.
    start : array-like of shape (d,)
    gradient : callable, optional
        ``gradient(x)`` returns shape (d,), a subgradient where f has no gradient. By default f's
        own method ``gradient`` if it has one, else central differences of 2d values.
    direction : callable, optional
        ``direction(x, gradient)`` returns d of shape (d,). One that is not a descent direction ends
        the descent and is named.
    step : float in (0, inf), schedule, callable or step rule, default=0.1
        alpha: fixed; a schedule of lamina, such as ``RobbinsMonro(initial=1.0)``, or any function
        of the step k = 0, 1, ...; `ExactLineSearch` or `Backtracking`. With a `rule` its learning
        rate.
    rule : Rule or str, optional
        An update rule of lamina that makes the steps, such as ``lamina.Adam()``, or the name that
        `lamina.MLPClassifier` has for it, such as "adam": then with the rule's own defaults.
    sampling : Sampling, optional
        Steps along gradients of a few terms of a `MeanOfTerms`. A schedule that counts epochs then
        counts passes over the terms, otherwise steps.
    stop : callable or sequence of them, default=()
        More stop rules: `ValueChange`, or any function of a `State` that returns the reason in
        words (or True) to stop, and None (or False) to go on.
    tolerance : float in [0, inf) or None, default=1e-8
        Stop where the gradient norm is at most this; None: never for that.
    max_steps : int in [0, inf), default=1000

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        If an argument is out of range, options exclude each other, f or the gradient return
        something else than numbers, or are not finite at the start.

    Notes
    -----
    Where f or its gradient stops being finite the descent ends; the path holds what came before
    and its reason names step and point.

    Examples
    --------
    >>> from lamina.descent import ExactLineSearch, descend
    >>> def f(x):
    ...     return x[0] ** 2 + 10 * x[1] ** 2
    >>> def gradient(x):
    ...     return [2 * x[0], 20 * x[1]]
    >>> descend(f, [10.0, 1.0], gradient=gradient, step=ExactLineSearch(), tolerance=1e-6)
    Path of 86 steps from (10, 1) to (3.19952e-07, 3.19952e-08)
    value 110 to 1.12606e-13, gradient norm 28.3 to 9.05e-07, 173 values, 333 gradients
    converged: the gradient norm 9.05e-07 is at most 1e-06

    Adam on the same function:

    >>> import lamina
    >>> descend(f, [10.0, 1.0], rule=lamina.Adam(), step=0.5).converged
    True
    """
    if isinstance(rule, str):
        checks.choice("rule", rule, RULES)
        rule = cast("Rule", RULES[rule]())
    _check(f, gradient, direction, step, rule, sampling, max_steps)
    objective = Objective(f, gradient)
    x = inputs.vector("start", start)
    stops = _stops(stop, tolerance)
    if rule is None and sampling is None:
        move = along_a_line(objective, direction, step)
    else:
        move = by_a_rule(objective, rule or GradientDescent(), step, sampling, x)
    with np.errstate(all="ignore"):  # what is not finite ends the loop and is named
        return _loop(objective, move, stops, x, max_steps)


def _loop(objective: Objective, move: Mover, stops: list[Any], x: np.ndarray, n: int) -> Path:
    """Go from x until a stop rule speaks, a step fails or n steps are taken."""
    value, slope = objective.value(x), objective.gradient(x)
    bad = _not_finite(value, slope)
    if bad:
        raise checks.fail("start", f"a point where f and its gradient are finite ({bad})", x)
    record, previous = Record(x, value, slope), None
    for k in range(n + 1):
        state = State(k, x, value, slope, previous)
        reason = _reason(stops, state)
        if reason:
            return record.path(objective, True, reason)
        if k == n:
            break
        try:
            made = move(state)
        except NoStepError as error:
            return record.path(objective, False, f"step {k + 1}: {error}")
        x, previous = made.point, value
        value, slope = objective.value(x), objective.gradient(x)
        bad = _not_finite(value, slope)
        if bad:
            where = f"{bad} after step {k + 1} at {inputs.show(x)}"
            return record.path(objective, False, f"{where}; the step may be too long")
        record.add(made, value, slope)
    return record.path(objective, False, f"max_steps = {n} steps were taken")


def _check(
    f: Any, gradient: Any, direction: Any, step: Any, rule: Any, sampling: Any, max_steps: Any
) -> None:
    """Check what `descend` does not hand on, and options that exclude each other."""
    checks.integer("max_steps", max_steps, "[0, inf)")
    if direction is not None:
        inputs.function("direction", direction)
    if rule is not None:
        checks.kind("rule", rule, Rule, "a Rule of lamina, such as Adam()")
    if sampling is not None:
        checks.kind("sampling", sampling, Sampling, "a Sampling")
        checks.kind("f", f, MeanOfTerms, "a MeanOfTerms where there is a sampling")
        if gradient is not None:
            raise checks.fail("gradient", "None with a sampling: f has its terms' own", gradient)
    if rule is not None or sampling is not None:
        if direction is not None:
            raise checks.fail("direction", "None with a rule or a sampling", direction)
        if isinstance(step, StepRule):
            raise checks.fail("step", "a number or a schedule with a rule or a sampling", step)


def _stops(stop: Any, tolerance: Any) -> list[Any]:
    rules = [stop] if callable(stop) else stop
    if not isinstance(rules, list | tuple) or not all(callable(rule) for rule in rules):
        raise checks.fail("stop", "a function or a list of functions", stop)
    return [*rules] if tolerance is None else [GradientNorm(tolerance), *rules]


def _reason(stops: list[Any], state: State) -> str | None:
    for stop in stops:
        said = stop(state)
        if said:
            return said if isinstance(said, str) else "a stop rule of the caller said so"
    return None


def _not_finite(value: float, gradient: np.ndarray) -> str | None:
    if not np.isfinite(value):
        return f"the value is {value:g}"
    bad = np.flatnonzero(~np.isfinite(gradient))
    if len(bad):
        return f"entry {bad[0]} of the gradient is {gradient[bad[0]]:g}"
    return None
