"""The steps of the commands that are neither reading, learning nor printing."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.tables import report
from lamina.tables.errors import TableError, listed
from lamina.tables.model import Outcome, TableModel, early_stopping_fits, train
from lamina.tables.prepare import Prepared
from lamina.tables.read import table_ending
from lamina.tables.scores import Scores

__all__ = [
    "after",
    "as_json",
    "batch",
    "before",
    "beside",
    "between",
    "early_stopping",
    "estimator",
    "free_path",
    "model_path",
    "other_file",
    "outcome_json",
    "remarks",
    "sizes",
    "train",
    "unseen",
]


def sizes(text: str) -> tuple[int, ...]:
    """Return the layer sizes in a text such as ``256,128``."""
    try:
        layers = tuple(int(part) for part in text.split(","))
    except ValueError:
        layers = (0,)
    if min(layers) < 1:
        raise TableError(f"--hidden takes sizes such as 100 or 256,128, not {text!r}")
    return layers


def batch(text: str) -> int | Literal["auto"]:
    """Return the batch size in a text: a number or ``auto``."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < 1:
        raise TableError(f"--batch-size takes auto or a number of rows, not {text!r}")
    return int(text)


def between(option: str, value: float, wanted: Literal["above 0", "0 or more"]) -> float:
    """Return ``value`` if it is finite and in the range that is called ``wanted``."""
    if not math.isfinite(value) or value < 0 or (value == 0 and wanted == "above 0"):
        raise TableError(f"{option} is a number {wanted}, not {value:g}")
    return value


def model_path(table: Path) -> Path:
    """Return where a model of ``table`` goes by itself: its name without what says its kind."""
    stem = table.name[: table.name.lower().rindex(table_ending(table))]
    return Path(f"{stem}.lamina")


def free_path(path: Path, force: bool) -> Path:
    """Return ``path`` if a model can be written there; to know it before the training."""
    if path.is_dir():
        raise TableError(f"{path} is a folder: name a file with --out")
    if path.exists() and not force:
        raise TableError(f"{path} exists: choose another name with --out, or add --force")
    folder = path.parent
    if not folder.is_dir():
        raise TableError(f"there is no folder {folder}: create it, or choose another --out")
    if not os.access(folder, os.W_OK):
        raise TableError(f"nothing may be written into {folder}: choose another --out")
    return path


def other_file(out: Path, *inputs: Path) -> None:
    """Raise TableError if ``out`` would take the place of one of ``inputs``."""
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise TableError(f"{out} is read by this command: choose another --out")


def early_stopping(prepared: Prepared, solver: str, least: int) -> bool:
    """Return whether to stop early where nobody says so."""
    enough = len(prepared.train.y) >= least
    return enough and solver != "lbfgs" and early_stopping_fits(prepared)


def estimator(prepared: Prepared, **settings: Any) -> MLPClassifier | MLPRegressor:
    """Return an estimator, not yet fitted, for the task of a prepared table."""
    kind = MLPClassifier if prepared.target.classes else MLPRegressor
    return kind(**settings)


def before(path: Path, table: pa.Table, prepared: Prepared) -> Iterator[tuple[str, str]]:
    """Yield what there is to say before the training."""
    yield "table", f"{path}: {table.num_rows:,} rows, {table.num_columns} columns"
    target = prepared.target
    yield "task", f"{target.task}: the target {target.name!r} {prepared.reason}"
    yield "columns", report.kinds(prepared.preprocessing)
    for name, reason in prepared.dropped.items():
        yield "not used", f"{name!r}: {reason}"
    train, test = len(prepared.train.y), len(prepared.test.y)
    yield "rows", report.split(train, test, prepared.unlabelled)


def after(model: TableModel, notes: list[str], seconds: float) -> Iterator[tuple[str, str]]:
    """Yield what there is to say after the training."""
    yield "network", report.network(model.estimator)
    yield "training", f"{_epochs(model.estimator)} in {seconds:.1f} s{_stopping(model.estimator)}"
    for note in notes:
        yield "note", note


def unseen(model: TableModel, table: Any) -> Iterator[str]:
    """Yield a line on each column with categories that the model does not know."""
    for name, count in model.unseen(table).items():
        known = "has a category that training never or hardly saw"
        yield f"column {name!r} {known} in {count:,} of {len(table):,} rows"


def remarks(model: TableModel, table: Any, outcome: Outcome) -> Iterator[str]:
    """Yield a line on each thing to know about a score."""
    yield from unseen(model, table)
    if outcome.n_unlabelled:
        yield f"{outcome.n_unlabelled:,} rows left out: the target is missing"
    if outcome.n_unknown:
        what = "have a class that training did not see: counted as wrong, not in the log loss"
        yield f"{outcome.n_unknown:,} rows {what}"


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
    return {"task": model.target.task, "target": model.target.name}


def _both(scores: Scores, baseline: Scores) -> dict[str, Scores]:
    return {"scores": scores, "baseline": baseline}


def _epochs(fitted: Any) -> str:
    count = int(fitted.n_iter_)
    return f"{count:,} epoch{'s' if count > 1 else ''}"


def _stopping(fitted: Any) -> str:
    if getattr(fitted, "best_validation_score_", None) is None:
        return ""
    best = fitted.best_validation_score_
    return f", watching a tenth of the rows (their best score: {best:.4f})"
