"""Nesterov's accelerated gradient with its look-ahead (note 002 §5.2; Nesterov, 1983).

::

    u_t     = beta u_{t-1} + grad(w_t - eta beta u_{t-1})
    w_{t+1} = w_t - eta u_t

The note writes the look-ahead point as ``w_t - beta u_{t-1}``; the step taken is ``eta u_t``, so
the point that the old direction leads to is ``w_t - eta beta u_{t-1}``.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers

SLOTS = ("u",)


class Scalars(NamedTuple):
    """Factor of the old direction, learning rate, and their product."""

    keep: Numbers
    rate: Numbers
    ahead: Numbers


def scalars(t: Numbers, rate: Numbers, beta: Numbers) -> Scalars:
    """Return the scalars of step t."""
    return Scalars(beta, rate, rate * beta)


def look_ahead(w: Array, u: Array, s: Scalars) -> Array:
    """Return the point at which the gradient is taken, ``w - eta beta u``."""
    return w - s.ahead * u


def update(w: Array, g: Array, u: Array, s: Scalars) -> tuple[Array, Array]:
    """Return the new w and u for the gradient g at the look-ahead point."""
    u = s.keep * u + g
    return w - s.rate * u, u
