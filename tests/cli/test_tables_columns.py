"""Kinds of columns, their values as arrays, and errors that name column and row."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from lamina.tables import TableError
from lamina.tables.columns import kind_of, values_of
from lamina.tables.prepare import as_table


def column(values, kind=None):
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    return pa.chunked_array([array])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (column([1, 2]), "number"),
        (column([1.5, None]), "number"),
        (column([Decimal("1.10")]), "number"),
        (column([timedelta(seconds=3)]), "number"),
        (column([time(1, 2)]), "number"),
        (column([np.float16(1)], pa.float16()), "number"),
        (column([True, None]), "boolean"),
        (column(["a", "b"]), "category"),
        (column(pa.array([3, 4]).dictionary_encode()), "category"),
        (column(pa.array(["a"]).cast(pa.large_string())), "category"),
        (column(pa.array(["a"]).cast(pa.string_view())), "category"),
        (column(["1", "2"]), "category"),
        (column([date(2024, 1, 1)]), "date"),
        (column([datetime(2024, 1, 1)], pa.timestamp("ns")), "date"),
        (column([datetime(2024, 1, 1)], pa.timestamp("us", "Europe/Paris")), "date"),
        (column(["2024-01-01", None]), "date"),
        (column([[1, 2]]), None),
        (column([{"a": 1}]), None),
        (column([b"\x00"]), None),
    ],
)
def test_kinds(values, kind):
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (column([1, None, 3]), [1, np.nan, 3]),
        (column([Decimal("1.10"), None]), [1.1, np.nan]),
        (column([timedelta(milliseconds=1500)], pa.duration("ms")), [1.5]),
        (column([time(1, 0, 1)], pa.time32("s")), [3601]),
        (column([2**60 + 1]), [2.0**60]),
        (column([" 1e3 ", "", "NA", "-.5"]), [1000, np.nan, np.nan, -0.5]),
        (column([np.nan, 2.0]), [np.nan, 2]),
        (column([None, None], pa.null()), [np.nan, np.nan]),
    ],
)
def test_numbers(values, expected):
    got = values_of(values, "number", "x")
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, expected)


def test_booleans():
    for values in (column([True, False, None]), column(["True", "false", ""])):
        np.testing.assert_array_equal(values_of(values, "boolean", "x"), [1, 0, np.nan])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (column(["a", None, "NA"]), ["a", None, "NA"]),
        (column(pa.array([3, None, 4]).dictionary_encode()), ["3", None, "4"]),
        (column([3.0, None, 4.0]), ["3", None, "4"]),
        (column([3.5, 4.0]), ["3.5", "4"]),
        (column(["3.0", "4", "v1.0"]), ["3", "4", "v1.0"]),
        (column([3, 4]), ["3", "4"]),
        (column(pa.array(["a", "b"]).cast(pa.string_view())), ["a", "b"]),
    ],
)
def test_categories(values, expected):
    assert values_of(values, "category", "x").tolist() == expected


def test_dates_are_instants():
    plus_two = timezone(timedelta(hours=2))
    columns = [
        column([datetime(2024, 5, 31, 10, 30), None]),
        column(["2024-05-31 10:30", None]),
        column(["2024-05-31T12:30:00+02:00", ""]),
        column(
            [datetime(2024, 5, 31, 12, 30, tzinfo=plus_two), None], pa.timestamp("ms", "+02:00")
        ),
    ]
    for values in columns:
        got = values_of(values, "date", "x")
        assert got.dtype == "datetime64[us]"
        assert got.astype(str).tolist() == ["2024-05-31T10:30:00.000000", "NaT"]


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (column(["1", "2", "tall", "x"]), "number", "column 'x', row 3: 'tall' is not a number"),
        (column(["1"] * 999 + ["o"]), "number", "column 'x', row 1000: 'o' is not a number"),
        (column(["true", "maybe"]), "boolean", "row 2: 'maybe' is not true or false"),
        (column(["2024-01-01", "31.1.24"]), "date", "row 2: '31.1.24' is not a date such as"),
        (column([1.0, np.inf]), "number", "column 'x', row 2: the value is infinite"),
        (column(["1", "-inf"]), "number", "column 'x', row 2: the value is infinite"),
        (column([1.0, -1e101]), "number", "column 'x', row 2: the value is too large"),
        (column([10**15]).cast(pa.timestamp("s")), "date", "'x' has dates too far from today"),
        (column([date(2024, 1, 1)]), "number", "column 'x' holds dates, not numbers"),
        (column([1]), "date", "column 'x' holds values of type int64, not dates"),
        (column([[1]]), "category", "holds values of type list<item: int64>, not categories"),
        (column([[1]]), "number", "holds values of type list<item: int64>, not numbers"),
    ],
)
def test_a_value_of_another_kind_is_named(values, kind, said):
    with pytest.raises(TableError) as error:
        values_of(values, kind, "x")
    assert said in str(error.value)


def test_tables_of_other_libraries():
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert as_table(frame).to_pydict() == {"a": [1, 2], "b": ["x", None]}
    with pytest.raises(TableError, match="not ndarray: convert it"):
        as_table(np.zeros((2, 2)))
