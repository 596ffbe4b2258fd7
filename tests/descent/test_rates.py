"""Measured rates against exact sequences, and stated bounds against runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize

import lamina
from lamina.descent import (
    AcceleratedMomentum,
    ExactLineSearch,
    convergence_rates,
    descend,
    measure_rate,
    problems,
)

PROBLEMS = {
    "quadratic": problems.quadratic(30.0, 3),
    "flat": problems.flat_quadratic(10),
    "slope": problems.slow_slope(4, 2.0, 3.0),
    "absolute": problems.absolute_sum(5),
    "logistic": problems.logistic(),
    "scattered": problems.scattered(),
}
SMOOTH = sorted(set(PROBLEMS) - {"absolute"})


@given(st.floats(-3, -0.2), st.floats(0.01, 100), st.floats(-5, 5))
def test_the_exponent_of_a_power_is_found(exponent, scale, optimum):
    gaps = scale * np.append(2, np.arange(1.0, 1001.0) ** exponent)
    rate = measure_rate(gaps, 0.0)
    assert rate.value == pytest.approx(exponent, abs=1e-9)
    assert rate.interval == pytest.approx((exponent, exponent), abs=1e-7)
    assert measure_rate(optimum + gaps, optimum).value == pytest.approx(exponent, abs=1e-2)


@given(st.floats(0.1, 0.999), st.floats(0.01, 100))
def test_the_factor_of_a_geometric_sequence_is_found(factor, scale):
    rate = measure_rate(scale * factor ** np.arange(60.0), 0.0, "linear")
    assert rate.value == pytest.approx(factor, rel=1e-9)
    steps, line = rate.line()
    assert line == pytest.approx(scale * factor**steps, rel=1e-6)


def test_the_band_of_a_fit_covers_the_truth_under_independent_noise():
    """Noise on log(gap), drawn anew for each step: 95 and 50 of 100 bands."""
    random = np.random.RandomState(0)
    covered = {0.95: 0, 0.5: 0}
    for _ in range(400):
        gaps = np.arange(1.0, 2002.0) ** -1.0 * np.exp(0.2 * random.normal(size=2001))
        gaps = np.append(1.0, gaps[:-1])
        for confidence in covered:
            low, high = measure_rate(gaps, 0.0, confidence=confidence).interval
            covered[confidence] += low <= -1.0 <= high
    assert covered[0.95] / 400 == pytest.approx(0.95, abs=0.035)
    assert covered[0.5] / 400 == pytest.approx(0.5, abs=0.08)


def test_the_fit_ends_where_rounding_begins():
    values = 1.0 + 0.5 ** np.arange(200)
    rate = measure_rate(values, 1.0, "linear")
    assert rate.last < 54
    assert rate.value == pytest.approx(0.5, rel=1e-3)


def test_of_several_runs_the_mean_is_measured():
    k = np.arange(1.0, 302.0)
    runs = np.array([(1 + 0.9 * np.sin(k)) / k, (1 - 0.9 * np.sin(k)) / k])
    one = measure_rate(1 / k, 0.0)
    both = measure_rate(runs, 0.0)
    assert (both.value, both.n_runs) == pytest.approx((one.value, 2))
    alone = measure_rate(runs[:1], 0.0)
    assert (alone.interval, alone.n_runs) == (measure_rate(runs[0], 0.0).interval, 1)


def stochastic_gaps(n_runs, n_steps, random):
    """Return gaps of SGD on ``½ sum a_j (w_j - c_j)^2``, c normal, and their exact mean."""
    a = np.array([1.0, 2.0])
    w, square = np.full((n_runs, 2), 3.0), np.full(2, 9.0)
    gaps, expected = [], []
    for k in range(n_steps + 1):
        gaps.append(w**2 @ a / 2)
        expected.append(square @ a / 2)
        gamma = 2.0 / (4 + k)
        w = w - gamma * a * (w - random.normal(size=w.shape))
        square = (1 - gamma * a) ** 2 * square + (gamma * a) ** 2
    return np.transpose(gaps), np.array(expected)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Of the expected gap's rate: 95 and 50 of 100, where errors along a run are dependent."""
    tables, n_runs = 400, 20
    gaps, expected = stochastic_gaps(tables * n_runs, 200, np.random.RandomState(0))
    truth = measure_rate(expected, 0.0).value
    assert truth == pytest.approx(-1, abs=0.05)
    covered = dict.fromkeys(("runs 0.95", "runs 0.5", "fit 0.95"), 0)
    for runs in gaps.reshape(tables, n_runs, -1):
        for name in covered:
            kind, confidence = name.split()
            given = runs if kind == "runs" else runs.mean(axis=0)
            low, high = measure_rate(given, 0.0, confidence=float(confidence)).interval
            covered[name] += low <= truth <= high
    share = {name: count / tables for name, count in covered.items()}
    assert share["runs 0.95"] == pytest.approx(0.95, abs=0.035)
    assert share["runs 0.5"] == pytest.approx(0.5, abs=0.08)
    assert share["fit 0.95"] < 0.7  # so it must not be called an interval of confidence


def test_the_stochastic_row_has_an_interval_of_its_runs():
    table = convergence_rates(n_steps=100, n_runs=10)
    row = table.rows[-1]
    assert row.rate.n_runs == 10
    assert row.rate.interval[0] < -1 < row.rate.interval[1]
    assert "95% interval of 10 runs" in repr(row)
    assert all(other.rate.n_runs == 1 for other in table.rows[:-1])
    assert "95% band of the fit" in repr(table.rows[0])
    lines = repr(table).splitlines()
    assert [("runs [" in line, "fit " in line) for line in lines[1:]] == (
        [(False, True)] * 6 + [(True, False)]
    )


def test_what_a_rate_says():
    rate = measure_rate(2.0 * np.append(5, 1 / np.arange(1.0, 101.0)), 0.0)
    assert repr(rate) == "gap ~ k^-1.000, 95% band of the fit [-1.000, -1.000], steps 10 to 100"
    assert rate.scale == pytest.approx(2.0)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_a_problems_gradient_is_scipys(name):
    problem = PROBLEMS[name]
    random = np.random.RandomState(1)
    for _ in range(5):
        x = random.normal(size=len(problem.start))
        expected = approx_fprime(x, problem, 1e-7)
        assert problem.gradient(x) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_a_problems_optimum_is_lowest(name):
    problem = PROBLEMS[name]
    assert np.linalg.norm(problem.gradient(problem.optimum)) < 1e-12
    random = np.random.RandomState(2)
    for size in (1e-3, 1.0, 30.0):
        x = problem.optimum + size * random.normal(size=len(problem.start))
        assert problem(x) >= problem.lowest
    if name in SMOOTH:
        found = minimize(problem, problem.start, jac=problem.gradient, tol=1e-9).fun
        assert problem.lowest == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
@given(st.integers(0, 1000), st.floats(1e-3, 10))
def test_a_problems_constants_hold(name, seed, size):
    """f(y) - f(x) - <g(x), y - x> lies between ½ mu |y - x|^2 and ½ L |y - x|^2; |g| <= G."""
    problem = PROBLEMS[name]
    x, y = size * np.random.RandomState(seed).normal(size=(2, len(problem.start)))
    square = (y - x) @ (y - x)
    rest = problem(y) - problem(x) - problem.gradient(x) @ (y - x)
    noise = 1e-12 * (1 + abs(problem(x)) + abs(problem(y)))
    assert 0.5 * problem.strength * square - noise <= rest
    assert rest <= 0.5 * problem.smoothness * square + noise
    assert np.linalg.norm(problem.gradient(x)) <= problem.lipschitz * (1 + 1e-12)


def test_constants_of_quadratics_are_their_extreme_eigenvalues():
    assert (PROBLEMS["quadratic"].strength, PROBLEMS["quadratic"].smoothness) == (1, 30)
    assert PROBLEMS["flat"].smoothness == 1
    assert PROBLEMS["flat"].distance == 3  # the flat coordinate is at its optimum


def test_logistic_smoothness_is_not_far_from_the_largest_curvature():
    problem = PROBLEMS["logistic"]
    d = len(problem.start)
    columns = [approx_fprime(np.zeros(d), lambda w, i=i: problem.gradient(w)[i]) for i in range(d)]
    assert np.linalg.eigvalsh(np.array(columns)).max() == pytest.approx(
        problem.smoothness, rel=1e-6
    )


def test_variance_of_scattered_is_that_of_the_terms_gradients_at_any_point():
    problem = PROBLEMS["scattered"]
    for w in ([0.0, 0.0], [3.0, -8.0]):
        each = np.array([problem.f.gradient(np.array(w), [i]) for i in range(50)])
        assert each.var(axis=0).sum() == pytest.approx(problem.variance)


@pytest.mark.parametrize("n", [1, 5, 40])
def test_slow_slope_attains_the_bound(n):
    problem = problems.slow_slope(n, 2.0, 3.0)
    path = descend(problem, problem.start, step=0.5, max_steps=n, tolerance=None)
    assert path.value == pytest.approx(2.0 * 9 / (4 * n + 2), rel=1e-12)
    assert (path.values[:-1] <= 2.0 * 9 / (4 * np.arange(n) + 2) + 1e-12).all()


@given(st.floats(1.5, 1000), st.integers(2, 6), st.booleans())
def test_the_strongly_convex_bound_holds_at_every_step(condition, dimension, exact):
    """(f(x_{k+1}) - f*) <= ((kappa - 1) / (kappa + 1))^2 (f(x_k) - f*), not on average but always.

    For exact search from any start. For fixed steps 2/(L + mu) likewise on quadratics.
    """
    problem = problems.quadratic(condition, dimension)
    step = ExactLineSearch() if exact else 2 / (condition + 1)
    path = descend(problem, problem.start, step=step, max_steps=15, tolerance=1e-9)
    factor = ((condition - 1) / (condition + 1)) ** 2
    assert (path.values[1:] <= factor * path.values[:-1] * (1 + 1e-9)).all()


def test_gradient_steps_on_the_flat_quadratic_have_the_closed_form():
    """Gap after k steps: ½ sum lambda (1 - lambda)^(2k)."""
    path = descend(PROBLEMS["flat"], PROBLEMS["flat"].start, step=1.0, max_steps=50, tolerance=None)
    a = np.append(np.geomspace(1, 1e-8, 9), 0)
    closed = [0.5 * np.sum(a * (1 - a) ** (2 * k)) for k in range(path.n_steps + 1)]
    assert path.values == pytest.approx(closed, rel=1e-10)


def test_the_table_of_rates():
    """Stated rates are upper bounds: the problems near the worst case come close to them."""
    table = convergence_rates(n_steps=500, n_runs=10)
    assert table.holds
    near = {"subgradient steps": 0.02, "Nesterov's momentum": 0.15, "stochastic steps": 0.2}
    for row in table.rows:
        if row.problem.name != "logistic loss":
            assert row.rate.value == pytest.approx(row.stated, abs=near.get(row.method, 0.01))
        else:
            assert row.rate.value < row.stated
            assert row.gaps[-1] < 1e-14  # note 004's "arbitrary accuracy"
        assert len(row.gaps) == len(row.bound)
        assert 0 < row.tightness <= 1 + 1e-9
    assert [row.stated for row in table.rows[:3]] == [-0.5, -1, -2]
    assert table.rows[3].tightness == pytest.approx(1)
    assert table.rows[4].tightness == pytest.approx(1)
    text = repr(table)
    assert text.count("\n") == 7
    assert text.count("holds") == 7
    assert "the bound holds at every step" in repr(table.rows[0])


def test_the_measured_factor_of_the_logistic_loss_is_that_of_its_curvature_at_the_optimum():
    """Ostrowski: late steps shrink by the spectral radius of I - alpha H, gaps by its square."""
    problem, d = PROBLEMS["logistic"], 5
    rows = [(problem.gradient(problem.optimum + 1e-5 * e) / 1e-5) for e in np.eye(d)]
    step = 2 / (problem.smoothness + problem.strength)
    radius = np.abs(1 - step * np.linalg.eigvalsh(np.array(rows))).max()
    path = descend(problem, problem.start, step=step, max_steps=40, tolerance=None)
    rate = measure_rate(path, problem.lowest, "linear", skip=0.4)
    assert rate.value == pytest.approx(radius**2, rel=3e-3)


def test_a_broken_bound_is_said():
    row = convergence_rates(n_steps=60, n_runs=1).rows[1]
    broken = type(row)(**{**vars(row), "bound": row.bound / 1000})
    assert not broken.holds
    assert "THE BOUND IS BROKEN" in repr(broken)
    assert "BROKEN" in repr(lamina.descent.RateTable([row, broken]))


def test_the_random_state_decides_the_stochastic_row():
    def gaps(state):
        return convergence_rates(n_steps=40, n_runs=2, random_state=state).rows[-1].gaps

    np.testing.assert_array_equal(gaps(1), gaps(1))
    assert not np.array_equal(gaps(1), gaps(2))


def test_accelerated_momentum_is_faster_than_plain_steps():
    problem = problems.flat_quadratic()
    options = {"step": 1.0, "max_steps": 200, "tolerance": None}
    rule = lamina.Nesterov(AcceleratedMomentum())
    fast = descend(problem, problem.start, rule=rule, **options)
    slow = descend(problem, problem.start, **options)
    assert fast.value < slow.value / 20


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: measure_rate([1.0, 2.0], 0.0), "run must be a run with at least 3 steps"),
        (lambda: measure_rate(np.ones(50), 1.0), "run must be a run with at least 3 steps"),
        (lambda: measure_rate([3, 2, 1], 1.5), "optimum must be at most the lowest value, 1 at st"),
        (lambda: measure_rate([3, np.nan], 0.0), r"run must be finite, got 'nan at \[1\]'"),
        (lambda: measure_rate([], 0.0), r"run must be of shape \(n \+ 1,\) or"),
        (lambda: measure_rate("abc", 0.0), "run must be an array of numbers"),
        (lambda: measure_rate([3, 2, 1], None), "optimum must be a number"),
        (lambda: measure_rate([3, 2, 1], 0.0, "cubic"), "kind must be one of"),
        (lambda: measure_rate([3, 2, 1], 0.0, skip=1), r"skip must be a number in \[0, 1\)"),
        (lambda: measure_rate([3, 2, 1], 0.0, confidence=1), "confidence must be a number"),
        (lambda: convergence_rates(5), r"n_steps must be an integer in \[30, inf\)"),
        (lambda: convergence_rates(n_runs=0), r"n_runs must be an integer in \[1, inf\)"),
        (lambda: problems.quadratic(1.0), r"condition must be a number in \(1, inf\)"),
        (lambda: problems.quadratic(2.0, 1), r"dimension must be an integer in \[2, inf\)"),
        (lambda: problems.flat_quadratic(2), r"dimension must be an integer in \[3, inf\)"),
        (lambda: problems.flat_quadratic(smallest=1), r"smallest must be a number in \(0, 1\)"),
        (lambda: problems.slow_slope(0), r"n_steps must be an integer in \[1, inf\)"),
        (lambda: problems.slow_slope(1, distance=0), r"distance must be a number in \(0, inf\)"),
        (lambda: problems.absolute_sum(0), r"dimension must be an integer in \[1, inf\)"),
        (lambda: problems.logistic(l2=0), r"l2 must be a number in \(0, inf\)"),
        (lambda: problems.scattered(1), r"n_terms must be an integer in \[2, inf\)"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make()
