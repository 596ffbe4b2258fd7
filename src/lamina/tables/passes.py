"""Predictions and scores of Parquet files that are read piece by piece."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from lamina.tables import runs
from lamina.tables.columns import plain
from lamina.tables.errors import TableError
from lamina.tables.model import Outcome, TableModel
from lamina.tables.parquet import ParquetSet
from lamina.tables.running import RunningScores
from lamina.tables.stream import told
from lamina.tables.writer import TableWriter

__all__ = ["evaluate_parts", "predict_parts"]


def predict_parts(
    model: TableModel, source: ParquetSet, out: Path, keep: bool
) -> tuple[int, dict[str, int]]:
    """Write the predictions of all rows; return their number and that of unseen categories."""
    unseen: Counter[str] = Counter()
    columns = None if keep else _needed(model, source)
    with TableWriter(out) as writer:
        for piece in source.pieces(columns):
            with told(piece, source):
                own = model.columns(piece.table, piece.place)
            unseen.update(model.preprocessing.unseen(own))
            predictions = model.as_columns(model.answer(own))
            writer.write(runs.beside(piece.table, predictions) if keep else predictions)
    return source.n_rows, dict(unseen)


def evaluate_parts(model: TableModel, source: ParquetSet) -> tuple[Outcome, dict[str, int]]:
    """Return what `TableModel.evaluate` does, and the rows of unseen categories."""
    target = model.target
    model.check_target(source.schema.names)
    unseen: Counter[str] = Counter()
    running, n_unknown, unknown = RunningScores(target), 0, ""
    for piece in source.pieces(list(dict.fromkeys([*_needed(model, source), target.name]))):
        values = piece.table[target.name]
        with told(piece, source):
            truth = target.read(values, piece.place)
            own = model.columns(piece.table, piece.place)
        unseen.update(model.preprocessing.unseen(own))
        rows = np.flatnonzero(~np.isnan(truth))
        strange = np.flatnonzero(truth < 0) if target.classes else rows[:0]
        if strange.size and not unknown:
            value = plain(values)[int(strange[0])].as_py()
            unknown = f"row {piece.first + strange[0] + 1:,} is {value!r}"
        n_unknown += len(strange)
        if rows.size:
            running.add(truth[rows], model.answer(own)[rows])
    if not running.n:
        raise TableError(f"target {target.name!r} has no value: nothing to compare with")
    scores, baseline = running.scores()
    n_unlabelled = source.n_rows - running.n
    return Outcome(scores, baseline, running.n, n_unlabelled, n_unknown, unknown), dict(unseen)


def _needed(model: TableModel, source: ParquetSet) -> list[str]:
    """Return the columns to read: those of the model that are there, or one to count rows by."""
    kinds = model.preprocessing.kinds
    return [name for name in source.schema.names if name in kinds] or source.schema.names[:1]
