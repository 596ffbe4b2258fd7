"""CSV text to a table: every cell as text first, then the narrowest type of a whole column."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from lamina.tables.errors import TableError, counted, listed

__all__ = ["LEADING_ZERO", "as_timestamps", "clean", "parse_csv", "typed"]

# What people and programs write for "no value"; "None" is left out: it is often a category.
_MISSING = pa.array(
    ["", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL"]
)
LEADING_ZERO = r"^[+-]?0\d"
_DECIMAL_COMMA = r"^([+-]?(?:0|[1-9]\d*)?),(\d+)$"
_WHOLE = r"^[+-]?(?:0|[1-9]\d*)$"
_BLOCK = 1 << 24


def parse_csv(data: bytes, name: str, numbers: Collection[str] | None = None) -> pa.Table:
    """Return the table in the CSV text ``data``: all columns as text, null where missing.

    The separator is the comma, semicolon, tab or bar that the header has most of. Between
    semicolons a comma may stand for the decimal point: it becomes one in the columns ``numbers``,
    or if that is None in each column that is all numbers then.
    """
    if not data.strip():
        raise TableError(f"{name} is empty: it needs a header and rows")
    separator = _separator(data)
    names = _header(data, separator, name)
    try:
        table = _read(data, names, separator, threads=True)
    except pa.ArrowException:
        # Read again on one thread: only then does the error know the line.
        try:
            table = _read(data, names, separator, threads=False)
        except pa.ArrowException as error:
            raise _explained(error, data, name) from None
    trimmed = [name.strip() for name in names]
    columns = [clean(column) for column in table.columns]
    if separator == ";":
        columns = [
            _pointed(column) if _has_commas(column, own, numbers) else column
            for own, column in zip(trimmed, columns, strict=True)
        ]
    return pa.table(columns, names=trimmed)


def clean(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return ``texts`` without spaces around them, and null for what means "no value"."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, value_set=_MISSING), None, trimmed)


def typed(table: pa.Table) -> pa.Table:
    """Return ``table`` with each text column in the narrowest type that holds all of it."""
    return pa.table([_narrowest(column) for column in table.columns], names=table.column_names)


def as_timestamps(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return ISO 8601 dates or times as timestamps in UTC; raise ArrowInvalid if they are not."""
    for kind in (pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC")):
        try:
            return texts.cast(kind).cast(pa.timestamp("us"), safe=False)
        except pa.ArrowInvalid as error:
            last = error
    raise last


def _has_commas(texts: pa.ChunkedArray, name: str, numbers: Collection[str] | None) -> bool:
    if numbers is not None:
        return name in numbers
    known = texts.drop_null()
    decimal = pc.match_substring_regex(known, _DECIMAL_COMMA)
    whole = pc.match_substring_regex(known, _WHOLE)
    return bool(pc.any(decimal).as_py() and pc.all(pc.or_(decimal, whole)).as_py())


def _pointed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(texts, _DECIMAL_COMMA, r"\1.\2")


def _narrowest(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.nulls(len(texts))])
    # Codes such as 02139 are not numbers.
    if not pc.any(pc.match_substring_regex(texts, LEADING_ZERO)).as_py():
        for kind in (pa.int64(), pa.float64()):
            try:
                return texts.cast(kind)
            except pa.ArrowInvalid:
                continue
    for parse in (lambda values: values.cast(pa.bool_()), as_timestamps):
        try:
            return parse(texts)
        except pa.ArrowInvalid:
            continue
    return texts


def _separator(data: bytes) -> str:
    header = data.lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0]
    counts = {mark: header.count(mark.encode()) for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark])


def _header(data: bytes, separator: str, name: str) -> list[str]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    try:
        names = next(row for row in csv.reader(text, delimiter=separator) if row)
    except UnicodeDecodeError:
        raise _not_utf8(data, name) from None
    except (csv.Error, StopIteration):
        raise TableError(f"{name} has no header that can be read: is it a CSV file?") from None
    trimmed = Counter(column.strip() for column in names)
    twice = [column for column, count in trimmed.items() if count > 1]
    if twice:
        raise TableError(f"{name} has more than one column named {listed(twice)}: rename them")
    return names


def _read(data: bytes, names: list[str], separator: str, threads: bool) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(use_threads=threads, block_size=_BLOCK),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator,
            newlines_in_values=True,
            # In a table of one column an empty line is a missing value.
            ignore_empty_lines=len(names) > 1,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _explained(error: Exception, data: bytes, name: str) -> TableError:
    text = str(error)
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", text)
    if ragged:
        line, expected, got = ragged.groups()
        return TableError(
            f"{name}, line {line}: {counted(int(got), 'value')} where the header has "
            f"{counted(int(expected), 'column')}; mend the line, and put values that hold the "
            "separator in double quotes"
        )
    if "UTF8" in text:
        return _not_utf8(data, name)
    return TableError(f"{name} cannot be read as CSV: {text.splitlines()[0]}")


def _not_utf8(data: bytes, name: str) -> TableError:
    try:
        data.decode()
        line = 1
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    return TableError(f"{name}, line {line}: not UTF-8 text; save the file as UTF-8")
