"""A function to race on, and what a run on it, or on a network, came to."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from lamina.descent import inputs
from lamina.descent.loop import descend
from lamina.descent.moves import StepLengths
from lamina.descent.objective import Objective
from lamina.descent.problems import Problem
from lamina.plan import Clock, Rule, Schedule, checks, places
from lamina.plan.rules import RULES

SHARES = 1e-2, 1e-4, 1e-6  # of the first gap, that a race is to come down to


class Laps(NamedTuple):
    """One run.

    Attributes
    ----------
    points : ndarray of shape (n + 1, d)
    steps : ndarray of int of shape (n + 1,)
        Steps of the rule taken at each point.
    losses, seconds : ndarray of shape (n + 1,)
    reason : str
        Why it ended early; empty if it did not.
    epoch_losses : ndarray of shape (n,) or None
    """

    points: np.ndarray
    steps: np.ndarray
    losses: np.ndarray
    seconds: np.ndarray
    reason: str
    epoch_losses: np.ndarray | None = None


class SurfaceGround:
    """A function of d variables to race on; `NetworkGround` has the same methods and attributes.

    Attributes
    ----------
    name : str
    unit : {"step", "epoch"}
        What each recorded point is the end of.
    lowest : float
        The lowest value; NaN if nobody knows.
    marks : tuple of float or None
        Losses that a race is to come down to; None: by what is reached.
    window : ((float, float), (float, float)) or None
        What to show of a problem of two variables.
    optima : ndarray of shape (n, d) or None
    schedule : Schedule or None
        Of its own, where no other is given.
    seed : int or None
    rounds : int
        Of the search for a learning rate.
    """

    unit, schedule, seed, rounds = "step", None, None, 3

    def __init__(self, problem: Problem, start: Any, n_steps: int) -> None:
        self.problem, self.n_steps, self.name = problem, n_steps, problem.name
        size = len(problem.start)
        self.start = inputs.vector("start", problem.start if start is None else start, size)
        self.lowest = problem.lowest
        self.window = getattr(problem, "window", None)
        self.optima = getattr(problem, "optima", problem.optimum[None])
        self._objective = Objective(problem)
        gap = self._objective.value(self.start) - self.lowest
        if gap < 0:
            expected = f"one whose value is not below the problem's lowest value {self.lowest:g}"
            raise checks.fail("start", expected, inputs.show(self.start))
        known = bool(np.isfinite(gap))
        self.marks = tuple(self.lowest + share * gap for share in SHARES) if known else None

    def rule(self, given: Rule | str) -> Rule:
        """Return the rule, by its name with its own defaults."""
        return RULES[given]() if isinstance(given, str) else given

    def check(self, rule: Rule, schedule: Schedule | None) -> None:
        """Raise ArgumentError if `descend` would."""
        StepLengths(self._step(schedule, 1.0), rule=self._whole(rule))

    def run(self, rule: Rule, schedule: Schedule | None, rate: float) -> Laps:
        """Descend, with the time at each point."""
        times: list[float] = []
        path = descend(
            self.problem,
            self.start,
            step=self._step(schedule, rate),
            rule=self._whole(rule),
            stop=lambda state: times.append(perf_counter()),
            tolerance=None,
            max_steps=self.n_steps,
        )
        reason = "" if path.n_steps == self.n_steps else path.reason
        steps, seconds = np.arange(path.n_steps + 1), np.array(times)
        return Laps(path.points, steps, path.values, seconds - seconds[0], reason)

    def losses(self, points: np.ndarray) -> np.ndarray:
        """Return f at each row of `points`."""
        return np.array([self._objective.value(point) for point in points])

    def _step(self, schedule: Schedule | None, rate: float) -> Any:
        return rate if schedule is None else self._whole(replace(schedule, initial=rate))

    def _whole(self, options: Any) -> Any:
        """Return options with every schedule's open length set to that of the race."""
        n = self.n_steps
        return places.over(options, Clock(n, n, n, 0))
