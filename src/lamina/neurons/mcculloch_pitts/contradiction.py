"""Why a Boolean function has no McCulloch-Pitts neuron."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from lamina.neurons.truth_table import in_words, rows


@dataclass(frozen=True, repr=False)
class NoNeuron:
    """The proof that a Boolean function has no McCulloch-Pitts neuron: rows that contradict.

    There are two kinds, and a function with neither has a neuron.

    * An input x_i turns the output off somewhere, so it must be inhibitory; but the output is 1 at
      a row where it is on. `rows` are the two rows of the first fact and that of the second.
    * An input x_k turns the output on somewhere, so it must be excitatory. Two other rows differ
      by x_j being on in the first and x_k in the second; so no inhibitory input is on in the
      second that is not in the first, and at least as many excitatory ones are on; but the output
      is 1 at the first and 0 at the second. `rows` are these four.

    Attributes
    ----------
    table : tuple of int
        Values of the function on `lamina.neurons.rows`.
    inputs : tuple of int
        Numbers, from 1, of x_i, or of x_k and x_j.
    rows : tuple of int
        Places of the rows in the table.

    Examples
    --------
    >>> from lamina.neurons import McCullochPittsNeuron
    >>> proof = McCullochPittsNeuron.find("x1 xor x2")
    >>> proof, proof.verify()
    (<NoNeuron: inputs=(1,), rows=(1, 3, 2)>, True)
    """

    table: tuple[int, ...]
    inputs: tuple[int, ...]
    rows: tuple[int, ...]

    def __bool__(self) -> bool:
        return False

    def verify(self) -> bool:
        """Check against the table that the rows are what the argument says.

        False also where table, inputs and rows do not go together at all.
        """
        n = n_inputs(self.table)
        if not self._in_range(n):
            return False
        values = [self.table[row] for row in self.rows]
        bits = [_bit(n, i) for i in self.inputs]
        low, high, *rest = self.rows
        turns = not low & bits[0] and high == low | bits[0]
        if len(self.inputs) == 1:
            return turns and bool(rest[0] & bits[0]) and values == [1, 0, 1]
        first, second = rest
        swapped = bool(first & bits[1]) and not first & bits[0] and second == first ^ sum(bits)
        return turns and swapped and values == [0, 1, 1, 0]

    def _in_range(self, n: int) -> bool:
        """Return whether there are two inputs and four rows, or one and three, all of the table."""
        whole = all(isinstance(i, Integral) for i in (*self.inputs, *self.rows))
        sizes = len(self.inputs), len(self.rows)
        return (
            whole
            and sizes in [(1, 3), (2, 4)]
            and len(self.table) == 2**n
            and all(1 <= i <= n for i in self.inputs)
            and all(0 <= row < len(self.table) for row in self.rows)
        )

    def __repr__(self) -> str:
        return f"<NoNeuron: inputs={self.inputs}, rows={self.rows}>"

    def __str__(self) -> str:
        n = n_inputs(self.table)
        at = [f"({in_words(rows(n)[row])})" for row in self.rows]
        digits = "".join(str(int(value)) for value in self.table)
        digits = digits if len(digits) <= 64 else f"{digits[:61]}..."
        head = f"No McCulloch-Pitts neuron has the truth table {digits}.\n"
        x = [f"x{i}" for i in self.inputs]
        if len(x) == 1:
            return head + (
                f"{x[0]} turns the output off from {at[0]} to {at[1]}: it must be inhibitory.\n"
                f"But then the output is 0 wherever {x[0]} is on, and at {at[2]} it is 1."
            )
        return head + (
            f"{x[0]} turns the output on from {at[0]} to {at[1]}: it must be excitatory.\n"
            f"The output is 1 at {at[2]}. At {at[3]} {x[0]} is on instead of {x[1]}, so no other "
            "inhibitory and\nno fewer excitatory inputs are on; but there it is 0."
        )


def n_inputs(table: Any) -> int:
    """Return n of a table of 2**n values."""
    return len(table).bit_length() - 1


def _bit(n: int, i: int) -> int:
    """Return by how much input i, from 1, moves the place of a row."""
    return 1 << n - i


def _sides(table: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows where input i, from 0, is off, and the same rows with it on."""
    off = np.flatnonzero(rows(n_inputs(table))[:, i] == 0)
    return off, off + _bit(n_inputs(table), i + 1)


def role(table: np.ndarray, i: int) -> str:
    """Return what input i must be: "-" if it turns the output off anywhere, "+" if only on."""
    off, on = _sides(table, i)
    if (table[off] & ~table[on]).any():
        return "-"
    return "+" if (table[on] & ~table[off]).any() else "."


def contradiction(table: np.ndarray, wiring: str) -> NoNeuron | None:
    """Return a contradiction, if there is one; `wiring` has the `role` of each input.

    If there is none, the output is 0 wherever a "-" is on. With all of them off it depends on the
    "+" alone, rises with each, and stays the same when two are exchanged. So it depends on how
    many are on, and is 1 from some number θ on: it has a neuron.
    """
    first = _inhibited_yet_on(table, wiring)
    return _unequal(table, wiring) if first is None else first


def _inhibited_yet_on(table: np.ndarray, wiring: str) -> NoNeuron | None:
    for i in (i for i, role in enumerate(wiring) if role == "-"):
        off, on = _sides(table, i)
        if table[on].any():
            falls = int(off[np.argmax(table[off] & ~table[on])])
            places = falls, falls | _bit(len(wiring), i + 1), int(on[np.argmax(table[on])])
            return NoNeuron(tuple(table.astype(int).tolist()), (i + 1,), places)
    return None


def _unequal(table: np.ndarray, wiring: str) -> NoNeuron | None:
    """Look for two excitatory inputs that do not count the same."""
    n, excitatory = len(wiring), [i for i, role in enumerate(wiring) if role == "+"]
    places = np.arange(len(table))
    for j in excitatory:
        for k in (k for k in excitatory if k != j):
            bit_j, bit_k = _bit(n, j + 1), _bit(n, k + 1)
            first = places[(places & bit_j > 0) & (places & bit_k == 0)]
            worse = table[first] & ~table[first ^ bit_j ^ bit_k]
            if worse.any():
                off, on = _sides(table, k)
                rises = int(off[np.argmax(table[on] & ~table[off])])
                a = int(first[np.argmax(worse)])
                found = rises, rises | bit_k, a, a ^ bit_j ^ bit_k
                return NoNeuron(tuple(table.astype(int).tolist()), (k + 1, j + 1), found)
    return None
