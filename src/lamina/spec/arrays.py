"""What the array-API standard lacks: which namespace an array has, and erfc."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.special
from array_api_compat import array_namespace, is_numpy_array

__all__ = ["Array", "Numbers", "erfc", "namespace", "power", "sqrt", "xlogy"]

Array = Any  # any array of an array-API namespace
Numbers = Any  # a float, or a NumPy array of float64: one number per step


def namespace(*arrays: Array) -> Any:
    """Return the array-API namespace that `arrays` share."""
    return array_namespace(*arrays)


def erfc(z: Array) -> Array:
    """Return the complementary error function, ``1 - erf(z)`` without loss of digits."""
    if is_numpy_array(z) or not hasattr(z, "shape"):
        return scipy.special.erfc(z)
    xp = namespace(z)
    if hasattr(xp, "erfc"):  # not in the standard
        return xp.erfc(z)
    flat = [math.erfc(float(value)) for value in xp.reshape(z, (-1,))]
    return xp.reshape(xp.asarray(flat, dtype=z.dtype), z.shape)


def xlogy(x: Array, y: Array) -> Array:
    """Return ``x log(y)``, with ``0 log(y) = 0`` for every y."""
    xp = namespace(x, y)
    zero = x == 0
    return xp.where(zero, x * 0, x * xp.log(xp.where(zero, y * 0 + 1, y)))


def sqrt(x: Numbers) -> Numbers:
    """Return the square root: a float of a float, so that float32 arrays times it stay float32."""
    return np.sqrt(x) if isinstance(x, np.ndarray) else math.sqrt(x)


def power(base: float, t: Any) -> Numbers:
    """Return ``base^t`` for whole t >= 0, an int or a NumPy array of them.

    By repeated squaring, since the pow of C libraries and of NumPy differ in the last bit from
    machine to machine, and the same seed is to give the same model on all of them.
    """
    t = np.asarray(t, dtype=np.int64)
    first, last = int(t.min(initial=t.max(initial=0))), int(t.max(initial=0))
    block = first // _BLOCK
    if base > 1 or last // _BLOCK != block:
        result = _squared(base, t)
    else:  # the steps of an epoch: an array of powers serves many epochs
        result = _block_of_powers(base, block)[t - block * _BLOCK]
    return result if result.ndim else float(result)


_BLOCK = 4096


@lru_cache(maxsize=16)
def _block_of_powers(base: float, block: int) -> np.ndarray:
    return _squared(base, np.arange(block * _BLOCK, (block + 1) * _BLOCK))


def _squared(base: float, t: np.ndarray) -> np.ndarray:
    result, square = np.ones(t.shape), float(base)
    for bit in range(int(t.max(initial=0)).bit_length()):
        result = np.where((t >> bit) & 1, result * square, result)
        square *= square
    return result
