"""Second derivatives: phi'' of every activation, and how a head's delta moves with z.

A second derivative takes ``z`` and ``h = phi(z)``, as a derivative does. Where phi has a kink (ReLU
at 0) it is 0, as on both sides of it. `delta_along` gives ``(d delta / d z_L) v`` for a row v of
each sample: the Hessian of its loss by z_L times v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from lamina.spec.activations import (
    ACTIVATIONS,
    SELU_ALPHA,
    SELU_SCALE,
    ascending,
    ascending_slope,
    from_there_on,
    log_softmax,
    logistic,
    softmax,
    softplus,
)
from lamina.spec.arrays import Array, namespace
from lamina.spec.losses import (
    CUSTOM,
    OF_PREDICTION,
    focal_slope,
    others,
    output_backward,
    pinball_slopes,
    power,
    predict,
    row,
    smooth,
    softmax_backward,
    times,
)


def zero(z: Array, h: Array) -> Array:
    """Return 0: of a function made of straight lines."""
    return namespace(z).zeros_like(z)


def logistic_second(z: Array, h: Array) -> Array:
    """Return ``h (1 - h) (1 - 2 h)``."""
    return h * (1 - h) * (1 - 2 * h)


def tanh_second(z: Array, h: Array) -> Array:
    """Return ``-2 h (1 - h^2)``."""
    return -2 * h * (1 - h * h)


def elu_second(z: Array, h: Array) -> Array:
    """Return 0 where z > 0, else ``h + 1``, which is ``exp(z)``."""
    xp = namespace(z)
    return xp.where(z > 0, xp.zeros_like(z), h + 1)


def selu_second(z: Array, h: Array) -> Array:
    """Return 0 where z > 0, else ``h + lambda alpha``."""
    xp = namespace(z)
    return xp.where(z > 0, xp.zeros_like(z), h + SELU_SCALE * SELU_ALPHA)


def gelu_second(z: Array, h: Array) -> Array:
    """Return ``(2 - z^2) N(z)`` with N the standard normal density."""
    density = namespace(z).exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))
    return (2 - z * z) * density


def silu_second(z: Array, h: Array) -> Array:
    """Return ``s (1 - s) (2 + z (1 - 2 s))`` with s = logistic(z)."""
    s = logistic(z)
    return s * (1 - s) * (2 + z * (1 - 2 * s))


def softplus_second(z: Array, h: Array) -> Array:
    """Return ``s (1 - s)`` with s = logistic(z)."""
    s = logistic(z)
    return s * (1 - s)


def mish_second(z: Array, h: Array) -> Array:
    """Return ``s (1 - T^2) (2 + z (1 - s) - 2 z s T)``, T = tanh(softplus(z)), s = logistic(z)."""
    s, t = logistic(z), namespace(z).tanh(softplus(z))
    return s * (1 - t * t) * (2 + z * (1 - s) - 2 * z * s * t)


def exp_second(z: Array, h: Array) -> Array:
    """Return ``h``."""
    return h


SECOND: dict[str, Callable[[Array, Array], Array]] = {
    "identity": zero,
    "logistic": logistic_second,
    "tanh": tanh_second,
    "relu": zero,
    "leaky_relu": zero,
    "prelu": zero,
    "elu": elu_second,
    "selu": selu_second,
    "gelu": gelu_second,
    "silu": silu_second,
    "mish": mish_second,
    "softplus": softplus_second,
    "hard_tanh": zero,
    "exp": exp_second,
}


def delta_along(output: str, loss: str, z: Array, y: Array, v: Array, **options: Any) -> Array:
    """Return ``(d delta / d z) v`` (n, k) of the head of an output function and a loss.

    z is what enters the output function, v a direction of it, (n, k) both. Only a loss of the
    user's own has no second derivative: there the derivative of its gradient is a central
    difference.
    """
    if (output, loss) in CANONICAL:
        return CANONICAL[output, loss](z, y, v, **options)
    h, h_v = predict(output, z), _output_along(output, z, v)
    if loss == CUSTOM:
        gradient = options["gradient"]
        slope, curved = gradient(h, y), _difference(gradient, h, y, h_v)
    else:
        slope = OF_PREDICTION[loss].delta(h, y, **options)
        curved = _curvature(loss, h, y, **options) * h_v
    return output_backward(output, z, h, curved) + _output_bend(output, z, h, slope, v)


def _curvature(loss: str, h: Array, y: Array, width: float = 1.0, level: float = 0.5) -> Array:
    """Return the second derivative of a loss of the prediction: 0 or 1."""
    xp = namespace(h)
    if loss == "squared_error":
        return xp.ones_like(h)
    if loss == "huber":
        return xp.where(xp.abs(h - y) <= width, xp.ones_like(h), xp.zeros_like(h))
    return xp.zeros_like(h)  # absolute error and quantile: straight lines


def _difference(gradient: Callable[..., Array], h: Array, y: Array, v: Array) -> Array:
    """Return the derivative of ``gradient(h, y)`` along v, by a central difference.

    The step is the cube root of the machine epsilon in units of h, where the two errors, of
    truncation and of rounding, are alike.
    """
    xp = namespace(h)
    largest = float(xp.max(xp.abs(v)))
    if largest == 0:
        return v * 0
    step = float(xp.finfo(h.dtype).eps) ** (1 / 3) * max(1.0, float(xp.max(xp.abs(h)))) / largest
    return (gradient(h + step * v, y) - gradient(h - step * v, y)) / (2 * step)


def _output_along(output: str, z: Array, v: Array) -> Array:
    """Return the derivative of the output function along v: (d h / d z) v."""
    if output == "softmax":
        return softmax_backward(softmax(z), v)
    if output == "ascending":
        return namespace(z).cumulative_sum(ascending_slope(z) * v, axis=-1)
    return ACTIVATIONS[output].derivative(z, predict(output, z)) * v


def _output_bend(output: str, z: Array, h: Array, slope: Array, v: Array) -> Array:
    """Return what `output_backward` of a constant `slope` changes by along v."""
    xp = namespace(z)
    if output == "softmax":
        h_v, both = softmax_backward(h, v), xp.sum(h * slope, axis=-1, keepdims=True)
        return h_v * (slope - both) - h * xp.sum(h_v * slope, axis=-1, keepdims=True)
    if output == "ascending":
        s, first = logistic(z), xp.arange(z.shape[-1]) == 0
        return from_there_on(slope) * xp.where(first, xp.zeros_like(z), s * (1 - s)) * v
    return slope * SECOND[output](z, h) * v


def cross_entropy(z: Array, y: Array, v: Array, **options: float) -> Array:
    """Return ``p (v - sum_j p_j v_j)``, p = softmax(z), for y whose rows sum to 1."""
    return softmax_backward(softmax(z), v)


def binary_cross_entropy(
    z: Array,
    y: Array,
    v: Array,
    floor: float = 0.0,
    smoothing: float = 0.0,
    positive: Sequence[float] | None = None,
    negative: Sequence[float] | None = None,
) -> Array:
    """Return ``p (1 - p) v``; with weights ``(a y + b (1 - y)) p (1 - p) v``."""
    curved = logistic(z) * logistic(-z) * v
    if positive is None or negative is None:
        return curved
    y = smooth(y, smoothing, 0.5)
    return (row(positive, z) * y + row(negative, z) * (1 - y)) * curved


def poisson(z: Array, y: Array, v: Array) -> Array:
    """Return ``exp(z) v``."""
    return namespace(z).exp(z) * v


def gamma(z: Array, y: Array, v: Array) -> Array:
    """Return ``y exp(-z) v``."""
    return y * namespace(z).exp(-z) * v


def quantiles(z: Array, y: Array, v: Array, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> Array:
    """Return ``logistic'(z_j) v_j sum_{i >= j} s_i``, and 0 for j = 0: s the pinball's slopes."""
    h = ascending(z)
    return _output_bend("ascending", z, h, pinball_slopes(h, y, levels), v)


def focal(z: Array, y: Array, v: Array, gamma: float = 2.0) -> Array:
    """Return ``w_k - p_k sum_j w_j - p_k (v_k - vbar) sum_j a_j``.

    ``vbar = sum_j p_j v_j``, ``a_j = y_j s(p_j)`` as in `lamina.spec.losses.focal_delta`, and
    ``w_j = y_j s'(p_j) p_j (v_j - vbar)`` is how a_j moves.
    """
    xp = namespace(z)
    p, q, log_p = softmax(z), others(z), log_softmax(z)
    gap = v - xp.sum(p * v, axis=-1, keepdims=True)
    # s' p q is finite where q is 0, and so is the gap over q; their product is not s' p times it.
    safe = xp.where(q == 0, q * 0 + 1, q)
    ratio = xp.where(q == 0, q * 0, gap / safe)
    w = times(y, _focal_bend(p, q, log_p, gamma) * ratio)
    a = times(y, focal_slope(p, q, log_p, gamma))
    sums = xp.sum(w, axis=-1, keepdims=True), xp.sum(a, axis=-1, keepdims=True)
    return w - p * sums[0] - p * gap * sums[1]


def binary_focal(z: Array, y: Array, v: Array, gamma: float = 2.0) -> Array:
    """Return ``[y (q t(p, q) - p q s(p, q)) + (1 - y) (p t(q, p) - p q s(q, p))] v``.

    s as in `lamina.spec.losses.binary_focal_delta`, ``t(p, q) = p q ds/dp``.
    """
    p, q = logistic(z), logistic(-z)
    log_p, log_q = -softplus(-z), -softplus(z)
    one = q * _focal_bend(p, q, log_p, gamma) - p * q * focal_slope(p, q, log_p, gamma)
    zero = p * _focal_bend(q, p, log_q, gamma) - p * q * focal_slope(q, p, log_q, gamma)
    return (times(y, one) + times(1 - y, zero)) * v


def _focal_bend(p: Array, q: Array, log_p: Array, gamma: float) -> Array:
    """Return ``p q ds/dp`` of ``s = gamma q^(gamma-1) p ln p - q^gamma``, q = 1 - p.

    That is ``gamma q^gamma [p (ln p + 2) - (gamma - 1) p (p ln p / q)]``.
    """
    safe = namespace(q).where(q == 0, q * 0 + 1, q)
    share = times(p, log_p) / safe  # never outside [-1, 0]
    return gamma * power(q, gamma) * (times(p, log_p) + 2 * p - (gamma - 1) * p * share)


CANONICAL: dict[tuple[str, str], Callable[..., Array]] = {
    ("softmax", "cross_entropy"): cross_entropy,
    ("logistic", "binary_cross_entropy"): binary_cross_entropy,
    ("exp", "poisson"): poisson,
    ("exp", "gamma"): gamma,
    ("ascending", "quantiles"): quantiles,
    ("softmax", "focal"): focal,
    ("logistic", "binary_focal"): binary_focal,
}
