"""Schedules of a plan: how a learning rate or a momentum changes in training.

Their equations are in `lamina.spec.schedules`. A schedule counts steps, epochs or samples (its
``unit``) and starts from ``initial``: its own, or if that is None the value of the place where it
stands (``learning_rate_init`` of an estimator). Called with a count, it returns its value there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.plan import checks
from lamina.plan.schedule import Schedule
from lamina.spec import schedules


@dataclass(frozen=True, repr=False, kw_only=True)
class Constant(Schedule):
    """The same value throughout.

    Examples
    --------
    >>> from lamina import Constant
    >>> Constant(initial=0.1)(1000)
    0.1
    """

    steady: ClassVar[bool] = True

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.constant(t, initial)


@dataclass(frozen=True, repr=False, kw_only=True)
class StepDecay(Schedule):
    """``initial factor^floor(t / every)``: halved after every 5 epochs (note 002 §5.4).

    Parameters
    ----------
    every : int in [1, inf), default=5
    factor : float in (0, 1], default=0.5
    initial, unit
        As for `Schedule`; the unit is "epoch" by default.

    Examples
    --------
    >>> from lamina import StepDecay
    >>> [StepDecay(initial=0.8)(epoch) for epoch in (0, 4, 5, 10)]
    [0.8, 0.8, 0.4, 0.2]
    """

    every: int = 5
    factor: float = 0.5
    unit: str = "epoch"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("every", self.every, "[1, inf)")
        checks.real("factor", self.factor, "(0, 1]")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.step_decay(t, initial, self.every, self.factor)


@dataclass(frozen=True, repr=False, kw_only=True)
class HalveOnRise(Constant):
    """Halved after an epoch whose error is above that of the epoch before (note 002 §5.4).

    The error is the validation score's negative if there is a validation set, else the loss.

    Parameters
    ----------
    factor : float in (0, 1), default=0.5
    initial : float or None, default=None

    Examples
    --------
    >>> from lamina import HalveOnRise
    >>> HalveOnRise().after_epoch(0.1, error=0.5, previous=0.4)
    0.05
    """

    factor: float = 0.5
    unit: str = "epoch"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("factor", self.factor, "(0, 1)")

    def after_epoch(self, rate: float, error: float, previous: float | None) -> float:
        """Return the rate of the next epoch."""
        return schedules.halve_on_rise(rate, error, previous, self.factor)


@dataclass(frozen=True, repr=False, kw_only=True)
class Adaptive(Constant):
    """scikit-learn's "adaptive": divided by 5 at each plateau until it is 1e-6 or less.

    Parameters
    ----------
    divisor : float in (1, inf), default=5.0
    smallest : float in (0, inf), default=1e-6
        Training stops at the first plateau with the value at or below this one.
    initial : float or None, default=None

    Examples
    --------
    >>> from lamina import Adaptive
    >>> Adaptive().on_plateau(0.1), Adaptive().on_plateau(1e-6)
    (0.02, None)
    """

    divisor: float = 5.0
    smallest: float = 1e-6
    unit: str = "epoch"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("divisor", self.divisor, "(1, inf)")
        checks.real("smallest", self.smallest, "(0, inf)")

    def on_plateau(self, rate: float) -> float | None:
        """Return the divided rate, or None where it is too small already."""
        return schedules.divide_on_plateau(rate, self.divisor, self.smallest)


@dataclass(frozen=True, repr=False, kw_only=True)
class Exponential(Schedule):
    """``initial exp(-k t)`` (note 002 §5.4).

    Parameters
    ----------
    k : float in [0, inf), default=1e-3
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import Exponential
    >>> round(Exponential(initial=1.0, k=0.5)(2), 6)
    0.367879
    """

    k: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("k", self.k, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.exponential(t, initial, self.k)


@dataclass(frozen=True, repr=False, kw_only=True)
class InverseTime(Schedule):
    """``initial / (1 + k t)`` (note 002 §5.4).

    Parameters
    ----------
    k : float in [0, inf), default=1e-3
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import InverseTime
    >>> InverseTime(initial=0.1, k=0.5)(2)
    0.05
    """

    k: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("k", self.k, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.inverse_time(t, initial, self.k)


@dataclass(frozen=True, repr=False, kw_only=True)
class InverseScaling(Schedule):
    """``initial / (t + 1)^power``; in samples it is scikit-learn's "invscaling".

    Parameters
    ----------
    power : float in [0, inf), default=0.5
    initial, unit
        As for `Schedule`; the unit is "sample" by default.

    Examples
    --------
    >>> from lamina import InverseScaling
    >>> InverseScaling(initial=0.1)(99)
    0.01
    """

    power: float = 0.5
    unit: str = "sample"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("power", self.power, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.power(t, initial, self.power)


@dataclass(frozen=True, repr=False, kw_only=True)
class RobbinsMonro(Schedule):
    """``initial / (t + 1)^power`` whose sum diverges and whose squares' sum converges (note 004).

    Parameters
    ----------
    power : float in (0.5, 1], default=1.0
        The range in which both conditions hold.
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import RobbinsMonro
    >>> [RobbinsMonro(initial=1.0)(k) for k in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("power", self.power, "(0.5, 1]")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.power(t, initial, self.power)


@dataclass(frozen=True, repr=False, kw_only=True)
class Triangular(Schedule):
    """A triangular wave between `low` and ``initial``, starting low (note 002 §6; Smith, 2017).

    Parameters
    ----------
    half : float in (0, inf), default=1000
        Length of the rise and of the fall, in units.
    low : float in [0, inf), default=0.0
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import Triangular
    >>> [Triangular(initial=1.0, half=2)(t) for t in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    half: float = 1000
    low: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("half", self.half, "(0, inf)")
        checks.real("low", self.low, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.triangular(t, initial, self.low, self.half)


@dataclass(frozen=True, repr=False, kw_only=True)
class CosineRestarts(Schedule):
    """A cosine from ``initial`` to `low` that restarts (note 002 §6; Loshchilov and Hutter, 2017).

    Parameters
    ----------
    period : int in [1, inf), default=1000
        T: the low end is reached at t = T and the next cosine starts at T + 1.
    low : float in [0, inf), default=0.0
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import CosineRestarts
    >>> [round(CosineRestarts(initial=1.0, period=2)(t), 3) for t in range(4)]
    [1.0, 0.5, 0.0, 1.0]
    """

    period: int = 1000
    low: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("period", self.period, "[1, inf)")
        checks.real("low", self.low, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.cosine_restarts(t, initial, self.low, self.period)


@dataclass(frozen=True, repr=False, kw_only=True)
class WarmUp(Schedule):
    """A line from ``start initial`` to ``initial``, then another schedule (note 002 §6).

    Parameters
    ----------
    steps : int in [1, inf), default=100
        Length of the line, in units.
    start : float in [0, 1], default=0.0
        Share of ``initial`` at t = 0.
    then : Schedule, default=Constant()
        What follows; its t starts at 0 where the line ends and counts this schedule's units.
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import Exponential, WarmUp
    >>> [round(WarmUp(steps=2, then=Exponential(k=1.0), initial=1.0)(t), 4) for t in range(4)]
    [0.0, 0.5, 1.0, 0.3679]
    """

    steps: int = 100
    start: float = 0.0
    then: Schedule = Constant()

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("steps", self.steps, "[1, inf)")
        checks.real("start", self.start, "[0, 1]")
        checks.kind("then", self.then, Schedule, "a Schedule")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        if t < self.steps:
            return schedules.warm_up(t, initial, self.steps, self.start)
        own = initial if self.then.initial is None else self.then.initial
        return self.then.value(t - self.steps, own)

    def after_epoch(self, rate: float, error: float, previous: float | None) -> float:
        """Leave the decision to the schedule that follows."""
        return self.then.after_epoch(rate, error, previous)

    def on_plateau(self, rate: float) -> float | None:
        """Leave the decision to the schedule that follows."""
        return self.then.on_plateau(rate)


@dataclass(frozen=True, repr=False, kw_only=True)
class MomentumRamp(Schedule):
    """``min(1 - 2^(-1 - log2(floor(t / 250) + 1)), initial)`` (note 002 §5.4; Sutskever, 2013).

    Parameters
    ----------
    initial : float in [0, 1), default=0.99
        The largest momentum, beta_max.
    every : int in [1, inf), default=250

    Examples
    --------
    >>> from lamina import MomentumRamp
    >>> [MomentumRamp()(t) for t in (0, 250, 750, 100000)]
    [0.5, 0.75, 0.875, 0.99]
    """

    initial: float | None = 0.99
    every: int = 250

    def __post_init__(self) -> None:
        checks.real("initial", self.initial, "[0, 1)")
        super().__post_init__()
        checks.integer("every", self.every, "[1, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.momentum_ramp(t, initial, self.every)
