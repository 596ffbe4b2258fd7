"""Schedules: functions of the step (or epoch) t, counted from 0, that know no rule.

Each takes t, the `initial` value and its own options, and returns the value at t: of a learning
rate, a momentum or anything else that changes in training. Sources: note 002 §5.4 and §6; Robbins
and Monro: note 004; warm restarts: Loshchilov and Hutter (2017); triangular cycle: Smith (2017);
one cycle: Smith and Topin (2018).
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


def cosine(t: float, initial: float, low: float, length: float) -> float:
    """Return half a cosine from `initial` (t = 0) down to `low` (t >= length)."""
    return _half_cosine(initial, low, min(t / length, 1.0))


def one_cycle(
    t: float,
    initial: float,
    length: float,
    rise: float = 0.3,
    start: float = 1 / 25,
    end: float = 1e-4,
    cosine: bool = True,
) -> float:
    """Return one cycle: from ``start initial`` to `initial`, then to ``end initial``.

    The top is at ``rise length - 1`` (at once if that is below 0) and the end at ``length - 1``,
    the last of `length` counts, as in PyTorch; both ways are half a cosine or a line. Smith and
    Topin (2018).
    """
    between = _half_cosine if cosine else _line
    top, last = max(rise * length - 1.0, 0.0), length - 1.0
    if t >= last:
        return initial * end
    if t < top:
        return between(initial * start, initial, t / top)
    return between(initial, initial * end, (t - top) / (last - top))


def _half_cosine(first: float, last: float, share: float) -> float:
    return last + 0.5 * (first - last) * (1.0 + elementary.cos_pi(share))


def _line(first: float, last: float, share: float) -> float:
    return first + (last - first) * share


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


def halve_on_plateau(
    rate: float,
    error: float,
    best: float = math.inf,
    bad: int = 0,
    resting: int = 0,
    *,
    factor: float = 0.5,
    patience: int = 5,
    tol: float = 1e-4,
    smallest: float = 0.0,
    cooldown: int = 0,
) -> tuple[float, float, int, int]:
    """Return the next epoch's rate, and what to remember: `best`, `bad` and `resting`.

    The rate is multiplied by `factor` when more than `patience` epochs in a row were `bad`, that is
    did not lower the `best` error by more than `tol`; the `cooldown` epochs after that are not
    counted. As PyTorch's ReduceLROnPlateau with threshold_mode="abs" and eps=0.
    """
    best, bad = (error, 0) if error < best - tol else (best, bad + 1)
    if resting > 0:
        resting, bad = resting - 1, 0
    if bad <= patience:
        return rate, best, bad, resting
    return min(rate, max(rate * factor, smallest)), best, 0, cooldown


def divide_on_plateau(rate: float, divisor: float = 5.0, smallest: float = 1e-6) -> float | None:
    """Return the rate after a plateau, None to stop: scikit-learn's "adaptive"."""
    return None if rate <= smallest else rate / divisor


def steps_per_epoch(n_samples: int, batch_size: int) -> int:
    """Return ``ceil(N / B)``: 1 for batch, N for stochastic descent (note 002 §5.3, table 5)."""
    return -(-n_samples // batch_size)
