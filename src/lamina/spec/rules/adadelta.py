"""AdaDelta (note 002 §6; Zeiler, 2012): no learning rate.

::

    v_t     = beta v_{t-1} + (1 - beta) g^2
    d_t     = sqrt(u_{t-1} + epsilon) / sqrt(v_t + epsilon) g
    w_{t+1} = w_t - d_t
    u_t     = beta u_{t-1} + (1 - beta) d_t^2
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace

SLOTS = ("v", "u")


class Scalars(NamedTuple):
    """Factors of the old averages and of the new squares, and epsilon."""

    keep: Numbers
    gain: Numbers
    epsilon: Numbers


def scalars(t: Numbers, rate: Numbers, beta: float, epsilon: float) -> Scalars:
    """Return the scalars of step t; the learning rate has no part in them."""
    return Scalars(beta, 1.0 - beta, epsilon)


def update(w: Array, g: Array, v: Array, u: Array, s: Scalars) -> tuple[Array, Array, Array]:
    """Return the new w, v and u."""
    sqrt = namespace(w).sqrt
    v = s.keep * v + s.gain * (g * g)
    d = sqrt(u + s.epsilon) / sqrt(v + s.epsilon) * g
    return w - d, v, s.keep * u + s.gain * (d * d)
