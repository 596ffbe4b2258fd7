"""What is learnt of a column of the rows of training, piece by piece.

A column is gone through in passes: `add` takes in each piece of it, `end_pass` ends one, until
`done`. The result does not depend on the pieces.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.tables.columns import Kind, Values
from lamina.tables.dates import PARTS, date_parts
from lamina.tables.moments import Median, Moments

__all__ = ["LEAST_ROWS", "Dates", "Learner", "Numbers", "Part", "Texts", "learner"]

# A category of fewer rows teaches nothing; it and those never seen give zeros in all inputs.
LEAST_ROWS = 2
MOST_CATEGORIES = 100


class Learner(Protocol):
    """A column under study."""

    done: bool

    def add(self, values: Values) -> None:
        """Take in a piece of the column."""

    def end_pass(self) -> None:
        """End a pass over the column."""

    @property
    def useless(self) -> str:
        """Why a network can learn nothing from it, or ""; known after the first pass."""
        ...


class Part:
    """Numbers without the missing ones: of a column or of a part of its dates."""

    def __init__(self) -> None:
        self.moments, self.median = Moments(), Median()
        self.low, self.high, self._first = np.inf, -np.inf, True

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Take in numbers that are there."""
        self.median.add(numbers)
        if self._first:
            self.moments.add(numbers)
            self.low = min(self.low, float(numbers.min(initial=np.inf)))
            self.high = max(self.high, float(numbers.max(initial=-np.inf)))

    def end_pass(self) -> None:
        """End a pass."""
        self._first = False
        self.median.end_pass()

    def facts(self, n_missing: int) -> tuple[float, float, float]:
        """Return the median, and mean and scale with it in the place of missing ones."""
        fill = self.median.value
        assert fill is not None
        return fill, *self.moments.mean_and_scale(fill, n_missing)


class Numbers:
    """A column of numbers, booleans, or dates by their parts."""

    names: tuple[str, ...] = ("value",)

    def __init__(self) -> None:
        self.parts = {name: Part() for name in self.names}
        self.n, self.n_missing, self._first = 0, 0, True

    def add(self, values: Values) -> None:
        """Take in a piece of the column."""
        there = values[~np.isnan(values)]
        if self._first:
            self.n += len(values)
            self.n_missing += len(values) - len(there)
        for name, numbers in self._numbers(there).items():
            self.parts[name].add(numbers)

    def _numbers(self, there: Values) -> dict[str, NDArray[np.float64]]:
        return {"value": there.astype(np.float64)}

    def end_pass(self) -> None:
        """End a pass over the column."""
        self._first = False
        for part in self.parts.values():
            part.end_pass()

    @property
    def done(self) -> bool:
        """Whether all is known."""
        return all(part.median.value is not None for part in self.parts.values())

    @property
    def useless(self) -> str:
        """Why a network can learn nothing from it, or ""."""
        if self.n_missing == self.n:
            return "all values missing"
        same = all(part.low == part.high for part in self.parts.values())
        return "the same value in every row" if same and not self.n_missing else ""

    @property
    def useful(self) -> tuple[str, ...]:
        """The parts that the network is given."""
        return self.names

    def facts(self) -> list[tuple[float, float, float]]:
        """Return median, mean and scale of each useful part."""
        return [self.parts[name].facts(self.n_missing) for name in self.useful]


class Dates(Numbers):
    """A column of dates."""

    names = PARTS

    def _numbers(self, there: Values) -> dict[str, NDArray[np.float64]]:
        return dict(zip(PARTS, date_parts(there, PARTS).T, strict=True))

    @property
    def useful(self) -> tuple[str, ...]:
        """The parts that differ from row to row, or "seconds" alone if none does."""
        own = self.parts
        return tuple(name for name in PARTS if own[name].low < own[name].high) or ("seconds",)


class Texts:
    """A column of categories.

    Parameters
    ----------
    most : int or None, default=None
        Different texts to keep in mind: with more, the rarer half is forgotten each time. None
        keeps all.
    """

    def __init__(self, most: int | None = None) -> None:
        self.counts: Counter[str | None] = Counter()
        self.n, self.done, self._most, self._forgot = 0, False, most, False

    def add(self, values: Values) -> None:
        """Take in a piece of the column."""
        self.n += len(values)
        self.counts.update(values.tolist())
        if self._most is not None and len(self.counts) > self._most:
            missing = self.counts[None]
            self.counts = Counter(dict(self.counts.most_common(self._most // 2)))
            self._forgot = True
            if missing:
                self.counts[None] = missing

    def end_pass(self) -> None:
        """End the one pass over the column."""
        self.done = True

    @property
    def useless(self) -> str:
        """Why a network can learn nothing from it, or ""."""
        n_missing = self.counts.get(None, 0)
        n_present, n_distinct = self.n - n_missing, len(self.counts) - (n_missing > 0)
        if n_present == 0:
            return "all values missing"
        if not n_missing and n_distinct == 1:
            return "the same value in every row"
        often = max(count for text, count in self.counts.items() if text is not None)
        if n_present > 1 and often == 1 and (n_distinct == n_present or self._forgot):
            return "a different text in every row"
        return "" if self.frequent() else f"no value stands in {LEAST_ROWS} rows"

    def frequent(self) -> tuple[str | None, ...]:
        """Return the categories with an input of their own."""
        often = [item for item in self.counts.items() if item[1] >= LEAST_ROWS]
        often.sort(key=lambda item: (-item[1], item[0] is None, item[0] or ""))
        kept = [text for text, _ in often[:MOST_CATEGORIES]]
        # Text in order, a missing value last, as scikit-learn's encoder has it.
        return tuple(sorted(kept, key=lambda value: (value is None, value or "")))


def learner(kind: Kind, most: int | None = None) -> Numbers | Texts:
    """Return what learns a column of that kind; `most` is for `Texts`."""
    if kind == "category":
        return Texts(most)
    return Dates() if kind == "date" else Numbers()
