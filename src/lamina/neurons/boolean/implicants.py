"""Two-level minimisation: prime implicants of a Boolean function and a smallest cover by them.

A product of literals is a row of -1, 0, +1: the variable negated, absent, or as it is. So the row
is also the weights of the perceptron that computes the product from inputs coded -1, +1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, hstack

from lamina.neurons.truth_table import as_table, rows
from lamina.plan import checks

BLOCK = 2**22
"""Most entries of an array that is made only in passing."""


class Cover(NamedTuple):
    """Products whose disjunction is the function.

    Attributes
    ----------
    implicants : ndarray of int8 of shape (m, n)
    lower_bound : int
        No disjunction of products that is the function has fewer than this; m if m is the least.
    """

    implicants: np.ndarray
    lower_bound: int


def prime_implicants(source: Any, n: int | None = None, *, dont_care: Any = None) -> np.ndarray:
    """Return all products that imply a Boolean function and of which no literal can be dropped.

    A product implies the function if both products do that have one literal more. That is Quine's
    tabulation (1952, McCluskey 1956), here over an array with three places per variable: 0, 1 and
    absent. It takes 3^n bytes, 43 million for n = 16.

    Parameters
    ----------
    source : array-like, callable, int or str
        The function, as for `BooleanNetwork`.
    n : int in [1, 16], optional
        Number of variables.
    dont_care : array-like, callable, int or str, optional
        True where the function's value does not matter, or the numbers of these rows, below 2**n:
        a list of numbers that is not 2**n zeros and ones. Products that hold only there are left
        out.

    Returns
    -------
    ndarray of int8 of shape (m, n)
        A product per row: -1, +1 and 0 for a variable negated, as it is, and absent.

    Examples
    --------
    The carry of an adder has three:

    >>> from lamina.neurons import in_literals, prime_implicants
    >>> in_literals(prime_implicants(lambda a, b, c: a + b + c >= 2))
    '(x1 and x2) or (x1 and x3) or (x2 and x3)'
    """
    table, free = _tables(source, n, dont_care)
    n = len(table).bit_length() - 1
    implies, touches = (table | free).reshape((2,) * n), (table & ~free).reshape((2,) * n)
    for axis in range(n):
        implies = np.concatenate([implies, implies.all(axis, keepdims=True)], axis)
        touches = np.concatenate([touches, touches.any(axis, keepdims=True)], axis)
    prime = implies & touches
    for axis in range(n):
        np.moveaxis(prime, axis, 0)[:2] &= ~np.moveaxis(implies, axis, 0)[2]
    return np.array([-1, 1, 0], dtype=np.int8)[np.argwhere(prime)]


def minimum_cover(
    source: Any, n: int | None = None, *, dont_care: Any = None, time_limit: float = 10.0
) -> Cover:
    """Return a smallest set of products whose disjunction is a Boolean function.

    Some smallest set has only prime implicants (Quine 1952), so it is a set cover: a 0/1 linear
    program, solved exactly by branch and cut (HiGHS). Among the smallest sets one with the fewest
    literals is taken.

    Parameters
    ----------
    source, n, dont_care
        As for `prime_implicants`.
    time_limit : float in (0, inf), default=10
        Seconds for the program. Where they do not suffice, the best cover so far is returned, and
        `lower_bound` says how far from the least it may be.

    Returns
    -------
    Cover

    Raises
    ------
    RuntimeError
        If no cover at all was found in time.

    Examples
    --------
    >>> from lamina.neurons import in_literals, minimum_cover
    >>> cover = minimum_cover("x1 and x2 or not x1 and x3 or x2 and x3")
    >>> in_literals(cover.implicants), cover.lower_bound
    ('(not x1 and x3) or (x1 and x2)', 2)
    """
    checks.real("time_limit", time_limit, "(0, inf)")
    table, free = _tables(source, n, dont_care)
    primes = prime_implicants(table, dont_care=free)
    if not len(primes):
        return Cover(primes, 0)
    needed = 2 * rows(primes.shape[1])[table & ~free].astype(float) - 1
    literals = np.abs(primes).sum(axis=1)
    cost = 1 + literals / (primes.shape[1] * len(needed) + 1)  # all literals together below 1
    found = milp(
        cost,
        integrality=np.ones(len(primes)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_coverage(needed, primes), lb=1),
        options={"time_limit": time_limit, "mip_rel_gap": 0},
    )
    if found.x is None:
        raise RuntimeError(
            f"no cover by {len(primes)} prime implicants was found in {time_limit:g} seconds; "
            f"raise time_limit"
        )
    chosen = primes[found.x > 0.5]
    return Cover(chosen, len(chosen) if found.status == 0 else int(found.mip_dual_bound + 1e-6))


def in_literals(implicants: Any) -> str:
    """Return the disjunction of products as an expression that `BooleanNetwork` reads.

    Parameters
    ----------
    implicants : array-like of shape (m, n)
        Of -1, 0, +1, as `prime_implicants` returns them.

    Examples
    --------
    >>> from lamina.neurons import in_literals
    >>> in_literals([[1, -1, 0], [0, 0, 1]])
    '(x1 and not x2) or x3'
    """
    implicants = np.asarray(implicants)
    if implicants.ndim != 2 or not np.isin(implicants, (-1, 0, 1)).all():
        raise checks.fail("implicants", "a matrix of -1, 0 and 1", implicants)
    products = [_product(row) for row in implicants]
    if len(products) > 1:
        products = [f"({text})" if " and " in text else text for text in products]
    return " or ".join(products) or "0"


def _product(row: np.ndarray) -> str:
    literals = [f"{'not ' if sign < 0 else ''}x{i}" for i, sign in enumerate(row, 1) if sign]
    return " and ".join(literals) or "1"


def _tables(source: Any, n: int | None, dont_care: Any) -> tuple[np.ndarray, np.ndarray]:
    table = as_table(source, n)
    if dont_care is None:
        return table, np.zeros_like(table)
    return table, _free(dont_care, len(table))


def _free(dont_care: Any, size: int) -> np.ndarray:
    """Return where the value does not matter, from a Boolean function or numbers of rows."""
    if isinstance(dont_care, list | tuple | range | np.ndarray):
        places = np.asarray(dont_care) if np.size(dont_care) else np.zeros(0, dtype=int)
        if places.ndim == 1 and places.dtype.kind in "iu" and len(places) != size:
            if len(np.unique(places)) < len(places) or ((places < 0) | (places >= size)).any():
                expected = f"{size} zeros and ones, or different numbers of rows below {size}"
                raise checks.fail("dont_care", expected, dont_care)
            free = np.zeros(size, dtype=bool)
            free[places] = True
            return free
    try:
        return as_table(dont_care, size.bit_length() - 1)
    except checks.ArgumentError as error:
        raise checks.ArgumentError(f"dont_care: {error}") from None


def _coverage(needed: np.ndarray, primes: np.ndarray) -> csc_array:
    """Return the 0/1 matrix of which row (inputs coded -1, +1) each product holds at."""
    step = max(1, BLOCK // len(needed))
    blocks = (primes[i : i + step].astype(float) for i in range(0, len(primes), step))
    return hstack([csc_array((needed @ b.T == np.abs(b).sum(axis=1)) * 1.0) for b in blocks])
