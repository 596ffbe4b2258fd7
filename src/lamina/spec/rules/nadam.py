"""NAdam, Adam with Nesterov's step (Dozat, 2016; note 002 §6).

::

    m_t     = beta_1 m_{t-1} + (1 - beta_1) g
    v_t     = beta_2 v_{t-1} + (1 - beta_2) g^2
    m_bar   = beta_1 m_t / (1 - beta_1^(t+1)) + (1 - beta_1) g / (1 - beta_1^t)
    w_{t+1} = w_t - eta m_bar / (sqrt(v_t / (1 - beta_2^t)) + epsilon)

The note forgets beta_1 before the first term of m_bar and writes the next v, which is the one just
updated. optax has this form; PyTorch adds a schedule of beta_1.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace, power, sqrt

SLOTS = ("m", "v")


class Scalars(NamedTuple):
    """Factors of both averages, of m and g in the step, correction of the root, epsilon."""

    keep_m: Numbers
    gain_m: Numbers
    keep_v: Numbers
    gain_v: Numbers
    along: Numbers
    ahead: Numbers
    root: Numbers
    epsilon: Numbers


def scalars(t: Numbers, rate: Numbers, beta_1: float, beta_2: float, epsilon: float) -> Scalars:
    """Return the scalars of step t."""
    along = rate * beta_1 / (1.0 - power(beta_1, t + 1))
    ahead = rate * (1.0 - beta_1) / (1.0 - power(beta_1, t))
    root = 1.0 / sqrt(1.0 - power(beta_2, t))
    return Scalars(beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2, along, ahead, root, epsilon)


def update(w: Array, g: Array, m: Array, v: Array, s: Scalars) -> tuple[Array, Array, Array]:
    """Return the new w, m and v."""
    m = s.keep_m * m + s.gain_m * g
    v = s.keep_v * v + s.gain_v * (g * g)
    step = s.along * m + s.ahead * g
    return w - step / (s.root * namespace(w).sqrt(v) + s.epsilon), m, v
