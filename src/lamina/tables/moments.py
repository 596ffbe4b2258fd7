"""Means, deviations and medians that do not depend on the order or the pieces of the rows.

Sums are exact and rounded once at the end, so that a table read in pieces gives the very numbers
of the table as a whole.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Median", "Moments"]

Floats = NDArray[np.float64]

_SHIFT = 1200  # more than the bits below the point of any double
_BLOCK = 1 << 22  # that many halves of 27 bits add up within the 53 bits of a double
_SMALL = 1 << 20  # squares of integers up to here, so many of them, add up within 63 bits
_SPLIT = 134217729.0  # 2^27 + 1
_NOISE = 10 * np.finfo(np.float64).eps


class Moments:
    """Exact sums of numbers and of their squares.

    Numbers beyond 1e150 or with squares below the normal doubles are not for it.

    Examples
    --------
    >>> import numpy as np
    >>> moments = Moments()
    >>> for part in ([1e16, 1.0], [-1e16, 2.0]):
    ...     moments.add(np.array(part))
    >>> moments.mean_and_scale()[0]
    0.75
    """

    def __init__(self) -> None:
        self.n, self._sum, self._squares = 0, 0, 0

    def add(self, numbers: Floats) -> None:
        """Take in numbers, shape (n,), all finite."""
        self.n += len(numbers)
        for begin in range(0, len(numbers), _BLOCK):
            block = numbers[begin : begin + _BLOCK]
            whole = _whole(block)
            if whole is not None:
                self._sum += int(whole.sum()) << _SHIFT
                self._squares += int((whole * whole).sum()) << _SHIFT
                continue
            squares, rests = _squared(block)
            self._sum += _exact(block)
            self._squares += _exact(squares) + _exact(rests)

    def mean_and_scale(self, more: float = 0.0, times: int = 0) -> tuple[float, float]:
        """Return mean and standard deviation, of these and of `times` the number `more`.

        The deviation is 1 where all numbers are the same but for rounding.
        """
        mean, scale = self._both(more, times)
        return mean, scale if scale > _NOISE * abs(mean) else 1.0

    @property
    def same(self) -> bool:
        """Whether all numbers are the same but for rounding."""
        mean, scale = self._both(0.0, 0)
        return not scale > _NOISE * abs(mean)

    def variance(self) -> float:
        """Return the mean squared distance from the mean."""
        return self._both(0.0, 0)[1] ** 2

    def mean_square(self) -> float:
        """Return the mean of the squares."""
        return float(Fraction(self._squares, 1 << _SHIFT) / self.n)

    def _both(self, more: float, times: int) -> tuple[float, float]:
        n, extra = self.n + times, Fraction(more)
        total = Fraction(self._sum, 1 << _SHIFT) + times * extra
        squares = Fraction(self._squares, 1 << _SHIFT) + times * extra * extra
        return float(total / n), math.sqrt(max(Fraction(0), squares / n - (total / n) ** 2))


def _whole(numbers: Floats) -> NDArray[np.int64] | None:
    """Return small integers as such, or None if the numbers are others."""
    if len(numbers) and np.abs(numbers).max() > _SMALL:
        return None
    whole = numbers.astype(np.int64)
    return whole if np.array_equal(whole, numbers) else None


def _squared(x: Floats) -> tuple[Floats, Floats]:
    """Return the squares and what they were rounded by (Dekker, 1971)."""
    square, big = x * x, _SPLIT * x
    high = big - (big - x)
    low = x - high
    return square, ((high * high - square) + 2 * high * low) + low * low


def _exact(numbers: Floats) -> int:
    """Return the sum in units of 2^-_SHIFT."""
    fraction, exponent = np.frexp(numbers)
    digits = (fraction * 2.0**53).astype(np.int64)
    least = int(exponent.min(initial=0))
    places = exponent - least
    high = np.bincount(places, (digits >> 26).astype(np.float64))
    low = np.bincount(places, (digits & (2**26 - 1)).astype(np.float64))
    total = 0
    for place in np.flatnonzero((high != 0) | (low != 0)).tolist():
        own = (int(high[place]) << 26) + int(low[place])
        total += own << (place + least - 53 + _SHIFT)
    return total


class Median:
    """The exact median in four passes over the numbers, each of which finds 16 bits of it.

    A pass is any number of calls of `add` and then one of `end_pass`. Memory is half a megabyte.

    Parameters
    ----------
    level : float in [0, 1], default=0.5
        Another quantile: as ``numpy.quantile`` has it, on the line between its two neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> median = Median()
    >>> while median.value is None:
    ...     for part in ([1.0, 9.0], [2.5, -3.0]):
    ...         median.add(np.array(part))
    ...     median.end_pass()
    >>> median.value
    1.75
    """

    PASSES = 4

    def __init__(self, level: float = 0.5) -> None:
        self.value: float | None = None
        self._level, self._between = level, 0.0
        self._passes, self._n = 0, 0
        self._found = [0, 0]  # the bits of the two numbers in the middle, so far
        self._ranks = [0, 0]  # of each among those with these bits
        self._counts = {0: np.zeros(1 << 16, np.int64)}

    def add(self, numbers: Floats) -> None:
        """Take in numbers, shape (n,), all finite: the same ones in each pass."""
        if self.value is not None:
            return
        if self._passes == 0:
            self._n += len(numbers)
        top = _sortable(numbers) >> np.uint64(16 * (self.PASSES - 1 - self._passes))
        for found, counts in self._counts.items():
            own = top[top >> np.uint64(16) == found] if self._passes else top
            counts += np.bincount((own & np.uint64(0xFFFF)).astype(np.int64), minlength=1 << 16)

    def end_pass(self) -> None:
        """Go over to the next pass, or set `value`: NaN if there was no number."""
        if self.value is not None:
            return
        if self._n == 0:
            self.value = math.nan
            return
        if self._passes == 0:
            place = (self._n - 1) * self._level
            self._between = place - math.floor(place)
            self._ranks = [math.floor(place), math.ceil(place)]
        for i in range(2):
            ends = np.cumsum(self._counts[self._found[i]])
            place = int(np.searchsorted(ends, self._ranks[i], side="right"))
            self._ranks[i] -= int(ends[place - 1]) if place else 0
            self._found[i] = self._found[i] << 16 | place
        self._passes += 1
        self._counts = {found: np.zeros(1 << 16, np.int64) for found in self._found}
        if self._passes == self.PASSES:
            low, high = _numbers(np.array(self._found, np.uint64)).tolist()
            self.value = low * (1 - self._between) + high * self._between
            self._counts = {}


_SIGN = np.uint64(1 << 63)


def _sortable(numbers: Floats) -> NDArray[np.uint64]:
    """Return integers in the order of the numbers."""
    bits = np.ascontiguousarray(numbers + 0.0).view(np.uint64)  # + 0.0: no minus zero
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _numbers(sortable: NDArray[np.uint64]) -> Floats:
    bits = np.where(sortable & _SIGN, sortable & ~_SIGN, ~sortable)
    return cast("Floats", bits.view(np.float64))
