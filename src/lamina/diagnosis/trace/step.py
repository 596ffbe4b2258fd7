"""One named value of a walk-through, with the equation that made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Step:
    """A value, what it is called, and where it comes from.

    Attributes
    ----------
    name : str
        As in the equations: "z_1", "δ_1", "∂L/∂W_1".
    key : str
        The same without other alphabets, as `Trace.arrays` has it: "z_1", "delta_1", "dW_1".
    equation : str
        What made it, as text: "z_1 = h_0 W_1 + b_1". A product of two matrices is written W V, one
        of their entries W ⊙ V; Σ_i sums over the samples, Σ_j over the units.
    source : str
        Note and section, or paper; "given" for what came in.
    value : ndarray or float
    part : str
        The heading that it stands under.
    words : str
        What else there is to say.
    rows, columns : tuple of str
        Names of the value's rows and columns, where they have some of their own.
    samples : {0, 1} or None
        Which axis of the value has an entry for each sample.
    worked : callable or None
        Of the digits to show: one entry worked in numbers.
    """

    name: str
    key: str
    equation: str
    source: str
    value: Any
    part: str
    words: str = ""
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    samples: int | None = None
    worked: Callable[[int], str] | None = field(default=None, repr=False)

    def of(self, rows: Sequence[int]) -> Step:
        """Return the step of some of the samples."""
        if self.samples is None:
            return self
        value = np.take(self.value, rows, self.samples)
        names = (self.rows, self.columns)[self.samples]
        kept = tuple(names[i] for i in rows) if names else ()
        if self.samples == 0:
            return replace(self, value=value, rows=kept)
        return replace(self, value=value, columns=kept)
