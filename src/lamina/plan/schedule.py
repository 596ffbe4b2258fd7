"""What every schedule is, and its values over the steps of an epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lamina.plan import checks
from lamina.spec.arrays import Numbers


class Clock(NamedTuple):
    """Where training stands at the start of an epoch, and the number of steps of that epoch."""

    step: int
    epoch: int
    sample: int
    n_steps: int


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

    def __post_init__(self) -> None:
        if self.initial is not None:
            checks.real("initial", self.initial, "[0, inf)")
        checks.choice("unit", self.unit, ["step", "epoch", "sample"])

    @abstractmethod
    def value(self, t: float, initial: float) -> float:
        """Return the value at t, starting from `initial`."""

    def __call__(self, t: float) -> float:
        """Return the value at t, starting from the schedule's own ``initial``."""
        if self.initial is None:
            raise checks.fail("initial", "a number when the schedule is called by itself", None)
        return self.value(t, self.initial)

    def after_epoch(self, rate: float, error: float, previous: float | None) -> float:
        """Return the base value of the next epoch, given this epoch's error and the one before."""
        return rate

    def on_plateau(self, rate: float) -> float | None:
        """Return the base value to go on with after a plateau, or None to stop training."""
        return None

    __repr__ = checks.short_repr


def over_epoch(schedule: Any, initial: float | None, clock: Clock) -> Numbers:
    """Return the values of `schedule` (or the plain number it is) at each step of an epoch.

    One number if it is the same for all steps, else an array of shape (n_steps,).
    """
    if not isinstance(schedule, Schedule):
        return schedule
    start = schedule.initial if initial is None else initial
    if start is None:
        raise checks.fail("initial", "a number for a schedule in this place", None)
    if schedule.steady:
        return start
    if schedule.unit != "step":
        return schedule.value(getattr(clock, schedule.unit), start)
    steps = range(clock.step, clock.step + clock.n_steps)
    return np.array([schedule.value(t, start) for t in steps])
