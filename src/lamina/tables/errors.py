"""The error that a user of tables meets, and the parts of its sentences."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

__all__ = ["TableError", "counted", "grouped", "listed", "near", "similar"]

_MOST_NAMES = 5


class TableError(ValueError):
    """What is wrong with a table, a model file or an option, and the fix, in one sentence."""


def counted(count: int, word: str) -> str:
    """Return a count and its word: ``1 row``, ``2 rows``, ``2 classes``."""
    ending = "" if count == 1 else "es" if word.endswith("s") else "s"
    return f"{count:,} {word}{ending}"


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return ``names`` quoted and joined by commas, the rest of a long list as a count."""
    quoted = [repr(name) for name in names]
    if len(quoted) > most:
        quoted = [*quoted[:most], f"and {len(quoted) - most:,} more"]
    return ", ".join(quoted)


def grouped(reasons: Mapping[str, str]) -> list[str]:
    """Return a line for each reason: the names that have it, the rest of them as a count."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return [f"{listed(own, _MOST_NAMES)}: {reason}" for reason, own in names.items()]


def similar(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three of ``names`` that may be meant by ``name``, the closest first."""
    plain: dict[str, list[str]] = {}
    for known in names:
        plain.setdefault(known.strip().casefold(), []).append(known)
    close = get_close_matches(name.strip().casefold(), plain, n=3)
    return [known for key in close for known in plain[key]][:3]


def near(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown ``name``: the closest ones, or all."""
    known = list(names)
    close = similar(name, known)
    return f"did you mean {listed(close)}?" if close else f"its columns are {listed(known)}"
