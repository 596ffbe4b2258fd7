"""Activation functions phi and their derivatives phi'.

A derivative takes ``z`` and ``h = phi(z)``, since most are shortest in one of the two.
`ACTIVATIONS` names every elementwise pair; softmax, which mixes the entries of a row, stands apart.

Sources: logistic, tanh, softmax and the inverse logistic: note 003 §4.3-4.4; leaky ReLU: note
002 §1.5; ELU: Clevert et al. (2016); SELU: Klambauer et al. (2017); GELU: Hendrycks and Gimpel
(2016); SiLU: Elfwing et al. (2018); Mish: Misra (2020); softplus: Dugas et al. (2001); hard tanh:
Collobert (2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from lamina.spec.arrays import Array, erfc, namespace

LEAKY_SLOPE = 0.01
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


class Activation(NamedTuple):
    """An elementwise function ``h = value(z)`` and its ``derivative(z, h)``, both of z's shape."""

    value: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]


def identity(z: Array) -> Array:
    """Return ``z``."""
    return z


def identity_derivative(z: Array, h: Array) -> Array:
    """Return 1."""
    return namespace(z).ones_like(z)


def logistic(z: Array) -> Array:
    """Return ``1 / (1 + exp(-z))``, without overflow for any z (note 003 §4.3)."""
    xp = namespace(z)
    e = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1 / (1 + e), e / (1 + e))


def logistic_derivative(z: Array, h: Array) -> Array:
    """Return ``h (1 - h)`` (note 003 §4.3, proposition 3)."""
    return h * (1 - h)


def inverse_logistic(p: Array) -> Array:
    """Return ``ln(p / (1 - p))`` for p in (0, 1) (note 003 §4.3)."""
    xp = namespace(p)
    return xp.log(p) - xp.log1p(-p)


def tanh(z: Array) -> Array:
    """Return ``tanh(z)``, which equals ``2 logistic(2 z) - 1`` (note 003 §4.3)."""
    return namespace(z).tanh(z)


def tanh_derivative(z: Array, h: Array) -> Array:
    """Return ``1 - h^2`` (note 002 §4.3)."""
    return 1 - h * h


def relu(z: Array) -> Array:
    """Return ``max(0, z)``."""
    xp = namespace(z)
    return xp.where(z < 0, xp.zeros_like(z), z)


def relu_derivative(z: Array, h: Array) -> Array:
    """Return 1 where z > 0, else 0: the subgradient at 0 is 0, as in scikit-learn."""
    xp = namespace(z)
    return xp.where(z > 0, xp.ones_like(z), xp.zeros_like(z))


def leaky_relu(z: Array, slope: float | Array = LEAKY_SLOPE) -> Array:
    """Return z where z > 0, else ``slope z``; the slope is a number, or one per column."""
    return namespace(z).where(z > 0, z, slope * z)


def leaky_relu_derivative(z: Array, h: Array, slope: float | Array = LEAKY_SLOPE) -> Array:
    """Return 1 where z > 0, else ``slope``."""
    xp = namespace(z)
    return xp.where(z > 0, xp.ones_like(z), xp.zeros_like(z) + slope)


def elu(z: Array, alpha: float = 1.0) -> Array:
    """Return z where z > 0, else ``alpha (exp(z) - 1)``."""
    xp = namespace(z)
    below = xp.where(z > 0, xp.zeros_like(z), z)
    return xp.where(z > 0, z, alpha * xp.expm1(below))


def elu_derivative(z: Array, h: Array, alpha: float = 1.0) -> Array:
    """Return 1 where z > 0, else ``h + alpha``, which is ``alpha exp(z)``."""
    xp = namespace(z)
    return xp.where(z > 0, xp.ones_like(z), h + alpha)


def selu(z: Array) -> Array:
    """Return ``lambda z`` where z > 0, else ``lambda alpha (exp(z) - 1)``."""
    return SELU_SCALE * elu(z, SELU_ALPHA)


def selu_derivative(z: Array, h: Array) -> Array:
    """Return ``lambda`` where z > 0, else ``h + lambda alpha``."""
    xp = namespace(z)
    return xp.where(z > 0, xp.full_like(z, SELU_SCALE), h + SELU_SCALE * SELU_ALPHA)


def gelu(z: Array) -> Array:
    """Return ``z Phi(z)`` with Phi the standard normal distribution function, not its tanh copy.

    ``Phi(z) = erfc(-z / sqrt(2)) / 2`` keeps its digits where z is far below 0; ``1 + erf`` loses
    them.
    """
    return z * (0.5 * erfc(z * -math.sqrt(0.5)))


def gelu_derivative(z: Array, h: Array) -> Array:
    """Return ``Phi(z) + z N(z)`` with N the standard normal density."""
    xp = namespace(z)
    density = xp.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))
    return 0.5 * erfc(z * -math.sqrt(0.5)) + z * density


def silu(z: Array) -> Array:
    """Return ``z logistic(z)``."""
    return z * logistic(z)


def silu_derivative(z: Array, h: Array) -> Array:
    """Return ``s + h (1 - s)`` with s = logistic(z)."""
    s = logistic(z)
    return s + h * (1 - s)


def softplus(z: Array) -> Array:
    """Return ``ln(1 + exp(z))``, without overflow and without loss of digits."""
    xp = namespace(z)
    return xp.where(z > 0, z, xp.zeros_like(z)) + xp.log1p(xp.exp(-xp.abs(z)))


def softplus_derivative(z: Array, h: Array) -> Array:
    """Return ``logistic(z)``."""
    return logistic(z)


def mish(z: Array) -> Array:
    """Return ``z tanh(softplus(z))``."""
    return z * tanh(softplus(z))


def mish_derivative(z: Array, h: Array) -> Array:
    """Return ``T + z logistic(z) (1 - T^2)`` with T = tanh(softplus(z))."""
    t = tanh(softplus(z))
    return t + z * logistic(z) * (1 - t * t)


def hard_tanh(z: Array) -> Array:
    """Return z cut to [-1, 1]."""
    xp = namespace(z)
    one = xp.ones_like(z)
    return xp.where(z < -1, -one, xp.where(z > 1, one, z))


def hard_tanh_derivative(z: Array, h: Array) -> Array:
    """Return 1 where -1 < z < 1, else 0."""
    xp = namespace(z)
    return xp.where((z > -1) & (z < 1), xp.ones_like(z), xp.zeros_like(z))


def exp(z: Array) -> Array:
    """Return ``exp(z)``: the output function of the Poisson loss."""
    return namespace(z).exp(z)


def exp_derivative(z: Array, h: Array) -> Array:
    """Return ``h``."""
    return h


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(identity, identity_derivative),
    "logistic": Activation(logistic, logistic_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative),
    "elu": Activation(elu, elu_derivative),
    "selu": Activation(selu, selu_derivative),
    "gelu": Activation(gelu, gelu_derivative),
    "silu": Activation(silu, silu_derivative),
    "mish": Activation(mish, mish_derivative),
    "softplus": Activation(softplus, softplus_derivative),
    "hard_tanh": Activation(hard_tanh, hard_tanh_derivative),
    "exp": Activation(exp, exp_derivative),
}


def log_sum_exp(z: Array) -> Array:
    """Return ``ln sum_j exp(z_j)`` over the last axis of z (..., k): shape (...).

    The largest entry is taken out first, so that nothing overflows, and its own term, 1, goes
    into ``log1p``, so that a sum close to 1 keeps its digits. An infinite largest entry is the
    result.
    """
    xp = namespace(z)
    top = xp.max(z, axis=-1, keepdims=True)
    z = xp.where(xp.isinf(top), xp.zeros_like(z), z)
    infinite, top = top, xp.max(z, axis=-1, keepdims=True)
    first = xp.argmax(z, axis=-1, keepdims=True)
    others = xp.arange(z.shape[-1]) != first
    rest = xp.sum(xp.where(others, xp.exp(z - top), xp.zeros_like(z)), axis=-1)
    result = xp.squeeze(top, axis=-1) + xp.log1p(rest)
    infinite = xp.squeeze(infinite, axis=-1)
    return xp.where(xp.isinf(infinite), infinite, result)


def log_softmax(z: Array) -> Array:
    """Return ``z_i - ln sum_j exp(z_j)`` over the last axis, of z's shape.

    Computed from the differences ``z - max z``, so that digits survive at abs(z) = 1e4.
    """
    xp = namespace(z)
    shifted = z - xp.max(z, axis=-1, keepdims=True)
    return shifted - xp.expand_dims(log_sum_exp(shifted), axis=-1)


def softmax(z: Array) -> Array:
    """Return ``exp(z_i) / sum_j exp(z_j)`` over the last axis, of z's shape (note 003 §4.4).

    Adding a constant to a row changes nothing; for two classes it is the logistic of
    ``z_1 - z_2``; with ``z_k = 0`` no parameter is superfluous.
    """
    xp = namespace(z)
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def ascending(z: Array) -> Array:
    """Return ``h_0 = z_0, h_j = h_{j-1} + softplus(z_j)`` over the last axis of z (n, k).

    Never falling, whatever z is: for quantiles of one target that must not cross.
    """
    xp = namespace(z)
    first = xp.arange(z.shape[-1]) == 0
    return xp.cumulative_sum(xp.where(first, z, softplus(z)), axis=-1)


def ascending_backward(z: Array, d_h: Array) -> Array:
    """Return ``d_z``: the sum of d_h from j on, times logistic(z_j) but for j = 0."""
    return from_there_on(d_h) * ascending_slope(z)


def ascending_slope(z: Array) -> Array:
    """Return what z_j adds to h_j and those after it, by z_j: 1 for j = 0, else logistic(z_j)."""
    xp = namespace(z)
    return xp.where(xp.arange(z.shape[-1]) == 0, xp.ones_like(z), logistic(z))


def from_there_on(values: Array) -> Array:
    """Return the sums over the last axis from each entry on."""
    xp = namespace(values)
    return xp.flip(xp.cumulative_sum(xp.flip(values, axis=-1), axis=-1), axis=-1)
