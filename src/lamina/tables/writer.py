"""Writing a table piece by piece, all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from lamina.tables.parquet import ENDINGS
from lamina.tables.read import COMPRESSED, check_output, nested, table_ending, unwritten

__all__ = ["TableWriter"]


class TableWriter:
    """Writes tables under each other to a CSV or Parquet file: a context manager.

    They go to a temporary file beside it, which takes its place at the end.
    """

    def __init__(self, path: Path) -> None:
        check_output(path)
        self._path, self._parquet = Path(os.path.abspath(path)), table_ending(path) in ENDINGS
        self._sink: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        folder, name = self._path.parent, self._path.name
        try:
            handle, self._temporary = tempfile.mkstemp(dir=folder, prefix=f".lamina-{name[:100]}-")
        except OSError as error:
            raise unwritten(self._path, error) from error
        os.close(handle)
        return self

    def write(self, table: pa.Table) -> None:
        """Write rows; the first ones decide on the columns."""
        try:
            if self._writer is None:
                self._open(table.schema)
            self._writer.write_table(table.cast(self._schema))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            raise nested() from None
        except OSError as error:
            raise unwritten(self._path, error) from error

    def _open(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._sink = pa.OSFile(self._temporary, "wb")
        compression = COMPRESSED.get(self._path.suffix.lower())
        if compression:
            self._sink = pa.CompressedOutputStream(self._sink, compression)
        if self._parquet:
            self._writer = pa.parquet.ParquetWriter(self._sink, schema)
            return
        mark = "\t" if table_ending(self._path) == ".tsv" else ","
        options = pyarrow.csv.WriteOptions(delimiter=mark)
        self._writer = pyarrow.csv.CSVWriter(self._sink, schema, write_options=options)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for own in (self._writer, self._sink):
                if own is not None:
                    own.close()
            if kind is None:
                self._put()
        except OSError as problem:
            if kind is None:
                raise unwritten(self._path, problem) from problem
        finally:
            if os.path.exists(self._temporary):
                os.unlink(self._temporary)

    def _put(self) -> None:
        with open(self._temporary, "rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(self._temporary, 0o666 & ~umask)
        os.replace(self._temporary, self._path)
