"""From a table and the name of its target to everything that a network is trained on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lamina.tables.columns import Kind, Values, kind_of, values_of
from lamina.tables.errors import TableError, counted, grouped, listed, near
from lamina.tables.hints import hint
from lamina.tables.moments import Moments
from lamina.tables.preprocess import Preprocessing, learn
from lamina.tables.scores import Scores, baseline, score
from lamina.tables.target import Target, Task, infer_target

__all__ = ["Part", "Prepared", "as_table", "prepare"]

# Names under which pandas and R write the numbers of the rows.
_ROW_NUMBERS = ("", "__index_level_0__")

Columns = dict[str, tuple[Kind, Values]]
Answer = Callable[[NDArray[np.float32]], NDArray[np.float64]]


@dataclass(frozen=True)
class Part:
    """Some rows of a table: inputs and target as the network sees them.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_inputs)
        The inputs.
    y : ndarray of float64, shape (n_rows,)
        The numbers to predict in their own unit, or the places of the labels.
    rows : ndarray of int, shape (n_rows,)
        Which rows of the table they are, from 0 on.
    """

    X: NDArray[np.float32]
    y: NDArray[np.float64]
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class Prepared:
    """A table ready for training.

    Parameters
    ----------
    target : Target
        The column to predict.
    reason : str
        Why it is a classification or a regression.
    preprocessing : Preprocessing
        What was learnt from the rows of training.
    train, test : Part
        The rows to learn from and those held out, which may be none.
    dropped : dict of str to str
        Columns that are not used, and why.
    unlabelled : int
        The number of rows left out because their target is missing.
    seed : int
        The seed of the split.
    notes : tuple of str
        Columns of text that look like numbers or dates.
    """

    target: Target
    reason: str
    preprocessing: Preprocessing
    train: Part
    test: Part
    dropped: dict[str, str]
    unlabelled: int
    seed: int
    notes: tuple[str, ...] = ()
    watched: ClassVar[str] = "a tenth of the rows"

    @property
    def n_train(self) -> int:
        """Count the rows to learn from."""
        return len(self.train.y)

    @property
    def n_test(self) -> int:
        """Count the rows held out."""
        return len(self.test.y)

    @property
    def lowest(self) -> float:
        """Give the lowest number to predict, of all rows."""
        return float(min(part.y.min(initial=np.inf) for part in (self.train, self.test)))

    def quantiles(self, levels: Sequence[float]) -> tuple[float, ...]:
        """Return these quantiles of the target in the rows of training."""
        return tuple(np.quantile(self.train.y, levels).tolist())

    def fit(self, estimator: Any) -> Any:
        """Fit an estimator to the rows of training, and return it."""
        return estimator.fit(*self.given())

    def given(self) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """Return the inputs and targets that an estimator is fitted to."""
        return self.train.X, self.target.to_learn(self.train.y)

    @property
    def rows(self) -> NDArray[np.intp]:
        """Say which rows of the table an estimator is fitted to, from 0 on."""
        return self.train.rows

    def held_out(self, most: int) -> tuple[NDArray[np.float32], NDArray[Any]] | None:
        """Return inputs and targets of the first `most` rows held out, None if there are none."""
        X, y = self.test.X[:most], self.test.y[:most]
        return (X, self.target.to_learn(y)) if len(y) else None

    def scores(self, answer: Answer) -> tuple[Scores, Scores]:
        """Return the scores of an answer and of the baseline on the rows held out, if any."""
        X, y = self.test.X, self.test.y
        if not len(y):
            return {}, {}
        return score(self.target, y, answer(X)), baseline(self.target, y)


def as_table(data: Any) -> pa.Table:
    """Return a pyarrow table of ``data``: pandas, polars or anything else that speaks Arrow."""
    if not (isinstance(data, pa.Table) or hasattr(data, "__arrow_c_stream__")):
        raise TableError(
            f"a table is a pandas, polars or pyarrow table, not {type(data).__name__}: convert it"
        )
    table = data if isinstance(data, pa.Table) else pa.table(data)
    if table.num_rows == 0:
        raise TableError("the table has no rows: give it at least one")
    return table


def prepare(
    data: Any,
    target: str,
    *,
    task: Literal["auto"] | Task = "auto",
    test_size: float = 0.2,
    seed: int = 0,
    drop: Iterable[str] = (),
) -> Prepared:
    """Infer the task, split the rows and learn the preprocessing from those of training.

    Parameters
    ----------
    data : table
        As ``read_table`` returns it, or a pandas or polars data frame.
    target : str
        The column to predict. Rows where it is missing are left out.
    task : {"auto", "classification", "regression"}, default="auto"
        What to predict: text, booleans and integers of few values are classes by themselves,
        other numbers are a regression.
    test_size : float, default=0.2
        The share of the rows held out for the scores, below 1; 0 trains on all.
    seed : int, default=0
        The seed of the split.
    drop : iterable of str, default=()
        Columns not to use.

    Returns
    -------
    prepared : Prepared
    """
    table, drop = as_table(data), tuple(drop)
    check(table.column_names, target, test_size, drop)
    goal, reason = infer_target(table[target], target, task)
    truth = goal.read(table[target])
    labelled = np.flatnonzero(~np.isnan(truth))
    columns, dropped = _columns(table, target, drop)
    notes = tuple(notes_on(table, {name: kind for name, (kind, _) in columns.items()}))
    train, test = _split(goal, truth, labelled, test_size, seed)
    goal = _fitted(goal, truth[train])
    preprocessing = _learnt(columns, train, target, dropped)
    part = partial(_part, preprocessing, columns, truth)
    n_lost = len(truth) - len(labelled)
    return Prepared(
        goal, reason, preprocessing, part(train), part(test), dropped, n_lost, seed, notes
    )


def _learnt(
    columns: Columns, rows: NDArray[np.intp], target: str, dropped: dict[str, str]
) -> Preprocessing:
    """Return what is learnt from ``rows``; add the columns without use to ``dropped``."""
    learning = {name: (kind, values[rows]) for name, (kind, values) in columns.items()}
    preprocessing, useless = learn(learning)
    dropped |= useless
    check_left(preprocessing, target, dropped)
    return preprocessing


def check_left(preprocessing: Preprocessing, target: str, dropped: dict[str, str]) -> None:
    """Raise TableError unless a column is left to predict from."""
    if preprocessing.kinds:
        return
    reasons = "; ".join(grouped(dropped))
    raise TableError(
        f"no column is left to predict {target!r} from ({reasons or 'there is no other'}): add "
        "columns that tell rows apart"
    )


def _part(
    preprocessing: Preprocessing,
    columns: Columns,
    truth: NDArray[np.float64],
    rows: NDArray[np.intp],
) -> Part:
    values = {name: own[rows] for name, (_, own) in columns.items()}
    return Part(preprocessing.transform(values), truth[rows], rows)


def check(names: Sequence[str], target: str, test_size: float, drop: tuple[str, ...]) -> None:
    """Raise TableError unless the columns that are named are there."""
    for name in (target, *drop):
        if name not in names:
            raise TableError(f"the table has no column {name!r}: {near(name, names)}")
        if names.count(name) > 1:
            raise TableError(f"more than one column is named {name!r}: rename them")
    if target in drop:
        raise TableError(f"{target!r} is the target and cannot be dropped: name another column")
    if not 0 <= test_size < 1:
        raise TableError(
            f"the test size is the share of rows held out, from 0 to below 1, not {test_size:g}"
        )


def _columns(table: pa.Table, target: str, drop: tuple[str, ...]) -> tuple[Columns, dict[str, str]]:
    kinds, dropped = kinds_of(table, target, drop)
    columns = {name: (kind, values_of(table[name], kind, name)) for name, kind in kinds.items()}
    return columns, dropped


def kinds_of(
    table: pa.Table, target: str, drop: tuple[str, ...]
) -> tuple[dict[str, Kind], dict[str, str]]:
    """Return the kinds of the columns that can be used, and why others cannot."""
    kinds: dict[str, Kind] = {}
    dropped = {name: "as asked" for name in drop}
    for name in table.column_names:
        if name == target or name in dropped:
            continue
        kind = kind_of(table[name])
        if name in _ROW_NUMBERS:
            dropped[name] = "numbers of the rows"
        elif kind is None:
            dropped[name] = f"values of type {table[name].type}, which a network cannot use"
        else:
            kinds[name] = kind
    return kinds, dropped


def notes_on(table: pa.Table, kinds: dict[str, Kind]) -> Iterator[str]:
    """Yield a line on each column of categories that may be meant as numbers or dates."""
    for name, kind in kinds.items():
        found = hint(table[name], name) if kind == "category" else None
        if found and found.numbers:
            yield f"{found.said}: taken as categories, as long as not all are numbers or empty"
        elif found:
            yield f"{found.said}: taken as categories; write them as {found.write}"


def _split(
    target: Target,
    truth: NDArray[np.float64],
    rows: NDArray[np.intp],
    test_size: float,
    seed: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if test_size == 0:
        return rows, rows[:0]
    n_test = int(np.ceil(test_size * len(rows)))
    least = max(2, len(target.classes))
    if n_test < least or len(rows) - n_test < least:
        raise _too_few(target, len(rows), n_test, test_size)
    alone: list[Any] = []
    if target.classes:
        places, counts = np.unique(truth[rows], return_counts=True)
        alone = [target.classes[int(place)] for place in places[counts == 1]]
    if alone:
        raise TableError(
            f"only one row has the target {listed(alone)}, too few to learn from and to test: "
            "remove it, add others like it, or use --test-size 0"
        )
    train, test = train_test_split(
        rows,
        test_size=n_test,
        random_state=seed,
        stratify=truth[rows] if target.classes else None,
    )
    return train, test


def _too_few(target: Target, n_rows: int, n_test: int, test_size: float) -> TableError:
    """Return what is to be said where a split leaves too few rows on one side."""
    rows = f"{counted(n_rows, 'row')} with a target"
    n_classes = len(target.classes)
    if 2 <= n_test < n_classes and n_rows - n_test >= n_classes:
        quantity = target.label_type != pa.string()
        more = ", or --task regression if it is a quantity" if quantity else ""
        return TableError(
            f"target {target.name!r} has {n_classes:,} classes, too many for {n_test:,} of {rows} "
            f"to test: raise --test-size{more}, or train on all rows with --test-size 0"
        )
    if n_test >= max(2, n_classes) and test_size > 0.5:
        left = counted(n_rows - n_test, "row")
        return TableError(
            f"--test-size {test_size:g} leaves {left} of {n_rows:,} to learn from, too few: lower "
            "it"
        )
    return TableError(
        f"{rows} {'is' if n_rows == 1 else 'are'} too few to hold out {n_test:,}: add rows, or "
        "train on all of them with --test-size 0"
    )


def _fitted(target: Target, truth: NDArray[np.float64]) -> Target:
    if target.classes:
        places = truth.astype(np.intp)
        return with_counts(target, np.bincount(places, minlength=len(target.classes)))
    moments = Moments()
    moments.add(truth)
    return with_moments(target, moments)


def with_counts(target: Target, counts: NDArray[np.intp]) -> Target:
    """Return the target with the shares of its classes in the rows of training."""
    if not counts.all():
        lost = [label for label, n in zip(target.classes, counts, strict=True) if not n]
        raise TableError(f"all rows with the target {listed(lost)} are held out: lower --test-size")
    return replace(target, shares=tuple((counts / counts.sum()).tolist()))


def with_moments(target: Target, moments: Moments) -> Target:
    """Return the target with mean and scale of the rows of training."""
    mean, scale = moments.mean_and_scale()
    if moments.same or not np.isfinite(scale):
        raise TableError(
            f"target {target.name!r} does not vary in the rows of training, or by too much to "
            "compute with: choose another target or rescale it"
        )
    return replace(target, mean=mean, scale=scale)
