"""Schedules: functions of the step (or epoch) t, counted from 0, that know no rule.

Each takes t, the `initial` value and its own options, and returns the value at t: of a learning
rate, a momentum or anything else that changes in training. Sources: note 002 §5.4 and §6; Robbins
and Monro: note 004; warm restarts: Loshchilov and Hutter (2017); triangular cycle: Smith (2017).
"""

from __future__ import annotations

import math

from lamina.spec import elementary
from lamina.spec.arrays import power as whole_power


def constant(t: float, initial: float) -> float:
    """Return ``initial``."""
    return initial


def step_decay(t: float, initial: float, every: int = 5, factor: float = 0.5) -> float:
    """Return ``initial factor^floor(t / every)``: halved after every 5 epochs (note 002 §5.4)."""
    return initial * whole_power(factor, math.floor(t / every))


def exponential(t: float, initial: float, k: float) -> float:
    """Return ``initial exp(-k t)``; the note's ``eta_0^(-kt)`` lacks the e (note 002 §5.4)."""
    return initial * elementary.exp(-k * t)


def inverse_time(t: float, initial: float, k: float) -> float:
    """Return ``initial / (1 + k t)`` (note 002 §5.4)."""
    return initial / (1.0 + k * t)


def power(t: float, initial: float, exponent: float) -> float:
    """Return ``initial / (t + 1)^exponent``.

    With ½ < exponent <= 1 the sum of the values diverges and that of their squares converges,
    which are Robbins and Monro's conditions; 1 is the typical choice (note 004). With t the
    number of samples seen it is scikit-learn's "invscaling".
    """
    return initial / elementary.power(t + 1.0, exponent)


def triangular(t: float, initial: float, low: float, half: float) -> float:
    """Return the triangular wave from `low` (t = 0) up to `initial` (t = half) and back."""
    phase = t % (2 * half)
    return low + (initial - low) * (1.0 - abs(phase / half - 1.0))


def cosine_restarts(t: float, initial: float, low: float, period: int) -> float:
    """Return ``low + ½ (initial - low) (1 + cos(pi (t mod (T + 1)) / T))``, T = `period`.

    It falls from `initial` to `low` in T and restarts at T + 1 (note 002 §6, whose formula has
    ``t % (T + 1)`` inside the cosine as here).
    """
    wave = elementary.cos_pi(t % (period + 1) / period)
    return low + 0.5 * (initial - low) * (1.0 + wave)


def warm_up(t: float, initial: float, steps: int, start: float = 0.0) -> float:
    """Return the line from ``start initial`` (t = 0) to `initial` (t >= steps) (note 002 §6)."""
    if t >= steps:
        return initial
    return initial * (start + (1.0 - start) * t / steps)


def momentum_ramp(t: float, largest: float, every: int = 250) -> float:
    """Return ``min(1 - 2^(-1 - log2(floor(t / 250) + 1)), largest)`` (Sutskever et al., 2013).

    The power is one half over floor(t / 250) + 1.
    """
    return min(1.0 - 0.5 / (math.floor(t / every) + 1), largest)


def halve_on_rise(rate: float, error: float, previous: float | None, factor: float = 0.5) -> float:
    """Return the next epoch's rate, ``factor rate`` if the error rose (note 002 §5.4)."""
    return rate * factor if previous is not None and error > previous else rate


def divide_on_plateau(rate: float, divisor: float = 5.0, smallest: float = 1e-6) -> float | None:
    """Return the rate after a plateau, None to stop: scikit-learn's "adaptive"."""
    return None if rate <= smallest else rate / divisor


def steps_per_epoch(n_samples: int, batch_size: int) -> int:
    """Return ``ceil(N / B)``: 1 for batch, N for stochastic descent (note 002 §5.3, table 5)."""
    return -(-n_samples // batch_size)
