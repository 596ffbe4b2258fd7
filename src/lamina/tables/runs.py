"""The steps of the commands that are neither reading, learning nor printing."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamina.callbacks import Callback, Checkpoint, TimeBudget
from lamina.tables import report
from lamina.tables.errors import TableError, counted, grouped, listed
from lamina.tables.model import Outcome, TableModel, train
from lamina.tables.prepare import Prepared
from lamina.tables.scores import Scores
from lamina.tables.settings import between
from lamina.tables.stream import Streamed

__all__ = [
    "after",
    "as_json",
    "before",
    "beside",
    "callbacks",
    "outcome_json",
    "remarks",
    "train",
    "unseen",
]


_EVERY = 60.0  # seconds from checkpoint to checkpoint


def callbacks(checkpoint: Path | None, seconds: float | None) -> list[Callback] | None:
    """Return what writes the checkpoints and what keeps to the time, None if neither is asked."""
    own: list[Callback] = []
    if checkpoint is not None:
        own.append(Checkpoint(checkpoint, every_seconds=_EVERY))
    if seconds is not None:
        own.append(TimeBudget(between("--time-budget", seconds, "above 0")))
    return own or None


def before(
    path: Path, n_rows: int, n_columns: int, prepared: Prepared | Streamed
) -> Iterator[tuple[str, str]]:
    """Yield what there is to say before the training."""
    yield (
        "table",
        (f"{path}: {counted(n_rows, 'row')}, {counted(n_columns, 'column')}"),
    )
    target = prepared.target
    yield "task", f"{target.task}: the target {target.name!r} {prepared.reason}"
    yield "columns", report.kinds(prepared.preprocessing)
    for line in grouped(prepared.dropped):
        yield "not used", line
    for note in prepared.notes:
        yield "note", note
    yield "rows", report.split(prepared.n_train, prepared.n_test, prepared.unlabelled)
    if isinstance(prepared, Streamed):
        size = counted(prepared.source.rows, "row")
        yield "reading", f"{size} at a time, again in each epoch"


def after(
    model: TableModel, notes: list[str], seconds: float, watched: str
) -> Iterator[tuple[str, str]]:
    """Yield what there is to say after the training."""
    yield "network", report.network(model.estimator)
    yield (
        "training",
        f"{_epochs(model.estimator)} in {seconds:.1f} s{_stopping(model.estimator, watched)}",
    )
    for note in notes:
        yield "note", note


def unseen(counts: Mapping[str, int], n_rows: int) -> Iterator[str]:
    """Yield a line on each column with categories that the model does not know."""
    for name, count in counts.items():
        known = "has a category that training never or hardly saw"
        yield f"column {name!r} {known} in {count:,} of {counted(n_rows, 'row')}"


def remarks(counts: Mapping[str, int], n_rows: int, outcome: Outcome) -> Iterator[str]:
    """Yield a line on each thing to know about a score."""
    yield from unseen(counts, n_rows)
    if outcome.n_unlabelled:
        yield f"{counted(outcome.n_unlabelled, 'row')} left out: the target is missing"
    if outcome.n_unknown:
        have = "has" if outcome.n_unknown == 1 else "have"
        what = f"{have} a class that training did not see ({outcome.unknown})"
        rest = "counted as wrong, not in the log loss"
        yield f"{counted(outcome.n_unknown, 'row')} {what}: {rest}"


def beside(table: pa.Table, predictions: pa.Table) -> pa.Table:
    """Return the columns of ``table`` and then those of ``predictions``."""
    both = [name for name in predictions.column_names if name in table.column_names]
    if both:
        raise TableError(
            f"the table has columns {listed(both)} of its own: rename them, or no --keep"
        )
    for name in predictions.column_names:
        table = table.append_column(name, predictions[name])
    return table


def as_json(model: TableModel, path: Path, notes: list[str], seconds: float) -> dict[str, Any]:
    """Return what ``lamina train --json`` prints."""
    known = model.facts
    return {
        "model": str(path),
        **_goal(model),
        "rows": {"train": known.n_train, "test": known.n_test, "unlabelled": known.n_unlabelled},
        "columns": model.preprocessing.kinds,
        "dropped": known.dropped,
        "inputs": model.preprocessing.width,
        "settings": report.settings(model),
        "epochs": int(model.estimator.n_iter_),
        "seconds": seconds,
        **_both(known.scores, known.baseline),
        "notes": notes,
    }


def outcome_json(model: TableModel, outcome: Outcome) -> dict[str, Any]:
    """Return what ``lamina evaluate --json`` prints."""
    rows = {
        "scored": outcome.n_rows,
        "unlabelled": outcome.n_unlabelled,
        "unknown_class": outcome.n_unknown,
    }
    return {**_goal(model), "rows": rows, **_both(outcome.scores, outcome.baseline)}


def _goal(model: TableModel) -> dict[str, Any]:
    goal: dict[str, Any] = {"task": model.target.task, "target": model.target.name}
    return goal | {"quantiles": model.target.levels} if model.target.levels else goal


def _both(scores: Scores, baseline: Scores) -> dict[str, Scores]:
    return {"scores": scores, "baseline": baseline}


def _epochs(fitted: Any) -> str:
    return counted(int(fitted.n_iter_), "epoch")


def _stopping(fitted: Any, watched: str) -> str:
    if getattr(fitted, "best_validation_score_", None) is None:
        return ""
    best = fitted.best_validation_score_
    return f", watching {watched} (their best score: {best:.4f})"
