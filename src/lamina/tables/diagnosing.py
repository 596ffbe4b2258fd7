"""The command that says what is wrong with a model and its training, in words of the table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from lamina.diagnosis.findings import Evidence, Findings, find
from lamina.estimators.inspection.diagnosing import evidence
from lamina.estimators.inspection.seen import placed
from lamina.tables import options as own
from lamina.tables import report
from lamina.tables.errors import TableError
from lamina.tables.model import TableModel
from lamina.tables.noting import DivergedError
from lamina.tables.parquet import ParquetSet
from lamina.tables.preprocess import Preprocessing
from lamina.tables.read import opened
from lamina.tables.target import Target
from lamina.tables.tracing import _inputs
from lamina.tables.wording import columns_of, in_words
from lamina.training import DataFacts

__all__ = ["add", "as_json", "diagnose", "of_diverged"]

LOOKED_AT = 50_000  # rows of a table that is read in parts

_Table = Annotated[
    Path | None,
    typer.Argument(
        metavar="TABLE",
        help="A table with the target: rows that the model was not trained on.",
        show_default=False,
    ),
]
_Trained = Annotated[bool, typer.Option("--trained", help="TABLE has the rows of training.")]


def add(app: typer.Typer) -> None:
    """Add the command to `app`."""

    @app.command(name="diagnose")
    def diagnose_(
        model: own.Model,
        table: _Table = None,
        trained: _Trained = False,
        as_json_: own.Json = False,
    ) -> None:
        """Say what is wrong with MODEL and its training, and what to change.

        Most is known of a model that was trained with --diagnose.
        """
        if trained and table is None:
            raise TableError("--trained is about a TABLE: name one, or leave it out")
        loaded = TableModel.load(model)
        data = None
        if table is not None:
            data = opened(table, None, infer=False, numbers=loaded.numbers)
        found = diagnose(loaded, data, trained)
        if as_json_:
            print(json.dumps(report.without_nan(as_json(found)), ensure_ascii=False, indent=2))
            return
        report.console().print(str(found))


def diagnose(
    model: TableModel, data: pa.Table | ParquetSet | None = None, trained: bool = False
) -> Findings:
    """Return the findings about a model.

    Parameters
    ----------
    model : TableModel
    data : pyarrow.Table, ParquetSet or None
        Rows with the target; of many the first 50,000 with it are looked at.
    trained : bool
        Whether the model was trained on them.

    Raises
    ------
    TableError
        If the columns are not the model's, or no row has a target that it knows.
    """
    samples: dict[str, Any] = {}
    rows = np.empty(0, np.int64)
    if data is not None:
        X, y, rows = _samples(model, data)
        samples = {"X": X, "y": y} if trained else {"eval_set": {"TABLE": (X, y)}}
    try:
        known = evidence(model.estimator, **samples)
    except ValueError as error:
        if not str(error).startswith("X and y must be the samples"):
            raise
        raise TableError(
            "most columns of TABLE have other values than the rows of the training: leave out "
            "--trained, or name the table of the training"
        ) from error
    if trained:
        known = replace(known, facts=placed(known.facts, rows + 1))
    return _findings(known, model.preprocessing, model.target)


def of_diverged(error: DivergedError) -> Findings:
    """Return the findings about a training that diverged, none if there is nothing to go by."""
    if not error.known:
        return Findings()
    prepared = error.prepared
    return _findings(evidence(error.estimator), prepared.preprocessing, prepared.target)


def _findings(known: Evidence, preprocessing: Preprocessing, target: Target) -> Findings:
    """Return the findings in the words of the table."""
    features = tuple(map(repr, _inputs(preprocessing)))
    standardized = "X" if target.classes else "Xy"  # by the tables' own means
    knobs = replace(known.knobs, standardized=standardized)
    facts = _in_units(known.facts, target)
    known = replace(known, features=features, knobs=knobs, facts=facts)
    if target.classes:
        known = replace(known, classes=tuple(map(repr, target.label_names())))
    columns = dict(zip(features, columns_of(preprocessing), strict=True))
    return in_words(find(known), columns, target.name, _looked_at(known))


def _in_units(own: DataFacts | None, target: Target) -> DataFacts | None:
    """Return facts with an extreme target in the table's own unit; no input is left extreme."""
    if own is None:
        return None
    odd = own.odd_target
    if odd is not None:
        shift, factor = target.unit
        value, middle = (number * factor + shift for number in (odd.value, odd.middle))
        odd = replace(odd, value=value, middle=middle, usual=odd.usual * factor)
    return replace(own, odd_input=None, odd_target=odd)


def _looked_at(known: Evidence) -> str:
    """Return what the findings could not go by."""
    if known.facts is not None:
        more = "" if known.held else "rows that the network has not learnt from"
        return f"{more} would show overfitting: lamina diagnose MODEL TABLE." if more else ""
    what = "the losses of the training"
    if known.held:
        what += " and how the network does on rows that it has not learnt from"
    if known.record is not None:
        return f"only the layers, {what} were looked at, since the table was read in parts."
    more = "" if known.held else ", or name a table,"
    return f"only {what} were looked at; train with --diagnose{more} to see more."


def _samples(model: TableModel, data: pa.Table | ParquetSet) -> tuple[Any, Any, Any]:
    """Return inputs, target and row numbers of the rows that have one."""
    from lamina.tables.page import _parts

    inputs, truths, places, n = [], [], [], 0
    for part in _parts(model, data):
        known = part.truth >= 0 if model.target.classes else ~np.isnan(part.truth)
        rows = np.flatnonzero(known)
        if rows.size and n < LOOKED_AT:
            inputs.append(model.preprocessing.transform(part.columns)[rows])
            truths.append(part.truth[rows])
            places.append(part.first + rows)
            n += len(rows)
    if not inputs:
        raise TableError(f"target {model.target.name!r} has no value that the model knows")
    y = model.target.to_learn(np.concatenate(truths))
    return np.concatenate(inputs), y, np.concatenate(places)


def as_json(found: Findings) -> list[dict[str, Any]]:
    """Return what ``--json`` prints of findings."""
    names = ("name", "severity", "layer", "epoch", "seen", "means", "because", "change")
    return [
        {name: getattr(each, name) for name in names}
        | {"evidence": {name: float(value) for name, value in each.evidence.items()}}
        for each in found
    ]
