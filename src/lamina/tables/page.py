"""The report of a table's model: what `lamina.report` says of it in the words of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lamina.report import Answers, HeldOut, Score, Subject, page
from lamina.report.scoring import not_finite
from lamina.tables import report, runs
from lamina.tables.columns import Values, plain
from lamina.tables.errors import TableError, counted
from lamina.tables.model import Outcome, TableModel
from lamina.tables.parquet import ParquetSet
from lamina.tables.scores import LOWER_IS_BETTER, NAMES, Scores, baseline, score
from lamina.tables.stream import told

__all__ = ["html"]

LOOKED_AT = 50_000  # rows that the findings see

# Of what `lamina show` says, the page has these in sections of its own.
ELSEWHERE = {"network", "settings", "loss"}


class Part(NamedTuple):
    """Some rows of a table: their truth, NaN where it is missing, their columns and labels."""

    truth: NDArray[np.float64]
    columns: dict[str, Values]
    labels: pa.ChunkedArray
    first: int


def html(
    model: TableModel, name: str, data: pa.Table | ParquetSet | None, where: str = ""
) -> bytes:
    """Return the page of HTML about a model.

    Parameters
    ----------
    model : TableModel
    name : str
        Of the model's file.
    data : pyarrow.Table, ParquetSet or None
        Rows to score on.
    where : str
        What to call them.
    """
    X = y = answers = None
    if data is not None:
        X, y, answers = _answers(model, data, where)
    target, facts = model.target, model.facts
    n_columns = len(model.preprocessing.kinds)
    goal = f"{target.name!r}"
    if target.classes:
        goal = f"the {counted(len(target.classes), 'class')} of {goal}"
    elif target.levels:
        goal = f"{counted(len(target.levels), 'quantile')} of {goal}"
    subject = Subject(
        estimator=model.estimator,
        kind="classes" if target.classes else "quantiles" if target.levels else "numbers",
        title=f"{name}: {goal} from {counted(n_columns, 'column')}",
        given=f"{counted(facts.n_train, 'row')} of {counted(n_columns, 'column')}",
        goal=goal,
        names=_names(model),
        X=X,
        y=y,
        answers=answers,
        facts=tuple(row for row in report.shown(model) if row[0] not in ELSEWHERE),
        held_out=_held_out(model),
        imports=("from lamina.tables import prepare, read_table, train",),
        recipe=tuple(_recipe(model)),
    )
    return page(subject).encode()


def _names(model: TableModel) -> tuple[str, ...]:
    target = model.target
    if target.classes:
        return tuple(target.label_names())
    levels = tuple(f"quantile {level}" for level in target.levels)
    return levels or ("output",)


def _held_out(model: TableModel) -> HeldOut | None:
    facts = model.facts
    if not facts.scores:
        return None
    return HeldOut(
        f"the {counted(facts.n_test, 'row')} held out", _scores(facts.scores, facts.baseline)
    )


def _scores(own: Scores, guess: Scores) -> tuple[Score, ...]:
    return tuple(
        Score(NAMES[name], value, guess[name], name in LOWER_IS_BETTER)
        for name, value in own.items()
    )


def _answers(
    model: TableModel, data: pa.Table | ParquetSet, where: str
) -> tuple[Any, Any, Answers]:
    """Return inputs and answers of the rows to look at, and the predictions of all."""
    target, unseen = model.target, Counter[str]()
    truths, predictions, inputs, n_rows, n_looked, unknown = [], [], [], 0, 0, ""
    for part in _parts(model, data):
        rows = np.flatnonzero(~np.isnan(part.truth))
        n_rows += len(part.truth)
        unseen.update(model.preprocessing.unseen(part.columns))
        unknown = unknown or _unknown(model, part)
        if not rows.size:
            continue
        truths.append(part.truth[rows])
        predictions.append(model.answer(part.columns)[rows])
        if n_looked < LOOKED_AT:
            inputs.append(model.preprocessing.transform(part.columns)[rows])
            n_looked += len(rows)
    if not truths:
        raise TableError(f"target {target.name!r} has no value: nothing to compare with")
    truth, predicted = np.concatenate(truths), np.concatenate(predictions)
    own, guess = score(target, truth, predicted), baseline(target, truth)
    n_strange = int((truth < 0).sum()) if target.classes else 0
    outcome = Outcome(own, guess, len(truth), n_rows - len(truth), n_strange, unknown)
    known = truth[:n_looked] >= 0 if target.classes else np.ones(n_looked, bool)
    answers = Answers(
        f"the {counted(len(truth), 'row')} of {where}",
        truth.astype(int) if target.classes else truth,
        predicted,
        _scores(own, guess),
        (*(f"{line}." for line in runs.remarks(unseen, n_rows, outcome)), *not_finite(predicted)),
        _learnt(model, len(truth) - n_strange, outcome.n_unlabelled),
    )
    X = np.concatenate(inputs)[known]
    return (
        (X, target.to_learn(truth[:n_looked][known]), answers) if len(X) else (None, None, answers)
    )


def _learnt(model: TableModel, n_rows: int, n_unlabelled: int) -> str:
    """Say that the network has probably learnt from rows: as many as the training had."""
    facts = model.facts
    if (n_rows, n_unlabelled) != (facts.n_train + facts.n_test, facts.n_unlabelled):
        return ""
    return (
        f"The table has as many rows as that of the training. If it is the same one, the network "
        f"learnt from {facts.n_train:,} of them: new ones it knows less well."
    )


def _parts(model: TableModel, data: pa.Table | ParquetSet) -> Iterator[Part]:
    """Yield the rows of a table, those of Parquet files piece by piece."""
    target = model.target
    if not isinstance(data, ParquetSet):
        model.check_target(data.column_names)
        labels = data[target.name]
        yield Part(target.read(labels), model.columns(data), labels, 0)
        return
    model.check_target(data.schema.names)
    kinds = model.preprocessing.kinds
    needed = [name for name in data.schema.names if name in kinds or name == target.name]
    for piece in data.pieces(needed):
        labels = piece.table[target.name]
        with told(piece, data):
            truth = target.read(labels, piece.place)
            columns = model.columns(piece.table, piece.place)
        yield Part(truth, columns, labels, piece.first)


def _unknown(model: TableModel, part: Part) -> str:
    """Return the first label that the model does not know, and its row."""
    strange = np.flatnonzero(part.truth < 0)
    if not (model.target.classes and len(strange)):
        return ""
    value = plain(part.labels)[int(strange[0])].as_py()
    return f"row {part.first + strange[0] + 1:,} is {value!r}"


def _recipe(model: TableModel) -> Iterator[str]:
    """Yield the lines that train the network once it is made."""
    facts = model.facts
    share = facts.n_test / max(1, facts.n_test + facts.n_train)
    # Rounded down: the number of rows held out is rounded up.
    options = f"task={model.target.task!r}, test_size={np.floor(share * 1e6) / 1e6:g}, "
    options += f"seed={facts.seed}"
    drop = [name for name, reason in facts.dropped.items() if reason == "as asked"]
    options += f", drop={drop!r}" if drop else ""
    yield 'table = read_table("TABLE")'
    yield f"prepared = prepare(table, {model.target.name!r}, {options})"
    yield "table_model, notes = train(prepared, model)"
