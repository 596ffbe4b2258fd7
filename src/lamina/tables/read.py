"""Reading tables from CSV and Parquet files, and writing predictions."""

import io
import os
from collections.abc import Collection
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from lamina.files import write_atomically
from lamina.tables.csvfile import parse_csv, typed
from lamina.tables.errors import TableError
from lamina.tables.parquet import ENDINGS as _PARQUET
from lamina.tables.parquet import ParquetSet, categorical, files_in, no_twins

__all__ = ["check_output", "opened", "read_table", "table_ending", "write_bytes", "write_table"]

_CSV = (".csv", ".tsv", ".txt")
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_WRITTEN = ".csv, .tsv or .txt (also with .gz, .bz2 or .zst after it) or .parquet"


def read_table(
    path: str | os.PathLike[str], *, infer: bool = True, numbers: Collection[str] = ()
) -> pa.Table:
    """Read a table from a CSV or Parquet file, told apart by the ending of its name.

    What is too large for that is for `lamina.tables.prepare_parts`.

    Parameters
    ----------
    path : path
        A ``.csv``, ``.tsv`` or ``.txt`` file (UTF-8, with a header; also compressed, as in
        ``.csv.gz``), a ``.parquet`` file, or a folder of them.
    infer : bool, default=True
        Whether the text of a CSV file becomes integers, numbers, booleans and dates where a
        whole column reads as such. A model that knows the kind of every column wants the
        text as it stands: a post code 02139 is not the number 2139.
    numbers : collection of str, default=()
        Without ``infer``: columns in which 3,5 is 3.5, if the file is separated by semicolons.

    Returns
    -------
    table : pyarrow.Table

    Raises
    ------
    TableError
        If the file is missing, of another kind, damaged, or has no rows.
    """
    path = Path(path)
    ending = table_ending(path)
    try:
        if path.is_dir():
            ParquetSet(path)  # says where the files differ
            table = pa.concat_tables(_read_parquet(file) for file in files_in(path))
        elif ending in _PARQUET:
            table = _read_parquet(path)
        else:
            table = parse_csv(_bytes(path), str(path), None if infer else numbers)
            table = typed(table) if infer else table
    except FileNotFoundError:
        raise TableError(f"there is no file {path}: check the name and the folder") from None
    except PermissionError:
        raise TableError(f"{path} may not be read: check its permissions") from None
    if table.num_rows == 0:
        raise TableError(f"{path} has a header but no rows: add at least one row of data")
    return table


def opened(
    path: Path, rows: int | None, *, infer: bool = True, numbers: Collection[str] = ()
) -> pa.Table | ParquetSet:
    """Return a table, or Parquet files to be read in parts.

    They are read in parts of that many `rows`; None: if the table would take too much of the free
    memory.
    """
    parquet = table_ending(path) in _PARQUET
    if rows is not None and not parquet:
        raise TableError(f"--batch-rows is for Parquet, and {path} is text: leave it out")
    if parquet and path.exists():
        found = ParquetSet(path, rows)
        if rows is not None or found.is_large:
            return found
    return read_table(path, infer=infer, numbers=numbers)


def write_table(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write ``table`` as CSV or Parquet by the ending of ``path``, all of it or nothing.

    A ``.tsv`` file has tabs between its values; ``.gz``, ``.bz2`` or ``.zst`` after the ending of
    a text file compresses it.
    """
    path = Path(path)
    check_output(path)
    file = io.BytesIO()
    if table_ending(path) in _PARQUET:
        pa.parquet.write_table(table, file)
    else:
        _write_csv(table, file, "\t" if table_ending(path) == ".tsv" else ",")
    data = file.getvalue()
    compression = COMPRESSED.get(path.suffix.lower())
    write_bytes(path, _compressed(data, compression) if compression else data)


def check_output(path: Path) -> None:
    """Raise TableError if the ending of ``path`` is none that a table can be written to."""
    try:
        parquet = table_ending(path) in _PARQUET
    except TableError:
        parquet = None
    if parquet is None or (parquet and path.suffix.lower() in COMPRESSED):
        raise TableError(f"cannot write a table as {path.name}: end its name in {_WRITTEN}")


def table_ending(path: Path) -> str:
    """Return the ending that says what ``path`` holds, without that of a compression.

    A folder holds Parquet files.
    """
    if path.is_dir():
        return _PARQUET[0]
    endings = [ending.lower() for ending in path.suffixes]
    if len(endings) > 1 and endings[-1] in COMPRESSED:
        endings.pop()
    if not endings or endings[-1] not in (*_CSV, *_PARQUET):
        raise TableError(f"cannot tell what {path} is: its name must end in .csv or .parquet")
    return endings[-1]


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path``: the old file stays until the new one is whole."""
    try:
        write_atomically(path, data)
    except OSError as error:
        raise unwritten(path, error) from error


def unwritten(path: str | os.PathLike[str], error: OSError) -> TableError:
    """Return what to say where a file cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return TableError(f"cannot write {path}: {reason}; choose another place")


def _bytes(path: Path) -> bytes:
    try:
        compression = COMPRESSED.get(path.suffix.lower())
        with pa.input_stream(str(path), compression=compression) as stream:
            return stream.read()
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, pa.ArrowException):
        raise TableError(f"{path} cannot be unpacked: it is damaged or cut short") from None


def _compressed(data: bytes, compression: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, compression) as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def _read_parquet(path: Path) -> pa.Table:
    if path.stat().st_size == 0:
        raise TableError(f"{path} is empty: write the table again")
    try:
        with pa.parquet.ParquetFile(path) as file:
            table = file.read()
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, pa.ArrowException):
        raise TableError(
            f"{path} is not a Parquet file, or it is damaged: write it again, or end its name "
            "in .csv if it is text"
        ) from None
    no_twins(table.column_names, path)
    return categorical(table)


def _write_csv(table: pa.Table, file: IO[bytes], separator: str) -> None:
    try:
        pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(delimiter=separator))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise nested() from None


def nested() -> TableError:
    """Return what to say of values that a text file has no form for."""
    return TableError(
        "a kept column holds lists or other nested values, which CSV cannot: end the name of the "
        "output in .parquet"
    )
