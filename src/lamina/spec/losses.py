"""Losses and their derivatives by the output layer's pre-activation, for each (output, loss) pair.

A loss gives one number per sample: z and y have shape (n, k), the result (n,). Sums run over the
k outputs; the mean over samples is taken by `mean_loss`. `head` returns, for an output function
and a loss, ``value(z, y)`` and ``delta(z, y) = d loss / d z_L``.

The factor of each loss is stated with it, since the notes are not of one mind: squared error is
½ of the summed squares (note 002 §3.3 lacks the 2 of its gradient). The formula with
``(1 - y) log(1 - yhat)`` that note 002 §4.2 puts beside softmax is `binary_cross_entropy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lamina.spec.activations import (
    ACTIVATIONS,
    ascending,
    ascending_backward,
    log_softmax,
    logistic,
    softmax,
    softplus,
)
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


def quantiles(z: Array, y: Array, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> Array:
    """Return the sum of the pinball losses of several quantiles, ``h = ascending(z)``.

    y has the same number in every column. The outputs never cross, since each is the one before
    plus something positive.
    """
    xp = namespace(z)
    q, r = row(levels, z), y - ascending(z)
    return xp.sum(xp.where(r >= 0, q * r, (q - 1) * r), axis=-1)


def quantiles_delta(z: Array, y: Array, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> Array:
    """Return ``a_j sum_{i >= j} s_i``: s the slopes of the pinball losses.

    ``a_0 = 1`` and ``a_j = logistic(z_j)``, the derivative of softplus.
    """
    return ascending_backward(z, pinball_slopes(ascending(z), y, levels))


def pinball_slopes(h: Array, y: Array, levels: Sequence[float]) -> Array:
    """Return the slopes of `quantile_slope` (n, k), column j's with level j."""
    xp, q = namespace(h), row(levels, h)
    return xp.where(h < y, -q, xp.where(h > y, 1 - q, h * 0))


def row(values: Sequence[float], like: Array) -> Array:
    """Return numbers as an array of the namespace and dtype of another."""
    return namespace(like).asarray(list(values), dtype=like.dtype)


def smooth(y: Array, smoothing: float, share: float) -> Array:
    """Return ``(1 - smoothing) y + smoothing share``: labels less sure (Szegedy et al., 2016)."""
    return y if smoothing == 0 else (1 - smoothing) * y + smoothing * share


def cross_entropy(z: Array, y: Array, floor: float = 0.0, smoothing: float = 0.0) -> Array:
    """Return ``-sum_j y_j ln softmax(z)_j`` (note 003 §4.4), from log-sum-exp.

    With `smoothing` y is ``(1 - smoothing) y + smoothing / k`` for k classes.

    With a `floor` above 0 the probabilities are computed and cut to [floor, 1 - floor] before the
    logarithm, as scikit-learn does with its machine epsilon; the derivative ignores the cut,
    there and here.
    """
    log_p = log_softmax(z) if floor == 0 else _log_cut(softmax(z), floor)
    y = smooth(y, smoothing, 1 / z.shape[-1])
    return -namespace(z).sum(times(y, log_p), axis=-1)


def cross_entropy_delta(z: Array, y: Array, floor: float = 0.0, smoothing: float = 0.0) -> Array:
    """Return ``softmax(z) - y`` for y whose rows sum to 1 (notes 002 §4.3, 003 §4.4)."""
    return softmax(z) - smooth(y, smoothing, 1 / z.shape[-1])


def binary_cross_entropy(
    z: Array,
    y: Array,
    floor: float = 0.0,
    smoothing: float = 0.0,
    positive: Sequence[float] | None = None,
    negative: Sequence[float] | None = None,
) -> Array:
    """Return ``-sum_j [a_j y_j ln p_j + b_j (1 - y_j) ln(1 - p_j)]``, p = logistic(z).

    Computed as ``ln p = -softplus(-z)``. For `floor` see `cross_entropy`; `smoothing` draws y
    towards ½; a and b, `positive` and `negative`, weigh each output's two classes: 1 by default.
    """
    if floor == 0:
        log_p, log_q = -softplus(-z), -softplus(z)
    else:
        p = logistic(z)
        log_p, log_q = _log_cut(p, floor), _log_cut(1 - p, floor)
    y = smooth(y, smoothing, 0.5)
    one, zero = times(y, log_p), times(1 - y, log_q)
    if positive is not None and negative is not None:
        one, zero = row(positive, z) * one, row(negative, z) * zero
    return -namespace(z).sum(one + zero, axis=-1)


def binary_cross_entropy_delta(
    z: Array,
    y: Array,
    floor: float = 0.0,
    smoothing: float = 0.0,
    positive: Sequence[float] | None = None,
    negative: Sequence[float] | None = None,
) -> Array:
    """Return ``logistic(z) - y``; with weights ``b (1 - y) p - a y (1 - p)``."""
    y = smooth(y, smoothing, 0.5)
    if positive is None or negative is None:
        return logistic(z) - y
    return row(negative, z) * ((1 - y) * logistic(z)) - row(positive, z) * (y * logistic(-z))


def focal(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Return ``-sum_j y_j (1 - p_j)^gamma ln p_j``, p = softmax(z) (Lin et al., 2017).

    Samples that are right already count less; gamma 0 is cross-entropy.
    """
    q = others(z)
    return -namespace(z).sum(times(y, power(q, gamma) * log_softmax(z)), axis=-1)


def focal_delta(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Return ``a_k - p_k sum_j a_j`` with ``a_j = y_j [gamma q^(gamma-1) p ln p - q^gamma]``.

    q = 1 - p. The first is ``y_j f'(p_j) p_j`` of ``f = -(1 - p)^gamma ln p``, the rest softmax's
    own derivative.
    """
    p, q = softmax(z), others(z)
    a = times(y, focal_slope(p, q, log_softmax(z), gamma))
    return a - p * namespace(z).sum(a, axis=-1, keepdims=True)


def binary_focal(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Return ``-sum_j [y_j q_j^gamma ln p_j + (1 - y_j) p_j^gamma ln q_j]``, p = logistic(z).

    q = 1 - p = logistic(-z) (Lin et al., 2017).
    """
    p, q = logistic(z), logistic(-z)
    one = times(y, power(q, gamma) * -softplus(-z))
    zero = times(1 - y, power(p, gamma) * -softplus(z))
    return -namespace(z).sum(one + zero, axis=-1)


def binary_focal_delta(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Return ``y q s(p, q) - (1 - y) p s(q, p)``, s(p, q) = gamma q^(gamma-1) p ln p - q^gamma."""
    p, q = logistic(z), logistic(-z)
    one = q * focal_slope(p, q, -softplus(-z), gamma)
    zero = p * focal_slope(q, p, -softplus(z), gamma)
    return times(y, one) - times(1 - y, zero)


def focal_slope(p: Array, q: Array, log_p: Array, gamma: float) -> Array:
    """Return ``gamma q^(gamma-1) p ln p - q^gamma``; the first term is 0 where q is 0.

    There ln p is about -q, so that it goes to 0 as q^gamma does. ``(p ln p) / q`` comes first: it
    is never outside [-1, 0], while ``q^gamma / q`` overflows where q is the smallest number.
    """
    powered = power(q, gamma)
    safe = namespace(q).where(q == 0, q * 0 + 1, q)
    share = times(p, log_p) / safe
    return namespace(q).where(q == 0, q * 0, gamma * powered * share) - powered


def power(q: Array, gamma: float) -> Array:
    """Return ``q^gamma`` for 0 <= q <= 1: 1 for gamma 0, and 0 at q = 0 for any other."""
    if gamma == 0:
        return q * 0 + 1
    xp = namespace(q)
    safe = xp.where(q == 0, q * 0 + 1, q)
    return xp.where(q == 0, q * 0, xp.exp(gamma * xp.log(safe)))


def others(z: Array) -> Array:
    """Return ``1 - softmax(z)`` without loss of digits: the other classes' share."""
    xp = namespace(z)
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    total = xp.sum(e, axis=-1, keepdims=True)
    top = xp.arange(z.shape[-1]) == xp.argmax(z, axis=-1, keepdims=True)
    rest = xp.sum(xp.where(top, e * 0, e), axis=-1, keepdims=True)
    return xp.where(top, rest / total, 1 - e / total)


def poisson(z: Array, y: Array) -> Array:
    """Return half the Poisson deviance, ``sum_j [y_j ln(y_j / h_j) - y_j + h_j]``, h = exp(z)."""
    xp = namespace(z)
    return xp.sum(xlogy(y, y) - y * z - y + xp.exp(z), axis=-1)


def poisson_delta(z: Array, y: Array) -> Array:
    """Return ``exp(z) - y``."""
    return namespace(z).exp(z) - y


def gamma(z: Array, y: Array) -> Array:
    """Return half the gamma deviance, ``sum_j [ln(h_j / y_j) + y_j / h_j - 1]``, h = exp(z).

    For y > 0: only the ratio of y and h counts.
    """
    xp = namespace(z)
    return xp.sum(z - xp.log(y) + y * xp.exp(-z) - 1, axis=-1)


def gamma_delta(z: Array, y: Array) -> Array:
    """Return ``1 - y exp(-z)``."""
    return 1 - y * namespace(z).exp(-z)


def times(y: Array, log_p: Array) -> Array:
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

# Losses that are tied to one output function, and are computed from its z.
CANONICAL: dict[tuple[str, str], Head] = {
    ("softmax", "cross_entropy"): Head(cross_entropy, cross_entropy_delta),
    ("logistic", "binary_cross_entropy"): Head(binary_cross_entropy, binary_cross_entropy_delta),
    ("exp", "poisson"): Head(poisson, poisson_delta),
    ("exp", "gamma"): Head(gamma, gamma_delta),
    ("ascending", "quantiles"): Head(quantiles, quantiles_delta),
    ("softmax", "focal"): Head(focal, focal_delta),
    ("logistic", "binary_focal"): Head(binary_focal, binary_focal_delta),
}

CUSTOM = "custom"  # a user's own loss of the prediction: goes with every output function


def head(output: str, loss: str) -> Head:
    """Return the `Head` of an output function and a loss; KeyError if the two do not go together.

    Where the pair is not canonical the chain rule gives ``delta = loss'(h) phi'(z)``.
    """
    if (output, loss) in CANONICAL:
        return CANONICAL[output, loss]
    if loss == CUSTOM:
        return _custom_head(output)
    of_h, phi = OF_PREDICTION[loss], ACTIVATIONS[output]

    def value(z: Array, y: Array, **options: float) -> Array:
        return of_h.value(phi.value(z), y, **options)

    def delta(z: Array, y: Array, **options: float) -> Array:
        h = phi.value(z)
        return of_h.delta(h, y, **options) * phi.derivative(z, h)

    return Head(value, delta)


def _custom_head(output: str) -> Head:
    """Return the `Head` of a user's ``value(h, y)`` (n,) and ``gradient(h, y)`` (n, k)."""

    def value(z: Array, y: Array, value: Callable[..., Array], gradient: Any) -> Array:
        return value(predict(output, z), y)

    def delta(z: Array, y: Array, value: Any, gradient: Callable[..., Array]) -> Array:
        h = predict(output, z)
        return output_backward(output, z, h, gradient(h, y))

    return Head(value, delta)


def predict(output: str, z: Array) -> Array:
    """Return the output function of z_L: softmax, ascending, or an elementwise activation."""
    if output in ROWWISE:
        return ROWWISE[output](z)
    return ACTIVATIONS[output].value(z)


ROWWISE = {"softmax": softmax, "ascending": ascending}  # mix the entries of a row


def output_backward(output: str, z: Array, h: Array, d_h: Array) -> Array:
    """Return ``d loss / d z`` from ``d loss / d h`` for the output function h of z."""
    if output == "softmax":
        return softmax_backward(h, d_h)
    if output == "ascending":
        return ascending_backward(z, d_h)
    return d_h * ACTIVATIONS[output].derivative(z, h)


def softmax_backward(p: Array, v: Array) -> Array:
    """Return ``p (v - sum_j p_j v_j)``: softmax's Jacobian, which is symmetric, times v."""
    return p * (v - namespace(p).sum(p * v, axis=-1, keepdims=True))


def mean_loss(
    per_sample: Array, weights: Array | None = None, factors: Array | None = None
) -> Array:
    """Return the mean of a per-sample loss (n,), weighted by `weights` (n,) if given.

    `factors` (n,) multiply the losses and do not count in the mean: class weights.
    """
    xp = namespace(per_sample)
    if factors is not None:
        per_sample = factors * per_sample
    if weights is None:
        return xp.mean(per_sample)
    return xp.sum(weights * per_sample) / xp.sum(weights)
