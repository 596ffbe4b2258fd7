"""Schedules that rise, and hand over."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lamina.plan import checks
from lamina.plan.schedule import Schedule
from lamina.plan.schedules.decay import Constant
from lamina.spec import schedules

_SAME = Constant()


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
        What follows; its t starts at 0 where the line ends and counts this schedule's units. A
        reactive one hears of every epoch's error, also on the line, and has no ``initial`` of its
        own: what it changes is where the line leads too.
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
    then: Schedule = _SAME

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("steps", self.steps, "[1, inf)")
        checks.real("start", self.start, "[0, 1]")
        checks.kind("then", self.then, Schedule, "a Schedule")
        if self.then.reactive and self.then.initial is not None:
            raise checks.fail(
                "then", "a reactive schedule without an initial of its own", self.then
            )

    @property
    def reactive(self) -> bool:  # type: ignore[override]
        """Whether what follows is."""
        return self.then.reactive

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        if t < self.steps:
            return schedules.warm_up(t, initial, self.steps, self.start)
        return self.then.value(t - self.steps, self._after(initial))

    def _after(self, initial: float) -> float:
        return initial if self.then.initial is None else self.then.initial

    def largest(self, initial: float) -> float:
        """Return the larger of the two schedules' bounds."""
        return max(initial, self.then.largest(self._after(initial)))

    def over(self, n: int) -> Schedule:
        """Return the schedule with what follows over what the line leaves of n units."""
        then = self.then.over(max(n - self.steps, 1))
        return self if then is self.then else replace(self, then=then)

    def after_epoch(
        self, base: float, error: float, memory: tuple[float, ...]
    ) -> tuple[float, tuple[float, ...]]:
        """Leave the decision to the schedule that follows."""
        return self.then.after_epoch(base, error, memory)

    def on_plateau(self, base: float) -> float | None:
        """Leave the decision to the schedule that follows."""
        return self.then.on_plateau(base)


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
