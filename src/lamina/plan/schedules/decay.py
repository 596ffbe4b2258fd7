"""Schedules that stay or fall as a function of their count alone."""

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
