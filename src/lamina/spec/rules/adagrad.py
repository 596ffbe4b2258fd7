"""AdaGrad (note 002 §6; Duchi, Hazan and Singer, 2011).

::

    v_t     = v_{t-1} + g^2
    w_{t+1} = w_t - eta g / (sqrt(v_t + inner) + outer)

The note puts epsilon inside the root (inner), PyTorch outside (outer).
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace

SLOTS = ("v",)


class Scalars(NamedTuple):
    """Learning rate, and epsilon inside and outside the root."""

    rate: Numbers
    inner: Numbers
    outer: Numbers


def scalars(t: Numbers, rate: Numbers, epsilon: float, inside: bool = True) -> Scalars:
    """Return the scalars of step t."""
    return Scalars(rate, epsilon, 0.0) if inside else Scalars(rate, 0.0, epsilon)


def update(w: Array, g: Array, v: Array, s: Scalars) -> tuple[Array, Array]:
    """Return the new w and v."""
    v = v + g * g
    return w - s.rate * g / (namespace(w).sqrt(v + s.inner) + s.outer), v
