"""AdaMax (note 002 §6; Kingma and Ba, 2015, §7.1).

::

    m_t     = beta_1 m_{t-1} + (1 - beta_1) g
    v_t     = max(beta_2 v_{t-1}, |g|)
    w_{t+1} = w_t - eta / (1 - beta_1^t) m_t / (v_t + epsilon)

The paper has no epsilon; the note puts it in the denominator, PyTorch and optax inside the
maximum, beside |g|.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.spec.arrays import Array, Numbers, namespace, power

SLOTS = ("m", "v")


class Scalars(NamedTuple):
    """Factors of the average, factor of the old maximum, corrected learning rate, epsilon."""

    keep_m: Numbers
    gain_m: Numbers
    keep_v: Numbers
    step: Numbers
    epsilon: Numbers


def scalars(t: Numbers, rate: Numbers, beta_1: float, beta_2: float, epsilon: float) -> Scalars:
    """Return the scalars of step t."""
    return Scalars(beta_1, 1.0 - beta_1, beta_2, rate / (1.0 - power(beta_1, t)), epsilon)


def update(w: Array, g: Array, m: Array, v: Array, s: Scalars) -> tuple[Array, Array, Array]:
    """Return the new w, m and v."""
    xp = namespace(w)
    m = s.keep_m * m + s.gain_m * g
    v = xp.maximum(s.keep_v * v, xp.abs(g))
    return w - s.step * m / (v + s.epsilon), m, v
