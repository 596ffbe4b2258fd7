"""Boolean functions as tables: row i holds the binary numeral of i, x1 the most significant bit."""

from __future__ import annotations

import ast
import inspect
import operator
import re
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from lamina.plan import checks

MAX_INPUTS = 16
"""Most inputs of a table that is kept whole: 65,536 rows."""

_SYMBOLS = {"not": "~", "and": "&", "xor": "^", "or": "|"}
_OPERATORS = {ast.BitAnd: operator.and_, ast.BitXor: operator.xor, ast.BitOr: operator.or_}
_SYNTAX = "an expression of names, 0, 1, not, and, xor, or (or ~ & ^ |) and parentheses"


def rows(n: int) -> np.ndarray:
    """Return all inputs of a Boolean function of `n` variables, one per row.

    Row i is the binary numeral of i, x1 being the most significant bit. The table of note 002 §2.4
    has the same rows in another order: there x1 changes fastest.

    Parameters
    ----------
    n : int in [1, 16]
        Number of variables.

    Returns
    -------
    ndarray of int8 of shape (2**n, n)
        Of 0 and 1; a new array at each call.

    Raises
    ------
    ArgumentError
        If `n` is out of range.

    Examples
    --------
    >>> rows(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    checks.integer("n", n, f"[1, {MAX_INPUTS}]")
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1).astype(np.int8)


def as_table(source: Any, n: int | None = None) -> np.ndarray:
    """Return a Boolean function as the array of its values on `rows`.

    Parameters
    ----------
    source : array-like, callable, int or str
        * 2**n zeros and ones (or booleans), in the order of `rows`; or a string of 2**n digits.
        * A function of n arguments, each 0 or 1, that returns 0, 1, True or False.
        * A code, `n` given: the bit of weight 2**i is the value at row i, as in Wolfram's numbers
          of rules. So 8 is AND and 6 is XOR for n = 2.
        * An expression in names with ``not and xor or``, or ``~ & ^ |`` which mean the same, 0, 1
          and parentheses. "not" binds tightest, then "and", "xor", "or". If all names are x1, x2,
          ..., the number is the place and n is the largest, unless it is given. Other names are
          taken in alphabetical order.
    n : int in [1, 16], optional
        Number of variables. Needed for a code, for a function with ``*args`` and for an expression
        without names.

    Returns
    -------
    ndarray of bool of shape (2**n,)
        A new array.

    Raises
    ------
    ArgumentError
        If `source` is no Boolean function of n variables; it says what is wrong.

    Examples
    --------
    >>> as_table("x1 and not x2").astype(int)
    array([0, 0, 1, 0])
    >>> as_table(lambda a, b: a != b).astype(int)
    array([0, 1, 1, 0])
    >>> as_table(8, n=2).astype(int)
    array([0, 0, 0, 1])
    """
    if n is not None:
        checks.integer("n", n, f"[1, {MAX_INPUTS}]")
    if isinstance(source, str):
        digits = re.fullmatch("[01]{2,}", source.strip())
        return _from_values([int(d) for d in digits[0]], n) if digits else _from_text(source, n)
    if isinstance(source, Integral) and not isinstance(source, bool):
        return _from_code(int(source), n)
    return _from_callable(source, n) if callable(source) else _from_values(source, n)


def in_words(row: Any) -> str:
    """Return a row of inputs in words.

    Examples
    --------
    >>> in_words([0, 1])
    'x1 = 0, x2 = 1'
    """
    return ", ".join(f"x{i} = {int(value)}" for i, value in enumerate(row, 1))


def inputs(name: str, x: Any, n: int, low: int = 0) -> np.ndarray:
    """Return inputs of a Boolean function of n variables, one row (n,) or many (N, n), as int8.

    They are `low` and 1: 0 and 1 (or booleans), or -1 and +1. Anything else is an ArgumentError
    that names the place.
    """
    shape = f"({n},) or (n_samples, {n})"
    try:
        given = np.asarray(x)
    except ValueError:  # rows of unequal length
        raise checks.fail(name, f"of shape {shape}, with rows of equal length", x) from None
    if given.dtype.kind not in "biuf":
        raise checks.fail(name, f"an array of numbers, {low} and 1", x)
    if given.ndim not in (1, 2) or given.shape[-1] != n:
        raise checks.fail(f"shape of {name}", shape, given.shape)
    wrong = np.argwhere((given != low) & (given != 1))
    if len(wrong):
        kinds = ("row", "column")[-given.ndim :]
        place = ", ".join(f"{kind} {i}" for kind, i in zip(kinds, wrong[0], strict=True))
        raise checks.fail(f"{name} at {place}", f"{low} or 1", given[tuple(wrong[0])].item())
    return given.astype(np.int8)


def _from_values(source: Any, n: int | None) -> np.ndarray:
    try:
        values = np.asarray(source)
    except ValueError:  # rows of unequal length
        raise checks.fail("truth table", "one-dimensional", source) from None
    if values.dtype.kind not in "biuf":
        raise checks.fail("truth table", "2**n zeros and ones", source)
    sizes = [2**k for k in range(1, MAX_INPUTS + 1)] if n is None else [2**n]
    if values.ndim != 1 or len(values) not in sizes:
        length = f"2**n, n from 1 to {MAX_INPUTS}" if n is None else f"{2**n} (n = {n})"
        raise checks.fail("truth table", f"one-dimensional, of length {length}", values.shape)
    wrong = np.flatnonzero((values != 0) & (values != 1))
    if len(wrong):
        raise checks.fail(f"row {wrong[0]} of the truth table", "0 or 1", values[wrong[0]].item())
    return values.astype(bool)


def _from_code(code: int, n: int | None) -> np.ndarray:
    if n is None:
        raise checks.fail("n", f"an integer in [1, {MAX_INPUTS}] if the function is a code", n)
    if not 0 <= code < 1 << 2**n:
        shown = code if code.bit_length() <= 64 else f"a number of {code.bit_length()} bits"
        raise checks.fail("code", f"in [0, 2**{2**n}) for n = {n}", shown)
    octets = np.frombuffer(code.to_bytes(max(1, 2**n // 8), "little"), dtype=np.uint8)
    return np.unpackbits(octets, bitorder="little")[: 2**n].astype(bool)


def _from_callable(function: Callable[..., Any], n: int | None) -> np.ndarray:
    n = _n_arguments(function) if n is None else n
    table = np.empty(2**n, dtype=bool)
    for i, row in enumerate(rows(n).tolist()):
        value = function(*row)
        if not isinstance(value, bool | np.bool_ | Integral) or value not in (0, 1):
            raise checks.fail(f"the function's value at {in_words(row)}", "0 or 1", value)
        table[i] = value
    return table


def _n_arguments(function: Callable[..., Any]) -> int:
    hint = "an integer if the function's signature does not say how many arguments it has"
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise checks.fail("n", hint, None) from None
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise checks.fail("n", hint, None)
    checks.integer("number of the function's arguments", len(parameters), f"[1, {MAX_INPUTS}]")
    return len(parameters)


def _from_text(text: str, n: int | None) -> np.ndarray:
    """Evaluate an expression on all rows at once; words become the symbols they stand for."""
    if "\0" in text:  # which early versions of Python 3.11 do not call an error of syntax
        raise checks.fail("expression", _SYNTAX, text)
    symbols = re.sub(r"\b(not|and|xor|or)\b", lambda word: _SYMBOLS[word[0]], text.strip())
    try:
        tree = ast.parse(symbols, mode="eval").body
        names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
        n, places = _places(names, n)
        columns = rows(n).astype(bool).T
        variables = {name: columns[place] for name, place in places.items()}
        return np.array(np.broadcast_to(_value(tree, variables, text), 2**n))
    except (SyntaxError, MemoryError, RecursionError):
        raise checks.fail("expression", _SYNTAX, text) from None


def _places(names: list[str], n: int | None) -> tuple[int, dict[str, int]]:
    """Return the number of variables and the column of each name."""
    if not names:
        if n is None:
            raise checks.fail("n", "an integer if the expression has no names", n)
        return n, {}
    numbered = all(re.fullmatch("x[1-9][0-9]{0,3}", name) for name in names)
    places = {name: int(name[1:]) - 1 if numbered else i for i, name in enumerate(names)}
    largest = max(places.values()) + 1
    most = MAX_INPUTS if n is None else n
    if largest > most or (n is not None and not numbered and largest < n):
        limit = f"x1 to x{most}" if numbered else f"{'at most ' if n is None else ''}{most}"
        raise checks.fail("the expression's variables", limit, ", ".join(names))
    return largest if n is None else n, places


def _value(node: ast.AST, variables: dict[str, np.ndarray], text: str) -> Any:
    if isinstance(node, ast.Name):
        return variables[node.id]
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int) and node.value in (0, 1):
        return np.bool_(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return ~_value(node.operand, variables, text)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = (_value(side, variables, text) for side in (node.left, node.right))
        return _OPERATORS[type(node.op)](left, right)
    raise checks.fail("expression", _SYNTAX, text)
