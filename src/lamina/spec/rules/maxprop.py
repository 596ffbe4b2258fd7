"""MaxProp, RMSProp with a running maximum (note 002 §6).

::

    v_t     = max(beta v_{t-1}, |g|)
    w_{t+1} = w_t - eta g / (v_t + epsilon)
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace

SLOTS = ("v",)


class Scalars(NamedTuple):
    """Factor of the old maximum, learning rate, epsilon."""

    keep: Numbers
    rate: Numbers
    epsilon: Numbers


def scalars(t: Numbers, rate: Numbers, beta: float, epsilon: float) -> Scalars:
    """Return the scalars of step t."""
    return Scalars(beta, rate, epsilon)


def update(w: Array, g: Array, v: Array, s: Scalars) -> tuple[Array, Array]:
    """Return the new w and v."""
    xp = namespace(w)
    v = xp.maximum(s.keep * v, xp.abs(g))
    return w - s.rate * g / (v + s.epsilon), v
