"""How one step is made: along a line, or by an update rule."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from lamina import spec
from lamina.descent import inputs
from lamina.descent.line import Line, NoStepError
from lamina.descent.objective import Objective
from lamina.descent.sampling import Sampling
from lamina.descent.steps import StepRule
from lamina.descent.stops import State
from lamina.plan import Adaptive, Clock, Rule, Schedule, WarmUp, checks, over_epoch, places
from lamina.training import reactive


class Move(NamedTuple):
    """A step: the point it leads to, its length and its direction."""

    point: np.ndarray
    length: float
    direction: np.ndarray


Mover = Callable[[State], Move]


def along_a_line(objective: Objective, direction: Any, step: Any) -> Mover:
    """Return the steps ``x + alpha d`` of note 004."""
    rate = None if isinstance(step, StepRule) else StepLengths(step)

    def move(state: State) -> Move:
        if not state.gradient.any():
            raise NoStepError(
                "the gradient is 0, so there is no descent direction; "
                "tolerance=None does not count that as converged"
            )
        d = _direction(direction, state)
        slope = float(spec.descent.directional_derivative(state.gradient, d))
        if not spec.descent.is_descent_direction(state.gradient, d):
            raise NoStepError(
                f"{inputs.show(d)} is not a descent direction at {inputs.show(state.point)}: "
                f"<grad f, d> = {slope:.3g}, which is not below 0"
            )
        line = Line(objective, state.point, d, state.value, slope)
        if rate is None:
            length = step.length(line)
            checks.real("step.length(line)", length, "[0, inf)")
        else:
            length = rate(state)
        point = line.at(length)
        if rate is None and np.array_equal(point, state.point):
            raise NoStepError(f"a step of length {length:.3g} no longer moves the point")
        return Move(point, length, d)

    return move


def _direction(direction: Any, state: State) -> np.ndarray:
    if direction is None:
        return spec.descent.steepest(state.gradient)
    found = direction(state.point.copy(), state.gradient.copy())
    return inputs.vector("direction(x, gradient)", found, len(state.point))


def by_a_rule(
    objective: Objective, rule: Rule, step: Any, sampling: Sampling | None, start: np.ndarray
) -> Mover:
    """Return the steps of an update rule, on gradients of f or of some of its terms."""
    n_terms = 1 if sampling is None else objective.f.n_terms
    rows = None if sampling is None else sampling.batches(n_terms)
    n_steps = 1 if sampling is None else sampling.steps_per_epoch(n_terms)
    rate = StepLengths(step, n_steps, n_terms, rule)
    kind = rule.kind
    slots = tuple(start * 0 for _ in kind.SLOTS)

    def move(state: State) -> Move:
        nonlocal slots
        length, x = rate(state), state.point
        keep, *values = rule.table(length, rate.clock(state.step))[0].tolist()
        scalars = kind.Scalars(*values)
        ahead = kind.look_ahead(x, *slots, scalars) if hasattr(kind, "look_ahead") else x
        if rows is not None:
            g = objective.gradient(ahead, next(rows))
        else:
            g = state.gradient if ahead is x else objective.gradient(ahead)
        decayed = spec.rules.weight_decay.decay(x, keep)
        point, *slots = kind.update(decayed, g, *slots, scalars)
        return Move(point, length, point - x)

    return move


class StepLengths:
    """Step lengths that do not look at the function: a number, a schedule, or a function of k.

    An epoch is one pass over the terms; without sampling, one step.
    """

    def __init__(
        self, step: Any, steps_per_epoch: int = 1, n_terms: int = 1, rule: Rule | None = None
    ) -> None:
        self.step, self.steps_per_epoch, self.n_terms = step, steps_per_epoch, n_terms
        if isinstance(step, Schedule):
            if step.initial is None:
                raise checks.fail("step", "a schedule with initial", step)
            _check_schedule("step", step)
        elif isinstance(step, type) or not (callable(step) or isinstance(step, Real)):
            made = f", not the class: {step.__name__}()" if isinstance(step, type) else ""
            expected = (
                "a number in (0, inf), a schedule, a function of the step, ExactLineSearch() or "
                f"Backtracking(){made}"
            )
            raise checks.fail("step", expected, step)
        elif not callable(step):
            checks.real("step", step, "(0, inf)")
        own = list(places.schedules_in(rule))
        for schedule in own:
            _check_schedule("every schedule in rule", schedule)
        self.base = float(step.initial or 0.0) if isinstance(step, Schedule) else 0.0
        self.memory: tuple[float, ...] = ()
        self.places = reactive.begin(own)

    def clock(self, k: int) -> Clock:
        """Return where step k stands."""
        epoch = k // self.steps_per_epoch
        return Clock(k, epoch, epoch * self.n_terms, 1, reactive.bases(self.places))

    def __call__(self, state: State) -> float:
        """Return the step length from `state`."""
        if state.step % self.steps_per_epoch == 0:
            self._hear(state.value, first=state.step == 0)
        if isinstance(self.step, Schedule):
            length = np.ravel(over_epoch(self.step, self.base, self.clock(state.step)))[0]
        else:
            length = self.step(state.step) if callable(self.step) else self.step
        checks.real(f"step({state.step})", length, "[0, inf)")
        return float(length)

    def _hear(self, value: float, first: bool) -> None:
        """Tell every schedule the value that an epoch led to; the first is only to remember."""
        heard = reactive.heard(self.places, value)
        base = self.base
        if isinstance(self.step, Schedule):
            base, self.memory = self.step.after_epoch(base, value, self.memory)
        if first:
            pairs = zip(self.places, heard, strict=True)
            self.places = [(own, start, memory) for (own, start, _), (_, _, memory) in pairs]
        else:
            self.base, self.places = base, heard


def _check_schedule(name: str, schedule: Schedule) -> None:
    """Refuse what only a training can give: a plateau that would end it, and its length."""
    last = schedule
    while isinstance(last, WarmUp):
        last = last.then
    if isinstance(last, Adaptive):
        raise checks.fail(name, "a schedule that waits for no plateau", schedule)
    if schedule.over(1) is not schedule:
        raise checks.fail(name, "a schedule with a length of its own", schedule)
