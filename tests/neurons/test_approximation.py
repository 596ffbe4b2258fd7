"""Networks that approximate: their error between the grid's points, and what they say of it."""

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone

import lamina
from lamina import ArgumentError, spec
from lamina.neurons import approximate
from lamina.neurons.approximation import staircase
from lamina.neurons.approximation.target import Target

# name: (f, box, Lipschitz constant on the box)
CURVES = {
    "sin": (np.sin, (0, 2 * np.pi), 1.0),
    "abs": (np.abs, (-1, 2), 1.0),
    "cubic": (lambda x: x**3 - x, (-1.5, 1.5), 5.75),
    "bell": (lambda x: np.exp(-x * x), (-3, 3), 0.86),
    "runge": (lambda x: 1 / (1 + 25 * x * x), (-1, 1), 3.25),
    "waves": (lambda x: np.sin(20 * x), (0, 1), 20.0),
    "line": (lambda x: 1000 + x, (5, 6), 1.0),
}
SURFACES = {
    "saddle": (lambda x, y: x * y, [(-1, 1), (-1, 1)], math.sqrt(2)),
    "bell": (lambda x, y: np.exp(-x * x - y * y), [(-2, 2), (-1, 3)], 0.86),
    "sin": (lambda x, y: np.sin(x) * np.cos(2 * y), [(0, 3), (0, 2)], math.sqrt(5)),
    "abs": (lambda x, y: np.abs(x) + np.abs(y), [(-1, 1), (-1, 1)], math.sqrt(2)),
    "bump": (
        lambda x, y: np.maximum(0, 1 - x * x - y * y) ** 3,
        [(-1.5, 1.5), (-1.5, 1.5)],
        1.8,
    ),
    "plane": (lambda x, y: 3 * x - y, [(0, 1), (10, 30)], math.sqrt(10)),
}


def elsewhere(box, n, seed=0):
    """Return random points of the box, and its corners."""
    low, high = np.atleast_2d(np.asarray(box, float)).T
    points = np.random.default_rng(seed).uniform(low, high, (n, len(low)))
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), -1).reshape(-1, len(low))
    return np.vstack([points, corners])


def largest_error(found, f, n=20_000):
    points = elsewhere(found.box, n)
    return np.abs(found.predict(points) - f(*points.T)).max()


def half_distance(found):
    """Return how far a point of the box is from the grid at most."""
    per_axis = round(len(found.points) ** (1 / len(found.box))) - 1
    return np.linalg.norm(np.diff(found.box)[:, 0] / per_axis) / 2


@pytest.mark.parametrize("tolerance", [0.1, 0.03, 0.01])
@pytest.mark.parametrize("method", ["steps", "smooth"])
@pytest.mark.parametrize("name", CURVES)
def test_curves_are_within_the_tolerance_between_the_points(name, method, tolerance):
    f, box, lipschitz = CURVES[name]
    found = approximate(f, box, tolerance, method=method)
    assert found.error <= 0.95 * tolerance
    assert largest_error(found, f) <= tolerance + lipschitz * half_distance(found)


@pytest.mark.parametrize("tolerance", [0.1, 0.03, 0.01])
@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_are_within_the_tolerance_between_the_points(name, tolerance):
    f, box, lipschitz = SURFACES[name]
    found = approximate(f, box, tolerance)
    assert found.error <= 0.95 * tolerance
    assert largest_error(found, f) <= tolerance + lipschitz * half_distance(found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.floats(0.01, 0.3))
def test_any_broken_line_is_within_the_tolerance(heights, tolerance):
    knots = np.linspace(0, 1, len(heights))

    def f(x):
        return np.interp(x, knots, heights)

    found = approximate(f, (0, 1), tolerance)
    changes = np.abs(np.diff(heights))
    assert found.error <= 0.95 * tolerance
    lipschitz = changes.max() * (len(heights) - 1)
    assert largest_error(found, f) <= tolerance + lipschitz * half_distance(found)
    # Each cell but the last changes by more than 1.8 tolerances.
    assert found.n_units <= max(1, changes.sum() / (1.8 * tolerance) + 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.03]))
def test_any_smooth_wave_of_two_variables_is_within_the_tolerance(seed, tolerance):
    random = np.random.default_rng(seed)
    frequencies, phases = random.uniform(-3, 3, (2, 3)), random.uniform(0, 6, 3)

    def f(x, y):
        return np.cos(np.stack([x, y], -1) @ frequencies + phases).mean(-1)

    found = approximate(f, [(-1, 1), (0, 2)], tolerance)
    lipschitz = np.linalg.norm(frequencies, axis=0).max()
    assert largest_error(found, f) <= tolerance + lipschitz * half_distance(found)


@pytest.mark.parametrize(
    ("low", "width"),
    [(1e-3, 1e-3), (1e-3, 1e6), (1e6, 1e-3), (-1e9, 1.0), (-1e9, 1e6), (0, 1e-200)],
)
def test_units_do_not_depend_on_where_and_how_wide_the_box_is(low, width):
    def bend(u):
        return u * u

    near = approximate(bend, (0, 1), 0.02, method="smooth")
    far = approximate(lambda x: bend((x - low) / width), (low, low + width), 0.02, method="smooth")
    assert far.n_units == near.n_units


@pytest.mark.parametrize("method", ["steps", "smooth"])
def test_the_numbers_are_those_of_the_formula(method):
    found = approximate(np.sin, (0, 3), 0.05, method=method)
    layer, x = found.layer, np.linspace(0, 3, 500)
    hidden = expit(x[:, None] @ layer.weights + layer.biases)
    expected = layer.output_bias + hidden @ layer.output_weights
    np.testing.assert_allclose(found(x), expected, rtol=0, atol=1e-9)
    network, parameters = found.to_network()
    predicted = spec.network.predict(network, parameters, x[:, None])
    np.testing.assert_allclose(predicted[:, 0], expected, rtol=0, atol=1e-9)
    assert network.sizes == [1, found.n_units, 1]
    for own in parameters:
        for array in own:
            array[...] = 0
    np.testing.assert_allclose(found(x), expected, rtol=0, atol=1e-9)  # no aliasing


@pytest.mark.parametrize("name", ["sin", "saddle"])
def test_error_and_place_are_those_of_the_grid(name):
    f, box, _ = (CURVES | SURFACES)[name]
    found = approximate(f, box, 0.05, grid=77)
    assert found.points.shape == (77 ** len(found.box), len(found.box))
    errors = np.abs(found.predict(found.points) - f(*found.points.T))
    assert found.error == errors.max()
    assert errors[(found.points == found.where).all(axis=1)] == found.error
    assert np.array_equal(found.values, f(*found.points.T))


def test_a_staircase_has_the_levels_and_steps_of_a_straight_line():
    # Changes of 1.8 tolerances a step: 1 / 0.18 = 5.6, so 6 cells and 5 steps.
    found = approximate(lambda x: x, (0, 1), 0.1)
    assert found.n_units == 5
    places = -found.layer.biases / found.layer.weights[0]
    np.testing.assert_allclose(places, 0.18 * np.arange(1, 6), atol=0.005)
    np.testing.assert_allclose(found.layer.output_weights[:-1], 0.18, atol=0.005)


@pytest.mark.parametrize("tolerance", [0.3, 0.1, 0.03])
@pytest.mark.parametrize("slope", [10, 1e3, 1e6])
def test_a_steep_place_between_the_points_is_followed(slope, tolerance):
    def f(x):
        return np.tanh(slope * (x - 0.3137)) + 0.2 * x

    found = approximate(f, (0, 1), tolerance)
    x = np.concatenate([0.3137 + np.linspace(-5, 5, 20_001) / slope, np.linspace(0, 1, 20_001)])
    x = x[(x >= 0) & (x <= 1)]
    assert np.abs(found(x) - f(x)).max() <= tolerance


@pytest.mark.parametrize("f", [np.sin, np.sqrt, lambda x: np.tanh(1e4 * (x - 1))])
def test_the_steepest_units_are_what_the_proof_wants(f):
    target, tolerance = Target(f, np.array([[0.0, 3.0]])), 0.05
    stairs = staircase.staircase(target, target.grid(1001), tolerance, 1000)
    layers = list(staircase.layers(stairs, 0.0, 3.0, tolerance))
    slopes = [layer.weights[0] for layer in layers]
    assert all((b >= a).all() for a, b in pairwise(slopes))
    steps = -layers[-1].biases / slopes[-1]
    # Beside the gap that a step stands in, it is over; the gap changes f by 4% of the tolerance.
    beside = np.concatenate([stairs.gaps[:, 0], stairs.gaps[:, 1]])
    moved = expit(-slopes[-1] * (stairs.gaps[:, 1] - steps))
    assert moved.max() * np.abs(np.diff(stairs.levels)).sum() <= 0.0101 * tolerance
    error = np.abs(layers[-1].predict(beside[:, None]) - f(beside))
    assert error.max() <= 0.95 * tolerance
    assert np.abs(np.diff(f(stairs.gaps))).max() <= 0.04 * tolerance


def test_the_largest_error_is_lowered_not_only_the_mean():
    # Least squares alone take 72 units: the tip of the cone hardly counts.
    assert approximate(np.hypot, [(-1, 1), (-1, 1)], 0.1).n_units <= 24


@pytest.mark.parametrize("box", [(0, 1), [(0, 1), (2, 3)]])
def test_a_constant_takes_next_to_nothing(box):
    found = approximate(lambda *x: 0 * x[0] + 7.5, box, 0.01)
    assert found.n_units <= 4
    assert found.error < 1e-10


def test_weights_of_a_group_are_along_one_direction():
    found = approximate(lambda x, y: x * y, [(-1, 1), (0, 10)], 0.1)
    directions = found.layer.directions
    weights = (found.layer.weights * np.array([[1.0], [5.0]])).T  # of the box scaled to [-1, 1]^2
    grouped = weights.reshape(len(directions), -1, 2)
    across = directions[:, None, ::-1] * [-1, 1]
    assert np.allclose((grouped * across).sum(axis=2), 0)
    assert (grouped * directions[:, None]).sum(axis=2).min() > 0
    angles = np.arctan2(directions[:, 1], directions[:, 0])
    assert np.allclose(angles, np.arange(len(directions)) * np.pi / len(directions))


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_a_polynomial_is_a_sum_of_ridges_of_one_direction_more_than_its_degree(degree):
    """The theorem behind it, for the directions in use."""
    points = elsewhere([(-1, 1), (-1, 1)], 300)
    values = np.polynomial.polynomial.polyval2d(
        *points.T,
        np.random.default_rng(0).normal(size=(degree + 1, degree + 1))
        * (np.add.outer(np.arange(degree + 1), np.arange(degree + 1)) <= degree),
    )

    def residual(n_directions):
        angles = np.arange(n_directions) * np.pi / n_directions
        heights = points @ np.stack([np.cos(angles), np.sin(angles)])
        powers = (heights[:, :, None] ** np.arange(degree + 1)).reshape(len(points), -1)
        fitted = powers @ np.linalg.lstsq(powers, values, rcond=None)[0]
        return np.abs(fitted - values).max()

    assert residual(degree + 1) < 1e-10
    assert residual(degree) > 1e-3


def test_it_loads_into_a_regressor(tmp_path):
    found = approximate(lambda x, y: x * y, [(-1, 1), (-1, 1)], 0.02)
    model = found.to_regressor()
    points = elsewhere(found.box, 500)
    assert np.array_equal(model.predict(points), found.predict(points))
    assert model.score(points, points.prod(axis=1)) > 0.99
    model.save(tmp_path / "saddle.safetensors")
    loaded = lamina.load(tmp_path / "saddle.safetensors")
    assert np.array_equal(loaded.predict(points), found.predict(points))
    assert not hasattr(clone(model), "coefs_")


@pytest.mark.parametrize("way", ["partial_fit", "warm_start"])
def test_the_regressor_can_be_trained_further_from_there(way):
    found = approximate(np.sin, (0, 3), 0.1, method="smooth")
    X = elsewhere(found.box, 400)
    model = found.to_regressor().set_params(
        alpha=0, learning_rate_init=1e-5, max_iter=3, warm_start=True, random_state=0
    )
    before = np.abs(model.predict(X) - np.sin(X[:, 0])).max()
    getattr(model, "partial_fit" if way == "partial_fit" else "fit")(X, np.sin(X[:, 0]))
    after = np.abs(model.predict(X) - np.sin(X[:, 0])).max()
    assert before <= 0.1
    assert after != before
    assert after <= 0.11
    assert np.abs(found.predict(X) - np.sin(X[:, 0])).max() == before  # no aliasing


def test_calling_keeps_the_shape():
    found = approximate(lambda x, y: x + y, [(0, 1), (0, 1)], 0.1)
    x, y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 4))
    assert found(x, y).shape == (4, 5)
    assert found(0.5, 0.25).shape == ()
    assert np.array_equal(found(x, y).ravel(), found.predict(np.stack([x, y], -1).reshape(-1, 2)))


def test_a_function_that_changes_its_arguments_does_no_harm():
    def f(x):
        x *= 2
        return x

    found = approximate(f, (0, 1), 0.05)
    assert abs(found(0.5) - 1) < 0.05


@pytest.mark.parametrize(
    ("f", "box", "words"),
    [
        (np.sign, (-1, 1), r"continuous, but it changes by 1 at x = 0 within"),
        (lambda x: np.where(x > 0.3, 2.0, 0), (0, 1), r"changes by 2 at x = 0\.3 "),
        (lambda x: x + 0.01 * (x > 0.7), (0, 1), r"changes by 0\.01 at x = 0\.7 "),
        (np.tan, (0, 3), r"changes by .* at x = 1\.5708 "),
        (lambda x, y: np.where(x > 0.25, y, 0), [(0, 1), (1, 2)], r"changes by .* at x1 = 0\.25,"),
        (lambda x: 1 / x, (-1, 1), r"finite on the box, got inf at x = 0$"),
        (np.log, (-1, 1), r"finite on the box, got nan at x = -1$"),
        (lambda x, y: np.sqrt(x - y), [(0, 1), (0, 1)], r"got nan at x1 = 0, x2 = 0\.005$"),
        (lambda x: np.sin(1 / x), (1e-9, 1), "f varies too much"),
    ],
)
def test_the_place_of_a_jump_or_of_what_is_no_number_is_named(f, box, words):
    with pytest.raises(ArgumentError, match=words):
        approximate(f, box, 0.1)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (math.sin, r"a function of an array .*numpy\.vectorize helps"),
        (lambda x: x if x > 0 else -x, r"numpy\.vectorize helps.*truth value"),
        (lambda x: 1.0, r"got float64 of shape \(\) for 2001 points"),
        (lambda x: x[:-1], r"got float64 of shape \(2000,\) for 2001 points"),
        (lambda x: x * 1j, "got complex128"),
        (lambda x: x > 0, "got bool"),
        (lambda x, y: x, "a function of an array"),
        ("sin", "f must be callable"),
    ],
)
def test_what_is_no_function_of_arrays_is_named(f, words):
    with pytest.raises(ArgumentError, match=words):
        approximate(f, (0, 1), 0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"box": (1, 0)},
        {"box": (0, 0)},
        {"box": (0, np.inf)},
        {"box": (0, np.nan)},
        {"box": "01"},
        {"box": [(0, 1)] * 3},
        {"box": [(0, 1), (0,)]},
        {"tolerance": 0},
        {"tolerance": -1},
        {"tolerance": np.nan},
        {"tolerance": "0.1"},
        {"tolerance": 1e-13},
        {"method": "towers"},
        {"method": 1},
        {"max_units": 0},
        {"max_units": 2.0},
        {"max_units": 1, "method": "smooth"},
        {"grid": 1},
        {"grid": True},
        {"box": [(0, 1), (0, 1)], "method": "steps"},
    ],
)
def test_bad_arguments_are_refused(options):
    with pytest.raises(ArgumentError):
        approximate(**{"f": np.cos, "box": (0, 1), "tolerance": 0.1} | options)


def test_too_few_units_say_what_they_reach():
    with pytest.raises(
        ArgumentError, match=r"takes \d+ steps, more than max_units = 9, .*is (\S+);"
    ) as info:
        approximate(np.sin, (0, 6), 0.01, max_units=9)
    reached = float(str(info.value).split("error is ")[1].split(";")[0])
    assert approximate(np.sin, (0, 6), reached * 1.02).n_units <= 9
    with pytest.raises(
        ArgumentError, match=r"more than max_units = 20 units: \d+ reach an error of"
    ):
        approximate(np.hypot, [(-1, 1), (-1, 1)], 0.01, max_units=20)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda g: g(1.0, 2.0), "number of arguments must be 1"),
        (lambda g: g([np.nan]), "argument 1 must be finite"),
        (lambda g: g(["a"]), "argument 1"),
        (lambda g: g.predict([1.0]), r"shape of X must be \(n_samples, 1\), got \(1,\)"),
        (lambda g: g.predict([[1.0, 2.0]]), r"shape of X must be \(n_samples, 1\)"),
        (lambda g: g.predict([[np.inf]]), "X must be finite"),
    ],
)
def test_bad_inputs_are_named(call, words):
    with pytest.raises(ArgumentError, match=words):
        call(approximate(np.sin, (0, 1), 0.1))


def test_arguments_of_two_shapes_are_refused():
    found = approximate(lambda x, y: x, [(0, 1), (0, 1)], 0.1)
    with pytest.raises(ArgumentError, match="arguments must be of one shape"):
        found(np.zeros(3), np.zeros(2))


def test_it_tells_its_story():
    found = approximate(np.sin, (0, 3), 0.1)
    numbers = f"{found.n_units} units, error={found.error:.3g}, tolerance=0.1"
    assert repr(found) == f"Approximation(1-D, steps, {numbers})"
    text = str(found)
    assert f"{found.n_units} logistic units in one hidden layer.\nEach is a step." in text
    assert f"Largest error {found.error:.4g} at x = " in text
    assert "Cybenko 1989" in found.theorem
    surface = approximate(lambda x, y: x * y, [(-1, 1), (-1, 1)], 0.1)
    assert "on [-1, 1] × [-1, 1]: 8 logistic units" in surface.summary()
    assert "2 in each of 4 directions" in surface.summary()


def test_pickling():
    found = approximate(lambda x: x, (0, 1), 0.1)
    copy = pickle.loads(pickle.dumps(found))
    assert np.array_equal(copy.predict(found.points), found.predict(found.points))
