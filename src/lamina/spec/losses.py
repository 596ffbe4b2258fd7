"""Losses and their derivatives by the output layer's pre-activation, for each (output, loss) pair.

A loss gives one number per sample: z and y have shape (n, k), the result (n,). Sums run over the
k outputs; the mean over samples is taken by `mean_loss`. `head` returns, for an output function
and a loss, ``value(z, y)`` and ``delta(z, y) = d loss / d z_L``.

The factor of each loss is stated with it, since the notes are not of one mind: squared error is
½ of the summed squares (note 002 §3.3 lacks the 2 of its gradient). The formula with
``(1 - y) log(1 - yhat)`` that note 002 §4.2 puts beside softmax is `binary_cross_entropy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina.spec.activations import ACTIVATIONS, log_softmax, logistic, softmax, softplus
from lamina.spec.arrays import Array, namespace, xlogy


class Head(NamedTuple):
    """A loss on top of an output function: ``value(z, y)`` (n,) and ``delta(z, y)`` (n, k)."""

    value: Callable[..., Array]
    delta: Callable[..., Array]


def squared_error(h: Array, y: Array) -> Array:
    """Return ``½ sum_j (h_j - y_j)^2`` (notes 002 §4.2, 003 §4.5; with the factor ½)."""
    return 0.5 * namespace(h).sum((h - y) ** 2, axis=-1)


def squared_error_slope(h: Array, y: Array) -> Array:
    """Return ``h - y``."""
    return h - y


def absolute_error(h: Array, y: Array) -> Array:
    """Return ``sum_j |h_j - y_j|``."""
    xp = namespace(h)
    return xp.sum(xp.abs(h - y), axis=-1)


def absolute_error_slope(h: Array, y: Array) -> Array:
    """Return ``sign(h - y)``, 0 at 0."""
    return namespace(h).sign(h - y)


def huber(h: Array, y: Array, width: float = 1.0) -> Array:
    """Return the sum of ``½ r^2`` where ``|r| <= width``, else ``width (|r| - ½ width)``.

    r = h - y (Huber, 1964).
    """
    xp = namespace(h)
    r = xp.abs(h - y)
    return xp.sum(xp.where(r <= width, 0.5 * r * r, width * (r - 0.5 * width)), axis=-1)


def huber_slope(h: Array, y: Array, width: float = 1.0) -> Array:
    """Return ``h - y`` cut to [-width, width]."""
    xp = namespace(h)
    r = h - y
    return xp.where(xp.abs(r) <= width, r, width * xp.sign(r))


def quantile(h: Array, y: Array, level: float = 0.5) -> Array:
    """Return the pinball loss ``sum_j max(q r_j, (q - 1) r_j)``, r = y - h, q = `level`.

    Koenker and Bassett (1978). Its minimiser is the q-quantile of y.
    """
    xp = namespace(h)
    r = y - h
    return xp.sum(xp.where(r >= 0, level * r, (level - 1) * r), axis=-1)


def quantile_slope(h: Array, y: Array, level: float = 0.5) -> Array:
    """Return ``-q`` where h < y, ``1 - q`` where h > y, and 0 where they are equal."""
    xp = namespace(h)
    zero = h * 0
    return xp.where(h < y, zero - level, xp.where(h > y, zero + (1 - level), zero))


def cross_entropy(z: Array, y: Array, floor: float = 0.0) -> Array:
    """Return ``-sum_j y_j ln softmax(z)_j`` (note 003 §4.4), from log-sum-exp.

    With a `floor` above 0 the probabilities are computed and cut to [floor, 1 - floor] before the
    logarithm, as scikit-learn does with its machine epsilon; the derivative ignores the cut,
    there and here.
    """
    log_p = log_softmax(z) if floor == 0 else _log_cut(softmax(z), floor)
    return -namespace(z).sum(_times(y, log_p), axis=-1)


def cross_entropy_delta(z: Array, y: Array, floor: float = 0.0) -> Array:
    """Return ``softmax(z) - y`` for y whose rows sum to 1 (notes 002 §4.3, 003 §4.4)."""
    return softmax(z) - y


def binary_cross_entropy(z: Array, y: Array, floor: float = 0.0) -> Array:
    """Return ``-sum_j [y_j ln p_j + (1 - y_j) ln(1 - p_j)]``, p = logistic(z).

    Computed as ``ln p = -softplus(-z)``. For `floor` see `cross_entropy`.
    """
    if floor == 0:
        log_p, log_q = -softplus(-z), -softplus(z)
    else:
        p = logistic(z)
        log_p, log_q = _log_cut(p, floor), _log_cut(1 - p, floor)
    return -namespace(z).sum(_times(y, log_p) + _times(1 - y, log_q), axis=-1)


def binary_cross_entropy_delta(z: Array, y: Array, floor: float = 0.0) -> Array:
    """Return ``logistic(z) - y``."""
    return logistic(z) - y


def poisson(z: Array, y: Array) -> Array:
    """Return half the Poisson deviance, ``sum_j [y_j ln(y_j / h_j) - y_j + h_j]``, h = exp(z)."""
    xp = namespace(z)
    return xp.sum(xlogy(y, y) - y * z - y + xp.exp(z), axis=-1)


def poisson_delta(z: Array, y: Array) -> Array:
    """Return ``exp(z) - y``."""
    return namespace(z).exp(z) - y


def _times(y: Array, log_p: Array) -> Array:
    """Return ``y log_p`` with 0 times minus infinity taken as 0."""
    return namespace(y).where(y == 0, y * 0, y * log_p)


def _log_cut(p: Array, floor: float) -> Array:
    """Return ``ln p`` with p cut to [floor, 1 - floor] first."""
    xp = namespace(p)
    return xp.log(xp.clip(p, floor, 1 - floor))


# Losses of the prediction h: they go with every elementwise output function.
OF_PREDICTION: dict[str, Head] = {
    "squared_error": Head(squared_error, squared_error_slope),
    "absolute_error": Head(absolute_error, absolute_error_slope),
    "huber": Head(huber, huber_slope),
    "quantile": Head(quantile, quantile_slope),
}

# Losses that are likelihoods of one output function: the derivative by z is h - y.
CANONICAL: dict[tuple[str, str], Head] = {
    ("softmax", "cross_entropy"): Head(cross_entropy, cross_entropy_delta),
    ("logistic", "binary_cross_entropy"): Head(binary_cross_entropy, binary_cross_entropy_delta),
    ("exp", "poisson"): Head(poisson, poisson_delta),
}


def head(output: str, loss: str) -> Head:
    """Return the `Head` of an output function and a loss; KeyError if the two do not go together.

    Where the pair is not canonical the chain rule gives ``delta = loss'(h) phi'(z)``.
    """
    if (output, loss) in CANONICAL:
        return CANONICAL[output, loss]
    of_h, phi = OF_PREDICTION[loss], ACTIVATIONS[output]

    def value(z: Array, y: Array, **options: float) -> Array:
        return of_h.value(phi.value(z), y, **options)

    def delta(z: Array, y: Array, **options: float) -> Array:
        h = phi.value(z)
        return of_h.delta(h, y, **options) * phi.derivative(z, h)

    return Head(value, delta)


def predict(output: str, z: Array) -> Array:
    """Return the output function of z_L: softmax, or an elementwise activation."""
    return softmax(z) if output == "softmax" else ACTIVATIONS[output].value(z)


def mean_loss(per_sample: Array, weights: Array | None = None) -> Array:
    """Return the mean of a per-sample loss (n,), weighted by `weights` (n,) if given."""
    xp = namespace(per_sample)
    if weights is None:
        return xp.mean(per_sample)
    return xp.sum(weights * per_sample) / xp.sum(weights)
