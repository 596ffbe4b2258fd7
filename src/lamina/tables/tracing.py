"""The command that follows rows of a table through the network, value by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from lamina.plan import ArgumentError
from lamina.tables import options as own
from lamina.tables import outputs, report
from lamina.tables.columns import plain
from lamina.tables.errors import TableError, counted
from lamina.tables.model import TableModel
from lamina.tables.parquet import ParquetSet
from lamina.tables.preprocess import Preprocessing
from lamina.tables.read import opened, write_bytes

if TYPE_CHECKING:
    from lamina.diagnosis.trace import Trace, UpdateTrace

__all__ = ["add", "follow"]

_Rows = Annotated[
    list[int] | None,
    typer.Option(
        "--row", min=1, help="The row to follow, from 1 on; repeatable.", show_default="1"
    ),
]
_Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page of HTML.", show_default=False),
]
_Digits = Annotated[int, typer.Option(min=1, max=17, help="Digits of each number.")]
_Shown = Annotated[int, typer.Option(min=2, max=1000, help="Rows and columns shown of an array.")]
_Update = Annotated[
    bool, typer.Option("--update", help="Follow the step that training would take next, too.")
]
_ROW, _PREDICTION = "The rows of the table", "The prediction"
_NARROWEST = 60  # columns: below it a terminal breaks lines by itself


def add(app: typer.Typer, written: list[Path]) -> None:
    """Add the command to `app`; it lists what it writes in `written`."""

    @app.command(name="trace")
    def trace_(
        model: own.Model,
        table: own.Table,
        row: _Rows = None,
        html: _Html = None,
        digits: _Digits = 4,
        shown: _Shown = 6,
        update: _Update = False,
        force: own.Force = False,
    ) -> None:
        """Follow a row of TABLE through the network of MODEL, forward and backward.

        Every value comes with the equation that made it. TABLE has to have the target.
        """
        if html is not None:
            outputs.free_path(html, force, model, table, option="--html")
        loaded = TableModel.load(model)
        data = opened(table, None, infer=False, numbers=loaded.numbers)
        found = follow(loaded, data, row or [1])
        followed: list[Any] = [found, *([_next_step(found)] if update else [])]
        if html is None:
            console = report.console()
            width = max(_NARROWEST, console.width) if console.is_terminal else 100
            texts = [own.text(digits, shown, width) for own in followed]
            console.print("\n\n".join(texts), soft_wrap=True)
            return
        write_bytes(html, _page(followed, digits, shown).encode())
        written.append(html)
        report.console().print(f"trace of {counted(found.n_samples, 'row')} written to {html}")


def _page(followed: list[Any], digits: int, shown: int) -> str:
    first, *others = followed
    page = str(first.html(digits, shown, page=True))
    more = "".join(own.html(digits, shown) for own in others)
    return page.replace("</main>", f"{more}</main>")


def _next_step(found: Trace) -> UpdateTrace:
    try:
        return found.update()
    except ArgumentError as error:
        raise TableError(f"there is no next step to follow: {error}") from None


def follow(model: TableModel, data: pa.Table | ParquetSet, rows: Sequence[int]) -> Trace:
    """Return the trace of rows of a table, counted from 1.

    Raises
    ------
    TableError
        If a row is not there, its target is missing or unknown, or the columns are not the
        model's.
    """
    from lamina.estimators.inspection.tracing import trace

    table = _picked(data, rows)
    columns = model.columns(table)
    model.check_target(data.schema.names)
    target = model.target
    truth = target.read(table[target.name])
    values = plain(table[target.name]).to_pylist()
    for row, place, value in zip(rows, truth, values, strict=True):
        if np.isnan(place):
            raise TableError(f"row {row:,} has no {target.name!r}: choose a row that has it")
        if target.classes and place < 0:
            raise TableError(
                f"row {row:,} has {value!r} as {target.name!r}, which the model does not know: "
                "choose another row"
            )
    X = model.preprocessing.transform(columns)
    found = trace(model.estimator, X, target.to_learn(truth))
    called = tuple(f"row {row:,}" for row in rows)
    return replace(
        found,
        before=tuple(_before(model, table, X, found.y, called)),
        after=tuple(_after(model, table, called)),
        inputs=_inputs(model.preprocessing),
        outputs=_outputs(model, found.y.shape[1]),
    )


def _outputs(model: TableModel, k: int) -> tuple[str, ...]:
    return tuple(model.target.label_names()) if model.target.classes and k > 1 else ()


def _picked(data: pa.Table | ParquetSet, rows: Sequence[int]) -> pa.Table:
    """Return the rows that are asked for, in that order."""
    n = data.n_rows if isinstance(data, ParquetSet) else data.num_rows
    for row in rows:
        if row > n:
            raise TableError(f"there is no row {row:,}: the table has {counted(n, 'row')}")
    places = [row - 1 for row in rows]
    if not isinstance(data, ParquetSet):
        return data.take(places)
    found: dict[int, pa.Table] = {}
    for piece in data.pieces():
        end = piece.first + piece.table.num_rows
        here = [place for place in places if piece.first <= place < end]
        found |= {place: piece.table.slice(place - piece.first, 1) for place in here}
        if len(found) == len(set(places)):
            break
    return pa.concat_tables([found[place] for place in places]).unify_dictionaries()


def _before(
    model: TableModel, table: pa.Table, X: np.ndarray, y: np.ndarray, called: tuple[str, ...]
) -> list[Any]:
    """Return the rows as they stand, and as the network takes them: a line for each column."""
    from lamina.diagnosis.trace import Step

    names = (*model.preprocessing.kinds, model.target.name)
    cells = [["" if v is None else str(v) for v in plain(table[n]).to_pylist()] for n in names]
    inputs = _inputs(model.preprocessing)
    step = Step("columns", "columns", "columns", "given", np.array(cells), _ROW)
    numbers = Step("x", "x", "x: the columns prepared", "given", X.T, _ROW)
    numbers = replace(numbers, words="numbers (value − mean) / scale, 1 for a category that is so")
    found = [replace(step, rows=names, columns=called, samples=1)]
    found.append(replace(numbers, rows=inputs, columns=called, samples=1))
    if model.target.classes:
        labels = tuple(model.target.label_names())
        told = Step("y", "targets", "y: 1 in the column of the class", "given", y, _ROW, samples=0)
        if y.shape[1] == 1:
            return [*found, replace(told, equation=f"y = 1 for {labels[-1]}", rows=called)]
        return [*found, replace(told, rows=called, columns=labels)]
    shift, factor = model.target.unit
    text = f"y = ({model.target.name} − {shift:.6g}) / {factor:.6g}"
    return [*found, Step("y", "targets", text, "given", y, _ROW, "", called, samples=0)]


def _after(model: TableModel, table: pa.Table, called: tuple[str, ...]) -> list[Any]:
    from lamina.diagnosis.trace import Step

    answer = model.predictions(table)
    own = np.array([answer[name].to_pylist() for name in answer.column_names], dtype=object).T
    names = tuple(answer.column_names)
    about = f"answer: of {model.target.name!r}, as lamina predict gives it"
    return [Step("answer", "answer", about, "given", own, _PREDICTION, "", called, names, 0)]


def _inputs(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return a name for each input of the network, in their order."""
    names = [
        column.name if part == "value" else f"{column.name}, {part}"
        for column in preprocessing.measures
        for part in column.parts
    ]
    names += [f"{column.name} is missing" for column in preprocessing.measures if column.missing]
    for one in preprocessing.categories:
        names += [
            f"{one.name} is {cat if cat is not None else 'missing'}" for cat in one.categories
        ]
    return tuple(names)
