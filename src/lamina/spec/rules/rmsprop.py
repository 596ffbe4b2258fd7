"""RMSProp (note 002 §6; Tieleman and Hinton, 2012).

::

    v_t     = beta v_{t-1} + (1 - beta) g^2
    w_{t+1} = w_t - eta g / (sqrt(v_t + inner) + outer)

The note and optax put epsilon inside the root (inner), PyTorch outside (outer).
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace

SLOTS = ("v",)


class Scalars(NamedTuple):
    """Factors of the old average and of g^2, learning rate, epsilon inside and outside the root."""

    keep: Numbers
    gain: Numbers
    rate: Numbers
    inner: Numbers
    outer: Numbers


def scalars(t: Numbers, rate: Numbers, beta: float, epsilon: float, inside: bool = True) -> Scalars:
    """Return the scalars of step t."""
    inner, outer = (epsilon, 0.0) if inside else (0.0, epsilon)
    return Scalars(beta, 1.0 - beta, rate, inner, outer)


def update(w: Array, g: Array, v: Array, s: Scalars) -> tuple[Array, Array]:
    """Return the new w and v."""
    v = s.keep * v + s.gain * (g * g)
    return w - s.rate * g / (namespace(w).sqrt(v + s.inner) + s.outer), v
