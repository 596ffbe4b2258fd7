"""Parquet files, one or a folder of them, as one table that is read piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from lamina.tables import memory
from lamina.tables.errors import TableError, listed

__all__ = ["ENDINGS", "ParquetSet", "Piece", "categorical", "files_in", "no_twins"]

ENDINGS = (".parquet", ".pq")
# A table takes so many times its size in Arrow's memory on its way through a training.
_TIMES = 6
_SHARE = 0.5  # of the free memory
_BYTES = 1 << 24  # of rows that are read at a time, if nobody says how many
_MOST_ROWS = 1 << 16
_CURSORS = 8  # row groups that are read side by side, to mix their rows
_BUFFER = 1 << 16
_PAGES = 1 << 21  # bytes that a column of a row group takes while it is read
_MOST_PAGES = 1 << 26


@dataclass(frozen=True)
class Piece:
    """Some rows of a set.

    Parameters
    ----------
    table : pyarrow.Table
    first : int
        The number of the first row in the whole set, from 0.
    file : Path
    place : int
        The number of the first row in its file, from 0.
    """

    table: pa.Table
    first: int
    file: Path
    place: int


@dataclass(frozen=True)
class _Group:
    """A row group: its file, its number there, and the rows before it in set and file."""

    file: Path
    number: int
    first: int
    place: int


class ParquetSet:
    """Parquet files with the same columns.

    Parameters
    ----------
    path : path
        A file, or a folder of them in the order of their names.
    rows : int or None
        Rows to read at a time; None: about 16 MB of them.

    Raises
    ------
    TableError
        If a file is damaged or has other columns than the first, or there is none.
    """

    def __init__(self, path: Path, rows: int | None = None) -> None:
        self.path, self.files = path, files_in(path)
        self._groups: list[_Group] = []
        self.n_rows, self.schema = 0, pa.schema([])
        for file in self.files:
            self._take(file)
        if self.n_rows == 0:
            raise TableError(f"{path} has no rows: add at least one row of data")
        self._bytes = self._bytes_of_a_row()
        self.rows = rows or max(1, min(_MOST_ROWS, int(_BYTES / self._bytes)))

    def _take(self, file: Path) -> None:
        with _readable(file), pa.parquet.ParquetFile(file) as own:
            schema, about = own.schema_arrow, own.metadata
            no_twins(schema.names, file)
            if not self._groups and not self.schema.names:
                self.schema = schema
            _same_columns(self.schema, schema, self.files[0], file)
            place = 0
            for number in range(about.num_row_groups):
                self._groups.append(_Group(file, number, self.n_rows, place))
                n = about.row_group(number).num_rows
                place, self.n_rows = place + n, self.n_rows + n

    @property
    def n_bytes(self) -> int:
        """About how many bytes the table takes as a whole."""
        return int(self._bytes * self.n_rows)

    @property
    def is_large(self) -> bool:
        """Whether to train on the table as a whole would take too much of the free memory."""
        return self.n_bytes * _TIMES > memory.available() * _SHARE

    def _bytes_of_a_row(self) -> float:
        some = next(self._read(self._groups[0], None, 1000)).table
        return max(1.0, some.nbytes / some.num_rows)

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """Yield the rows in their order."""
        for group in self._groups:
            yield from self._read(group, columns, self.rows)

    def mixed(self, columns: Sequence[str], random: np.random.Generator) -> Iterator[Piece]:
        """Yield the rows with those of several row groups, drawn at random, beside each other.

        A file in the order of its target would otherwise bring one class after the other.
        """
        order = iter([self._groups[i] for i in random.permutation(len(self._groups))])
        room = _MOST_PAGES // (_PAGES * max(1, len(columns)))
        n = max(1, min(_CURSORS, room, len(self._groups)))
        rows = max(1, self.rows // n)
        open_ones = [self._read(next(order), columns, rows) for _ in range(n)]
        while open_ones:
            for own in list(open_ones):
                piece = next(own, None)
                if piece is not None:
                    yield piece
                    continue
                open_ones.remove(own)
                group = next(order, None)
                if group is not None:
                    open_ones.append(self._read(group, columns, rows))

    def _read(self, group: _Group, columns: Sequence[str] | None, rows: int) -> Iterator[Piece]:
        """Yield the rows of a row group."""
        done, names = 0, None if columns is None else list(columns)
        wanted = {"row_groups": [group.number], "columns": names, "batch_size": rows}
        # Else pyarrow keeps a whole row group, which may be the whole file.
        pages = {"buffer_size": _BUFFER, "pre_buffer": False}
        opened = pa.parquet.ParquetFile
        with _readable(group.file), opened(group.file, **pages) as file:
            for batch in file.iter_batches(**wanted):
                if batch.num_rows:
                    table = categorical(pa.Table.from_batches([batch]))
                    yield Piece(table, group.first + done, group.file, group.place + done)
                done += batch.num_rows


def files_in(path: Path) -> list[Path]:
    """Return a file, or the Parquet files in a folder and below, by name."""
    if not path.is_dir():
        return [path]
    found = [own for own in sorted(path.rglob("*")) if own.suffix.lower() in ENDINGS]
    files = [own for own in found if not any(_hidden(part) for part in _below(path, own))]
    if not files:
        raise TableError(
            f"{path} is a folder: name a CSV or Parquet file inside it, or a folder of Parquet "
            "files"
        )
    keyed = [own for own in files if any("=" in part for part in _below(path, own)[:-1])]
    if keyed:
        raise TableError(
            f"{keyed[0].parent} has a column in its name, which is not read: write it into the "
            "files, or name a folder without"
        )
    return files


def _below(folder: Path, file: Path) -> tuple[str, ...]:
    return file.relative_to(folder).parts


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def categorical(table: pa.Table) -> pa.Table:
    """Return ``table`` with what pandas calls categories as such: Parquet forgets it of numbers."""
    about = (table.schema.pandas_metadata or {}).get("columns", [])
    names = {column["field_name"] for column in about if column["pandas_type"] == "categorical"}
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if name in names and not pa.types.is_dictionary(column.type):
            table = table.set_column(place, name, column.dictionary_encode())
    return table


def no_twins(names: Sequence[str], path: Path) -> None:
    """Raise TableError if two columns have the same name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(f"{path} has more than one column named {listed(twice)}: rename them")


def _same_columns(first: pa.Schema, other: pa.Schema, path: Path, file: Path) -> None:
    """Raise TableError unless the columns of two files have the same names and types."""
    for name in dict.fromkeys([*first.names, *other.names]):
        if name not in other.names or name not in first.names:
            has, lacks = (path, file) if name in first.names else (file, path)
            raise TableError(
                f"{lacks} lacks the column {name!r}, which {has} has: the files of a folder must "
                "have the same columns"
            )
        kinds = first.field(name).type, other.field(name).type
        if kinds[0] != kinds[1]:
            raise TableError(
                f"column {name!r} is of type {kinds[0]} in {path} and {kinds[1]} in {file}: write "
                "them with the same types"
            )


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Say in one sentence why a file cannot be read."""
    try:
        if file.stat().st_size == 0:
            raise TableError(f"{file} is empty: write the table again")
        yield
    except FileNotFoundError:
        raise TableError(f"there is no file {file}: check the name and the folder") from None
    except PermissionError:
        raise TableError(f"{file} may not be read: check its permissions") from None
    except (OSError, pa.ArrowException):
        raise TableError(
            f"{file} is not a Parquet file, or it is damaged: write it again, or end its name "
            "in .csv if it is text"
        ) from None
