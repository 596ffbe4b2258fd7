"""One entry of an equation worked in numbers: what a walk-through shows under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.diagnosis.trace.text import GAP, number

MOST = 6  # terms of a sum that are written out


def place(values: np.ndarray) -> int:
    """Return the first entry of a row that is not 0: of those that are, nothing can be seen."""
    return int(np.argmax(values != 0))


def entry(equation: str, numbers: dict[str, Any], at: tuple[int, ...], digits: int) -> str:
    """Return an equation between entries with the numbers in the symbols' place.

    `numbers` has those of the entry by their symbols, that of the left side too.
    """
    name, _, body = equation.partition(" = ")
    body = _replaced(body, numbers, digits)
    return f"{name}{_index(at)} = {body} = {number(numbers[name], digits)}"


def summed(
    equation: str, terms: Sequence[dict[str, Any]], value: Any, at: tuple[int, ...], digits: int
) -> str:
    """Return an equation with a sum over the outputs with the numbers of each of them."""
    name, _, body = equation.partition(" = ")
    before, _, after = body.partition("Σ_j ")
    own = [_replaced(after, numbers, digits) for numbers in terms]
    text = own[0] if len(own) == 1 else f"({_sum(own)})"
    return f"{name}{_index(at)} = {before}{text} = {number(value, digits)}"


def products(
    name: str,
    at: tuple[int, ...],
    value: Any,
    factors: tuple[np.ndarray, np.ndarray],
    rest: Sequence[tuple[Any, ...]],
    over: Any,
    digits: int,
) -> str:
    """Return a sum of products, with other terms behind it and over a divisor.

    `rest` has a term each, of one factor or two; `over` is None or the divisor.
    """
    left, right = factors
    own = [_times((a, b), digits) for a, b in zip(left, right, strict=True)]
    if len(own) > MOST:  # of a long sum those that count
        counts = [text for text, a, b in zip(own, left, right, strict=True) if a * b != 0]
        own = counts if len(counts) > MOST else [*counts, GAP] if counts else own
    text = " + ".join(filter(None, [_sum(own), *(_times(term, digits) for term in rest)]))
    if over is not None:
        text = f"({text}) / {number(over, digits)}"
    return f"{name}{_index(at)} = {text} = {number(value, digits)}"


def softmax(z: np.ndarray, j: int, value: Any, digits: int) -> str:
    """Return an entry of a softmax."""
    each = [f"exp({number(own, digits)})" for own in z]
    return f"ŷ{_index((0, j))} = {each[j]} / ({_sum(each)}) = {number(value, digits)}"


def _replaced(body: str, numbers: dict[str, Any], digits: int) -> str:
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    symbol = re.compile(rf"(?<![A-Za-z0-9_])(?:{names})(?![A-Za-z0-9_′(])")
    text = symbol.sub(lambda found: _signed(numbers[found[0]], digits), body)
    return text.replace(" ⊙ ", "·")


def _sum(terms: Sequence[str]) -> str:
    own = [*terms[:2], GAP, terms[-1]] if len(terms) > MOST else terms
    return " + ".join(own)


def _times(factors: tuple[Any, ...], digits: int) -> str:
    return "·".join(_signed(own, digits) for own in factors)


def _signed(value: Any, digits: int) -> str:
    text = number(value, digits)
    return f"({text})" if text.startswith("-") else text


def _index(at: tuple[int, ...]) -> str:
    return f"[{', '.join(str(i) for i in at)}]"
