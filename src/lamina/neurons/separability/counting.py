"""The linearly separable Boolean functions of n variables: all of them, and their number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, permutations, product

import numpy as np

from lamina.neurons.truth_table import rows
from lamina.plan import checks


@dataclass(frozen=True)
class ThresholdFunction:
    """A Boolean function with integer weights: 1 if weights · x >= threshold (note 002 §2.2).

    Attributes
    ----------
    table : tuple of int
        Its values on `rows`.
    weights : tuple of int
        Of the inputs 0 and 1.
    threshold : int
        θ, the negative of the bias.
    """

    table: tuple[int, ...]
    weights: tuple[int, ...]
    threshold: int


@dataclass(frozen=True)
class SymmetryClass:
    """Separable functions that one weight vector gives by permuting and negating its entries.

    Attributes
    ----------
    weights : tuple of int
        w_0 >= w_1 >= ... >= w_n >= 0, for inputs -1 and +1: the functions are the signs of
        ±w_σ(0) ± w_σ(1) x_1 ± ... ± w_σ(n) x_n. The bias is a weight like the others.
    chow : tuple of int
        Chow parameters Σ_x f(x) x_i with x_0 = 1 and f(x) = ±1, for the identity σ and all signs
        +. They are permuted and negated as the weights are, and functions with the same are the
        same.
    count : int
        Number of functions.
    """

    weights: tuple[int, ...]
    chow: tuple[int, ...]
    count: int


@dataclass(frozen=True, repr=False)
class SeparableFunctions:
    """All linearly separable Boolean functions of n variables; iterate over it to have them.

    Attributes
    ----------
    n : int
        Number of variables.
    classes : tuple of SymmetryClass
        In order of their weights.
    """

    n: int
    classes: tuple[SymmetryClass, ...]

    @property
    def count(self) -> int:
        """Number of separable functions."""
        return sum(own.count for own in self.classes)

    @property
    def total(self) -> int:
        """Number of all Boolean functions of n variables, 2**2**n."""
        return 2**2**self.n

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[ThresholdFunction]:
        """Yield each function once, class by class."""
        x = rows(self.n)
        for own in self.classes:
            for w in _arrangements(own):
                # w_0 + Σ w_i (2 x_i - 1) > 0 in whole numbers
                threshold = (sum(w[1:]) - w[0]) // 2 + 1
                values = (x @ np.array(w[1:]) >= threshold).astype(int)
                yield ThresholdFunction(tuple(values.tolist()), w[1:], threshold)

    def __repr__(self) -> str:
        return f"<SeparableFunctions: n={self.n}, {self.count:,} of {self.total:,}>"

    def __str__(self) -> str:
        share = f"{self.count:,} of {self.total:,}" if self.n <= 5 else f"{self.count:,}"
        lines = [
            f"{share} Boolean functions of {self.n} variables are linearly separable.",
            f"{len(self.classes)} classes by permuting and negating the weights, bias included:",
            f"{'functions':>12}  weights w_0 ... w_{self.n} of one, inputs -1 and +1",
        ]
        lines += [f"{own.count:>12,}  {' '.join(map(str, own.weights))}" for own in self.classes]
        return "\n".join(lines)


def separable_functions(n: int) -> SeparableFunctions:
    """Enumerate and count the linearly separable Boolean functions of n variables (note 002 §2.4).

    With inputs -1 and +1 a separable function is the sign of w · (1, x), w of m = n + 1 entries,
    and 0 for no x. Permuting and negating the entries of w gives other separable functions, so it
    is enough to look for those with w_0 >= w_1 >= ... >= w_n >= 0.

    The search is complete. A function's weights w with f(x) w · (1, x) >= 1 for all x make a
    polyhedron with a vertex, at which m of these are equations with coefficients ±1. By Cramer's
    rule w_i = D_i / D, where the D are determinants of matrices of ±1 and thus multiples of
    2**(m-1), at most m**(m/2) by Hadamard's inequality. So w D / 2**(m-1) are integers of at most
    m**(m/2) / 2**(m-1): 1, 2, 3, 6, 14 for m = 3, 4, 5, 6, 7. All such w are tried.

    Each function found is told by its Chow parameters, which determine it, and has as many others
    in its class as there are arrangements of their values and signs. [1]_

    Parameters
    ----------
    n : int in [1, 6]
        Number of variables. n = 6 takes some seconds; listing its 15,028,134 functions takes long.

    Returns
    -------
    SeparableFunctions
        With `count`, `classes`, and each function by iteration.

    Raises
    ------
    ArgumentError
        If `n` is out of range.

    References
    ----------
    .. [1] C. K. Chow, On the characterization of threshold functions, FOCS 1961; S. Muroga,
       Threshold Logic and Its Applications, Wiley 1971. The counts are sequence A000609 of the
       On-Line Encyclopedia of Integer Sequences.

    Examples
    --------
    >>> from lamina.neurons import separable_functions
    >>> [separable_functions(n).count for n in (1, 2, 3, 4, 5)]
    [4, 14, 104, 1882, 94572]
    >>> print(separable_functions(3))
    104 of 256 Boolean functions of 3 variables are linearly separable.
    3 classes by permuting and negating the weights, bias included:
       functions  weights w_0 ... w_3 of one, inputs -1 and +1
               8  1 0 0 0
              32  1 1 1 0
              64  2 1 1 1
    >>> next(iter(separable_functions(2)))
    ThresholdFunction(table=(1, 1, 1, 1), weights=(0, 0), threshold=0)
    """
    checks.integer("n", n, "[1, 6]")
    x = np.column_stack([np.ones(2**n, dtype=np.int64), 2 * rows(n).astype(np.int64) - 1])
    bound = math.isqrt((n + 1) ** (n + 1) // 4**n)
    smallest: dict[tuple[int, ...], tuple[bool, int, tuple[int, ...]]] = {}
    for w in _sorted_weights(n + 1, bound):
        sums = w @ x.T
        proper = (sums != 0).all(axis=1)
        chow = np.sign(sums[proper]) @ x
        for key, own in zip(map(tuple, chow.tolist()), map(tuple, w[proper].tolist()), strict=True):
            rank = _pattern(key) != _pattern(own), sum(own), own
            smallest[key] = min(smallest.get(key, rank), rank)
    found = sorted((w, chow) for chow, (_, _, w) in smallest.items())
    return SeparableFunctions(n, tuple(SymmetryClass(w, c, _orbit(c)) for w, c in found))


def _sorted_weights(m: int, bound: int) -> Iterator[np.ndarray]:
    """Yield all w with bound >= w_0 >= ... >= w_n >= 0, those with the same w_0 together."""
    for first in range(1, bound + 1):
        rest = combinations_with_replacement(range(first, -1, -1), m - 1)
        yield np.array([(first, *own) for own in rest])


def _pattern(values: tuple[int, ...]) -> list[int | None]:
    """Return which entries are equal and which 0; weights that share it are arranged alike."""
    return [values.index(v) if v else None for v in values]


def _orbit(values: tuple[int, ...]) -> int:
    """Return the number of vectors that permuting and negating the entries gives."""
    repeats = math.prod(math.factorial(k) for k in Counter(values).values())
    return math.factorial(len(values)) // repeats * 2 ** sum(v != 0 for v in values)


def _arrangements(own: SymmetryClass) -> Iterator[tuple[int, ...]]:
    """Yield the weight vectors of a class; they are arranged as the Chow parameters are."""
    for order in sorted(set(permutations(own.weights)), reverse=True):
        for signs in product(*((1, -1) if w else (1,) for w in order)):
            yield tuple(s * w for s, w in zip(signs, order, strict=True))
