"""One run of the command line, from its words to its status; every error is one sentence."""

import contextlib
import errno
import os
import sys
from io import TextIOWrapper
from typing import Any

import typer

from lamina.tables.commands import app, written
from lamina.tables.errors import TableError

__all__ = ["run"]

_WRONG, _INTERRUPTED = 2, 130


def _complaint() -> Any:
    """Return the class of all complaints about words: typer's own, or click's before it had one."""
    own = getattr(typer, "TyperException", None)
    if own is None:
        import click

        own = click.ClickException
    return own


_Complaint: Any = _complaint()


def run(arguments: list[str] | None) -> int:
    """Run the command in ``arguments`` and return its status."""
    written.clear()
    if sys.stdout is None:
        return _end("error: the standard output is closed: nothing was done")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without → still shows the rest
    try:
        status = app(arguments, prog_name="lamina", standalone_mode=False)
        sys.stdout.flush()
        if status == _INTERRUPTED:  # some versions of typer turn it into a status
            raise KeyboardInterrupt
    except _Complaint as error:
        return _end(f"error: {error.format_message().replace('Value error, ', '')}")
    except TableError as error:
        return _end(f"error: {error}")
    except (typer.Abort, KeyboardInterrupt):
        return _end(f"interrupted: {_files() or 'nothing was written'}", _INTERRUPTED)
    except MemoryError:
        return _end(
            "error: there is not enough memory: choose a smaller --hidden or --batch-size, or a "
            f"table of fewer rows and columns{_files('; ')}"
        )
    except SystemExit:  # of typer, where nobody reads what it prints
        return _end(f"error: {_failure(BrokenPipeError(errno.EPIPE, 'broken pipe'))}{_files('; ')}")
    except OSError as error:
        return _end(f"error: {_failure(error)}{_files('; ')}")
    return status if isinstance(status, int) else 0


def _end(sentence: str, status: int = _WRONG) -> int:
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr)
    return status


def _files(before: str = "") -> str:
    """Say which files the command has written, if it has."""
    names = ", ".join(map(str, written))
    return f"{before}{names} {'is' if len(written) == 1 else 'are'} written" if written else ""


def _failure(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    own = sys.__stdout__
    if own is not None and own is sys.stdout:  # else Python tries again and fails aloud at its end
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), own.fileno())
    return f"the output cannot be shown: {reason}"
