"""Table columns to the inputs of a network, by scikit-learn's transformers and plain facts.

What is learnt from the rows of training is kept as numbers and names only. The transformers
are made anew from these facts, so a model file holds data and no objects.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lamina.tables.columns import Kind, Values
from lamina.tables.dates import PARTS, date_parts, useful_parts

__all__ = ["Category", "Measure", "Preprocessing", "learn"]

# A category of fewer rows teaches nothing; it and those never seen give zeros in all inputs.
_LEAST_ROWS = 2
_MOST_CATEGORIES = 100
# In standard deviations: values further out say "very large", and bend no network.
_FURTHEST = 5.0


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
        if self.categories:
            cells = [columns[column.name] for column in self.categories]
            blocks.append(self._one_hot(np.stack(cells, axis=1)))
        return np.concatenate(blocks, axis=1)

    def unseen(self, columns: Mapping[str, Values]) -> dict[str, int]:
        """Count, by column, the rows of a category without an input of its own."""
        counts = {}
        for column in self.categories:
            known = set(column.categories)
            counts[column.name] = sum(cell not in known for cell in columns[column.name])
        return {name: count for name, count in counts.items() if count}

    def _scaled(self, numbers: NDArray[np.float64]) -> NDArray[np.float32]:
        fill = np.array([x for column in self.measures for x in column.fill])
        scaler = StandardScaler()
        scaler.mean_ = np.array([x for column in self.measures for x in column.mean])
        scaler.scale_ = np.array([x for column in self.measures for x in column.scale])
        scaler.n_features_in_ = len(fill)
        # The median of one row is that row: an imputer with these very numbers.
        imputer = SimpleImputer(strategy="median").fit(fill[None, :])
        scaled = scaler.transform(imputer.transform(numbers))
        return np.clip(scaled, -_FURTHEST, _FURTHEST).astype(np.float32)

    def _one_hot(self, cells: NDArray[np.object_]) -> NDArray[np.float32]:
        known = [np.array(column.categories, dtype=object) for column in self.categories]
        encoder = OneHotEncoder(
            categories=known, handle_unknown="ignore", sparse_output=False, dtype=np.float32
        )
        encoder.fit(np.array([[column.categories[0] for column in self.categories]], dtype=object))
        encoded: NDArray[np.float32] = encoder.transform(cells)
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
    measures: list[Measure] = []
    categories: list[Category] = []
    dropped: dict[str, str] = {}
    for name, (kind, values) in columns.items():
        reason = _useless(values, kind)
        if reason:
            dropped[name] = reason
        elif kind == "category":
            kept = _frequent(values)
            if kept:
                categories.append(Category(name, kept))
            else:
                dropped[name] = f"no value stands in {_LEAST_ROWS} rows"
        else:
            measures.append(_measure(name, kind, values))
    return Preprocessing(tuple(measures), tuple(categories)), dropped


def _useless(values: Values, kind: Kind) -> str:
    present = values[~_absent(values)]
    if len(present) == 0:
        return "all values missing"
    if len(present) == len(values) and len(set(present.tolist())) == 1:
        return "the same value in every row"
    if kind == "category" and len(present) > 1 and len(set(present)) == len(present):
        return "a different text in every row"
    return ""


def _absent(values: Values) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    return np.isnan(values)


def _frequent(values: Values) -> tuple[str | None, ...]:
    counts = Counter(values.tolist())
    often = [value for value, count in counts.most_common() if count >= _LEAST_ROWS]
    kept = often[:_MOST_CATEGORIES]
    # Text in order, a missing value last, as scikit-learn's encoder has it.
    return tuple(sorted(kept, key=lambda value: (value is None, value or "")))


def _measure(name: str, kind: Kind, values: Values) -> Measure:
    parts = useful_parts(values) if kind == "date" else ("value",)
    numbers = _parts(values, parts)
    imputer = SimpleImputer(strategy="median").fit(numbers)
    scaler = StandardScaler().fit(imputer.transform(numbers))
    return Measure(
        name=name,
        kind=kind,
        parts=parts,
        fill=tuple(imputer.statistics_.tolist()),
        mean=tuple(scaler.mean_.tolist()),
        scale=tuple(scaler.scale_.tolist()),
        missing=bool(_absent(values).any()),
    )


def _parts(values: Values, parts: Sequence[str]) -> NDArray[np.float64]:
    if set(parts) <= set(PARTS):
        return date_parts(values, parts)
    numbers: NDArray[np.float64] = values.astype(np.float64)[:, None]
    return numbers
