"""Random numbers by place: the same for every engine, any number of threads and any order.

A generator that counts: the number for a column of a row is a hash of seed, stream, step, row and
column, so that any of them can be had without the others (Salmon et al., 2011). Rows get a key of
64 bits by SplitMix64 (Steele et al., 2014); a word of 32 bits per column comes from the key's
halves by the two-round multiply-xorshift hash of Wellons ("hash prospector").

Whole-number arithmetic modulo 2^64 and 2^32: the bits are the same on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special

NOISE = -1  # stream of the noise on inputs; the dropout of layer l's output has stream l
HALF = 16  # columns whose words' lower halves come first, then as many upper halves

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def keys(seed: int, stream: int, step: int, rows: int) -> np.ndarray:
    """Return the keys of rows 0, 1, ...: (rows,) of uint64."""
    with np.errstate(over="ignore"):
        key = _mixed(np.uint64(int(seed) % 2**64) + _GOLDEN * np.uint64(step + 1))
        key = _mixed(key + _GOLDEN * np.uint64(stream + 2))
        return _mixed(key + _GOLDEN * np.arange(1, rows + 1, dtype=np.uint64))


def _mixed(z: Any) -> Any:
    """SplitMix64's finaliser."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def words(key: np.ndarray, count: int) -> np.ndarray:
    """Return words 0, ..., count - 1 of each key: (rows, count) of uint32."""
    low, high = key.astype(np.uint32)[:, None], (key >> np.uint64(32)).astype(np.uint32)[:, None]
    x = low + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    x = x ^ high
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97)
    return x ^ (x >> np.uint32(15))


def halves(key: np.ndarray, columns: int) -> np.ndarray:
    """Return a number in 0..65535 for each column: (rows, columns), two from each word.

    Column j has the lower half of word ``16 floor(j / 32) + j mod 16`` where ``floor(j / 16)`` is
    even, else the upper half.
    """
    j = np.arange(columns)
    all_words = words(key, HALF * (-(-columns // (2 * HALF))))
    own = all_words[:, HALF * (j // (2 * HALF)) + j % HALF]
    return np.where((j // HALF) % 2 == 0, own & np.uint32(0xFFFF), own >> np.uint32(16))


def normals(key: np.ndarray, columns: int) -> np.ndarray:
    """Return a standard normal number for each column: (rows, columns) of float64.

    The quantile of the middle of one of 2^24 equal parts of (0, 1), so at most 5.4 in size.
    """
    u = ((words(key, columns) >> np.uint32(8)) + 0.5) * 2.0**-24
    return scipy.special.ndtri(u)
