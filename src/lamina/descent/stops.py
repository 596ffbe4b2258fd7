"""When to stop: functions of the state that return the reason in words, or None to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lamina import spec
from lamina.plan import checks


class State(NamedTuple):
    """Where a descent stands.

    Attributes
    ----------
    step : int
        Steps taken so far.
    point : ndarray of shape (d,)
    value : float
    gradient : ndarray of shape (d,)
    previous : float or None
        The value one step before.
    """

    step: int
    point: np.ndarray
    value: float
    gradient: np.ndarray
    previous: float | None


@dataclass(frozen=True)
class GradientNorm:
    """Stop where ``||grad f|| <= tolerance``; with 0, where the gradient vanishes (note 004).

    Parameters
    ----------
    tolerance : float in [0, inf), default=1e-8

    Examples
    --------
    >>> from lamina.descent import GradientNorm, descend
    >>> descend(lambda x: x @ x, [1.0], step=0.25, stop=GradientNorm(1e-3)).reason
    'the gradient norm 0.000977 is at most 0.001'
    """

    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        checks.real("tolerance", self.tolerance, "[0, inf)")

    def __call__(self, state: State) -> str | None:
        """Return the reason to stop, or None."""
        norm = float(spec.descent.norm(state.gradient))
        if norm <= self.tolerance:
            return f"the gradient norm {norm:.3g} is at most {self.tolerance:g}"
        return None


@dataclass(frozen=True)
class ValueChange:
    """Stop where the value changed by at most ``tolerance max(1, |f|)`` in the last step.

    Parameters
    ----------
    tolerance : float in [0, inf), default=1e-12

    Examples
    --------
    >>> from lamina.descent import ValueChange, descend
    >>> descend(lambda x: x @ x, [1.0], step=0.25, stop=ValueChange(1e-3)).n_steps
    6
    """

    tolerance: float = 1e-12

    def __post_init__(self) -> None:
        checks.real("tolerance", self.tolerance, "[0, inf)")

    def __call__(self, state: State) -> str | None:
        """Return the reason to stop, or None."""
        if state.previous is None:
            return None
        change = abs(state.value - state.previous)
        if change <= self.tolerance * max(1.0, abs(state.value)):
            return f"the last step changed the value by {change:.3g}, at most {self.tolerance:g}"
        return None
