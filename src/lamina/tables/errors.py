"""The error that a user of tables meets."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["TableError", "listed", "near"]


class TableError(ValueError):
    """What is wrong with a table, a model file or an option, and the fix, in one sentence."""


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return ``names`` quoted and joined by commas, the rest of a long list as a count."""
    quoted = [repr(name) for name in names]
    if len(quoted) > most:
        quoted = [*quoted[:most], f"and {len(quoted) - most} more"]
    return ", ".join(quoted)


def near(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown ``name``: the closest ones, or all."""
    known = list(names)
    close = get_close_matches(name, known, n=3)
    return f"did you mean {listed(close)}?" if close else f"its columns are {listed(known)}"
