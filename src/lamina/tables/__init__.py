"""Networks for tables: from a CSV or Parquet file to a trained model and its predictions."""

from lamina.tables.errors import TableError
from lamina.tables.model import TableModel, train
from lamina.tables.parquet import ParquetSet
from lamina.tables.prepare import Prepared, prepare
from lamina.tables.read import read_table, write_table
from lamina.tables.stream import Streamed, prepare_parts

__all__ = [
    "ParquetSet",
    "Prepared",
    "Streamed",
    "TableError",
    "TableModel",
    "prepare",
    "prepare_parts",
    "read_table",
    "train",
    "write_table",
]
