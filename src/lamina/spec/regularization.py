"""Dropout, noise, penalties, clipping and norms: what keeps a network from learning by heart.

Sources: dropout and max-norm: Srivastava et al. (2014), scaled in training instead of at the end,
as all libraries do; noise on inputs: Bishop (1995); clipping: Pascanu et al. (2013).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina.spec import draws
from lamina.spec.arrays import Array, namespace

PARTS = 65536  # a probability of dropout is a whole number of these parts


class Draws(NamedTuple):
    """What a step needs for its random numbers.

    Attributes
    ----------
    seed, step : int
    noise : float
        Standard deviation of the noise on the inputs.
    dropout : sequence of float
        Probabilities: of the inputs, then of each hidden layer's units. Empty for none.
    """

    seed: int = 0
    step: int = 0
    noise: float = 0.0
    dropout: Sequence[float] = ()


class Penalties(NamedTuple):
    """Strengths that mean the same for every batch size, and bounds (infinite for none).

    The objective gains ``l1 sum |W| + ½ l2 sum W^2``; each entry of its gradient is cut to
    [-clip_value, clip_value], then the whole is shortened to the length `clip_norm`; after the
    update each unit's incoming weights are shortened to the length `max_norm`.
    """

    l1: float = 0.0
    l2: float = 0.0
    clip_value: float = math.inf
    clip_norm: float = math.inf
    max_norm: float = math.inf


def dropout_threshold(probability: float) -> int:
    """Return the probability as a number of `PARTS`, rounded: at most all parts but one."""
    return min(math.floor(probability * PARTS + 0.5), PARTS - 1)


def dropout_mask(
    seed: int, layer: int, step: int, shape: tuple[int, int], probability: float, dtype: Any
) -> Array:
    """Return 0 where a unit is dropped and ``1 / (1 - p)`` elsewhere, (n, d), in `dtype`."""
    threshold = dropout_threshold(probability)
    numbers = draws.halves(draws.keys(seed, layer, step, shape[0]), shape[1])
    scale = np.dtype(dtype).type(PARTS / (PARTS - threshold))
    return np.where(numbers < threshold, np.zeros((), dtype), scale)


def drop(h: Array, mask: Array | None) -> Array:
    """Return ``h mask``, with 0 where the mask is 0 whatever h is; h itself without a mask."""
    if mask is None:
        return h
    if scipy.sparse.issparse(h):
        return h.multiply(mask).tocsr()
    xp = namespace(h)
    return xp.where(mask == 0, xp.zeros_like(h), h) * mask


def noisy(x: Array, own: Draws) -> Array:
    """Return x with normal noise of standard deviation ``own.noise`` on every entry."""
    if own.noise == 0:
        return x
    numbers = draws.normals(draws.keys(own.seed, draws.NOISE, own.step, x.shape[0]), x.shape[1])
    return x + x.dtype.type(own.noise) * numbers.astype(x.dtype)


def l1_penalty(parameters: Sequence[tuple[Array, ...]], l1: float) -> float:
    """Return ``l1 sum |W|`` over all weight matrices."""
    if l1 == 0:
        return 0.0
    weights = [p for own in parameters for p in own if p.ndim > 1]
    return l1 * sum(float(namespace(w).sum(namespace(w).abs(w))) for w in weights)


def penalised(gradient: Array, weights: Array, own: Penalties) -> Array:
    """Return the gradient of a mean loss plus that of the penalties on these weights."""
    if own.l2:
        gradient = gradient + own.l2 * weights
    if own.l1:
        gradient = gradient + own.l1 * namespace(weights).sign(weights)
    return gradient


def clip_value(gradient: Array, bound: float) -> Array:
    """Return each entry cut to [-bound, bound]."""
    if bound == math.inf:
        return gradient
    return namespace(gradient).clip(gradient, -bound, bound)


def clip_factor(gradients: Sequence[tuple[Array, ...]], bound: float) -> float:
    """Return what shortens all gradients together to the length `bound`: 1 if they are shorter."""
    if bound == math.inf:
        return 1.0
    length = math.sqrt(sum(float(namespace(g).sum(g * g)) for own in gradients for g in own))
    return bound / length if length > bound else 1.0


def max_norm(weights: Array, bound: float) -> Array:
    """Return W (d_in, d_out) with columns longer than `bound` shortened to it."""
    if bound == math.inf:
        return weights
    xp = namespace(weights)
    squares = xp.sum(weights * weights, axis=0)
    longer = squares > bound * bound
    safe = xp.where(longer, squares, xp.ones_like(squares))
    return weights * xp.where(longer, bound / xp.sqrt(safe), xp.ones_like(squares))
