"""The scalars of the steps to come, made for many short epochs at once."""

from __future__ import annotations

import numpy as np

from lamina.plan import Clock, Training
from lamina.spec.arrays import Numbers

STEPS = 1024


class Ahead:
    """Gives an engine the table of each epoch's steps, as `Training.table` does.

    Where nothing but the step changes, a table of many steps serves epoch after epoch: on small
    data a table of each epoch's own would cost as much as its training.
    """

    def __init__(self, training: Training, n_hidden: int) -> None:
        self._training, self._scheduled, self._n_hidden = training, training.scheduled, n_hidden
        self._table, self._rate, self._first = np.empty((0, 0)), np.nan, 0

    def table(self, rate: Numbers, clock: Clock) -> np.ndarray:
        """Return one row per step of the epoch at `clock`."""
        if self._scheduled or isinstance(rate, np.ndarray) or clock.n_steps >= STEPS:
            return self._training.table(rate, clock, self._n_hidden)
        at = clock.step - self._first
        if rate != self._rate or not 0 <= at <= len(self._table) - clock.n_steps:
            steps = clock._replace(n_steps=STEPS)
            self._table = self._training.table(rate, steps, self._n_hidden)
            self._rate, self._first, at = rate, clock.step, 0
        return self._table[at : at + clock.n_steps]
