"""Columns of a table: of which kind they are, and their values as NumPy arrays."""

from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lamina.tables.csvfile import as_timestamps, clean
from lamina.tables.errors import TableError

__all__ = ["KINDS", "Kind", "is_text", "kind_of", "plain", "values_of"]

Kind = Literal["number", "boolean", "category", "date"]
# Squares of numbers up to here can be added up.
_LARGEST = 1e100

KINDS: tuple[Kind, ...] = get_args(Kind)

Values = NDArray[Any]  # float64, datetime64[us] or object, as the kind has it
Parser = Callable[[pa.ChunkedArray], pa.ChunkedArray]


def kind_of(values: pa.ChunkedArray) -> Kind | None:
    """Return the kind of a column, or None if a network cannot use it (nested values, bytes)."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return "category" if _is_plain(kind.value_type) else None
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "date"
    if is_text(kind):
        return "date" if _reads_as_dates(values) else "category"
    return "number" if _is_plain(kind) else None


def values_of(values: pa.ChunkedArray, kind: Kind, name: str, before: int = 0) -> Values:
    """Return a column as an array of its ``kind``; a missing value is NaN, NaT or None.

    Parameters
    ----------
    values : pyarrow.ChunkedArray of shape (n_rows,)
        Numbers and dates may also come as text, as they do from CSV files.
    kind : {"number", "boolean", "category", "date"}
        What the column has to be.
    name : str
        The name of the column, for the error.
    before : int, default=0
        Rows of the table before these, for the error.

    Returns
    -------
    array : ndarray of shape (n_rows,)
        float64 for numbers and booleans, datetime64[us] in UTC for dates, str or None for
        categories.

    Raises
    ------
    TableError
        If a value cannot be of that kind: names the column and the first such row.
    """
    values = plain(values)
    if kind == "category":
        return _categories(values, name)
    if is_text(values.type):
        values = clean(values)
    if kind == "date":
        return _dates(values, name, before)
    return _numbers(values, name, kind, before)


def plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return ``values`` in their simplest form: no dictionary, no view, null for NaN."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    return values


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is one of Arrow's kinds of text."""
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _numbers(values: pa.ChunkedArray, name: str, kind: Kind, before: int) -> NDArray[np.float64]:
    source = values.type
    if not is_text(source) and (kind_of(values) not in ("number", "boolean")):
        raise TableError(f"column {name!r} holds {_called(source)}, not {kind}s: convert it")
    if is_text(source) and kind == "boolean":
        values = _parsed(values, lambda part: part.cast(pa.bool_()), name, "true or false", before)
    elif is_text(source):
        values = _parsed(values, lambda part: part.cast(pa.float64()), name, "a number", before)
    elif pa.types.is_duration(source) or pa.types.is_time(source):
        values = _seconds(values)
    # Integers above 2**53 lose their last digits, which no network would see.
    numbers = values.cast(pa.float64(), safe=False).to_numpy()
    large = np.flatnonzero(np.abs(numbers) > _LARGEST)
    if large.size:
        what = "infinite" if np.isinf(numbers[large[0]]) else "too large"
        raise TableError(
            f"column {name!r}, row {before + large[0] + 1}: the value is {what}; replace it by a "
            "number or leave it empty"
        )
    return cast("NDArray[np.float64]", numbers)


def _dates(values: pa.ChunkedArray, name: str, before: int) -> NDArray[np.datetime64]:
    source = values.type
    if is_text(source):
        values = _parsed(values, as_timestamps, name, "a date such as 2024-05-31 12:30", before)
    elif pa.types.is_null(source):
        values = values.cast(pa.timestamp("us"))
    elif not (pa.types.is_timestamp(source) or pa.types.is_date(source)):
        raise TableError(f"column {name!r} holds {_called(source)}, not dates: convert it")
    # A time with a zone counts in UTC: the same instant gives the same numbers everywhere.
    options = pc.CastOptions(pa.timestamp("us"), allow_time_truncate=True)
    try:
        values = values.cast(options=options)
    except pa.ArrowInvalid:
        raise TableError(
            f"column {name!r} has dates too far from today: leave them empty"
        ) from None
    return values.to_numpy().astype("datetime64[us]")


def _categories(values: pa.ChunkedArray, name: str) -> NDArray[np.object_]:
    if not is_text(values.type) and kind_of(values) is None:
        raise TableError(
            f"column {name!r} holds {_called(values.type)}, not categories: convert it"
        )
    coded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    # 3.0 is the integer 3, made a float by a missing value beside it.
    text = pc.replace_substring_regex(coded.dictionary, r"^([+-]?\d+)\.0+$", r"\1")
    distinct = np.array([*text.to_pylist(), None], dtype=object)
    return distinct[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _parsed(
    values: pa.ChunkedArray,
    parse: Callable[[pa.ChunkedArray], pa.ChunkedArray],
    name: str,
    wanted: str,
    before: int,
) -> pa.ChunkedArray:
    try:
        return parse(values)
    except pa.ArrowInvalid:
        row = _first_failure(values, parse)
    place = before + row + 1
    raise TableError(f"column {name!r}, row {place}: {values[row].as_py()!r} is not {wanted}")


def _first_failure(
    values: pa.ChunkedArray, parse: Callable[[pa.ChunkedArray], pa.ChunkedArray]
) -> int:
    low, high = 0, len(values)  # the first `low` values parse, the first `high` do not
    while high - low > 1:
        middle = (low + high) // 2
        try:
            parse(values.slice(low, middle - low))
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low


def _seconds(values: pa.ChunkedArray) -> pa.ChunkedArray:
    unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[values.type.unit]
    count = values.cast(pa.int32() if pa.types.is_time32(values.type) else pa.int64())
    return pc.divide(count.cast(pa.float64(), safe=False), unit)


def _reads_as_dates(texts: pa.ChunkedArray) -> bool:
    texts = clean(plain(texts))
    if texts.null_count == len(texts):
        return False
    try:
        as_timestamps(texts)
    except pa.ArrowInvalid:
        return False
    return True


def _is_plain(kind: pa.DataType) -> bool:
    tests = (
        is_text,
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_duration,
        pa.types.is_time,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)


def _called(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "dates"
    return "text" if is_text(kind) else f"values of type {kind}"
