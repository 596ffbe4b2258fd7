"""Initial weights and biases of a layer with d_in inputs and d_out units.

Each function draws from `random`, a `numpy.random.RandomState`, weights first and then biases, in
scikit-learn's order, and returns ``(W, b)`` of shapes (d_in, d_out) and (d_out,) in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lamina.spec.arrays import Array


def glorot_uniform(random: Any, d_in: int, d_out: int, factor: float = 6.0) -> tuple[Array, Array]:
    """Draw both from U(-a, a), ``a = sqrt(factor / (d_in + d_out))`` (Glorot and Bengio, 2010).

    scikit-learn takes 2 as the factor for logistic units and 6 for all others, and draws the
    biases from the same interval.
    """
    bound = math.sqrt(factor / (d_in + d_out))
    weights = _uniform(random, bound, (d_in, d_out))
    return weights, _uniform(random, bound, d_out)


def _uniform(random: Any, bound: float, shape: Any) -> Array:
    """Draw as ``random.uniform`` does, but rounded twice on every machine: it may fuse the two."""
    return -bound + 2.0 * bound * random.random_sample(shape)


def he_normal(random: Any, d_in: int, d_out: int) -> tuple[Array, Array]:
    """Draw weights from N(0, 2 / d_in), biases 0 (He et al., 2015): for units of the ReLU kind."""
    weights = random.normal(0.0, math.sqrt(2.0 / d_in), (d_in, d_out))
    return weights, weights[0] * 0


def lecun_normal(random: Any, d_in: int, d_out: int) -> tuple[Array, Array]:
    """Draw weights from N(0, 1 / d_in), biases 0 (LeCun et al., 1998): for SELU units."""
    weights = random.normal(0.0, math.sqrt(1.0 / d_in), (d_in, d_out))
    return weights, weights[0] * 0


def glorot_logistic(random: Any, d_in: int, d_out: int) -> tuple[Array, Array]:
    """Draw as `glorot_uniform` with the factor 2, for logistic units."""
    return glorot_uniform(random, d_in, d_out, 2.0)


INITIALIZERS: dict[str, Callable[[Any, int, int], tuple[Array, Array]]] = {
    "glorot_uniform": glorot_uniform,
    "glorot_logistic": glorot_logistic,
    "he_normal": he_normal,
    "lecun_normal": lecun_normal,
}
