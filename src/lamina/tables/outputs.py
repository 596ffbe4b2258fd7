"""Where the commands may write: known before anything is read or trained."""

import os
from pathlib import Path

from lamina.tables.errors import TableError
from lamina.tables.read import check_output, table_ending

__all__ = ["checkpoint_path", "free_path", "model_path", "table_path"]


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


def free_path(path: Path, force: bool, *inputs: Path, option: str = "--out") -> Path:
    """Return ``path`` if a file can be written there, over none of ``inputs``.

    An existing file needs ``force``; what is no file, such as a device or a pipe, is not replaced.
    """
    if path.is_dir():
        raise TableError(f"{path} is a folder: name a file with {option}")
    if path.exists() and not path.is_file():
        raise TableError(f"{path} is a device or a pipe, not a file: choose another {option}")
    for own in inputs:
        if path.exists() and own.exists() and path.samefile(own):
            raise TableError(f"{path} is read by this command: choose another {option}")
    if path.exists() and not force:
        raise TableError(f"{path} exists: choose another name with {option}, or add --force")
    folder = path.parent
    if not folder.is_dir():
        raise TableError(f"there is no folder {folder}: create it, or choose another {option}")
    if not os.access(folder, os.W_OK):
        raise TableError(f"nothing may be written into {folder}: choose another {option}")
    return path


def checkpoint_path(
    path: Path | None, resume: bool, force: bool, model: Path, *inputs: Path
) -> Path | None:
    """Return the checkpoint's path, if there is to be one, once it can be written and read."""
    if path is None:
        if resume:
            raise TableError("--resume goes on from a file: name it with --checkpoint")
        return None
    if path.resolve() == model.resolve():
        raise TableError(f"{path} is where the model goes: choose another --checkpoint")
    if resume and not path.exists():
        raise TableError(f"there is no checkpoint {path}: leave out --resume to start")
    if path.is_file() and not (resume or force):
        raise TableError(f"{path} exists: go on from it with --resume, or start anew with --force")
    return free_path(path, True, *inputs, option="--checkpoint")
