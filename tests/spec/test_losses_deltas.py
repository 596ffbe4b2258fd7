"""Every (output, loss) pair: its delta against central differences of its value, and minimisers."""

import numpy as np
import pytest
import scipy.optimize

from lamina.spec import losses
from lamina.spec.activations import ACTIVATIONS, ascending, softmax

STEP = 1e-5
N, K = 6, 3
OPTIONS = {
    "huber": {"width": 0.8},
    "quantile": {"level": 0.3},
    "quantiles": {"levels": (0.2, 0.5, 0.7)},
    "focal": {"gamma": 1.5},
    "binary_focal": {"gamma": 0.7},
}
PAIRS = [(o, e) for o in ACTIVATIONS for e in losses.OF_PREDICTION] + list(losses.CANONICAL)


def away_from_kinks(random, output, loss):
    """Return z and y with z away from the corners of the output and h - y from the loss's."""
    z = random.uniform(0.05, 0.95, (N, K)) * random.choice([-2, -1, 1, 2], (N, K))
    z = np.where(np.abs(np.abs(z) - 1) < 0.01, 0.5, z)
    if output == "softmax":
        return z, softmax(random.normal(size=(N, K)))
    if loss in ("binary_cross_entropy", "binary_focal"):
        return z, random.uniform(size=(N, K))
    if loss == "poisson":
        return z, random.poisson(1.0, (N, K)).astype(float)
    if loss == "gamma":
        return z, random.uniform(0.2, 3.0, (N, K))
    if loss == "quantiles":  # one target, between two of the quantiles or outside
        h = ascending(z)
        inside = (h[:, :1] + h[:, 1:2]) / 2
        return z, np.where(np.arange(N)[:, None] % 2, inside, h[:, -1:] + 0.3) + 0 * z
    gap = random.choice([-2.0, -0.4, 0.3, 1.5], (N, K))  # of both sides of Huber's 0.8
    return z, ACTIVATIONS[output].value(z) + gap


def central_differences(head, z, y, options):
    """Return d value / d z by central differences, of z's shape."""
    slope = np.empty_like(z)
    for i, j in np.ndindex(*z.shape):
        moved = np.zeros_like(z)
        moved[i, j] = STEP
        up, down = head.value(z + moved, y, **options), head.value(z - moved, y, **options)
        slope[i, j] = (up - down)[i] / (2 * STEP)
        others = np.arange(len(z)) != i
        assert (up[others] == down[others]).all()  # a sample's loss is its own
    return slope


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=str)
def test_delta_is_the_slope_of_the_value(output, loss):
    z, y = away_from_kinks(np.random.RandomState(5), output, loss)
    head, options = losses.head(output, loss), OPTIONS.get(loss, {})
    # STEP^2 / 6 times a third derivative (at most e^2), and eps / STEP of rounding.
    expected = central_differences(head, z, y, options)
    assert head.delta(z, y, **options) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=str)
def test_float32_stays_float32(output, loss):
    z, y = away_from_kinks(np.random.RandomState(6), output, loss)
    z, y = z.astype(np.float32), y.astype(np.float32)
    head, options = losses.head(output, loss), OPTIONS.get(loss, {})
    assert head.value(z, y, **options).dtype == np.float32
    assert head.delta(z, y, **options).dtype == np.float32


MORE = [  # the options that the pairs above leave at their defaults
    ("softmax", "cross_entropy", {"smoothing": 0.2}),
    ("softmax", "focal", {"gamma": 0.0}),
    ("softmax", "focal", {"gamma": 0.3}),
    ("softmax", "focal", {"gamma": 5.0}),
    ("logistic", "binary_focal", {"gamma": 0.0}),
    ("logistic", "binary_focal", {"gamma": 5.0}),
    ("logistic", "binary_cross_entropy", {"smoothing": 0.2}),
    (
        "logistic",
        "binary_cross_entropy",
        {"positive": (2.0, 0.0, 0.5), "negative": (0.3, 1.0, 4.0)},
    ),
    (
        "logistic",
        "binary_cross_entropy",
        {"smoothing": 0.1, "positive": (2.0, 1.0, 0.5), "negative": (0.3, 1.0, 0.0)},
    ),
]


@pytest.mark.parametrize(("output", "loss", "options"), MORE, ids=str)
def test_delta_is_the_slope_of_the_value_for_other_options(output, loss, options):
    z, y = away_from_kinks(np.random.RandomState(9), output, loss)
    head = losses.head(output, loss)
    expected = central_differences(head, z, y, options)
    assert head.delta(z, y, **options) == pytest.approx(expected, rel=1e-8, abs=1e-9)
    single = head.delta(z.astype(np.float32), y.astype(np.float32), **options)
    assert single.dtype == np.float32
    assert single == pytest.approx(expected, rel=1e-4, abs=1e-5)


def of_h(h, y):
    """Return a loss that mixes the outputs of a row, so that every term of a chain rule shows."""
    return np.sum((h - y) ** 2 * np.array([1.0, 2.0, 3.0]), axis=1) + np.prod(h, axis=1)


def of_h_slope(h, y):
    return 2 * (h - y) * np.array([1.0, 2.0, 3.0]) + np.prod(h, axis=1)[:, None] / h


@pytest.mark.parametrize("output", [*ACTIVATIONS, *losses.ROWWISE])
def test_delta_of_a_loss_of_the_users_own_goes_through_every_output(output):
    random = np.random.RandomState(10)
    z, y = away_from_kinks(random, "identity", "huber")
    z = np.abs(z) + 0.1 if output == "relu" else z  # h stands in a denominator
    z = np.where(np.abs(np.abs(z) - 1) < 0.01, 0.5, z)
    head, options = losses.head(output, losses.CUSTOM), {"value": of_h, "gradient": of_h_slope}
    h = losses.predict(output, z)
    np.testing.assert_array_equal(head.value(z, y, **options), of_h(h, y))
    expected = central_differences(head, z, y, options)
    assert head.delta(z, y, **options) == pytest.approx(expected, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("floor", [0.0, 1e-3])
@pytest.mark.parametrize(
    ("output", "loss"),
    [("softmax", "cross_entropy"), ("logistic", "binary_cross_entropy")],
    ids=str,
)
def test_a_floor_leaves_the_delta_as_it_is(output, loss, floor):
    """As scikit-learn's does: prediction minus target, also where the value is cut."""
    z, y = np.array([[30.0, -30.0]]), np.array([[0.0, 1.0]])
    delta = losses.head(output, loss).delta(z, y, floor=floor)
    assert delta == pytest.approx(np.array([[1.0, -1.0]]), abs=1e-12)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_slope_is_zero_where_prediction_and_target_are_equal(loss):
    h = np.array([[1.5, -2.0]])
    assert losses.OF_PREDICTION[loss].delta(h, h).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("loss", "statistic"),
    [
        ("squared_error", np.mean),
        ("absolute_error", np.median),
        ("quantile", lambda y: np.quantile(y, 0.3, method="inverted_cdf")),
    ],
)
def test_the_best_constant_is_the_statistic_that_the_loss_stands_for(loss, statistic):
    y = np.random.RandomState(7).exponential(size=(41, 1))

    def total(constant):
        h = np.full_like(y, constant)
        return losses.OF_PREDICTION[loss].value(h, y, **OPTIONS.get(loss, {})).sum()

    best = scipy.optimize.minimize_scalar(total, bounds=(0, 6), options={"xatol": 1e-10}).x
    assert best == pytest.approx(statistic(y[:, 0]), abs=1e-6)


def test_huber_turns_from_a_parabola_into_a_line_without_a_jump():
    width = 0.8
    r = np.array([[width * (1 - 1e-9)], [width * (1 + 1e-9)]])
    zero = np.zeros_like(r)
    value = losses.huber(r, zero, width)
    slope = losses.huber_slope(r, zero, width)
    assert value == pytest.approx(np.full(2, width**2 / 2), rel=1e-8)
    assert slope == pytest.approx(np.full((2, 1), width), rel=1e-8)


def test_predict_is_softmax_or_the_elementwise_function():
    z = np.random.RandomState(8).normal(size=(3, 4))
    np.testing.assert_array_equal(losses.predict("softmax", z), softmax(z))
    np.testing.assert_array_equal(losses.predict("tanh", z), np.tanh(z))
