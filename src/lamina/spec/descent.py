"""Descent on a function f of d variables: directions, steps, and how fast it must go.

A point x, a direction d and a gradient g have shape (d,). Symbols: alpha step length, R the
distance of the start from the optimum, L the Lipschitz constant of the gradient, mu the constant
of strong convexity, kappa = L / mu.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lamina.spec.arrays import Array, namespace

Function = Callable[[Array], Any]


def directional_derivative(gradient: Array, direction: Array) -> Any:
    """Return ``f'(x; d) = <grad f(x), d>``, where all partial derivatives exist (note 004)."""
    return namespace(gradient, direction).sum(gradient * direction)


def difference_quotient(f: Function, x: Array, direction: Array, alpha: float) -> Any:
    """Return ``(f(x + alpha d) - f(x)) / alpha``, whose limit for alpha down to 0 is f'(x; d)."""
    return (f(x + alpha * direction) - f(x)) / alpha


def is_descent_direction(gradient: Array, direction: Array) -> bool:
    """Return whether ``<grad f(x), d> < 0`` (note 004)."""
    return bool(directional_derivative(gradient, direction) < 0)


def steepest(gradient: Array) -> Array:
    """Return the natural descent direction ``d = -grad f(x)`` (note 004)."""
    return -gradient


def step(x: Array, alpha: float, direction: Array) -> Array:
    """Return ``x + alpha d`` (note 004, the algorithm that solves GEN-OPT)."""
    return x + alpha * direction


def sufficient_decrease(new: Any, value: Any, slope: Any, alpha: float, c: float) -> bool:
    """Return whether ``f(x + alpha d) <= f(x) + c alpha f'(x; d)`` (Armijo, 1966)."""
    return bool(new <= value + c * alpha * slope)


def norm(x: Array) -> Any:
    """Return the Euclidean norm, without overflow of the squares."""
    xp = namespace(x)
    largest = xp.max(xp.abs(x))
    if not (0 < largest < math.inf):
        return largest
    return largest * xp.sqrt(xp.sum((x / largest) ** 2))


def shifts(x: Array, relative: float) -> list[tuple[Array, float]]:
    """Return per coordinate the vector ``h_i e_i`` and h_i, near ``relative max(1, |x_i|)``.

    h_i is such that ``x_i + h_i`` is exact, so that no rounding of the point enters a difference.
    """
    xp = namespace(x)
    places = xp.arange(x.shape[0])
    made = []
    for i in range(x.shape[0]):
        value = float(x[i])
        h = (value + relative * max(1.0, abs(value))) - value
        made.append((xp.where(places == i, xp.full_like(x, h), xp.zeros_like(x)), h))
    return made


def difference_gradient(f: Function, x: Array, relative: float = 6e-6) -> Array:
    """Return the gradient by central differences, ``(f(x + h e_i) - f(x - h e_i)) / 2h``."""
    xp = namespace(x)
    return xp.stack([xp.asarray((f(x + e) - f(x - e)) / (2 * h)) for e, h in shifts(x, relative)])


def difference_hessian(gradient: Function, x: Array, relative: float = 6e-6) -> Array:
    """Return the Hessian (d, d) by central differences of the gradient, made symmetric."""
    xp = namespace(x)
    rows = [(gradient(x + e) - gradient(x - e)) / (2 * h) for e, h in shifts(x, relative)]
    hessian = xp.stack(rows)
    return (hessian + hessian.T) / 2


def second_differences(f: Function, x: Array, relative: float = 1e-4) -> Array:
    """Return the Hessian (d, d) from values of f alone.

    ``(f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / 4 h_a h_b`` with
    ``a = h_a e_i`` and ``b = h_b e_j``.
    """
    xp = namespace(x)
    moves = shifts(x, relative)
    rows = []
    for a, h_a in moves:
        row = [
            (f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * h_a * h_b)
            for b, h_b in moves
        ]
        rows.append(xp.stack([xp.asarray(entry) for entry in row]))
    return xp.stack(rows)


def subgradient_bound(lengths: Array, distance: float, lipschitz: float) -> Array:
    """Return the bounds on the best gap after each subgradient step, shape (n,).

    ``min_{i<k} f(x_i) - f* <= (R^2 + G^2 sum alpha_i^2) / (2 sum alpha_i)``, the sums over i < k,
    for a convex f with subgradients of norm at most G and any step lengths (Shor, 1985). With
    ``alpha_i = R / (G sqrt(i + 1))`` it falls as log(k) / sqrt(k); no method that sees only
    subgradients is faster than 1 / sqrt(k), the first rate of note 004.
    """
    xp = namespace(lengths)
    sums, squares = xp.cumulative_sum(lengths), xp.cumulative_sum(lengths**2)
    return (distance**2 + lipschitz**2 * squares) / (2 * sums)


def smooth_bound(k: Any, distance: float, smoothness: float) -> Any:
    """Return ``L R^2 / (4k + 2)``: the gap after k gradient steps of length 1/L on a convex f.

    No smaller bound holds for all f with an L-Lipschitz gradient (Drori and Teboulle, 2014).
    """
    return smoothness * distance**2 / (4 * k + 2)


def accelerated_bound(k: Any, distance: float, smoothness: float) -> Any:
    """Return ``2 L R^2 / (k + 1)^2``: the gap after k steps of Nesterov's method (1983).

    This is the O(1/k^2) that note 004 calls possible; it takes momentum.
    """
    return 2 * smoothness * distance**2 / (k + 1) ** 2


def accelerated_momentum(t: float) -> float:
    """Return ``(t - 1) / (t + 2)``, 0 at t = 0: the momentum with which `accelerated_bound` holds.

    The steps t are counted from 0 (Su, Boyd and Candès, 2016; note 002 §5.2 has it constant).
    """
    return max(t - 1.0, 0.0) / (t + 2.0)


def linear_factor(alpha: float, smoothness: float, strength: float) -> float:
    """Return the factor per step of the gap, ``max(|1 - alpha mu|, |1 - alpha L|)^2``.

    For fixed steps of length alpha < 2/L on an L-smooth, mu-strongly convex f (Taylor, Hendrickx
    and Glineur, 2018). At its best, alpha = 2 / (L + mu), it is ``((kappa - 1)/(kappa + 1))^2``.
    """
    return max(abs(1 - alpha * strength), abs(1 - alpha * smoothness)) ** 2


def exact_search_factor(smoothness: float, strength: float) -> float:
    """Return ``((L - mu) / (L + mu))^2``: the factor of the gap per step of exact line search.

    Kantorovich's bound for quadratics; for every L-smooth, mu-strongly convex f de Klerk, Glineur
    and Taylor (2017). It is attained.
    """
    return ((smoothness - strength) / (smoothness + strength)) ** 2


def stochastic_bound(
    k: Any,
    beta: float,
    shift: float,
    variance: float,
    gap: float,
    smoothness: float,
    strength: float,
) -> Any:
    """Return ``nu / (shift + 1 + k)``: the expected gap after k stochastic steps.

    Steps ``beta / (shift + i)``, i from 1, with ``beta > 1/mu`` and ``beta <= (shift + 1) / L``, on
    an L-smooth, mu-strongly convex mean whose samples' gradients have a variance of at most
    `variance`; ``nu = max(beta^2 L variance / (2 (beta mu - 1)), (shift + 1) gap)``, gap that of
    the start (Bottou, Curtis and Nocedal, 2018, theorem 4.7). The O(1/k) of note 004.
    """
    noise = beta**2 * smoothness * variance / (2 * (beta * strength - 1))
    return max(noise, (shift + 1) * gap) / (shift + 1 + k)
