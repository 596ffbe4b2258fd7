"""Exact arithmetic on float64 data, every float being a rational number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

_PRIMES = (67108859, 67108837, 67108819)  # below 2**26: sums of up to 2**11 products fit int64


def exponent(values: np.ndarray) -> int:
    """Return the largest e for which all `values` are integers times 2**e; 0 if all are 0."""
    mantissas, exponents = np.frexp(values[values != 0])
    if not len(mantissas):
        return 0
    whole = np.abs(np.ldexp(mantissas, 53).astype(np.int64))
    lowest = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return int((exponents - 53 + lowest).min())


def integers(values: np.ndarray, e: int) -> np.ndarray:
    """Return `values` / 2**e as Python integers in an array of objects; `e` as `exponent` has it.

    Examples
    --------
    >>> integers(np.array([0.5, -3.0, 0.0]), -2)
    array([2, -12, 0], dtype=object)
    """
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, 53).astype(np.int64).astype(object)
    shifts = exponents.astype(np.int64) - 53 - e
    left, right = np.maximum(shifts, 0).astype(object), np.maximum(-shifts, 0).astype(object)
    return (whole << left) >> right


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """Solve a square system of integers without a rounding.

    Dixon's method: the solution modulo p, p², p³, ..., until numerators and denominator, which
    Hadamard's inequality bounds, are known from their residues. [1]_

    Parameters
    ----------
    matrix : ndarray of int objects of shape (k, k)
    right : ndarray of int objects of shape (k,)

    Returns
    -------
    ndarray of Fraction of shape (k,), or None
        None if the matrix is singular (modulo each of three primes).

    References
    ----------
    .. [1] J. D. Dixon, Exact solution of linear equations using p-adic expansions, Numerische
       Mathematik 40 (1982).
    """
    for p in _PRIMES:
        inverse = _inverse((matrix % p).astype(np.int64), p)
        if inverse is not None:
            break
    else:
        return None
    steps = math.ceil((2 * _bits(matrix, right) + 2) / math.log2(p))
    small = max(map(abs, matrix.flat)).bit_length() + 26 + len(matrix).bit_length() < 63
    kind = np.int64 if small and max(map(abs, right)) < 2**62 else object
    matrix_, rest, residues, power = matrix.astype(kind), right.astype(kind), 0 * right, 1
    for _ in range(steps):
        digits = inverse @ (rest % p).astype(np.int64) % p
        residues, power = residues + digits.astype(object) * power, power * p
        rest = (rest - matrix_ @ digits.astype(kind)) // p
    return _fractions(residues, power)


def cost(matrix: np.ndarray, right: np.ndarray) -> float:
    """Return about how many products of integers `solve` takes."""
    return _bits(matrix, right) / 13 * len(matrix) ** 2


def _bits(matrix: np.ndarray, right: np.ndarray) -> int:
    """Return the bits that suffice for every determinant of Cramer's rule (Hadamard)."""
    squares = (matrix * matrix).sum(axis=1) + right * right
    return int(sum((int(square).bit_length() + 1) // 2 for square in squares))


def _inverse(matrix: np.ndarray, p: int) -> np.ndarray | None:
    """Return the inverse modulo a prime, by Gauss-Jordan elimination; None if there is none."""
    k = len(matrix)
    work = np.hstack([matrix, np.eye(k, dtype=np.int64)])
    for i in range(k):
        below = np.flatnonzero(work[i:, i])
        if not len(below):
            return None
        work[[i, i + below[0]]] = work[[i + below[0], i]]
        row = work[i] * pow(int(work[i, i]), -1, p) % p
        work = (work - work[:, i : i + 1] * row) % p
        work[i] = row
    return work[:, k:]


def _fractions(residues: np.ndarray, modulus: int) -> np.ndarray:
    """Return the fractions with these residues whose parts are below sqrt(modulus / 2)."""
    bound, denominator, numerators = math.isqrt(modulus // 2), 1, []
    for residue in residues:
        value = residue * denominator % modulus
        value, factor = _fraction(value, modulus, bound)
        numerators.append((value, denominator * factor))
        denominator *= factor
    return np.array([Fraction(*parts) for parts in numerators], dtype=object)


def _fraction(residue: int, modulus: int, bound: int) -> tuple[int, int]:
    """Return numerator and denominator by Euclid's algorithm, stopped half-way."""
    a, b, s, t = modulus, residue, 0, 1
    while b > bound:
        quotient = a // b
        a, b, s, t = b, a - quotient * b, t, s - quotient * t
    return (b, t) if t > 0 else (-b, -t)


def common_denominator(fractions: np.ndarray) -> tuple[np.ndarray, int]:
    """Return integers and their common denominator.

    Examples
    --------
    >>> common_denominator(np.array([Fraction(1, 2), Fraction(2, 3)]))
    (array([3, 4], dtype=object), 6)
    """
    q = math.lcm(*(value.denominator for value in fractions))
    return np.array([v.numerator * (q // v.denominator) for v in fractions], dtype=object), q


def root(square: Fraction) -> float:
    """Return the square root of a rational number as a float.

    Examples
    --------
    >>> root(Fraction(1, 4)), root(Fraction(2 * 10**600))
    (0.5, 1.4142135623730952e+300)
    """
    top, bottom = square.numerator, square.denominator
    shift = 2 * max(0, 64 - (top.bit_length() - bottom.bit_length()) // 2)
    return math.isqrt((top << shift) // bottom) / (1 << shift // 2)
