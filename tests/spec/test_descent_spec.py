"""Formulas of descent against SciPy, mpmath, exact fractions and the theorems they come from."""

import math
from fractions import Fraction
from itertools import pairwise

import array_api_strict
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, line_search, rosen, rosen_der, rosen_hess

from lamina.spec import descent

POINTS = [np.array([-1.2, 1.0, 0.7]), np.array([0.0, 0.0, 0.0]), np.array([3.0, -2.0, 1e-3])]
small = st.floats(-10, 10).map(lambda v: round(v, 6))


def vectors(d):
    return st.lists(small, min_size=d, max_size=d).map(np.array)


@pytest.mark.parametrize("x", POINTS, ids=str)
def test_directional_derivative_is_mpmaths_limit_of_the_difference_quotient(x):
    d = np.array([0.5, -1.0, 2.0])

    def f(alpha):
        y = [mpmath.mpf(a) + alpha * mpmath.mpf(b) for a, b in zip(x, d, strict=True)]
        return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(y))

    with mpmath.workdps(40):
        limit = float(mpmath.diff(f, 0))
    assert descent.directional_derivative(rosen_der(x), d) == pytest.approx(limit, rel=1e-13)
    assert descent.difference_quotient(rosen, x, d, 1e-7) == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("x", POINTS, ids=str)
def test_difference_gradient_is_that_of_scipys_rosenbrock(x):
    scale = np.abs(rosen_der(x)).max()
    assert descent.difference_gradient(rosen, x) == pytest.approx(rosen_der(x), abs=2e-9 * scale)


def test_difference_gradient_is_closer_than_scipys_forward_differences():
    x = POINTS[0]
    ours = np.abs(descent.difference_gradient(rosen, x) - rosen_der(x)).max()
    forward = np.abs(approx_fprime(x, rosen) - rosen_der(x)).max()
    assert ours < forward / 100


@pytest.mark.parametrize("x", POINTS, ids=str)
def test_hessians_by_differences_are_scipys(x):
    scale = np.abs(rosen_hess(x)).max()
    from_gradient = descent.difference_hessian(rosen_der, x)
    from_values = descent.second_differences(rosen, x)
    assert from_gradient == pytest.approx(rosen_hess(x), abs=1e-8 * scale)
    assert from_values == pytest.approx(rosen_hess(x), abs=1e-4 * scale)
    assert (from_gradient == from_gradient.T).all()


def test_shifts_are_exact_at_every_size():
    x = np.array([0.0, 1e-9, 1.0, -3e5, 1e12])
    for i, (e, h) in enumerate(descent.shifts(x, 6e-6)):
        assert (x + e)[i] - x[i] == h > 0
        assert np.count_nonzero(e) == 1


@given(vectors(3), vectors(3))
def test_small_steps_along_a_descent_direction_lower_a_quadratic(x, d):
    """Note 004's proposition, with its epsilon: phi(a) = phi(0) + s a + ½ c a^2 < phi(0) on it."""
    diagonal = np.array([1.0, 3.0, 0.5])
    gradient = diagonal * x
    slope, curvature = gradient @ d, (diagonal * d) @ d
    assert descent.is_descent_direction(gradient, d) == (slope < 0)
    if slope < -1e-3:
        epsilon = -2 * slope / curvature
        for share in (0.01, 0.5, 0.99):
            y = descent.step(x, share * epsilon, d)
            assert (diagonal * y) @ y < (diagonal * x) @ x


@given(vectors(4))
def test_steepest_is_a_descent_direction_wherever_the_gradient_is_not_zero(g):
    d = descent.steepest(g)
    assert descent.is_descent_direction(g, d) == bool(g @ g > 0)


@pytest.mark.parametrize("x", [POINTS[0], POINTS[2], np.array([-1.0, 2.0, 0.0])], ids=str)
@pytest.mark.parametrize("c", [1e-4, 0.01, 0.1])
def test_steps_of_scipys_line_search_decrease_enough(x, c):
    d = descent.steepest(rosen_der(x))
    alpha = line_search(rosen, rosen_der, x, d, c1=c)[0]
    slope = descent.directional_derivative(rosen_der(x), d)
    assert descent.sufficient_decrease(rosen(x + alpha * d), rosen(x), slope, alpha, c)
    assert not descent.sufficient_decrease(rosen(x + 10 * d), rosen(x), slope, 10, c)


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=5))
def test_norm_is_that_of_the_mathematics_at_every_size(values):
    assert descent.norm(np.array(values)) == pytest.approx(math.hypot(*values), rel=1e-14)


def test_norm_of_huge_and_infinite_vectors():
    assert descent.norm(np.array([3e300, 4e300])) == pytest.approx(5e300)
    assert descent.norm(np.array([3e-320, 0.0])) > 0
    assert descent.norm(np.array([1.0, -np.inf])) == np.inf
    assert descent.norm(np.zeros(3)) == 0


@pytest.mark.parametrize("n", [1, 2, 7, 30])
@pytest.mark.parametrize("smoothness", [Fraction(1), Fraction(5, 2)])
def test_smooth_bound_is_attained_in_exact_fractions(n, smoothness):
    """On Drori and Teboulle's function with R = 3; the recursion runs on fractions alone."""
    distance = Fraction(3)
    edge = distance / (2 * n + 1)
    x = distance
    for _ in range(n):
        gradient = smoothness * (edge if x >= edge else x)
        x -= gradient / smoothness
    value = smoothness * (edge * x - edge**2 / 2 if x >= edge else x**2 / 2)
    assert value == descent.smooth_bound(n, distance, smoothness)


@pytest.mark.parametrize("step", [Fraction(2, 11), Fraction(1, 10), Fraction(1, 100)])
def test_linear_factor_is_attained_in_exact_fractions(step):
    """½ (x^2 + 10 y^2) from each axis: one of the two gaps falls by exactly the factor per step."""
    factors = []
    for eigenvalue, x in ((1, Fraction(7)), (10, Fraction(3))):
        values = []
        for _ in range(4):
            values.append(eigenvalue * x * x / 2)
            x -= step * (eigenvalue * x)
        factors.append({b / a for a, b in pairwise(values) if a})
    assert {descent.linear_factor(step, 10, 1)} == max(factors, key=max)


def test_the_best_fixed_step_is_as_fast_as_exact_line_search():
    best = descent.linear_factor(Fraction(2, 11), 10, 1)
    assert best == descent.exact_search_factor(Fraction(10), 1) == Fraction(81, 121)
    others = [Fraction(2 + i, 11) for i in (-1, 1)] + [Fraction(2, 11) + Fraction(1, 10**6)]
    assert all(descent.linear_factor(step, 10, 1) > best for step in others)


@pytest.mark.parametrize("condition", [2, 10, 1000])
def test_exact_search_factor_is_attained_in_exact_fractions(condition):
    """Kantorovich's worst case: ½ (x^2 + kappa y^2) from (kappa, 1)."""
    eigenvalues, x = (Fraction(1), Fraction(condition)), [Fraction(condition), Fraction(1)]
    values = []
    for _ in range(6):
        values.append(sum(e * v * v for e, v in zip(eigenvalues, x, strict=True)) / 2)
        g = [e * v for e, v in zip(eigenvalues, x, strict=True)]
        curvature = sum(e * v * v for e, v in zip(eigenvalues, g, strict=True))
        alpha = sum(v * v for v in g) / curvature
        x = [v - alpha * w for v, w in zip(x, g, strict=True)]
    factor = descent.exact_search_factor(Fraction(condition), Fraction(1))
    assert all(b == factor * a for a, b in pairwise(values))


@given(st.lists(vectors(3), min_size=2, max_size=5), vectors(3), st.floats(0.01, 2))
def test_subgradient_bound_holds_on_polyhedra(normals, start, scale):
    """f = max |a_i x| has its minimum 0 at 0; steps scale / sqrt(k + 1)."""
    a = np.array(normals)
    lipschitz = float(np.linalg.norm(a, axis=1).max())
    x, values = start, []
    lengths = scale / np.sqrt(np.arange(1, 40))
    for alpha in lengths:
        i = np.argmax(np.abs(a @ x))
        values.append(abs(a[i] @ x))
        x = x - alpha * np.sign(a[i] @ x) * a[i]
    bound = descent.subgradient_bound(lengths, float(np.linalg.norm(start)), lipschitz)
    assert (np.minimum.accumulate(values) <= bound * (1 + 1e-12) + 1e-12).all()


@given(st.lists(st.integers(1, 100), min_size=2, max_size=6), vectors(6))
def test_accelerated_bound_holds_on_quadratics(eigenvalues, start):
    """Nesterov's method in its two-sequence form, y_k = x_k + beta_k (x_k - x_{k-1})."""
    a = np.array(eigenvalues, dtype=float)
    x = before = start[: len(a)]
    smoothness, distance = float(a.max()), float(np.linalg.norm(x))
    for t in range(60):
        y = x + descent.accelerated_momentum(t) * (x - before)
        x, before = y - a * y / smoothness, x
        gap = 0.5 * (a * x) @ x
        assert gap <= descent.accelerated_bound(t + 1, distance, smoothness) + 1e-12


@pytest.mark.parametrize("condition", [1, 2, 5])
@pytest.mark.parametrize("start", [0, 1, 4])
def test_stochastic_bound_holds_for_the_exact_expectation(condition, start):
    """Independent noise of variance 1 in each gradient entry: E x^2 obeys a recursion in fractions.

    x' = x - alpha (lambda x + noise), so E x'^2 = (1 - alpha lambda)^2 E x^2 + alpha^2.
    """
    beta = Fraction(2)
    shift = beta * condition - 1
    second = [Fraction(start) ** 2] * 2
    eigenvalues = (Fraction(1), Fraction(condition))

    def gap():
        return sum(e * s for e, s in zip(eigenvalues, second, strict=True)) / 2

    first = gap()
    for k in range(120):
        bound = descent.stochastic_bound(k, beta, shift, 2, first, condition, 1)
        assert gap() <= bound
        alpha = beta / (shift + 1 + k)
        second = [
            (1 - alpha * e) ** 2 * s + alpha**2 for e, s in zip(eigenvalues, second, strict=True)
        ]
        second = [Fraction(float(s)) for s in second]  # short enough to go on


def test_bounds_fall_at_the_rates_that_they_are_named_for():
    k = np.array([1000.0, 10000.0])
    rates = {
        -1: descent.smooth_bound(k, 2.0, 3.0),
        -2: descent.accelerated_bound(k, 2.0, 3.0),
    }
    for exponent, bound in rates.items():
        assert np.log10(bound[1] / bound[0]) == pytest.approx(exponent, abs=1e-3)
    lengths = 1 / np.sqrt(np.arange(1, 1_000_001))
    bound = descent.subgradient_bound(lengths, 1.0, 1.0)[[9_999, 999_999]]
    assert np.log10(bound[1] / bound[0]) / 2 == pytest.approx(-0.5, abs=0.1)


def test_on_another_namespace():
    xp = array_api_strict
    x, d = xp.asarray([1.0, -2.0]), xp.asarray([0.5, 1.0])

    def f(v):
        return xp.sum(v * v * xp.asarray([1.0, 3.0]))

    g = descent.difference_gradient(f, x)
    assert float(g[0]) == pytest.approx(2.0, rel=1e-8)
    assert float(descent.directional_derivative(g, d)) == pytest.approx(-11.0, rel=1e-8)
    assert float(descent.norm(xp.asarray([3.0, 4.0]))) == 5.0
    hessian = descent.difference_hessian(lambda v: 2 * v * xp.asarray([1.0, 3.0]), x)
    assert float(hessian[1, 1]) == pytest.approx(6.0, rel=1e-8)
    assert float(descent.second_differences(f, x)[0, 0]) == pytest.approx(2.0, rel=1e-6)
    lengths = xp.asarray([1.0, 0.5])
    assert float(descent.subgradient_bound(lengths, 2.0, 1.0)[0]) == 2.5
