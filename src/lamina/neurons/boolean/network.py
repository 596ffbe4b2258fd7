"""Any Boolean function as a network of perceptrons with one hidden layer (note 002 §2.5)."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

import numpy as np

from lamina.neurons.boolean import text
from lamina.neurons.boolean.implicants import BLOCK, in_literals, minimum_cover
from lamina.neurons.boolean.plan import plan_of
from lamina.neurons.perceptron.correction import Course, Points
from lamina.neurons.truth_table import as_table, inputs, rows
from lamina.plan import Network, checks

MAX_LEARNED = 12
"""Most inputs for which the output layer is learned: a table of 4,096 × 4,096 codes."""


class BooleanNetwork:
    """A Boolean function as a network of perceptrons: one hidden layer, one output.

    The construction of note 002 §2.5. Inputs are coded -1 and +1. The hidden layer has one
    perceptron per row p of the truth table: its weights are the row itself, its bias is -n, so

        ``w·x - n = 0`` at x = p, and ``-2, -4, ...`` at the other inputs,

    two less for each input that differs. A perceptron fires where ``w·x + bias >= 0``: the row
    itself lies on the threshold, on the side that fires. So exactly one hidden perceptron fires for
    each input, and the output perceptron's weight for it can be chosen freely: any of the 2^(2^n)
    functions comes out exactly. 2^n hidden perceptrons suffice; `minimal` shows that far fewer may
    do. All numbers are small integers, so nothing is rounded.

    Parameters
    ----------
    source : array-like, callable, int or str
        The function, as `lamina.neurons.as_table` reads it: its 2^n values in the order of
        `lamina.neurons.rows`, a callable of n arguments, the number of a code, or an expression
        such as ``"x1 and not x2"``.
    n : int in [1, 16], optional
        Number of variables, where `source` does not tell.
    output : {"built", "learned"}, default="built"
        How the output weights come about. Built: +1 for rows that are true, -1 for the others.
        Learned: by perceptron learning (algorithm 1 of note 002 §2.3) on the hidden layer's
        outputs, row after row from weights 0, for n up to 12. These are orthogonal unit vectors, so
        every function can be learned, and one correction per false row suffices. The bias is 0 in
        both.

    Attributes
    ----------
    n_inputs, n_hidden : int
    table : ndarray of bool of shape (2**n,)
        What the network computes, read-only.
    implicants : ndarray of int8 of shape (n_hidden, n)
        The product that each hidden perceptron computes: -1, +1, 0 for a variable that is negated,
        as it is, absent. Read-only.
    hidden_weights, hidden_biases : ndarray of int8 of shape (n, n_hidden), (n_hidden,)
        ``implicants.T``, and minus the number of literals.
    output_weights : ndarray of int64 of shape (n_hidden,)
    output_bias : int
    n_corrections : int or None
        Made by perceptron learning; None if the output layer was built.
    lower_bound : int or None
        After `minimal`: no disjunction of products has fewer terms. Equal to `n_hidden` where the
        smallest one is known to be found.

    Raises
    ------
    ArgumentError
        If `source` is not a Boolean function of 1 to 16 variables.

    Examples
    --------
    >>> from lamina.neurons import BooleanNetwork
    >>> xor = BooleanNetwork("x1 xor x2")
    >>> xor([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0, 1, 1, 0])
    >>> print(xor.as_text())
    x1 x2 | y | h1 h2 h3 h4 |  Σ
     0  0 | 0 |  1  0  0  0 | -1
     0  1 | 1 |  0  1  0  0 |  1
     1  0 | 1 |  0  0  1  0 |  1
     1  1 | 0 |  0  0  0  1 | -1
    >>> print(xor.minimal())
    Boolean function of 2 variables, true on 2 of 4 rows:
      (not x1 and x2) or (x1 and not x2)
    Hidden layer: 2 perceptrons, one per product, instead of 2^2 = 4; of products no fewer do.
    Output layer: 1 perceptron, an OR: weights 1, bias -1.
    """

    def __init__(self, source: Any, n: int | None = None, *, output: str = "built") -> None:
        checks.choice("output", output, ["built", "learned"])
        table = as_table(source, n)
        n = len(table).bit_length() - 1
        patterns = 2 * rows(n) - 1
        self._set(table, patterns, np.where(table, 1, -1), 0)
        if output == "learned":
            checks.integer('n with output="learned"', n, f"[1, {MAX_LEARNED}]")
            self._learn()

    def _set(
        self, table: np.ndarray, implicants: np.ndarray, weights: np.ndarray, bias: int
    ) -> None:
        self.table, self.implicants, self.output_weights = table, implicants, weights
        for array in (table, implicants, weights):
            array.flags.writeable = False
        self.output_bias = bias
        self.n_corrections: int | None = None
        self.lower_bound: int | None = None

    def _learn(self) -> None:
        codes = self._fires(self.implicants.astype(float)).astype(float)
        points = Points.signed(codes, self.table, bias=False, algorithm="original")
        course = Course(points, np.zeros(self.n_hidden))
        while not course.converged:  # it ends: the codes are separable
            course.go_through()
        self.output_weights = course.weights.astype(int)
        self.output_weights.flags.writeable = False
        self.n_corrections = course.n_corrections

    @property
    def n_inputs(self) -> int:
        """Number of variables n."""
        return int(self.implicants.shape[1])

    @property
    def n_hidden(self) -> int:
        """Number of hidden perceptrons."""
        return len(self.implicants)

    @property
    def hidden_weights(self) -> np.ndarray:
        """Weights of the hidden perceptrons, (n, n_hidden)."""
        return self.implicants.T

    @property
    def hidden_biases(self) -> np.ndarray:
        """Biases of the hidden perceptrons, (n_hidden,): minus the number of literals."""
        return -np.abs(self.implicants).sum(axis=1, dtype=np.int8)

    @property
    def products(self) -> np.ndarray:
        """The rows of `implicants` whose hidden perceptron makes the output 1."""
        return self.implicants[self.output_weights + self.output_bias >= 0]

    @property
    def expression(self) -> str:
        """The function as a disjunction of products, which `BooleanNetwork` reads again."""
        return self._expression

    @cached_property
    def _expression(self) -> str:
        return in_literals(self.products)

    def hidden(self, x: Any, *, signed: bool = False) -> np.ndarray:
        """Return which hidden perceptrons fire.

        Parameters
        ----------
        x, signed
            As for a call.

        Returns
        -------
        ndarray of int64 of shape (n_hidden,) or (n_samples, n_hidden)
            0 and 1, as in table 3 of note 002 §2.5.
        """
        return self._fires(self._inputs(x, signed)).astype(int)

    def __call__(self, x: Any, *, signed: bool = False) -> Any:
        """Return the network's output.

        Parameters
        ----------
        x : array-like of shape (n,) or (n_samples, n)
            Of 0 and 1, or of -1 and +1 if `signed`.
        signed : bool, default=False
            Whether inputs and outputs are coded -1 and +1 instead of 0 and 1.

        Returns
        -------
        int or ndarray of int64 of shape (n_samples,)
        """
        signs = self._inputs(x, signed)
        flat = signs.reshape(-1, self.n_inputs)
        step = max(1, BLOCK // max(1, self.n_hidden))
        sums = [self._sums(flat[i : i + step]) for i in range(0, len(flat), step)]
        y = (np.concatenate(sums) >= 0).astype(int) if sums else np.zeros(0, dtype=int)
        y = 2 * y - 1 if signed else y
        return int(y[0]) if signs.ndim == 1 else y

    def _fires(self, signs: np.ndarray) -> np.ndarray:
        return signs @ self.hidden_weights.astype(float) + self.hidden_biases >= 0

    def _sums(self, signs: np.ndarray) -> np.ndarray:
        """Return the output perceptron's sum for inputs (n_samples, n) coded -1, +1."""
        return self._fires(signs) @ self.output_weights.astype(float) + self.output_bias

    def _inputs(self, x: Any, signed: bool) -> np.ndarray:
        """Return x coded -1 and +1, float64."""
        checks.flag("signed", signed)
        x = inputs("x", x, self.n_inputs, low=-1 if signed else 0)
        return x.astype(float) if signed else 2.0 * x - 1

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same function and the same weights, by value."""
        if not isinstance(other, BooleanNetwork):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        arrays = (self.table, self.implicants, self.output_weights)
        return self.n_inputs, self.output_bias, *(array.tobytes() for array in arrays)

    def minimal(self, *, dont_care: Any = None, time_limit: float = 10.0) -> Self:
        """Return a network with one hidden perceptron per product of a smallest disjunction.

        A hidden perceptron has the weights ±1 for the literals of its prime implicant and 0 for
        absent variables; its bias is minus their number. The output perceptron is an OR: weights 1,
        bias -1. Two perceptrons in a row may do with fewer still, since they are not bound to
        products: AND and OR need one, and no hidden layer.

        Parameters
        ----------
        dont_care : array-like, callable, int or str, optional
            True where the value does not matter, or the numbers of these rows, below 2**n; the new
            network's `table` says what came out.
        time_limit : float in (0, inf), default=10
            Seconds for the search; see `lamina.neurons.minimum_cover`.

        Returns
        -------
        BooleanNetwork

        Examples
        --------
        >>> from lamina.neurons import BooleanNetwork
        >>> majority = BooleanNetwork(lambda a, b, c: a + b + c >= 2).minimal()
        >>> majority.n_hidden, majority.expression
        (3, '(x1 and x2) or (x1 and x3) or (x2 and x3)')
        """
        cover = minimum_cover(self.table, dont_care=dont_care, time_limit=time_limit)
        network = object.__new__(type(self))
        ones = np.ones(len(cover.implicants), dtype=int)
        network._set(self.table, cover.implicants, ones, -1)
        network.lower_bound = cover.lower_bound
        if dont_care is not None:
            network.table = network(rows(self.n_inputs)).astype(bool)
            network.table.flags.writeable = False
        return network

    def to_network(
        self, activation: str = "logistic", *, tolerance: float = 1e-6, signed: bool = False
    ) -> tuple[Network, list[tuple[np.ndarray, np.ndarray]]]:
        """Return the same function as a `Network` of smooth units, and its parameters.

        Thresholds become steep units. A hidden unit gets ``s (w·x + bias + 1)``, which is at least
        s where the perceptron fires and at most -s where it does not. A logistic unit is then
        within e^-s of 0 or 1, and with ``s = ln(8 Σ|v|)``, v the output weights, the output's sum
        is off by at most 1/8. Exact sums are integers, >= 0 for true and <= -1 for false; so with
        1/2 added they keep their sign by 3/8. A ReLU unit with s = 1 is exactly 0 or 1.

        Parameters
        ----------
        activation : {"logistic", "relu"}, default="logistic"
            Of the hidden units.
        tolerance : float in (0, 0.5), default=1e-6
            The output, a probability, is at most this far from 0 and 1: proved, not measured.
        signed : bool, default=False
            Whether the network's inputs are coded -1 and +1 instead of 0 and 1.

        Returns
        -------
        network : Network
            With logistic output and binary cross-entropy, ready to be trained further.
        parameters : list of tuples of arrays
            ``(W, b)`` per layer, float64. No hidden layer where there are no hidden perceptrons.

        Examples
        --------
        >>> from lamina import spec
        >>> from lamina.neurons import BooleanNetwork, rows
        >>> network, parameters = BooleanNetwork("x1 xor x2").minimal().to_network()
        >>> network
        Network(2 -> 2 logistic -> 1 logistic, BinaryCrossEntropy())
        >>> spec.network.predict(network, parameters, rows(2)).round(3).ravel().tolist()
        [0.0, 1.0, 1.0, 0.0]
        """
        checks.flag("signed", signed)
        return plan_of(self, activation, tolerance, signed)

    def as_text(self, *, signed: bool = False) -> str:
        """Return inputs, output, hidden outputs and output sums, as in table 3 of the note.

        Parameters
        ----------
        signed : bool, default=False
            Whether inputs and outputs are shown as -1 and +1 instead of 0 and 1.

        Notes
        -----
        Of more than 64 rows or 32 hidden perceptrons only the first are shown, and how many more
        there are.
        """
        checks.flag("signed", signed)
        x = 2 * rows(self.n_inputs)[: text.MOST_ROWS] - 1
        coded = x if signed else (x + 1) // 2
        y, h = self(coded, signed=signed), self.hidden(x, signed=True)
        return text.table(coded, y, h, self._sums(x), n_rows=len(self.table))

    def summary(self) -> str:
        """Return in words what the network is: its function, its layers and their sizes."""
        return text.summary(self)

    __str__ = summary

    def __repr__(self) -> str:
        sizes = f"{self.n_inputs} inputs -> {self.n_hidden} hidden -> 1"
        return f"BooleanNetwork({sizes}, {text.function(self, 4)!r})"
