"""Training on Parquet files that are read piece by piece, since memory cannot hold them.

The files are gone through several times: once for the kinds of the columns, the target and most
statistics, three times for the medians, and then for each epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lamina.tables.columns import Kind, Values, is_text, kind_of, plain, values_of
from lamina.tables.errors import TableError, counted
from lamina.tables.learning import Dates, Numbers, Texts, learner
from lamina.tables.moments import Median, Moments
from lamina.tables.parquet import ParquetSet, Piece
from lamina.tables.prepare import (
    Answer,
    check,
    check_left,
    kinds_of,
    notes_on,
    with_counts,
    with_moments,
)
from lamina.tables.preprocess import Preprocessing, learnt
from lamina.tables.running import RunningScores
from lamina.tables.scores import Scores
from lamina.tables.target import Seen, Target, Task, decide

__all__ = ["Streamed", "prepare_parts", "told"]

_MOST_TEXTS = 20_000  # different ones of a column that are counted at a time
_MOST_LABELS = 10_000
_MOST_WATCHED = 50_000
_WATCHED = 0.1  # of the rows of training
_SHUFFLED = 4  # pieces

Columns = dict[str, Values]


@dataclass(frozen=True)
class Split:
    """Which rows are held out, by their numbers alone.

    Each row has a number in [0, 1) that is a hash of its place in the table and of the seed. Those
    below `test_size` are held out.
    """

    seed: int
    test_size: float
    watched: float = 0.0

    def of(self, first: int, n: int) -> NDArray[np.int8]:
        """Return 0 for rows to learn from, 1 for the held out, 2 for those that are watched."""
        hashed = _uniform(np.arange(first, first + n, dtype=np.uint64), self.seed)
        limit = self.test_size + (1 - self.test_size) * self.watched
        return (np.int8(2) * (hashed < limit) - (hashed < self.test_size)).astype(np.int8)


def _uniform(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Return a hash in [0, 1): SplitMix64 (Steele, Lea and Flood, 2014)."""
    step, start = 0x9E3779B97F4A7C15, seed * 0xD1342543DE82EF95
    x = numbers * np.uint64(step) + np.uint64((start + step) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return (x ^ (x >> np.uint64(31))).astype(np.float64) / 2.0**64


@dataclass(frozen=True)
class Streamed:
    """A set of Parquet files ready for training, as `Prepared` is a table in memory.

    Parameters
    ----------
    source : ParquetSet
    target : Target
    reason : str
    preprocessing : Preprocessing
    dropped : dict of str to str
    unlabelled, n_train, n_test : int
        Rows without a target, to learn from, held out.
    lowest : float
        The lowest number to predict, of all rows.
    seed : int
    split : Split
    notes : tuple of str
    """

    source: ParquetSet
    target: Target
    reason: str
    preprocessing: Preprocessing
    dropped: dict[str, str]
    unlabelled: int
    n_train: int
    n_test: int
    lowest: float
    seed: int
    split: Split
    notes: tuple[str, ...] = ()
    rows: ClassVar[None] = None  # which they are: in another order in each epoch

    @property
    def watched(self) -> str:
        """Say which rows decide when to stop."""
        return f"about {counted(min(_MOST_WATCHED, round(_WATCHED * self.n_train)), 'row')}"

    def quantiles(self, levels: Sequence[float]) -> tuple[float, ...]:
        """Return these quantiles of the target in the rows of training."""
        found = [Median(level) for level in levels]
        for _ in range(Median.PASSES):
            for piece in self.source.pieces([self.target.name]):
                truth = self.target.read(piece.table[self.target.name], piece.place)
                sides = self.split.of(piece.first, piece.table.num_rows)
                for one in found:
                    one.add(truth[(sides != 1) & ~np.isnan(truth)])
            for one in found:
                one.end_pass()
        return tuple(float(one.value) for one in found if one.value is not None)

    def fit(self, estimator: Any) -> Any:
        """Fit an estimator to the rows of training, piece by piece, and return it."""
        watched, split, known = None, self.split, {}
        if estimator.early_stopping:
            share = min(_WATCHED, _MOST_WATCHED / self.n_train)
            split = Split(split.seed, split.test_size, share)
            watched = self._watched(split)
        if self.target.classes:
            known["classes"] = np.arange(len(self.target.classes))
        chunks = _Epochs(self, split, mix=bool(estimator.shuffle))
        rows = _SHUFFLED * self.source.rows
        return estimator.fit_batches(chunks, eval_set=watched, shuffle_rows=rows, **known)

    def _watched(self, split: Split) -> tuple[NDArray[np.float32], Any]:
        parts = [(X, y) for X, y in self.parts(split, 2) if len(y)]
        if not parts:
            raise TableError("too few rows to stop early: use --no-early-stopping")
        X, y = zip(*parts, strict=True)
        return np.concatenate(X), self.target.to_learn(np.concatenate(y))

    def held_out(self, most: int) -> tuple[NDArray[np.float32], NDArray[Any]] | None:
        """Return inputs and targets of the first `most` rows held out, None if there are none."""
        parts: list[tuple[NDArray[np.float32], NDArray[np.float64]]] = []
        own = self.parts(self.split, 1) if self.n_test else ()
        for part in own:
            parts += [part] if len(part[1]) else []
            if sum(len(y) for _, y in parts) >= most:
                break
        if not parts:
            return None
        X, y = (np.concatenate(side)[:most] for side in zip(*parts, strict=True))
        return X, self.target.to_learn(y)

    def scores(self, answer: Answer) -> tuple[Scores, Scores]:
        """Return the scores of an answer and of the baseline on the rows held out, if any."""
        running = RunningScores(self.target)
        if self.n_test:
            for X, y in self.parts(self.split, 1):
                if len(y):
                    running.add(y, answer(X))
        return running.scores()

    def parts(
        self, split: Split, wanted: int, random: np.random.Generator | None = None
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
        """Yield inputs and targets of the rows of one side of a split."""
        kinds, target = self.preprocessing.kinds, self.target
        names = [*kinds, target.name]
        pieces = self.source.pieces(names) if random is None else self.source.mixed(names, random)
        for piece in pieces:
            with told(piece, self.source):
                truth = target.read(piece.table[target.name], piece.place)
                rows = split.of(piece.first, piece.table.num_rows) == wanted
                rows &= ~np.isnan(truth)
                columns = columns_of(piece, kinds)
            own = {name: values[rows] for name, values in columns.items()}
            yield self.preprocessing.transform(own), truth[rows]


class _Epochs:
    """The chunks of an epoch, in another order in each if they are to be mixed."""

    def __init__(self, streamed: Streamed, split: Split, mix: bool) -> None:
        self._streamed, self._split, self._mix, self._epoch = streamed, split, mix, 0

    def __call__(self) -> Iterator[tuple[Any, Any]]:
        own, random = self._streamed, None
        if self._mix:
            random = np.random.default_rng([own.seed, self._epoch])
            self._epoch += 1
        for X, y in own.parts(self._split, 0, random):
            yield X, own.target.to_learn(y)


def prepare_parts(
    source: ParquetSet,
    target: str,
    *,
    task: Literal["auto"] | Task = "auto",
    test_size: float = 0.2,
    seed: int = 0,
    drop: Iterable[str] = (),
) -> Streamed:
    """Infer the task and learn the preprocessing, as `prepare` does, from files read in pieces.

    What is learnt is what `prepare` learns from the same rows, to the bit, but for columns of more
    than 20,000 different texts, whose rare ones are forgotten on the way. Which rows are held out
    goes by a hash of their numbers.

    Parameters
    ----------
    source : ParquetSet
    target, task, test_size, seed, drop
        As for `prepare`.

    Returns
    -------
    streamed : Streamed
    """
    drop = tuple(drop)
    check(source.schema.names, target, test_size, drop)
    split = Split(seed, test_size)
    study = _study(source, target, task, split, drop)
    goal, reason = study.target.decided(task)
    n_train, n_test = study.target.n_train, study.target.n_test
    if n_train < 2 or (test_size > 0 and n_test < 2):
        raise TableError(
            f"{counted(n_train + n_test, 'row')} with a target are too few to learn from and to "
            "hold out: add rows, or use --test-size 0"
        )
    goal = study.target.fitted(goal)
    kinds = {name: column.kind for name, column in study.columns.items()}
    learners = {name: column.learner for name, column in study.columns.items()}
    _finish(source, target, goal, split, kinds, learners)
    pairs = {name: (kinds[name], learners[name]) for name in learners}
    preprocessing, useless = learnt(pairs)
    dropped = study.dropped | useless
    check_left(preprocessing, target, dropped)
    return Streamed(
        source,
        goal,
        reason,
        preprocessing,
        dropped,
        source.n_rows - n_train - n_test,
        n_train,
        n_test,
        study.target.lowest,
        seed,
        split,
        study.notes,
    )


@dataclass
class _Study:
    """What the first pass finds."""

    columns: dict[str, _Column]
    dropped: dict[str, str]
    notes: tuple[str, ...]
    target: _TargetColumn


def _study(
    source: ParquetSet,
    target: str,
    task: Literal["auto"] | Task,
    split: Split,
    drop: tuple[str, ...],
) -> _Study:
    """Go through all rows once."""
    study: _Study | None = None
    names = [name for name in source.schema.names if name not in drop]
    for piece in source.pieces(names):
        table = piece.table
        if study is None:
            kinds, dropped = kinds_of(table, target, ())
            columns = {name: _Column(name, table[name]) for name in kinds}
            some = f"in the first {counted(table.num_rows, 'row')} "
            notes = tuple(some + note for note in notes_on(table, kinds))
            dropped |= {name: "as asked" for name in drop}
            study = _Study(columns, dropped, notes, _TargetColumn(target, table[target], task))
            study.target.check()
        with told(piece, source):
            rows = study.target.add(table[target], piece.place, split.of(piece.first, len(table)))
            for name, column in study.columns.items():
                column.add(table[name], piece.place, rows)
    assert study is not None  # the source has rows
    for column in study.columns.values():
        column.learner.end_pass()
    return study


def _finish(
    source: ParquetSet,
    target: str,
    goal: Target,
    split: Split,
    kinds: dict[str, Kind],
    learners: dict[str, Numbers | Texts],
) -> None:
    """Go through the columns that are not done yet, until they are."""
    while True:
        left = [name for name, own in learners.items() if not own.done and not own.useless]
        if not left:
            return
        for piece in source.pieces([*left, target]):
            truth = goal.read(piece.table[target], piece.place)
            rows = (split.of(piece.first, piece.table.num_rows) != 1) & ~np.isnan(truth)
            for name in left:
                values = values_of(piece.table[name], kinds[name], name, piece.place)
                learners[name].add(values[rows])
        for name in left:
            learners[name].end_pass()


class _Column:
    """A column in the first pass; text may turn out to be dates until a piece is not."""

    def __init__(self, name: str, values: pa.ChunkedArray) -> None:
        self._name, self._text = name, is_text(values.type)
        kind = "category" if self._text else kind_of(values)
        assert kind is not None
        self._kind: Kind = kind
        self._learner = learner(self._kind, _MOST_TEXTS)
        self._dates = Dates() if self._text else None
        self._any = False  # whether a text was there

    def add(self, values: pa.ChunkedArray, before: int, rows: NDArray[np.bool_]) -> None:
        """Take in a piece of the column, of which `rows` are learnt from."""
        self._learner.add(values_of(values, self._kind, self._name, before)[rows])
        if self._dates is None:
            return
        try:
            dates = values_of(values, "date", self._name, before)
        except TableError:
            self._dates = None
            return
        self._any |= not np.isnat(dates).all()
        self._dates.add(dates[rows])

    @property
    def kind(self) -> Kind:
        """What the column holds."""
        return "date" if self._dates is not None and self._any else self._kind

    @property
    def learner(self) -> Numbers | Texts:
        """What has learnt it."""
        if self._dates is not None and self._any:
            return self._dates
        return self._learner


@dataclass
class _TargetColumn:
    """The target in the first pass: its values, counted, and its moments if it may be numbers."""

    name: str
    first: pa.ChunkedArray
    task: Literal["auto"] | Task
    n_train: int = 0
    n_test: int = 0
    counts: dict[Any, list[int]] = field(default_factory=dict)  # in training, and in all rows
    more: bool = False
    moments: Moments = field(default_factory=Moments)
    lowest: float = np.inf
    dates: bool = True
    type: pa.DataType = None
    kind: Kind | None = None

    def __post_init__(self) -> None:
        self.kind = kind_of(self.first)
        text = is_text(self.first.type)
        if text:
            self.kind = "category"
        self.dates = text
        self.type = plain(self.first).type
        self._numbers = self.kind not in (None, "date") and (
            self.task == "regression" or self.kind == "number"
        )

    def check(self) -> None:
        """Raise TableError where values of that type cannot be predicted."""
        if self.kind is None or self.kind == "date":
            decide(Seen(self.type, self.kind, pa.array([0]), 1), self.name, self.task, self.first)

    def add(
        self, values: pa.ChunkedArray, before: int, sides: NDArray[np.int8]
    ) -> NDArray[np.bool_]:
        """Take in a piece; return its rows to learn from."""
        known = plain(values)
        self.dates = self.dates and kind_of(values) == "date"
        if self._numbers and not (self.task == "auto" and self.kind == "boolean"):
            numbers = values_of(values, "number", self.name, before)
            there = ~np.isnan(numbers)
        else:
            numbers, there = None, known.is_valid().to_numpy()
        train = there & (sides != 1)
        self.n_train += int(train.sum())
        self.n_test += int(there.sum() - train.sum())
        if numbers is not None:
            self.moments.add(numbers[train])
            self.lowest = float(numbers[there].min(initial=self.lowest))
        if not self.more:
            self._count(known.filter(pa.array(there)), train[there])
        return train

    def _count(self, known: pa.ChunkedArray, train: NDArray[np.bool_]) -> None:
        for column, part in enumerate((known.filter(pa.array(train)), known)):
            for entry in pc.value_counts(part).to_pylist():
                counts = self.counts.setdefault(entry["values"], [0, 0])
                counts[column] += entry["counts"]
        if len(self.counts) > _MOST_LABELS:
            self.more = True

    def decided(self, task: Literal["auto"] | Task) -> tuple[Target, str]:
        """Return the target without its shares or scale, and why it is that task."""
        distinct = pa.array(list(self.counts)[:_MOST_LABELS], self.type)
        kind: Kind | None = "date" if self.dates and self.counts else self.kind
        seen = Seen(self.type, kind, distinct, self.n_train + self.n_test, self.more)
        return decide(seen, self.name, task, self.first)

    def fitted(self, target: Target) -> Target:
        """Return the target with what is known of it in the rows of training."""
        if not target.classes:
            return with_moments(target, self.moments)
        places = target.read(pa.chunked_array([pa.array(list(self.counts), self.type)]))
        counts = np.zeros(len(target.classes), np.intp)
        np.add.at(counts, places.astype(np.intp), [own[0] for own in self.counts.values()])
        return with_counts(target, counts)


def columns_of(piece: Piece, kinds: dict[str, Kind]) -> Columns:
    """Return the columns of a piece as arrays of their kinds."""
    return {
        name: values_of(piece.table[name], kind, name, piece.place) for name, kind in kinds.items()
    }


@contextmanager
def told(piece: Piece, source: ParquetSet) -> Iterator[None]:
    """Say in which file of a folder an error is."""
    try:
        yield
    except TableError as error:
        if len(source.files) == 1:
            raise
        raise TableError(f"{piece.file}: {error}") from None
