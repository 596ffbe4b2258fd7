"""Schedules that go up and down, and those as long as the training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lamina.plan import checks
from lamina.plan.schedule import Schedule
from lamina.spec import schedules


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
