"""Where the commands may write: known before anything is read or trained."""

import os
from pathlib import Path

from lamina.tables.errors import TableError
from lamina.tables.read import check_output, table_ending

__all__ = ["free_path", "model_path", "table_path"]


def model_path(table: Path) -> Path:
    """Return where a model of ``table`` goes by itself: its name without what says its kind."""
    if table.is_dir():
        return Path(f"{table.resolve().name}.lamina")
    stem = table.name[: table.name.lower().rindex(table_ending(table))]
    return Path(f"{stem}.lamina")


def table_path(path: Path, force: bool, *inputs: Path) -> Path:
    """Return ``path`` if a table can be written there under that name."""
    check_output(path)
    return free_path(path, force, *inputs)


def free_path(path: Path, force: bool, *inputs: Path) -> Path:
    """Return ``path`` if a file can be written there, over none of ``inputs``.

    An existing file needs ``force``; what is no file, such as a device or a pipe, is not replaced.
    """
    if path.is_dir():
        raise TableError(f"{path} is a folder: name a file with --out")
    if path.exists() and not path.is_file():
        raise TableError(f"{path} is a device or a pipe, not a file: choose another --out")
    for own in inputs:
        if path.exists() and own.exists() and path.samefile(own):
            raise TableError(f"{path} is read by this command: choose another --out")
    if path.exists() and not force:
        raise TableError(f"{path} exists: choose another name with --out, or add --force")
    folder = path.parent
    if not folder.is_dir():
        raise TableError(f"there is no folder {folder}: create it, or choose another --out")
    if not os.access(folder, os.W_OK):
        raise TableError(f"nothing may be written into {folder}: choose another --out")
    return path
