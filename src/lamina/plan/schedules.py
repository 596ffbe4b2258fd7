"""Schedules of a plan: how a learning rate or a momentum changes in training.

Their equations are in `lamina.spec.schedules`. A schedule counts steps, epochs or samples (its
``unit``) and starts from ``initial``: its own, or if that is None the value of the place where it
stands (``learning_rate_init`` of an estimator). Called with a count, it returns its value there.

Reactive schedules change the value they start from between epochs, by the errors they hear of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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


def _check_unit(unit: str) -> None:
    """Raise for what a reactive schedule cannot count: errors are known at the end of epochs."""
    if unit != "epoch":
        raise checks.fail("unit", "'epoch', at whose end the error is known", unit)


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
    Base value and memory, which holds the last error:

    >>> from lamina import HalveOnRise
    >>> HalveOnRise().after_epoch(0.1, error=0.5, memory=(0.4,))
    (0.05, (0.5,))
    """

    factor: float = 0.5
    unit: str = "epoch"

    reactive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_unit(self.unit)
        checks.real("factor", self.factor, "(0, 1)")

    def after_epoch(
        self, base: float, error: float, memory: tuple[float, ...]
    ) -> tuple[float, tuple[float, ...]]:
        """Return the base value of the next epoch, and this epoch's error."""
        previous = memory[0] if memory else None
        return schedules.halve_on_rise(base, error, previous, self.factor), (error,)


@dataclass(frozen=True, repr=False, kw_only=True)
class HalveOnPlateau(Constant):
    """Halved when more than `patience` epochs in a row did not lower the best error by `tol`.

    PyTorch's ``ReduceLROnPlateau`` with ``threshold_mode="abs"``. The error is the validation
    score's negative if there is a validation set, else the loss. Training itself ends at a plateau
    of ``n_iter_no_change`` epochs, so that a `patience` of that many or more never acts.

    Parameters
    ----------
    factor : float in (0, 1), default=0.5
    patience : int in [0, inf), default=5
    tol : float in [0, inf), default=1e-4
    smallest : float in [0, inf), default=0.0
        No halving leads below it.
    cooldown : int in [0, inf), default=0
        Epochs after a halving that do not count against the patience.
    initial : float or None, default=None

    Examples
    --------
    >>> from lamina import HalveOnPlateau
    >>> schedule, rates, memory = HalveOnPlateau(patience=1), [0.8], ()
    >>> for error in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     rate, memory = schedule.after_epoch(rates[-1], error, memory)
    ...     rates.append(rate)
    >>> rates
    [0.8, 0.8, 0.8, 0.8, 0.4, 0.4]
    """

    factor: float = 0.5
    patience: int = 5
    tol: float = 1e-4
    smallest: float = 0.0
    cooldown: int = 0
    unit: str = "epoch"

    reactive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_unit(self.unit)
        checks.real("factor", self.factor, "(0, 1)")
        checks.integer("patience", self.patience, "[0, inf)")
        checks.real("tol", self.tol, "[0, inf)")
        checks.real("smallest", self.smallest, "[0, inf)")
        checks.integer("cooldown", self.cooldown, "[0, inf)")

    def after_epoch(
        self, base: float, error: float, memory: tuple[float, ...]
    ) -> tuple[float, tuple[float, ...]]:
        """Return the base value of the next epoch, and best error, bad epochs, epochs of rest."""
        best, bad, resting = memory or (math.inf, 0, 0)
        base, *memory_after = schedules.halve_on_plateau(
            base,
            error,
            best,
            int(bad),
            int(resting),
            factor=self.factor,
            patience=self.patience,
            tol=self.tol,
            smallest=self.smallest,
            cooldown=self.cooldown,
        )
        return base, tuple(memory_after)


@dataclass(frozen=True, repr=False, kw_only=True)
class Adaptive(Constant):
    """scikit-learn's "adaptive": divided by 5 at each plateau until it is 1e-6 or less.

    A plateau is the one that would end training (``n_iter_no_change``). In whatever places such
    schedules stand, all are divided, and training ends when none has a value left to try.

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

    reactive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_unit(self.unit)
        checks.real("divisor", self.divisor, "(1, inf)")
        checks.real("smallest", self.smallest, "(0, inf)")

    def on_plateau(self, base: float) -> float | None:
        """Return the divided value, or None where it is too small already."""
        return schedules.divide_on_plateau(base, self.divisor, self.smallest)


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

    def largest(self, initial: float) -> float:
        """Return the upper end of the wave."""
        return max(initial, self.low)


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

    def largest(self, initial: float) -> float:
        """Return the upper end of the cosine."""
        return max(initial, self.low)


@dataclass(frozen=True, repr=False, kw_only=True)
class _OfLength(Schedule):
    """A schedule over a number of units, or over the whole training."""

    length: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length is not None:
            checks.integer("length", self.length, "[1, inf)")

    def over(self, n: int) -> Schedule:
        """Return the schedule with an open length set to n units."""
        return replace(self, length=n) if self.length is None else self

    def _known(self) -> int:
        if self.length is None:
            known = "an integer in [1, inf) where the end of training is not known"
            raise checks.fail("length", known, None)
        return self.length


@dataclass(frozen=True, repr=False, kw_only=True)
class Cosine(_OfLength):
    """Half a cosine from ``initial`` down to `low`, which it keeps (Loshchilov and Hutter, 2017).

    Parameters
    ----------
    length : int in [1, inf) or None, default=None
        `low` is reached at t = length. None: the whole of a `fit`, ``max_iter`` epochs.
    low : float in [0, inf), default=0.0
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import Cosine
    >>> [round(Cosine(initial=1.0, length=4)(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    low: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("low", self.low, "[0, inf)")

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return schedules.cosine(t, initial, self.low, self._known())

    def largest(self, initial: float) -> float:
        """Return the upper end of the cosine."""
        return max(initial, self.low)


@dataclass(frozen=True, repr=False, kw_only=True)
class OneCycle(_OfLength):
    """Up from ``start initial`` to ``initial``, then down to ``end initial``, which it keeps.

    One cycle for the whole training (Smith and Topin, 2018), in PyTorch's form (``OneCycleLR``):
    the top is at t = rise length - 1 and the end at t = length - 1, the last unit.

    Parameters
    ----------
    length : int in [1, inf) or None, default=None
        In units. None: the whole of a `fit`, ``max_iter`` epochs.
    rise : float in [0, 1), default=0.3
        Share of the length until the top.
    start, end : float in [0, inf), default=1/25 and 1e-4
        Shares of ``initial``. Above 1 they turn the cycle over, as momentum's runs against that of
        the learning rate.
    shape : {"cosine", "linear"}, default="cosine"
        Half a cosine each way, or a line.
    initial, unit
        As for `Schedule`.

    Examples
    --------
    >>> from lamina import OneCycle
    >>> cycle = OneCycle(initial=1.0, length=10, rise=0.5)
    >>> [round(cycle(t), 3) for t in range(11)]
    [0.04, 0.181, 0.52, 0.859, 1.0, 0.905, 0.655, 0.346, 0.096, 0.0, 0.0]
    >>> momentum = OneCycle(initial=0.85, start=0.95 / 0.85, end=0.95 / 0.85, length=10)
    >>> [round(momentum(t), 3) for t in (0, 2, 9)]
    [0.95, 0.85, 0.95]
    """

    rise: float = 0.3
    start: float = 1 / 25
    end: float = 1e-4
    shape: str = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("rise", self.rise, "[0, 1)")
        checks.real("start", self.start, "[0, inf)")
        checks.real("end", self.end, "[0, inf)")
        checks.choice("shape", self.shape, ["cosine", "linear"])

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        cosine = self.shape == "cosine"
        length = self._known()
        return schedules.one_cycle(t, initial, length, self.rise, self.start, self.end, cosine)

    def largest(self, initial: float) -> float:
        """Return the top, or the higher end of a cycle turned over."""
        return initial * max(1.0, self.start, self.end)


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
    then: Schedule = Constant()

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
