"""Schedules that answer to the errors of the epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from lamina.plan import checks
from lamina.plan.schedules.decay import Constant
from lamina.spec import schedules


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
