"""Text that looks like numbers or dates of another way to write them: what to tell the user."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lamina.tables.columns import is_text, plain
from lamina.tables.csvfile import LEADING_ZERO, clean

__all__ = ["Hint", "hint"]

# Of the values of a column; the others are mistakes, or the column is text after all.
_SHARE = 0.9
_LONGEST = 40
_NUMBER = r"^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
_DAY = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{2}|\d{4})|\d{4}[/.]\d{1,2}[/.]\d{1,2})"
_AMOUNT = r"\d[\d.,]*"
# What such values are, how they look, how to write them, and whether plain numbers may be among
# them.
_LOOKS = (
    ("numbers with separated thousands", r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$", "1000", True),
    ("numbers with a decimal comma", r"^[+-]?[\d.]*,\d+$", "3.5", True),
    (
        "amounts of money",
        rf"^[+-]?[$€£¥]\s*[+-]?{_AMOUNT}$|^[+-]?{_AMOUNT}\s*[$€£¥]$",
        "1.00",
        True,
    ),
    ("percentages", rf"^[+-]?{_AMOUNT}\s*%$", "5", True),
    ("dates", rf"^{_DAY}(?:[ T].*)?$", "2024-05-31", False),
)


@dataclass(frozen=True)
class Hint:
    """What the values of a text column look like.

    Parameters
    ----------
    said : str
        A sentence without its end: the name, an example, the first row that is none.
    numbers : bool
        Whether they are plain numbers but for some cells.
    write : str
        How such a value is to be written.
    """

    said: str
    numbers: bool
    write: str


def hint(values: pa.ChunkedArray, name: str) -> Hint | None:
    """Return what at least nine in ten values of a text column look like, if not like text."""
    if not is_text(values.type):
        return None
    texts = clean(plain(values))
    counts = pc.value_counts(texts.drop_null().combine_chunks())
    distinct, count = counts.field("values"), counts.field("counts")
    total = len(texts) - texts.null_count
    numbers = pc.match_substring_regex(distinct, _NUMBER)
    n_numbers = _sum(count, numbers)
    if n_numbers == total:  # also of none
        return None
    if n_numbers >= _SHARE * total:
        # Codes such as 02139 among them: not numbers, and meant so.
        if pc.any(pc.match_substring_regex(distinct, LEADING_ZERO)).as_py():
            return None
        said = f"{n_numbers:,} of {total:,} values of {name!r} are numbers"
        return Hint(said + _odd(texts, distinct, numbers), True, "")
    for what, pattern, write, among in _LOOKS:
        own = pc.match_substring_regex(distinct, pattern)
        both = pc.or_(own, numbers) if among else own
        if _sum(count, own) and _sum(count, both) >= _SHARE * total:
            example = distinct.filter(own)[0].as_py()
            said = f"{name!r} holds {what} such as {_short(example)}"
            return Hint(said + _odd(texts, distinct, both), False, write)
    return None


def _sum(count: pa.Array, mask: pa.Array) -> int:
    return int(pc.sum(count.filter(mask)).as_py() or 0)


def _odd(texts: pa.ChunkedArray, distinct: pa.Array, fitting: pa.Array) -> str:
    """Name the first value that does not fit, if there is one."""
    others = distinct.filter(pc.invert(fitting))
    if not len(others):
        return ""
    row = pc.index(pc.is_in(texts, value_set=others), True).as_py()
    return f"; row {row + 1:,} is {_short(texts[row].as_py())}"


def _short(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
