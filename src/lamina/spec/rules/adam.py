"""Adam (note 002 §6; Kingma and Ba, 2015), with epsilon in either of its two places.

::

    m_t     = beta_1 m_{t-1} + (1 - beta_1) g
    v_t     = beta_2 v_{t-1} + (1 - beta_2) g^2
    w_{t+1} = w_t - step m_t / (root sqrt(v_t) + epsilon)

As the note, the paper's algorithm 1, PyTorch and optax write it, epsilon stands beside the
corrected root: ``step = eta / (1 - beta_1^t)`` and ``root = 1 / sqrt(1 - beta_2^t)``. In the form
of the paper's section 2, which scikit-learn has, it stands beside the plain one:
``step = eta sqrt(1 - beta_2^t) / (1 - beta_1^t)`` and ``root = 1``.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace, power, sqrt

SLOTS = ("m", "v")


class Scalars(NamedTuple):
    """Factors of both averages, corrected learning rate, correction of the root, epsilon."""

    keep_m: Numbers
    gain_m: Numbers
    keep_v: Numbers
    gain_v: Numbers
    step: Numbers
    root: Numbers
    epsilon: Numbers


def scalars(
    t: Numbers, rate: Numbers, beta_1: float, beta_2: float, epsilon: float, corrected: bool = True
) -> Scalars:
    """Return the scalars of step t; `corrected`: epsilon stands beside the corrected root."""
    gain_1, gain_2 = 1.0 - beta_1, 1.0 - beta_2
    sum_1, root = 1.0 - power(beta_1, t), sqrt(1.0 - power(beta_2, t))
    if corrected:
        return Scalars(beta_1, gain_1, beta_2, gain_2, rate / sum_1, 1.0 / root, epsilon)
    return Scalars(beta_1, gain_1, beta_2, gain_2, rate * root / sum_1, 1.0, epsilon)


def update(w: Array, g: Array, m: Array, v: Array, s: Scalars) -> tuple[Array, Array, Array]:
    """Return the new w, m and v."""
    m = s.keep_m * m + s.gain_m * g
    v = s.keep_v * v + s.gain_v * (g * g)
    return w - s.step * m / (s.root * namespace(w).sqrt(v) + s.epsilon), m, v
