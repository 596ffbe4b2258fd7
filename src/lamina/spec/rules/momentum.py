"""Momentum in its two conventions, each with or without the rewritten Nesterov step.

One kernel serves all::

    u_t     = keep u_{t-1} + gain g
    w_{t+1} = w_t - (along u_t + ahead g)

With the learning rate *outside* (note 002 §5.1; PyTorch): ``u_t = beta u_{t-1} + g`` and
``w_{t+1} = w_t - eta u_t``. With the learning rate *inside* (scikit-learn; Sutskever et al., 2013):
``u_t = beta u_{t-1} + eta g`` and ``w_{t+1} = w_t - u_t``. They differ when eta changes.

The rewritten Nesterov step (note 002 §6) has no term of step t - 1: it takes
``beta u_t + g`` (outside) or ``beta u_t + eta g`` (inside) in place of ``u_t``, and its w is the
look-ahead point. The look-ahead itself is `lamina.spec.rules.nesterov`.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers

SLOTS = ("u",)


class Scalars(NamedTuple):
    """Factors of the old direction and the gradient in u, and of u and the gradient in w."""

    keep: Numbers
    gain: Numbers
    along: Numbers
    ahead: Numbers


def scalars_outside(t: Numbers, rate: Numbers, beta: Numbers, nesterov: bool = False) -> Scalars:
    """Return the scalars of step t with the learning rate outside the direction."""
    if nesterov:
        return Scalars(beta, 1.0, rate * beta, rate)
    return Scalars(beta, 1.0, rate, 0.0)


def scalars_inside(t: Numbers, rate: Numbers, beta: Numbers, nesterov: bool = False) -> Scalars:
    """Return the scalars of step t with the learning rate inside the direction."""
    if nesterov:
        return Scalars(beta, rate, beta, rate)
    return Scalars(beta, rate, 1.0, 0.0)


def update(w: Array, g: Array, u: Array, s: Scalars) -> tuple[Array, Array]:
    """Return the new w and u."""
    u = s.keep * u + s.gain * g
    return w - (s.along * u + s.ahead * g), u
