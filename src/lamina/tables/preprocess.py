"""Table columns to the inputs of a network, as scikit-learn's transformers make them.

What is learnt from the rows of training is kept as numbers and names only, so a model file holds
data and no objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.tables.columns import Kind, Values
from lamina.tables.dates import PARTS, date_parts
from lamina.tables.learning import Numbers, Texts, learner

__all__ = ["FURTHEST", "Category", "Measure", "Preprocessing", "learn", "learnt"]

# In standard deviations: values further out say "very large", and bend no network.
FURTHEST = 5.0


@dataclass(frozen=True)
class Measure:
    """What is known of a column of numbers, booleans or dates.

    Parameters
    ----------
    name : str
        The column.
    kind : {"number", "boolean", "date"}
        What it holds.
    parts : tuple of str
        The numbers made of a date, such as "month"; "value" alone for a number.
    fill, mean, scale : tuple of float
        For each part: the median, put where a value is missing, then ``(x - mean) / scale``.
    missing : bool
        Whether one more input says where a value is missing.
    """

    name: str
    kind: Kind
    parts: tuple[str, ...]
    fill: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    missing: bool


@dataclass(frozen=True)
class Category:
    """What is known of a column of categories.

    Parameters
    ----------
    name : str
        The column.
    categories : tuple of str or None
        Those with an input of their own; None is a missing value.
    """

    name: str
    categories: tuple[str | None, ...]
    kind: Kind = "category"


@dataclass(frozen=True)
class Preprocessing:
    """Everything needed to turn the columns of a table into inputs of a network."""

    measures: tuple[Measure, ...]
    categories: tuple[Category, ...]

    @property
    def kinds(self) -> dict[str, Kind]:
        """Give the kind of each column by its name."""
        kinds = {column.name: column.kind for column in self.measures}
        return kinds | {column.name: column.kind for column in self.categories}

    @property
    def width(self) -> int:
        """Count the inputs."""
        numbers = sum(len(column.parts) + column.missing for column in self.measures)
        return numbers + sum(len(column.categories) for column in self.categories)

    def transform(self, columns: Mapping[str, Values]) -> NDArray[np.float32]:
        """Return the inputs of shape (n_rows, width): numbers, missing values, categories."""
        blocks: list[NDArray[np.float32]] = []
        if not len(next(iter(columns.values()))):  # no rows held out
            return np.empty((0, self.width), dtype=np.float32)
        if self.measures:
            raw = [_parts(columns[column.name], column.parts) for column in self.measures]
            blocks.append(self._scaled(np.concatenate(raw, axis=1)))
            flags = [
                np.isnan(part[:, :1])
                for part, column in zip(raw, self.measures, strict=True)
                if column.missing
            ]
            blocks += [flag.astype(np.float32) for flag in flags]
        blocks += [_one_hot(column, columns[column.name]) for column in self.categories]
        return np.concatenate(blocks, axis=1)

    def unseen(self, columns: Mapping[str, Values]) -> dict[str, int]:
        """Count, by column, the rows of a category without an input of its own."""
        counts = {}
        for column in self.categories:
            known = set(column.categories)
            counts[column.name] = sum(cell not in known for cell in columns[column.name])
        return {name: count for name, count in counts.items() if count}

    def _scaled(self, numbers: NDArray[np.float64]) -> NDArray[np.float32]:
        fill, mean, scale = (
            np.array([x for column in self.measures for x in getattr(column, name)])
            for name in ("fill", "mean", "scale")
        )
        scaled = (np.where(np.isnan(numbers), fill, numbers) - mean) / scale
        return np.clip(scaled, -FURTHEST, FURTHEST).astype(np.float32)


def _one_hot(column: Category, cells: Values) -> NDArray[np.float32]:
    places = {category: place for place, category in enumerate(column.categories)}
    own = np.fromiter((places.get(cell, -1) for cell in cells), np.intp, len(cells))
    known = np.flatnonzero(own >= 0)
    encoded = np.zeros((len(cells), len(places)), np.float32)
    encoded[known, own[known]] = 1
    return encoded


def learn(columns: Mapping[str, tuple[Kind, Values]]) -> tuple[Preprocessing, dict[str, str]]:
    """Learn the preprocessing from the rows of training.

    Parameters
    ----------
    columns : mapping of str to (kind, ndarray of shape (n_rows,))
        The columns by name.

    Returns
    -------
    preprocessing : Preprocessing
        What was learnt.
    dropped : dict of str to str
        The columns without use, and why.
    """
    learners: dict[str, tuple[Kind, Numbers | Texts]] = {}
    for name, (kind, values) in columns.items():
        own = learner(kind)
        while not own.done:
            own.add(values)
            own.end_pass()
        learners[name] = kind, own
    return learnt(learners)


def learnt(
    learners: Mapping[str, tuple[Kind, Numbers | Texts]],
) -> tuple[Preprocessing, dict[str, str]]:
    """Return the preprocessing that the learners of the columns lead to, and those dropped."""
    measures: list[Measure] = []
    categories: list[Category] = []
    dropped: dict[str, str] = {}
    for name, (kind, own) in learners.items():
        if own.useless:
            dropped[name] = own.useless
        elif isinstance(own, Texts):
            categories.append(Category(name, own.frequent()))
        else:
            fill, mean, scale = zip(*own.facts(), strict=True)
            missing = own.n_missing > 0
            measures.append(Measure(name, kind, own.useful, fill, mean, scale, missing))
    return Preprocessing(tuple(measures), tuple(categories)), dropped


def _parts(values: Values, parts: Sequence[str]) -> NDArray[np.float64]:
    if set(parts) <= set(PARTS):
        return date_parts(values, parts)
    numbers: NDArray[np.float64] = values.astype(np.float64)[:, None]
    return numbers
