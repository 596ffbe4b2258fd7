"""The McCulloch-Pitts neuron: which Boolean functions it computes, and why not the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.neurons.mcculloch_pitts.contradiction import NoNeuron, contradiction, role
from lamina.neurons.truth_table import MAX_INPUTS, as_table, inputs, rows
from lamina.plan import checks

GATES: dict[str, Callable[[int], tuple[int, int, int]]] = {
    "and": lambda n: (n, 0, n),
    "or": lambda n: (n, 0, 1),
    "nor": lambda n: (0, n, 0),
    "not": lambda n: (0, 1, 0),
    "x1 and not x2": lambda n: (1, 1, 1),
    "tautology": lambda n: (n, 0, 0),
}
"""By name of the gate: numbers of excitatory and inhibitory inputs, and θ (note 002 §2.1)."""

FIXED = {"not": 1, "x1 and not x2": 2}
"""Number of inputs of the gates that leave no choice."""
IMPOSSIBLE: dict[str, Callable[..., bool]] = {
    "nand": lambda *x: not all(x),
    "xor": lambda *x: sum(x) % 2 == 1,
    "xnor": lambda *x: sum(x) % 2 == 0,
}
"""Gates of two and more inputs that are no McCulloch-Pitts neuron."""


@dataclass(frozen=True)
class McCullochPittsNeuron:
    """The neuron of McCulloch and Pitts (1943), with absolute inhibition (note 002 §2.1).

    Inputs and output are 0 or 1. If any inhibitory input is on, the output is 0. Otherwise it is 1
    if at least θ of the excitatory inputs are on: y = 1 if Σ x_i >= θ, else 0. All excitatory
    inputs count the same, there are no weights.

    The note says that one such neuron represents the linearly separable functions. Each neuron's
    function is linearly separable, but not the reverse: NAND is separable and has no neuron.

    Parameters
    ----------
    n_excitatory, n_inhibitory : int in [0, 16]
        Numbers of inputs of each kind.
    threshold : int in [0, inf)
        θ. With 0 the neuron is on unless it is inhibited; above `n_excitatory` it is never on.
    wiring : str, optional
        One character per input, in order: "+" excitatory, "-" inhibitory, "." not connected. By
        default the excitatory inputs come first, then the inhibitory, and all are connected.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the wiring has other numbers of inputs.

    Examples
    --------
    >>> from lamina.neurons import McCullochPittsNeuron
    >>> neuron = McCullochPittsNeuron(1, 1, threshold=1)
    >>> neuron([1, 0]), neuron([1, 1])
    (1, 0)
    >>> print(neuron)
    x1 excitatory; x2 inhibitory; threshold 1.
    x1 x2 | y
     0  0 | 0   0 of 1 on, below the threshold
     0  1 | 0   inhibited by x2
     1  0 | 1   1 of 1 on, threshold reached
     1  1 | 0   inhibited by x2
    >>> McCullochPittsNeuron.find("x1 and not x2") == neuron
    True
    """

    n_excitatory: int
    n_inhibitory: int = 0
    threshold: int = 1
    wiring: str = ""

    def __post_init__(self) -> None:
        for name in ("n_excitatory", "n_inhibitory"):
            checks.integer(name, getattr(self, name), f"[0, {MAX_INPUTS}]")
        checks.integer("threshold", self.threshold, "[0, inf)")
        for name in ("n_excitatory", "n_inhibitory", "threshold"):
            object.__setattr__(self, name, int(getattr(self, name)))
        default = "+" * self.n_excitatory + "-" * self.n_inhibitory
        if not isinstance(self.wiring, str):
            raise checks.fail("wiring", "a string of '+', '-' and '.'", self.wiring)
        wiring = self.wiring or default
        if sorted(wiring.replace(".", "")) != sorted(default):
            expected = f"{self.n_excitatory} '+', {self.n_inhibitory} '-' and '.' for others"
            raise checks.fail("wiring", expected, self.wiring)
        if not 1 <= len(wiring) <= MAX_INPUTS:
            raise checks.fail("number of inputs", f"from 1 to {MAX_INPUTS}", len(wiring))
        object.__setattr__(self, "wiring", wiring)

    @classmethod
    def gate(cls, name: str, n: int | None = None) -> McCullochPittsNeuron:
        """Return a gate by its name.

        Parameters
        ----------
        name : {"and", "or", "nor", "not", "x1 and not x2", "tautology"}
            In small or capital letters.
        n : int in [1, 16], optional
            Number of inputs of "and", "or", "nor" and "tautology", 2 by default. "not" has one,
            the fifth two.

        Raises
        ------
        ArgumentError
            If `n` is not what the gate has; if there is no such gate; for NAND, XOR and XNOR with
            the rows that show why there is none.

        Examples
        --------
        >>> McCullochPittsNeuron.gate("nor", 3)
        McCullochPittsNeuron(n_excitatory=0, n_inhibitory=3, threshold=0, wiring='---')
        """
        key = name.lower() if isinstance(name, str) else name
        n_inputs = FIXED.get(str(key), 2) if n is None else n
        if isinstance(key, str) and key in IMPOSSIBLE:
            checks.integer("n", n_inputs, f"[2, {MAX_INPUTS}]")
            proof = cls.find(IMPOSSIBLE[key], n_inputs)
            raise checks.ArgumentError(f"name must not be {name!r}: there is none.\n{proof}")
        checks.choice("name", key, GATES)
        checks.integer("n", n_inputs, f"[1, {MAX_INPUTS}]")
        if n_inputs != FIXED.get(key, n_inputs):
            raise checks.fail("n", f"{FIXED[key]}, the number of inputs of {key!r}", n)
        return cls(*GATES[key](n_inputs))

    @classmethod
    def find(cls, source: Any, n: int | None = None) -> McCullochPittsNeuron | NoNeuron:
        """Return the neuron of a Boolean function, or the proof that it has none.

        An input on which the function does not depend is left unconnected. If the function is
        constant all are excitatory. Which of the other inputs is excitatory or inhibitory does not
        leave a choice: an excitatory one can only turn the output on, an inhibitory one only off.

        Parameters
        ----------
        source : array-like, callable, int or str
            A truth table, function, code or expression, as in `as_table`.
        n : int in [1, 16], optional

        Returns
        -------
        McCullochPittsNeuron or NoNeuron
            `NoNeuron` counts as False.

        Examples
        --------
        >>> McCullochPittsNeuron.find([0, 0, 0, 1, 0, 0, 0, 0])
        McCullochPittsNeuron(n_excitatory=2, n_inhibitory=1, threshold=2, wiring='-++')
        >>> print(McCullochPittsNeuron.find("not (x1 and x2)"))
        No McCulloch-Pitts neuron has the truth table 1110.
        x1 turns the output off from (x1 = 0, x2 = 1) to (x1 = 1, x2 = 1): it must be inhibitory.
        But then the output is 0 wherever x1 is on, and at (x1 = 1, x2 = 0) it is 1.
        """
        table = as_table(source, n)
        wiring = "".join(role(table, i) for i in range(len(table).bit_length() - 1))
        if table.all() or not table.any():
            size = len(wiring)
            return cls(size, 0, 0 if table.all() else size + 1)
        proof = contradiction(table, wiring)
        if proof is not None:
            return proof
        excitatory = [i for i, role in enumerate(wiring) if role == "+"]
        threshold = int(rows(len(wiring))[table][:, excitatory].sum(axis=1).min())
        return cls(wiring.count("+"), wiring.count("-"), threshold, wiring)

    @property
    def n_inputs(self) -> int:
        """Number of inputs, unconnected ones included."""
        return len(self.wiring)

    def __call__(self, X: Any) -> Any:
        """Return the output for one row of inputs as an int, for many as an array of int8.

        Parameters
        ----------
        X : array-like of shape (n_inputs,) or (n_samples, n_inputs)
            Of zeros and ones (or booleans).
        """
        given = inputs("X", X, self.n_inputs)
        excited, inhibited = self._sums(given)
        y = ((excited >= self.threshold) & (inhibited == 0)).astype(np.int8)
        return int(y) if given.ndim == 1 else y

    def truth_table(self) -> np.ndarray:
        """Return the outputs on `rows` as an array of bool of shape (2**n_inputs,)."""
        return self(rows(self.n_inputs)).astype(bool)

    def _sums(self, x: np.ndarray) -> tuple[Any, Any]:
        roles = np.array(list(self.wiring))
        return tuple(x[..., roles == role].sum(axis=-1) for role in "+-")

    def __str__(self) -> str:
        names = {
            kind: " ".join(f"x{i}" for i, role in enumerate(self.wiring, 1) if role == sign)
            for kind, sign in (("excitatory", "+"), ("inhibitory", "-"), ("not connected", "."))
        }
        head = "; ".join(f"{own} {kind}" for kind, own in names.items() if own)
        lines = [f"{head}; threshold {self.threshold}."]
        if self.n_inputs > 5:
            return lines[0]
        lines.append(" ".join(f"x{i}" for i in range(1, self.n_inputs + 1)) + " | y")
        for row in rows(self.n_inputs):
            shown = " ".join(f"{x:>2}" for x in row)
            lines.append(f"{shown} | {self(row)}   {self._why(row)}")
        return "\n".join(lines)

    def _why(self, row: np.ndarray) -> str:
        on = [f"x{i}" for i, role in enumerate(self.wiring, 1) if role == "-" and row[i - 1]]
        if on:
            return f"inhibited by {', '.join(on)}"
        excited = int(self._sums(row)[0])
        reached = "threshold reached" if excited >= self.threshold else "below the threshold"
        return f"{excited} of {self.n_excitatory} on, {reached}"
