"""The column to predict: classes or numbers, and how the network sees them."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lamina.tables.columns import Kind, is_text, kind_of, plain, values_of
from lamina.tables.csvfile import clean
from lamina.tables.errors import TableError, counted, listed
from lamina.tables.hints import hint

__all__ = ["Label", "Seen", "Target", "Task", "decide", "infer_target"]

Task = Literal["classification", "regression"]
Label = str | int | float | bool

# Numbers of more values are hardly meant as classes.
_PLAUSIBLE = 100
# Integers of at most this many values, each in ten rows or more on average, are classes.
_FEW = 20
_ROWS_EACH = 10

_LABEL_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


@dataclass(frozen=True)
class Target:
    """The column to predict.

    Parameters
    ----------
    name : str
        The name of the column.
    classes : tuple of str, int, float or bool
        The labels in order; empty for a regression.
    shares : tuple of float
        The share of each class in the rows of training.
    mean, scale : float
        For a regression: mean and standard deviation in the rows of training.
    ratio : bool, default=False
        Whether the network learns ``y / mean``, as numbers above 0 want it, and not
        ``(y - mean) / scale``.
    levels, quantiles : tuple of float
        The levels of the quantiles that are predicted, and these quantiles of the rows of
        training; empty if one number is predicted.
    """

    name: str
    classes: tuple[Label, ...] = ()
    shares: tuple[float, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    ratio: bool = False
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    @property
    def unit(self) -> tuple[float, float]:
        """Give shift and factor from the network's numbers to the target's own unit."""
        return (0.0, self.mean) if self.ratio else (self.mean, self.scale)

    @property
    def task(self) -> Task:
        """Say whether classes or numbers are predicted."""
        return "classification" if self.classes else "regression"

    @property
    def label_type(self) -> pa.DataType:
        """Give the Arrow type of the labels, or of the predicted numbers."""
        return _LABEL_TYPES[type(self.classes[0])] if self.classes else pa.float64()

    def read(self, values: pa.ChunkedArray, before: int = 0) -> NDArray[np.float64]:
        """Return the column as numbers: the place of each label, or the value itself.

        A missing value is NaN; a label that is none of ``classes`` is -1. Numbers count by
        their value, also written as text: ``"1.0"`` is the integer 1. Errors count the rows
        from the one after `before`.
        """
        if not self.classes:
            return cast("NDArray[np.float64]", values_of(values, "number", self.name, before))
        values = self._labels(values, before)
        distinct = values.drop_null().unique()
        known: dict[object, int] = {label: place for place, label in enumerate(self.classes)}
        places = [known.get(self._label(value), -1) for value in distinct.to_pylist()]
        found = pc.index_in(values.combine_chunks(), value_set=distinct)
        codes = np.append(np.asarray(places, dtype=np.float64), np.nan)
        return cast("NDArray[np.float64]", codes[pc.fill_null(found, -1).to_numpy()])

    def _labels(self, values: pa.ChunkedArray, before: int) -> pa.ChunkedArray:
        """Return values that may be labels in their simplest form, or name the first."""
        values = plain(values)
        if not is_text(values.type) and kind_of(values) in (None, "date"):
            row = int(np.argmax(values.is_valid().to_numpy()))
            place, value = before + row + 1, values[row].as_py()
            raise TableError(
                f"target {self.name!r}, row {place:,}: {value!r} cannot be one of the model's "
                f"classes {listed(self.classes, 4)}: convert the column"
            )
        if self.label_type == pa.string():
            return values.cast(pa.string())
        return clean(values) if is_text(values.type) else values

    def _label(self, value: object) -> object:
        """Return a label of the classes' type for a value that may be written as text."""
        if not isinstance(value, str) or self.label_type == pa.string():
            return value
        if self.label_type == pa.bool_():
            return {"true": True, "false": False, "1": True, "0": False}.get(value.casefold())
        try:
            return int(value) if value.lstrip("+-").isdecimal() else float(value)
        except ValueError:
            return None

    def to_learn(self, truth: NDArray[np.float64]) -> NDArray[np.int64] | NDArray[np.float32]:
        """Return what the network is taught: places of labels, or numbers in its own unit."""
        if self.classes:
            return truth.astype(np.int64)
        shift, factor = self.unit
        return ((truth - shift) / factor).astype(np.float32)

    def label_names(self) -> list[str]:
        """Return the classes as text: ``true`` and ``false`` for booleans."""
        return cast("list[str]", pa.array(self.classes, self.label_type).cast("string").to_pylist())


def infer_target(
    values: pa.ChunkedArray, name: str, task: Literal["auto"] | Task = "auto"
) -> tuple[Target, str]:
    """Return the target without its shares or scale, and a sentence on why it is that task.

    Parameters
    ----------
    values : pyarrow.ChunkedArray of shape (n_rows,)
        The column to predict.
    name : str
        Its name.
    task : {"auto", "classification", "regression"}
        What to make of it; "auto" goes by the type and the number of different values.
    """
    kind = kind_of(values)
    values = plain(values)
    known = values.drop_null()
    distinct = known.slice(0, 1) if kind is None else pc.unique(known)
    target, reason = decide(Seen(values.type, kind, distinct, len(known)), name, task, values)
    if not target.classes:
        values_of(values, "number", name)  # text that is no number is named here
    return target, reason


@dataclass(frozen=True)
class Seen:
    """What there is to know of a target before it is decided what to predict.

    Parameters
    ----------
    type : pyarrow.DataType
    kind : Kind or None
    distinct : pyarrow.Array
        Its different values, without a missing one.
    n_known : int
        Rows that have one.
    more : bool, default=False
        Whether there are more different values than `distinct` has.
    """

    type: pa.DataType
    kind: Kind | None
    distinct: pa.Array
    n_known: int
    more: bool = False


def decide(
    seen: Seen, name: str, task: Literal["auto"] | Task, values: pa.ChunkedArray
) -> tuple[Target, str]:
    """Return what `infer_target` does; `values` are the first rows, or all."""
    distinct, kind = len(seen.distinct), seen.kind
    if distinct == 0:
        raise TableError(f"target {name!r} has no value in any row: choose another target")
    if kind is None or kind == "date":
        raise TableError(
            f"target {name!r} holds {'dates' if kind else f'values of type {seen.type}'}: "
            "choose a column of numbers or categories"
        )
    if distinct == 1:
        only = seen.distinct[0].as_py()
        raise TableError(f"target {name!r} is {only!r} in every row: choose another target")
    what = _what(seen, kind)
    if task == "auto":
        what += _looks(values, name, distinct)
        few = distinct <= _FEW and distinct * _ROWS_EACH <= seen.n_known
        whole = pa.types.is_integer(seen.type)
        task = "classification" if kind != "number" or (whole and few) else "regression"
        if kind == "number" and task == "classification":
            what += " (to predict them as quantities: --task regression)"
        elif kind == "number" and distinct <= min(_PLAUSIBLE, seen.n_known // 2):
            what += " (to take them as classes: --task classification)"
    if task == "regression":
        return Target(name), what
    return Target(name, _classes(seen, name)), what


def _classes(seen: Seen, name: str) -> tuple[Label, ...]:
    number, distinct, kind = seen.kind == "number", seen.distinct, seen.type
    if 2 * len(distinct) > seen.n_known or seen.more:
        fix = "use --task regression" if number else "choose a column of fewer categories"
        raise TableError(
            f"target {name!r} has {_different(seen)} in {counted(seen.n_known, 'row')}, too many "
            f"to be classes: {fix}"
        )
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        distinct = distinct.cast(pa.float64())
    elif number:
        largest = pc.max(distinct).as_py() if pa.types.is_integer(kind) else None
        if largest is None or largest >= 2**63:
            raise TableError(
                f"target {name!r} holds values of type {kind}, which cannot be classes: use "
                "--task regression"
            )
        distinct = distinct.cast(pa.int64())
    return tuple(sorted(pc.unique(distinct).to_pylist()))


def _different(seen: Seen) -> str:
    more = "more than " if seen.more else ""
    return more + counted(len(seen.distinct), "different value")


def _looks(values: pa.ChunkedArray, name: str, distinct: int) -> str:
    """Say what text looks like; raise TableError where it can hardly be meant as classes."""
    found = hint(values, name)
    if found is None:
        return ""
    if found.numbers:
        raise TableError(
            f"{found.said}: correct or empty what is no number to predict a quantity, or take "
            "them as classes with --task classification"
        )
    if distinct > _FEW:
        raise TableError(
            f"target {found.said}: write them as {found.write} to predict a quantity, or take "
            "them as classes with --task classification"
        )
    return f"; {found.said}"


def _what(seen: Seen, kind: Kind) -> str:
    if kind == "boolean":
        return "is true or false"
    if kind == "number":
        name = "integers" if pa.types.is_integer(seen.type) else "numbers"
    else:
        name = "text" if is_text(seen.type) else "categories"
    return f"is {name} with {_different(seen)}"
