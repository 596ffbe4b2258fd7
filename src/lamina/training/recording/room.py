"""Arrays that grow by a row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np


class Room:
    """Arrays of as many rows each, with room behind them for more.

    Adding n rows one after another takes time in proportion to n, and whoever has the rows of
    before has them still: nothing that was given out is ever written to again, by anyone.

    Attributes
    ----------
    told : ndarray or None
        What someone worked out of the first rows, to be kept for whoever comes next.
    """

    told: np.ndarray | None = None

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._n, self._arrays = len(arrays[0]), list(arrays)
        self._lock = Lock()  # copies of an estimator share the rows that they have in common

    def add(self, n: int, row: Sequence[Any]) -> list[np.ndarray] | None:
        """Return the first n rows and another one; None if another stands there already."""
        with self._lock:
            return self.added(row) if self._n == n else None

    def added(self, row: Sequence[Any]) -> list[np.ndarray]:
        """Return all rows and another one, from a room that nobody else has."""
        n = self._n
        if n == len(self._arrays[0]):
            self._arrays = [_longer(own, 2 * n + 4) for own in self._arrays]
        for own, entry in zip(self._arrays, row, strict=True):
            own[n] = entry
        self._n += 1
        return [_shown(own[: n + 1]) for own in self._arrays]


def _shown(rows: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written to: others have the same rows."""
    rows.flags.writeable = False
    return rows


def _longer(array: np.ndarray, n: int) -> np.ndarray:
    """Return a copy with n rows, of which those behind the array's are still to be written."""
    copy = np.empty((n, *array.shape[1:]), array.dtype)
    copy[: len(array)] = array
    return copy
