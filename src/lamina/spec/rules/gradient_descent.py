"""Gradient descent: ``w_{t+1} = w_t - eta grad`` (note 002 §3.3; Cauchy, 1847)."""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers

SLOTS = ()


class Scalars(NamedTuple):
    """The learning rate."""

    rate: Numbers


def scalars(t: Numbers, rate: Numbers) -> Scalars:
    """Return the scalars of step t."""
    return Scalars(rate)


def update(w: Array, g: Array, s: Scalars) -> tuple[Array]:
    """Return ``w - rate g``."""
    return (w - s.rate * g,)
