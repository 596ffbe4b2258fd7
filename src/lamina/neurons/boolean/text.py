"""Networks of perceptrons in words and as tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.neurons.boolean.implicants import in_literals

MOST_ROWS = 64
MOST_UNITS = 32
"""Most rows and hidden perceptrons of a table that is shown."""


def summary(network: Any) -> str:
    """Return what a `BooleanNetwork` computes, and the sizes of its layers."""
    table = network.table
    return (
        f"Boolean function of {_count(network.n_inputs, 'variable')}, "
        f"true on {table.sum():,} of {len(table):,} rows:\n"
        f"  {function(network, 12)}\n"
        f"Hidden layer: {_count(network.n_hidden, 'perceptron')}, {_hidden(network)}.\n"
        f"Output layer: 1 perceptron, {_output(network)}."
    )


def function(network: Any, most: int) -> str:
    """Return the network's function with at most so many products."""
    products = network.products
    text = in_literals(products[:most])
    left = len(products) - most
    return text if left <= 0 else f"{text} or {left:,} more"


def table(x: np.ndarray, y: np.ndarray, h: np.ndarray, sums: np.ndarray, n_rows: int) -> str:
    """Return inputs, output, hidden outputs and output sums as table 3 of note 002 §2.5.

    These are the first of `n_rows`; of the others it is said how many there are.
    """
    names = [f"x{i}" for i in range(1, x.shape[1] + 1)]
    units = [f"h{j}" for j in range(1, h.shape[1] + 1)]
    shown = units[:MOST_UNITS], h[:, :MOST_UNITS]
    blocks = [(names, x), (["y"], y[:, None]), shown, (["Σ"], sums[:, None].astype(int))]
    texts = [_columns(heads, values) for heads, values in blocks if heads]
    lines = [" | ".join(parts) for parts in zip(*texts, strict=True)]
    left = {"row": n_rows - len(x), "hidden perceptron": len(units) - MOST_UNITS}
    more = [_count(number, noun) for noun, number in left.items() if number > 0]
    return "\n".join([*lines, f"... and {' and '.join(more)} more"] if more else lines)


def _hidden(network: Any) -> str:
    n, bound = network.n_inputs, network.lower_bound
    if bound is None:
        return f"one per row (2^{n}), weights ±1, biases -{n}"
    known = "no fewer do" if bound == network.n_hidden else f"at least {bound:,} are needed"
    return f"one per product, instead of 2^{n} = {2**n:,}; of products {known}"


def _output(network: Any) -> str:
    if network.lower_bound is not None:
        return f"an OR: weights 1, bias {network.output_bias}"
    if network.n_corrections is None:
        return "built: weights 1 for true rows, -1 for false ones, bias 0"
    return f"learned with {_count(network.n_corrections, 'correction')}, bias 0"


def _columns(heads: list[str], values: np.ndarray) -> list[str]:
    """Return a header line and a line per row, columns aligned on the right."""
    lines = [heads, *values.tolist()]
    widths = [max(len(str(line[k])) for line in lines) for k in range(len(heads))]
    return [" ".join(f"{c!s:>{w}}" for c, w in zip(line, widths, strict=True)) for line in lines]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
