"""Decoupled weight decay: a wrapper of any rule (Loshchilov and Hutter, 2019).

``w <- (1 - eta lambda) w`` before the rule's own update, and not through its averages: around
Adam this is AdamW.
"""

from __future__ import annotations

from lamina.spec.arrays import Array, Numbers


def keep(rate: Numbers, strength: Numbers) -> Numbers:
    """Return the factor ``1 - eta lambda`` of a step."""
    return 1.0 - rate * strength


def decay(w: Array, keep: float) -> Array:
    """Return ``keep w``."""
    return keep * w
