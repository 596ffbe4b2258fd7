"""Table models as ONNX files with an input for each column, and as plain NumPy arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lamina.export import ExportError, to_arrays
from lamina.export.arrays import npz
from lamina.export.estimator import metadata, network_output, predicted, probabilities
from lamina.export.graph import Graph
from lamina.export.parts import Parts, parts_of
from lamina.export.traced import Traced, namespace
from lamina.tables.columns import Kind
from lamina.tables.errors import TableError
from lamina.tables.model import TableModel
from lamina.tables.preprocess import FURTHEST, Category, Measure, Preprocessing

__all__ = ["exporter", "to_npz", "to_onnx"]

_NAT = np.iinfo(np.int64).min  # NumPy's "not a time" as an integer
_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3600 * _SECOND, 86_400 * _SECOND


def exporter(path: Path) -> Callable[[TableModel], bytes]:
    """Return what writes a model in the form that the ending of `path` says."""
    forms = {".onnx": to_onnx, ".npz": to_npz}
    try:
        return forms[path.suffix.lower()]
    except KeyError:
        raise TableError(
            f"cannot tell what to write as {path.name}: end its name in .onnx or .npz"
        ) from None


def to_onnx(model: TableModel) -> bytes:
    """Return an ONNX file of the whole way from the columns of a table to the predictions.

    Each column is an input of shape (rows,) under its own name:

    - numbers and booleans: float64, NaN where missing;
    - dates and times: int64, microseconds since 1970 in UTC, as
      ``column.astype("datetime64[us]").astype("int64")`` gives them, NaT included;
    - categories: text, "" where missing.

    The outputs are those of `lamina.export.to_onnx`: ``label`` and ``probabilities`` of classes,
    ``prediction`` of numbers, float64, in the target's own unit. One whose name a column has gets
    a "_" after it.

    Raises
    ------
    TableError
        If the package ``onnx`` is not installed, or a column or part has no form in ONNX.
    """
    try:
        return _to_onnx(model)
    except (ExportError, ImportError) as error:
        raise TableError(str(error)) from None


def to_npz(model: TableModel) -> bytes:
    """Return an npz file: the arrays of `lamina.export.to_arrays`, and one row for each input.

    ``input_columns``, ``input_parts`` and ``input_categories`` say what each input of the network
    is made of; ``input_fill``, ``input_mean`` and ``input_scale`` how a number is prepared:
    ``(x - mean) / scale`` cut to plus or minus ``input_limit``. ``target`` is the target's name.
    """
    try:
        arrays = to_arrays(model.estimator)
    except ExportError as error:
        raise TableError(str(error)) from None
    target = model.target
    if target.classes:
        arrays["classes"] = np.array(target.classes)
    else:
        shift, factor = target.unit
        outer = {"target_mean": shift, "target_scale": factor}
        arrays |= {name: np.array(value) for name, value in outer.items()}
    return npz(arrays | {"target": np.array(target.name)} | _inputs(model.preprocessing))


def _to_onnx(model: TableModel) -> bytes:
    parts = parts_of(model.estimator)
    graph = Graph()
    x = _network_input(graph, model.preprocessing).astype(parts.dtype)
    h = network_output(parts, x)
    if model.target.classes:
        _classes(model, parts, h)
    else:
        own = predicted(parts, h).astype(np.float64)
        shift, factor = model.target.unit
        graph.output("prediction", own * factor + shift)
    about = metadata(parts, model.estimator) | {"target": model.target.name}
    if model.target.classes:
        about["classes"] = json.dumps(model.target.label_names(), ensure_ascii=False)
    return graph.to_bytes(f"{model.target.task} of {model.target.name!r}", about)


def _classes(model: TableModel, parts: Parts, h: Traced) -> None:
    p = probabilities(parts, h).astype(np.float64)
    p = p / namespace.sum(p, axis=-1, keepdims=True)  # to 1 in float64 too, as predictions are
    labels = model.target.classes
    names = np.array(labels, dtype=object if isinstance(labels[0], str) else None)
    place = namespace.argmax(p, axis=-1)
    chosen = h.graph.node(
        "Gather", [h.graph.constant(names, "classes"), place], names.dtype, (None,)
    )
    h.graph.output("label", chosen)
    h.graph.output("probabilities", p)


def _network_input(graph: Graph, preprocessing: Preprocessing) -> Traced:
    """Return what `Preprocessing.transform` gives: (rows, width) in float32."""
    measures = preprocessing.measures
    # All inputs first: they keep their names, and what comes later gets others.
    inputs = {name: _input(graph, name, kind) for name, kind in preprocessing.kinds.items()}
    blocks = [_parts(inputs[column.name], column) for column in measures]
    if measures:
        flagged = np.flatnonzero([column.missing for column in measures])
        starts = np.cumsum([0, *(len(column.parts) for column in measures)])
        numbers = namespace.concat(blocks)
        missing = namespace.isnan(numbers)
        blocks = [_scaled(numbers, missing, measures)]
        if flagged.size:
            blocks.append(missing.columns(starts[flagged]).astype(np.float32))
    blocks += [_one_hot(inputs[column.name], column) for column in preprocessing.categories]
    return namespace.concat(blocks)


def _scaled(numbers: Traced, missing: Traced, measures: tuple[Measure, ...]) -> Traced:
    fill, mean, scale = (
        np.array([x for column in measures for x in getattr(column, name)])
        for name in ("fill", "mean", "scale")
    )
    x = (namespace.where(missing, fill, numbers) - mean) / scale
    return namespace.clip(x, -FURTHEST, FURTHEST).astype(np.float32)


def _parts(values: Traced, column: Measure) -> Traced:
    """Return the numbers of a column in float64, (rows, n_parts), NaN where missing."""
    if column.kind != "date":
        return _column(values)
    known = _calendar(values)
    numbers = namespace.concat([_column(known(part).astype(np.float64)) for part in column.parts])
    return namespace.where(_column(values == _NAT), np.nan, numbers)


def _calendar(time: Traced) -> Callable[[str], Traced]:
    """Return a function from the name of a part to its numbers: see `lamina.tables.dates`.

    Years begin in March here and eras have 400 of them, so that a leap day ends its year:
    Hinnant (2013), chrono-compatible low-level date algorithms.
    """
    days = time // _DAY
    since = days + 719_468  # days since 0000-03-01
    era = since // 146_097
    of_era = since % 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # from March, 0
    parts: dict[str, Callable[[], Traced]] = {
        "seconds": lambda: time.astype(np.float64) / _SECOND,
        "year": lambda: year + era * 400 + (month >= 10).astype(np.int64),
        "month": lambda: (month + 2) % 12 + 1,
        "day": lambda: of_year - (153 * month + 2) // 5 + 1,
        "weekday": lambda: (days + 3) % 7,
        "hour": lambda: time % _DAY // _HOUR,
        "minute": lambda: time % _HOUR // _MINUTE,
    }
    return lambda part: parts[part]()


def _one_hot(texts: Traced, column: Category) -> Traced:
    """Return 1 in the column of each row's category, 0 elsewhere: (rows, n_categories)."""
    if "" in column.categories and None in column.categories:
        raise ExportError(
            f'column {column.name!r} has both "" and missing values as categories, which text in '
            "ONNX cannot tell apart: make them one in the table and train again"
        )
    known = ["" if category is None else category for category in column.categories]
    place = texts.graph.node(
        "LabelEncoder",
        [texts],
        np.dtype(np.int64),
        texts.shape,
        domain="ai.onnx.ml",
        keys_strings=known,
        values_int64s=list(range(len(known))),
        default_int64=-1,
    )
    return (_column(place) == np.arange(len(known))).astype(np.float32)


def _input(graph: Graph, name: str, kind: Kind) -> Traced:
    if not name:
        raise ExportError('a column is named "", which no input of ONNX can be: rename it')
    if kind == "category":
        return graph.input(name, object, (None,), 'text; "" where missing')
    if kind == "date":
        doc = f"microseconds since 1970-01-01 in UTC; {_NAT} where missing"
        return graph.input(name, np.int64, (None,), doc)
    return graph.input(name, np.float64, (None,), f"{kind}; NaN where missing")


def _column(x: Traced) -> Traced:
    """Return (rows,) as (rows, 1)."""
    return namespace.expand_dims(x, axis=-1)


def _inputs(preprocessing: Preprocessing) -> dict[str, np.ndarray]:
    """Return a row for each input of the network, in their order, as arrays."""
    none = np.nan
    rows: list[tuple[Any, ...]] = []
    for column in preprocessing.measures:
        numbers = zip(column.parts, column.fill, column.mean, column.scale, strict=True)
        rows += [(column.name, part, "", *facts) for part, *facts in numbers]
    flagged = [column.name for column in preprocessing.measures if column.missing]
    rows += [(name, "missing", "", none, none, none) for name in flagged]
    for own in preprocessing.categories:
        for category in own.categories:
            part = "missing" if category is None else "category"
            rows.append((own.name, part, category or "", none, none, none))
    names = ("columns", "parts", "categories", "fill", "mean", "scale")
    arrays = {
        f"input_{name}": np.array(of)
        for name, of in zip(names, zip(*rows, strict=True), strict=True)
    }
    return arrays | {"input_limit": np.array(FURTHEST)}
