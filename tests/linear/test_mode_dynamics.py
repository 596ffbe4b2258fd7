"""L4: the singular modes during training, beside the exact solution."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import lamina
from lamina.linear import DeepLinear, Moments, learning_time, mode_solution

EXAMPLES = settings(deadline=None, max_examples=25, derandomize=True, database=None)
STRENGTHS = st.floats(0.1, 10)
VARIANCES = st.floats(0.2, 3)


def problem(seed=0, d=5, k=3):
    random = np.random.RandomState(seed)
    X = random.randn(60, d)
    return Moments.of(X, X @ random.randn(d, k) + 0.1 * random.randn(60, k)).whitened()


def speed(a, s, depth, variance):
    """Return da/dt of one mode: what gradient flow does to a network of one unit per layer."""
    root = a ** (1 / depth)
    gradients = DeepLinear([[[root]]] * depth).gradients(Moments([[variance]], [[s]]))
    return -sum(g[0, 0] for g in gradients) * a / root


@EXAMPLES
@given(STRENGTHS, VARIANCES, st.integers(1, 5), st.floats(0.001, 0.9))
def test_the_solution_obeys_its_equation(s, variance, depth, share):
    start = share * s / variance
    t, h = np.linspace(0, 6 / s, 13)[1:], 1e-5 / s
    a = mode_solution(t, s, start, depth, variance)
    ahead, behind = (mode_solution(t + e, s, start, depth, variance) for e in (h, -h))
    expected = [speed(value, s, depth, variance) for value in a]
    found = (ahead - behind) / (2 * h)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(np.abs(expected)))
    assert mode_solution([0.0], s, start, depth, variance)[0] == pytest.approx(start)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_the_time_to_get_there_is_mpmaths_integral(depth):
    s, variance, start = 2.0, 0.8, 0.01
    times = [0.1, 0.5, 1.0, 1.5]
    found = mode_solution(times, s, start, depth, variance)
    with mpmath.workdps(30):
        power = mpmath.mpf(2) - mpmath.mpf(2) / depth
        for t, a in zip(times, found, strict=True):
            cuts = mpmath.linspace(start, mpmath.mpf(float(a)), 30)
            taken = mpmath.quad(lambda x: 1 / (depth * x**power * (s - variance * x)), cuts)
            assert float(taken) == pytest.approx(t, rel=1e-9)


def test_two_layers_give_the_formula_of_saxe_mcclelland_and_ganguli():
    t, s, a0 = np.linspace(0, 3, 20), 2.0, 0.01
    grown = np.exp(2 * s * t)
    expected = s * grown / (grown - 1 + s / a0)
    np.testing.assert_allclose(mode_solution(t, s, a0), expected, rtol=1e-13)


@pytest.mark.parametrize("depth", [2, 3, 5])
@pytest.mark.parametrize("strength", [0.0, 2.0])
def test_a_mode_below_0_obeys_its_equation_by_scipys_solver(depth, strength):
    t, start, variance = np.linspace(0, 2, 9), -0.3, 0.8
    found = solve_ivp(
        lambda _, a: depth * abs(a) ** (2 - 2 / depth) * (strength - variance * a),
        (0, 2), [start], t_eval=t, rtol=1e-11, atol=1e-14, method="LSODA",
    )  # fmt: skip
    ours = mode_solution(t, strength, start, depth, variance)
    np.testing.assert_allclose(ours, found.y[0], rtol=1e-7)
    assert (np.diff(ours) > 0).all()
    assert ours.max() < 0
    assert learning_time(strength, start, depth, variance) == np.inf


def test_a_mode_below_0_stays_there_at_late_times():
    assert mode_solution([1e6], 5.0, -0.1)[0] == 0.0


@pytest.mark.parametrize("depth", [2, 3])
def test_a_run_from_below_0_follows_the_exact_solution(depth):
    moments = Moments(np.eye(2), np.diag([2.0, 1.0]))
    net = DeepLinear([-0.4 * np.eye(2), *[0.4 * np.eye(2)] * (depth - 1)])
    assert net.imbalance == 0
    run = net.flow(moments, time=1.0)
    assert run.modes[:, 0] == pytest.approx([-(0.4**depth)] * 2)
    assert run.deviation < 1e-9
    first, second = (
        net.descend(moments, learning_rate=h, n_steps=round(1 / h)).deviation for h in (0.02, 0.01)
    )
    assert 0 < second < 0.6 * first < 0.05
    assert "2 modes below 0 at the start" in str(run)


def test_late_times_do_not_overflow():
    assert mode_solution([1e6], 5.0, 1e-9)[0] == pytest.approx(5.0, rel=1e-15)
    assert mode_solution([1e6], 5.0, 1e-9, variance=2.0)[0] == pytest.approx(2.5, rel=1e-15)


def test_a_mode_without_strength_decays_to_nothing():
    assert mode_solution([0.0, 2.0], 0.0, 0.5).tolist() == [0.5, 0.5 / 3]  # a0 / (1 + 2 a0 t)
    deep = mode_solution([0.0, 2.0], 0.0, 0.5, depth=3)
    assert 0 < deep[1] < deep[0] == pytest.approx(0.5)


@EXAMPLES
@given(STRENGTHS, VARIANCES, st.integers(1, 5), st.floats(0.01, 0.99), st.floats(1e-6, 0.5))
def test_learning_time_inverts_the_solution(s, variance, depth, fraction, share):
    end = s / variance
    start = share * fraction * end
    time = learning_time(s, start, depth, variance, fraction)
    reached = mode_solution([time], s, start, depth, variance)[0]
    assert reached == pytest.approx(fraction * end, rel=1e-7)


def test_learning_time_at_the_ends():
    assert learning_time(1.0, 0.9, fraction=0.5) == 0.0
    assert learning_time(1.0, 0.0) == np.inf
    assert learning_time(0.0, 0.0) == np.inf
    assert learning_time(1.0, 0.0, depth=1) == pytest.approx(np.log(2))


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_gradient_flow_follows_the_exact_solution(depth):
    moments = problem()
    run = DeepLinear.balanced(moments, depth, scale=0.05, random_state=0).flow(moments)
    assert run.deviation < 1e-9
    assert run.leak.max() < 1e-9
    assert run.modes[:, -1] == pytest.approx(run.strengths, rel=0.011)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_halving_the_step_halves_the_deviation(depth):
    moments = problem(1)
    net = DeepLinear.balanced(moments, depth, scale=0.05, random_state=0)
    rate = 0.02 / (depth * moments.modes().strengths[0] ** (2 - 2 / depth))
    n = int(2 / rate)
    first, second, third = (
        net.descend(moments, learning_rate=rate / f, n_steps=n * f, n_records=n + 1).deviation
        for f in (1, 2, 4)
    )
    assert first / second == pytest.approx(2, rel=0.08)
    assert second / third == pytest.approx(2, rel=0.04)


def test_input_directions_of_other_variances_have_their_solution_too():
    moments = Moments(np.diag([2.0, 0.5, 1.0]), np.diag([3.0, 2.0, 1.0]))
    run = DeepLinear.balanced(moments, 2, scale=0.01, random_state=0).flow(moments)
    assert run.deviation < 1e-9
    assert run.modes[:, -1] == pytest.approx([1.5, 4.0, 1.0], rel=0.011)


def test_strong_modes_are_learnt_first_and_the_summary_says_so():
    moments = Moments(np.eye(3), np.diag([4.0, 2.0, 1.0]), 21.0)
    run = DeepLinear.balanced(moments, random_state=0).descend(moments)
    assert run.half_times == pytest.approx([learning_time(s, 1e-3) for s in (4, 2, 1)], abs=0.05)
    assert "largest deviation from the exact solution" in str(run)
    assert run.loss[-1] == pytest.approx(run.best_loss, abs=1e-3)
    assert (np.diff(run.loss) <= 1e-12).all()


def test_a_narrow_network_learns_only_the_strongest_modes():
    moments = Moments(np.eye(3), np.diag([4.0, 2.0, 1.0]), 21.0)
    run = DeepLinear.balanced(moments, width=1, random_state=0).descend(moments)
    assert run.modes[:, -1] == pytest.approx([4.0, 0.0, 0.0], abs=0.05)
    assert run.exact[1:].max() == 0.0
    assert run.best_loss == pytest.approx(0.5 * (4 + 1))


def test_descent_is_descent_on_the_samples():
    random = np.random.RandomState(0)
    X, Y = random.randn(20, 3), random.randn(20, 2)
    net = DeepLinear.random([3, 4, 2], 0.5, 0)
    trained = net.descend(Moments.of(X, Y), learning_rate=0.1, n_steps=3).network
    weights = [w.copy() for w in net.weights]
    for _ in range(3):  # the chain rule, sample by sample
        slopes = [np.zeros_like(w) for w in weights]
        for x, y in zip(X, Y, strict=True):
            hidden = x @ weights[0]
            error = (hidden @ weights[1] - y) / 20
            slopes[1] += np.outer(hidden, error)
            slopes[0] += np.outer(x, weights[1] @ error)
        weights = [w - 0.1 * g for w, g in zip(weights, slopes, strict=True)]
    for found, expected in zip(trained.weights, weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


@EXAMPLES
@given(st.integers(0, 2**31), st.integers(2, 4))
def test_gradient_flow_conserves_the_differences_between_layers(seed, depth):
    sizes = [3] * (depth + 1)
    net, moments = DeepLinear.random(sizes, 0.8, seed), problem(seed % 100, 3, 3)
    after = net.flow(moments, time=0.5, n_records=3).network

    def differences(deep):
        return [a.T @ a - b @ b.T for a, b in pairwise(deep.weights)]

    for before, now in zip(differences(net), differences(after), strict=True):
        np.testing.assert_allclose(now, before, atol=1e-8)


def test_a_start_that_breaks_the_assumptions_says_which():
    random = np.random.RandomState(1)
    X = random.randn(50, 3) * [3.0, 1.0, 0.3]
    moments = Moments.of(X, X @ random.randn(3, 3))
    run = DeepLinear.random([3, 3, 3], 0.05, 3).descend(moments)
    words = str(run)
    assert "not balanced" in words
    assert "outside the modes" in words
    assert "couples the modes" in words
    assert np.isfinite(run.exact).all()


def test_divergence_names_the_stable_rates():
    moments = problem()
    net = DeepLinear.balanced(moments, random_state=0)
    with pytest.raises(
        lamina.ArgumentError, match=r"learning_rate must be smaller: .* stable below"
    ):
        net.descend(moments, learning_rate=10.0, n_steps=200)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": 1e-12}, "n_steps must be given"),
        ({"n_steps": 0}, "n_steps"),
        ({"n_steps": 10.0}, "n_steps"),
        ({"n_records": 1}, "n_records"),
    ],
)
def test_bad_options_are_named(options, words):
    moments = problem()
    with pytest.raises(lamina.ArgumentError, match=words):
        DeepLinear.balanced(moments, random_state=0).descend(moments, **options)


@pytest.mark.parametrize(
    "arguments",
    [
        ([-1.0], 1.0, 0.1),
        ([], 1.0, 0.1),
        ([1.0], -1.0, 0.1),
        ([1.0], 1.0, np.nan),
        ([1.0], 1.0, 0.1, 0),
    ],
)
def test_bad_modes_are_refused(arguments):
    with pytest.raises(lamina.ArgumentError):
        mode_solution(*arguments)


def test_no_strength_at_all_is_no_trouble():
    moments = Moments(np.eye(2), np.zeros((2, 2)))
    run = DeepLinear.balanced(moments, random_state=0).descend(moments)
    assert run.deviation < 1e-6
    assert np.isinf(run.half_times).all()
