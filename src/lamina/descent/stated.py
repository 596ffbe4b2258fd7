"""Runs held against the rates that theory states for them: one function per method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent.loop import descend
from lamina.descent.path import Path
from lamina.descent.problems import Problem
from lamina.descent.rates import Rate, gap, measure_rate, rounding
from lamina.descent.sampling import Sampling
from lamina.descent.steps import ExactLineSearch
from lamina.plan import InverseScaling, InverseTime, Nesterov, Schedule
from lamina.spec import descent as theory


@dataclass(frozen=True, repr=False, kw_only=True)
class AcceleratedMomentum(Schedule):
    """``(t - 1) / (t + 2)``: with it `lamina.Nesterov` falls as 1/k^2 on convex functions.

    Examples
    --------
    >>> from lamina.descent import AcceleratedMomentum
    >>> [AcceleratedMomentum()(t) for t in (0, 1, 2, 4, 98)]
    [0.0, 0.0, 0.25, 0.5, 0.97]
    """

    initial: float | None = 0.0

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return theory.accelerated_momentum(t)


@dataclass(frozen=True, eq=False, repr=False)
class StatedRate:
    """A rate that theory states, and a run held against it.

    Attributes
    ----------
    method : str
    problem : Problem
    stated : float
        The exponent of k, or the factor per step.
    source : str
    rate : Rate
        The measured one.
    gaps : ndarray of shape (n + 1,)
        ``f(x_k) - f*``; for subgradients of the best point so far, for stochastic descent the mean
        over the runs.
    bound : ndarray of shape (n + 1,)
        What theory allows; infinite at k = 0 where it says nothing.
    """

    method: str
    problem: Problem
    stated: float
    source: str
    rate: Rate
    gaps: np.ndarray
    bound: np.ndarray

    @property
    def tightness(self) -> float:
        """The largest ratio of gap and bound after the start: 1 where the bound is attained."""
        told = self.gaps[1:] > self.rounding
        return float((self.gaps / self.bound)[1:][told].max())

    @property
    def rounding(self) -> float:
        """A gap of at most this size is rounding of the values."""
        return rounding(self.problem.lowest)

    @property
    def holds(self) -> bool:
        """Whether the bound holds at every step."""
        return self.tightness <= 1 + 1e-9

    def law(self, value: float) -> str:
        """Return a rate of this row's kind in words."""
        return f"k^{value:.3f}" if self.rate.kind == "sublinear" else f"{value:.4f}^k"

    def __repr__(self) -> str:
        verdict = "the bound holds at every step" if self.holds else "THE BOUND IS BROKEN"
        return (
            f"{self.method} on {self.problem.name}: stated {self.law(self.stated)}, measured "
            f"{self.rate}\n{verdict}, largest gap/bound {self.tightness:.3g} ({self.source})"
        )


def subgradient(problem: Problem, n_steps: int) -> StatedRate:
    """Return subgradient descent with steps ``R / (G sqrt(k + 1))`` on a convex function."""
    length = problem.distance / problem.lipschitz
    path = _run(problem, n_steps, step=InverseScaling(initial=length, power=0.5, unit="step"))
    bound = theory.subgradient_bound(path.step_lengths, problem.distance, problem.lipschitz)
    best = np.minimum.accumulate(path.values)
    source = "note 004; Shor (1985)"
    return _row("subgradient steps", problem, -0.5, source, best, np.append(np.inf, bound))


def smooth(problem: Problem, n_steps: int) -> StatedRate:
    """Return gradient descent with steps 1/L on a smooth convex function."""
    path = _run(problem, n_steps, step=1 / problem.smoothness)
    bound = theory.smooth_bound(np.arange(len(path.values)), problem.distance, problem.smoothness)
    source = "note 004; Drori, Teboulle (2014)"
    return _row("gradient steps", problem, -1.0, source, path.values, bound)


def accelerated(problem: Problem, n_steps: int) -> StatedRate:
    """Return Nesterov's method with steps 1/L on a smooth convex function."""
    rule = Nesterov(AcceleratedMomentum())
    path = _run(problem, n_steps, step=1 / problem.smoothness, rule=rule)
    bound = theory.accelerated_bound(
        np.arange(len(path.values)), problem.distance, problem.smoothness
    )
    source = "note 004; Nesterov (1983)"
    return _row("Nesterov's momentum", problem, -2.0, source, path.values, bound)


def strong(problem: Problem, n_steps: int) -> StatedRate:
    """Return gradient descent with steps 2/(L + mu) on a strongly convex function."""
    step = 2 / (problem.smoothness + problem.strength)
    path = _run(problem, n_steps, step=step)
    factor = theory.linear_factor(step, problem.smoothness, problem.strength)
    source = "note 004; Taylor et al. (2018)"
    return _linear("gradient steps", problem, factor, source, path)


def searched(problem: Problem, n_steps: int) -> StatedRate:
    """Return gradient descent with exact line search on a strongly convex function."""
    path = _run(problem, n_steps, step=ExactLineSearch())
    factor = theory.exact_search_factor(problem.smoothness, problem.strength)
    source = "note 004; de Klerk et al. (2017)"
    return _linear("exact line search", problem, factor, source, path)


def stochastic(problem: Problem, n_steps: int, n_runs: int, random: Any) -> StatedRate:
    """Return stochastic descent with steps ``beta / (shift + k)``, the mean of several runs.

    ``beta = 2 / mu``, and the shift makes the first step 1/L.
    """
    beta = 2 / problem.strength
    shift = beta * problem.smoothness - 1
    step = InverseTime(initial=1 / problem.smoothness, k=1 / (shift + 1))
    runs = [
        descend(
            problem.f,
            problem.start,
            step=step,
            sampling=Sampling(1, "random", random),
            tolerance=None,
            max_steps=n_steps,
        ).values
        for _ in range(n_runs)
    ]
    bound = theory.stochastic_bound(
        np.arange(n_steps + 1),
        beta,
        shift,
        problem.variance,
        problem(problem.start) - problem.lowest,
        problem.smoothness,
        problem.strength,
    )
    source = "note 004; Bottou et al. (2018)"
    return _row("stochastic steps", problem, -1.0, source, np.array(runs), bound)


def _run(problem: Problem, n_steps: int, **options: Any) -> Path:
    return descend(problem, problem.start, tolerance=None, max_steps=n_steps, **options)


def _linear(method: str, problem: Problem, factor: float, source: str, path: Path) -> StatedRate:
    first = problem(problem.start) - problem.lowest
    bound = first * factor ** np.arange(len(path.values))
    return _row(method, problem, factor, source, path.values, bound, "linear")


def _row(
    method: str,
    problem: Problem,
    stated: float,
    source: str,
    values: np.ndarray,
    bound: np.ndarray,
    kind: str = "sublinear",
) -> StatedRate:
    rate = measure_rate(values, problem.lowest, kind)
    gaps = gap(np.atleast_2d(values).mean(axis=0), problem.lowest)
    return StatedRate(method, problem, stated, source, rate, gaps, bound)
