"""Line searches against closed forms, SciPy and the theorems that define them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar, rosen, rosen_der

from lamina.descent import Backtracking, ExactLineSearch, StepRule, descend


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
    for bracket, expected in [((0, 0.25), 0.25), ([0.75, 3], 0.75), ((0.0, 5), 0.5)]:
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


@st.composite
def wavy(draw):
    """Return (f, gradient, x, d): many minima along the line, all of it bounded below."""
    number = st.floats(-8, 8)
    a, b, c = draw(st.floats(0.01, 2)), draw(number), draw(number)
    skew, x = draw(number), np.array([draw(number), draw(number)])

    def f(v):
        return a * v @ v + b * math.sin(c * v[0]) + b * math.cos(c * v[1] + skew * v[0])

    def gradient(v):
        inner = b * math.sin(c * v[1] + skew * v[0])
        first = 2 * a * v[0] + b * c * math.cos(c * v[0]) - skew * inner
        return np.array([first, 2 * a * v[1] - c * inner])

    return f, gradient, x


@given(
    wavy(),
    st.one_of(st.none(), st.tuples(st.floats(0, 2), st.floats(2.1, 9)), st.just((0.0, 1.0))),
)
def test_no_line_search_ever_goes_up_on_functions_that_are_not_convex(problem, bracket):
    f, gradient, x = problem
    for step in (ExactLineSearch(bracket), Backtracking()):
        path = descend(f, x, gradient=gradient, step=step, max_steps=8, tolerance=1e-6)
        assert (np.diff(path.values) <= 0).all()
        assert path.n_steps or path.converged or bracket or "rounding" in path.reason
        for k, alpha in enumerate(path.step_lengths if step == ExactLineSearch() else []):
            d, scale = path.directions[k], path.gradient_norms[k] ** 2
            assert abs(gradient(path.points[k] + alpha * d) @ d) <= 1e-6 * max(scale, 1e-6)


def test_a_minimum_above_the_start_is_not_taken():
    a, b, c = 0.5534, 3.7184, 5.8221
    path = descend(
        lambda x: a * x[0] ** 2 + b * math.sin(c * x[0]),
        [0.5386],
        gradient=lambda x: 2 * a * x + b * c * np.cos(c * x),
        step=ExactLineSearch(),
    )
    assert path.values[1] < path.values[0]
    assert path.converged


@pytest.mark.parametrize("bracket", [(3, 5), (1.0, 9.0)])
def test_a_bracket_above_the_start_gives_no_step(bracket):
    path = descend(lambda x: x @ x, [1.0], step=ExactLineSearch(bracket))
    assert (path.n_steps, path.converged) == (0, False)
    low = bracket[0]
    expected = f"step 1: the function is higher at the low end {low:.3g} of the bracket"
    assert path.reason == expected


def test_a_bracket_whose_low_end_lies_above_holds_a_minimum_below():
    """cos from 1.5 along about 1: higher at 6.5, beyond the hump, and lowest at 3 pi."""
    path = descend(
        lambda x: np.cos(x[0]),
        [1.5],
        gradient=lambda x: -np.sin(x),
        step=ExactLineSearch(np.array([5.0, 9.5])),
        max_steps=1,
    )
    assert path.point[0] == pytest.approx(3 * np.pi, rel=1e-14)


def test_an_offset_does_not_keep_slopes_from_the_minimum():
    path = descend(
        lambda x: 1.0 + x[0] ** 2 + 5 * x[1] ** 2,
        [1.0, 0.3],
        gradient=lambda x: np.array([2 * x[0], 10 * x[1]]),
        step=ExactLineSearch(),
    )
    assert path.converged
    assert (np.diff(path.values) <= 0).all()


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


def test_a_kink_without_a_lower_step_is_named():
    """|x - 1| with a subgradient that points down at the kink: the exact step is 0."""
    path = descend(
        lambda x: abs(x[0] - 1),
        [1.0],
        gradient=lambda x: [1.0 if x[0] >= 1 else -1.0],
        step=ExactLineSearch(),
    )
    assert path.n_steps == 0
    assert "lowers the value: rounding hides the decrease, or the gradient is not" in path.reason


def test_steps_too_small_to_move_are_named():
    class Still(StepRule):
        def length(self, line):
            return 1e-30

    path = descend(bowl, [1.0, 1.0], gradient=bowl_gradient, step=Still())
    assert path.reason == "step 1: a step of length 1e-30 no longer moves the point"
