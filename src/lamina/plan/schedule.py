"""What every schedule is, and its values over the steps of an epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lamina.plan import checks
from lamina.spec.arrays import Numbers


class Clock(NamedTuple):
    """Where training stands at the start of an epoch, and the number of steps of that epoch.

    `bases` has the schedules that stand elsewhere than at the learning rate, each with the value
    that it starts from now: a reactive one changes it from epoch to epoch.
    """

    step: int
    epoch: int
    sample: int
    n_steps: int
    bases: tuple[tuple[Any, float], ...] = ()


@dataclass(frozen=True, repr=False, kw_only=True)
class Schedule(ABC):
    """Base of all schedules.

    Parameters
    ----------
    initial : float in [0, inf) or None, default=None
        Value to start from (the largest, for a cycle); None: that of the schedule's place.
    unit : {"step", "epoch", "sample"}
        What t counts. Samples are counted at the end of each epoch, as scikit-learn does.
    """

    initial: float | None = None
    unit: str = "step"

    steady: ClassVar[bool] = False  # the same at every t, unless an epoch's end changes it
    reactive: ClassVar[bool] = False  # an epoch's error or a plateau changes its base

    def __post_init__(self) -> None:
        if self.initial is not None:
            checks.real("initial", self.initial, "[0, inf)")
        checks.choice("unit", self.unit, ["step", "epoch", "sample"])

    @abstractmethod
    def value(self, t: float, initial: float) -> float:
        """Return the value at t, starting from `initial`."""

    def __call__(self, t: float) -> float:
        """Return the value at t, starting from the schedule's own ``initial``."""
        checks.real("t", t, "[0, inf)")
        if self.initial is None:
            raise checks.fail("initial", "a number when the schedule is called by itself", None)
        return self.value(t, self.initial)

    def largest(self, initial: float) -> float:
        """Return a bound of the values that start from `initial`; none is below 0."""
        return initial

    def over(self, n: int) -> Schedule:
        """Return the schedule for a training of n units: an open length becomes n."""
        return self

    def after_epoch(
        self, base: float, error: float, memory: tuple[float, ...]
    ) -> tuple[float, tuple[float, ...]]:
        """Return the base value of the next epoch and what to remember until its end.

        `error` is the validation score's negative if there is a validation set, else the loss;
        `memory` is what the call before returned, empty at the first.
        """
        return base, memory

    def on_plateau(self, base: float) -> float | None:
        """Return the base value to go on with after a plateau, or None to stop training."""
        return None

    __repr__ = checks.short_repr


def over_epoch(schedule: Any, initial: float | None, clock: Clock) -> Numbers:
    """Return the values of `schedule` (or the plain number it is) at each step of an epoch.

    They start from `initial`, or if that is None from the schedule's base on the clock, or from
    its own ``initial``. One number if it is the same for all steps, else an array of shape
    (n_steps,).
    """
    if not isinstance(schedule, Schedule):
        return schedule
    start = _base(schedule, clock) if initial is None else initial
    if start is None:
        raise checks.fail("initial", "a number for a schedule in this place", None)
    if schedule.steady:
        return start
    if schedule.unit != "step":
        return schedule.value(getattr(clock, schedule.unit), start)
    steps = range(clock.step, clock.step + clock.n_steps)
    return np.array([schedule.value(t, start) for t in steps])


def _base(schedule: Schedule, clock: Clock) -> float | None:
    for known, base in clock.bases:
        if known is schedule or known == schedule:
            return base
    return schedule.initial


def check_place(name: str, value: Any, interval: str) -> None:
    """Check that `value` is a number in `interval`, or a schedule that never leaves it."""
    if not isinstance(value, Schedule):
        checks.real(name, value, interval)
        return
    start = value.initial
    if start is None or not _inside(start, interval):
        raise checks.fail(name, f"a schedule with initial in {interval}", value)
    if not _inside(value.largest(start), interval):
        raise checks.fail(name, f"a schedule with values in {interval}", value)


def in_place(name: str, value: Any, interval: str, clock: Clock) -> Numbers:
    """Return what `over_epoch` does, for what `check_place` let through.

    A schedule of the user's own may still leave the interval; the error names the place.
    """
    values = over_epoch(value, None, clock)
    if not isinstance(value, Schedule) or clock.n_steps == 0:
        return values
    # NumPy's extrema are NaN if any value is, and NaN is in no interval.
    if not (_inside(np.min(values), interval) and _inside(np.max(values), interval)):
        raise checks.fail(name, f"a schedule with values in {interval}", value)
    return values


def _inside(number: Any, interval: str) -> bool:
    try:
        checks.real("", number, interval)
    except checks.ArgumentError:
        return False
    return True
