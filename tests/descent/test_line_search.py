"""Line searches against closed forms, SciPy and the theorems that define them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar, rosen, rosen_der

from lamina.descent import Backtracking, ExactLineSearch, descend


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


def bowl_gradient(x):
    return np.array([2 * x[0], 20 * x[1]])


@st.composite
def quadratics(draw):
    """Return (A, x): a positive definite matrix with eigenvalues from 1/2 to 8, and a start."""
    random = np.random.RandomState(draw(st.integers(0, 10_000)))
    d = draw(st.integers(2, 5))
    q = np.linalg.qr(random.normal(size=(d, d)))[0]
    return (q * random.uniform(0.5, 8, d)) @ q.T, random.normal(size=d) * draw(st.floats(0.1, 10))


@given(quadratics())
def test_exact_line_search_has_the_closed_form_on_quadratics(problem):
    a, x = problem
    path = descend(
        lambda v: 0.5 * v @ a @ v,
        x,
        gradient=lambda v: a @ v,
        step=ExactLineSearch(),
        max_steps=5,
        tolerance=1e-6,
    )
    g = path.gradients[:-1]
    closed = (g * g).sum(axis=1) / np.einsum("ij,jk,ik->i", g, a, g)
    assert path.step_lengths == pytest.approx(closed, rel=1e-10)


@given(quadratics())
def test_exact_line_search_has_orthogonal_successive_gradients(problem):
    a, x = problem

    def f(v):
        return math.log(np.cosh(v).sum()) + 0.5 * v @ a @ v

    def gradient(v):
        return np.sinh(v) / np.cosh(v).sum() + a @ v

    path = descend(f, x, gradient=gradient, step=ExactLineSearch(), max_steps=6, tolerance=1e-4)
    g, norms = path.gradients, path.gradient_norms
    cosines = (g[1:] * g[:-1]).sum(axis=1) / (norms[1:] * norms[:-1])
    assert np.abs(cosines).max(initial=0) < 1e-8


@pytest.mark.parametrize("start", [(-1.2, 1.0), (0.5, 2.0), (2.0, 2.0)])
def test_exact_line_search_finds_scipys_minimum_along_the_line(start):
    """In a bracket that holds one minimum."""
    bracket = (0, 1.5 / np.linalg.norm(rosen_der(start)))
    path = descend(rosen, start, gradient=rosen_der, step=ExactLineSearch(bracket), max_steps=1)
    x, d = path.points[0], path.directions[0]
    along = [rosen(x + alpha * d) for alpha in np.linspace(*bracket, 1000)]
    assert np.count_nonzero(np.diff(np.sign(np.diff(along)))) == 1
    found = minimize_scalar(
        lambda alpha: rosen(x + alpha * d),
        bounds=bracket,
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert path.step_lengths[0] == pytest.approx(found.x, rel=1e-6)


def test_the_ends_of_a_bracket_are_taken_where_no_minimum_lies_within():
    for bracket, expected in [((0, 0.25), 0.25), ((2, 3), 2.0), ((0.0, 5), 0.5)]:
        path = descend(lambda x: x @ x, [3.0], step=ExactLineSearch(bracket), max_steps=1)
        assert path.step_lengths[0] == pytest.approx(expected, rel=1e-9)


def test_exact_line_search_backs_away_from_where_f_is_not_finite():
    """-log(1 - x) - 1/2 log(x): infinite beyond 1, minimum at 1/3, where x / (1 - x) = 1/2."""
    path = descend(
        lambda x: -np.log(1 - x[0]) - 0.5 * np.log(x[0]),
        [0.01],
        gradient=lambda x: 1 / (1 - x) - 0.5 / x if 0 < x[0] < 1 else x * np.nan,
        step=ExactLineSearch(),
    )
    assert path.converged
    assert path.point[0] == pytest.approx(1 / 3, rel=1e-8)


@given(quadratics(), st.floats(1e-4, 0.45), st.floats(0.1, 0.9))
def test_backtracking_takes_the_first_step_that_decreases_enough(problem, c, shrink):
    a, x = problem

    def f(v):
        return 0.5 * v @ a @ v

    rule = Backtracking(start=2.0, shrink=shrink, c=c)
    path = descend(f, x, gradient=lambda v: a @ v, step=rule, max_steps=10, tolerance=1e-3)
    for k, alpha in enumerate(path.step_lengths):
        value, slope = path.values[k], path.slopes[k]
        assert path.values[k + 1] <= value + c * alpha * slope
        trials = round(math.log(alpha / 2.0) / math.log(shrink))
        assert alpha == pytest.approx(2.0 * shrink**trials, rel=1e-12)
        if trials:
            longer = alpha / shrink
            assert f(path.points[k] + longer * path.directions[k]) > value + c * longer * slope


@given(quadratics())
def test_line_searches_never_go_up(problem):
    a, x = problem
    for step in (ExactLineSearch(), Backtracking()):
        path = descend(
            lambda v: 0.5 * v @ a @ v, x, gradient=lambda v: a @ v, step=step, tolerance=1e-4
        )
        assert path.converged
        assert (np.diff(path.values) < 0).all()
        assert (path.slopes < 0).all()


def test_a_slope_that_is_not_finite_at_the_end_of_a_bracket_is_named():
    path = descend(
        lambda x: x[0] ** 2,
        [1.0],
        gradient=lambda x: 2 * x if x[0] > 0 else x * np.nan,
        step=ExactLineSearch((0.0, 3.0)),
    )
    assert path.reason == "step 1: the slope along the direction is nan at alpha = 3"


def test_a_function_without_lower_bound_is_named():
    path = descend(lambda x: -x[0], [0.0], gradient=lambda x: [-1.0], step=ExactLineSearch())
    assert not path.converged
    assert "it may have no lower bound" in path.reason


def test_a_wrong_gradient_is_found_by_backtracking():
    path = descend(bowl, [1.0, 1.0], gradient=lambda x: -bowl_gradient(x), step=Backtracking())
    assert path.n_steps == 0
    assert path.reason.startswith("step 1: no step down to alpha = ")
    assert "the gradient is not that of f" in path.reason


def test_steps_too_small_to_move_are_named():
    """|x - 1| with a subgradient that points down at the kink: the exact step is 0."""
    path = descend(
        lambda x: abs(x[0] - 1),
        [1.0],
        gradient=lambda x: [1.0 if x[0] >= 1 else -1.0],
        step=ExactLineSearch(),
    )
    assert "no longer moves the point" in path.reason
