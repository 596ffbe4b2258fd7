"""Losses against PyTorch (stored goldens), scikit-learn's own functions and its metrics."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from sklearn import metrics
from sklearn._loss import HalfGammaLoss, HalfPoissonLoss
from sklearn.neural_network import _base as sklearn_losses

from lamina.spec import losses
from lamina.spec.activations import ACTIVATIONS, logistic, softmax

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "losses.json").read_text())
CASES = {name: case for name, case in GOLDENS.items() if name != "made_by"}


def drawn(seed, n=8, k=3):
    """Return pre-activations z and targets y of shape (n, k)."""
    random = np.random.RandomState(seed)
    return random.normal(size=(n, k)) * 2, random.normal(size=(n, k))


def test_goldens_have_every_pair():
    pairs = {(case["output"], case["loss"]) for case in CASES.values()}
    assert pairs == {(o, e) for o in ACTIVATIONS for e in losses.OF_PREDICTION} | set(
        losses.CANONICAL
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_equals_torch_per_sample(name):
    case = CASES[name]
    z, y = np.array(case["z"]), np.array(case["y"])
    expected = np.array(case["value"])
    if case["loss"] == "poisson":  # torch leaves out the part that does not depend on z
        expected = expected + (scipy.special.xlogy(y, y) - y).sum(axis=1)
    if case["loss"] == "gamma":  # and so does its density
        expected = expected - (np.log(y) + 1).sum(axis=1)
    value = losses.head(case["output"], case["loss"]).value(z, y, **case["options"])
    assert value == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", sorted(CASES))
def test_delta_equals_torch(name):
    case = CASES[name]
    z, y = np.array(case["z"]), np.array(case["y"])
    delta = losses.head(case["output"], case["loss"]).delta(z, y, **case["options"])
    assert delta == pytest.approx(np.array(case["delta"]), rel=1e-13, abs=1e-15)


def test_squared_error_is_sklearns_times_the_number_of_outputs():
    """scikit-learn takes the mean over the outputs, lamina the sum: the factor is k = 3."""
    h, y = drawn(0)
    mean = losses.mean_loss(losses.squared_error(h, y))
    assert mean == pytest.approx(3 * sklearn_losses.squared_loss(y, h), rel=1e-14)
    assert mean == pytest.approx(1.5 * metrics.mean_squared_error(y, h), rel=1e-14)


def test_absolute_error_is_sklearns_metric_times_the_number_of_outputs():
    h, y = drawn(1)
    mean = losses.mean_loss(losses.absolute_error(h, y))
    assert mean == pytest.approx(3 * metrics.mean_absolute_error(y, h), rel=1e-14)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.8])
def test_quantile_is_sklearns_pinball_loss(level):
    h, y = drawn(2, k=1)
    mean = losses.mean_loss(losses.quantile(h, y, level))
    assert mean == pytest.approx(metrics.mean_pinball_loss(y, h, alpha=level), rel=1e-14)


@pytest.mark.parametrize("width", [0.3, 1.0, 1.35])
def test_huber_is_scipys(width):
    h, y = drawn(3)
    expected = scipy.special.huber(width, h - y).sum(axis=1)
    assert losses.huber(h, y, width) == pytest.approx(expected, rel=1e-14)


def test_poisson_is_half_the_deviance():
    z, _ = drawn(4, k=1)
    y = np.random.RandomState(4).poisson(2.0, size=z.shape).astype(float)
    mean = losses.mean_loss(losses.poisson(z, y))
    half = metrics.mean_poisson_deviance(y[:, 0], np.exp(z[:, 0])) / 2
    assert (y == 0).any()
    assert mean == pytest.approx(half, rel=1e-13)
    assert mean == pytest.approx(sklearn_losses.poisson_loss(y, np.exp(z)), rel=1e-13)


def test_cross_entropy_is_sklearns_log_loss():
    z, _ = drawn(5, k=4)
    labels = np.arange(8) % 4
    mean = losses.mean_loss(losses.cross_entropy(z, np.eye(4)[labels]))
    assert mean == pytest.approx(metrics.log_loss(labels, softmax(z)), rel=1e-13)


def test_cross_entropy_of_a_distribution_is_scipys_entropy_plus_divergence():
    z, _ = drawn(6)
    y = softmax(drawn(7)[0])
    p = softmax(z)
    expected = scipy.special.entr(y).sum(axis=1) + scipy.special.rel_entr(y, p).sum(axis=1)
    assert losses.cross_entropy(z, y) == pytest.approx(expected, rel=1e-13)


def test_binary_cross_entropy_of_one_output_is_sklearns_log_loss():
    z, _ = drawn(8, k=1)
    labels = np.arange(8) % 2
    mean = losses.mean_loss(losses.binary_cross_entropy(z, labels[:, None].astype(float)))
    assert mean == pytest.approx(metrics.log_loss(labels, logistic(z[:, 0])), rel=1e-13)


WEIGHTS = np.array([0.5, 2.0, 0.0, 1.0, 1.0, 3.0, 0.25, 1.0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("scale", [1.0, 60.0, 800.0])
@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_floor_is_sklearns_clip(output, scale, weights, dtype):
    """Probabilities of exactly 0 and 1 are among those of the larger scales."""
    random = np.random.RandomState(9)
    z = (random.normal(size=(8, 3)) * scale).astype(dtype)
    y = np.eye(3, dtype=dtype)[random.randint(3, size=8)]
    name, theirs = {
        "softmax": ("cross_entropy", sklearn_losses.log_loss),
        "logistic": ("binary_cross_entropy", sklearn_losses.binary_log_loss),
    }[output]
    value = losses.head(output, name).value(z, y, floor=float(np.finfo(dtype).eps))
    ours = losses.mean_loss(value, weights)
    expected = theirs(y, losses.predict(output, z), weights)
    # The sums over the outputs and the samples are taken in the other order there.
    assert ours == pytest.approx(expected, rel=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("floor", [1e-3, 0.1])
def test_a_coarse_floor_bounds_the_loss(floor):
    z = np.array([[-40.0, 40.0], [40.0, -40.0]])
    y = np.array([[1.0, 0.0], [1.0, 0.0]])
    expected = [-np.log(floor), -np.log(1 - floor)]
    assert losses.cross_entropy(z, y, floor) == pytest.approx(expected, rel=1e-14)
    doubled = [2 * e for e in expected]  # both outputs count
    assert losses.binary_cross_entropy(z, y, floor) == pytest.approx(doubled, rel=1e-14)


@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_without_a_floor_the_loss_is_linear_far_out_and_never_infinite(output):
    name = {"softmax": "cross_entropy", "logistic": "binary_cross_entropy"}[output]
    z, y = np.array([[-1e4, 0.0]]), np.array([[1.0, 0.0]])
    # ln 2 is the loss of the second output, at z = 0, where each output counts for itself.
    expected = 1e4 if output == "softmax" else 1e4 + np.log(2)
    assert losses.head(output, name).value(z, y) == pytest.approx([expected], rel=1e-15)


def test_mean_loss_is_numpys_weighted_average():
    per_sample = np.random.RandomState(10).normal(size=8)
    expected = np.average(per_sample, weights=WEIGHTS)
    assert losses.mean_loss(per_sample, WEIGHTS) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "squared_error"), ("tanh", "cross_entropy"), ("exp", "none")]
)
def test_what_does_not_go_together_is_a_key_error(output, loss):
    with pytest.raises(KeyError):
        losses.head(output, loss)


def test_gamma_is_half_the_deviance():
    z, _ = drawn(11, k=1)
    y = np.random.RandomState(11).gamma(2.0, size=z.shape)
    mean = losses.mean_loss(losses.gamma(z, y))
    half = metrics.mean_gamma_deviance(y[:, 0], np.exp(z[:, 0])) / 2
    assert mean == pytest.approx(half, rel=1e-13)


@pytest.mark.parametrize(
    ("ours", "delta", "theirs"),
    [
        (losses.gamma, losses.gamma_delta, HalfGammaLoss()),
        (losses.poisson, losses.poisson_delta, HalfPoissonLoss()),
    ],
)
def test_deviances_are_those_of_sklearns_boosting(ours, delta, theirs):
    """Its raw prediction is z as well; it leaves out what does not depend on z."""
    z = np.linspace(-4, 4, 9)
    y = np.random.RandomState(12).gamma(2.0, size=9)
    constant = theirs.constant_to_optimal_zero(y)
    value = theirs.loss(y, z) + constant
    assert ours(z[:, None], y[:, None]) == pytest.approx(value, rel=1e-12, abs=1e-14)
    slope = theirs.gradient(y, z)
    assert delta(z[:, None], y[:, None])[:, 0] == pytest.approx(slope, rel=1e-12, abs=1e-14)


def test_only_the_ratio_counts_in_the_gamma_deviance():
    z, y = drawn(13)[0], np.exp(drawn(14)[1])
    scaled = losses.gamma(z + np.log(1e4), 1e4 * y)
    assert scaled == pytest.approx(losses.gamma(z, y), rel=1e-12)
    assert losses.gamma(np.log(y), y) == pytest.approx(np.zeros(8), abs=1e-14)


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.9), (0.05, 0.25, 0.5, 0.75, 0.95)], ids=str)
def test_quantiles_are_sklearns_pinball_losses_of_a_running_sum(levels):
    random = np.random.RandomState(15)
    z, y = random.normal(size=(8, len(levels))), np.repeat(random.normal(size=(8, 1)), 5, axis=1)
    y = y[:, : len(levels)]
    h = np.cumsum(np.hstack([z[:, :1], np.logaddexp(0, z[:, 1:])]), axis=1)
    assert losses.predict("ascending", z) == pytest.approx(h, rel=1e-14)
    mean = losses.mean_loss(losses.quantiles(z, y, levels))
    each = [
        metrics.mean_pinball_loss(y[:, j], h[:, j], alpha=level) for j, level in enumerate(levels)
    ]
    assert mean == pytest.approx(sum(each), rel=1e-13)


def test_one_quantile_is_the_quantile_loss():
    z, y = drawn(16, k=1)
    np.testing.assert_array_equal(losses.quantiles(z, y, (0.3,)), losses.quantile(z, y, 0.3))
    np.testing.assert_array_equal(
        losses.quantiles_delta(z, y, (0.3,)), losses.quantile_slope(z, y, 0.3)
    )


@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_focal_of_gamma_0_is_the_cross_entropy(output):
    z, y = drawn(17)[0] * 5, softmax(drawn(18)[0])
    focal, plain = {
        "softmax": ("focal", "cross_entropy"),
        "logistic": ("binary_focal", "binary_cross_entropy"),
    }[output]
    ours, theirs = losses.head(output, focal), losses.head(output, plain)
    assert ours.value(z, y, gamma=0.0) == pytest.approx(theirs.value(z, y), rel=1e-14)
    assert ours.delta(z, y, gamma=0.0) == pytest.approx(theirs.delta(z, y), rel=1e-13, abs=1e-15)


def test_binary_focal_is_focal_of_two_classes():
    """softmax of (0, z) is the logistic of z, and the delta of the 0 is minus that of z."""
    z = np.linspace(-6, 6, 8)[:, None]
    y = (np.arange(8) % 2)[:, None].astype(float)
    both, hot = np.hstack([0 * z, z]), np.hstack([1 - y, y])
    assert losses.binary_focal(z, y, 1.7) == pytest.approx(losses.focal(both, hot, 1.7), rel=1e-12)
    delta = losses.focal_delta(both, hot, 1.7)
    assert losses.binary_focal_delta(z, y, 1.7) == pytest.approx(delta[:, 1:], rel=1e-12)
    assert delta.sum(axis=1) == pytest.approx(np.zeros(8), abs=1e-15)


def test_label_smoothing_is_the_mean_with_the_uniform_distribution():
    z, labels = drawn(19, k=4)[0], np.eye(4)[np.arange(8) % 4]
    uniform = losses.cross_entropy(z, np.full((8, 4), 0.25))
    expected = 0.9 * losses.cross_entropy(z, labels) + 0.1 * uniform
    assert losses.cross_entropy(z, labels, smoothing=0.1) == pytest.approx(expected, rel=1e-13)
    bits = (drawn(20)[1] > 0).astype(float)
    half = losses.binary_cross_entropy(z[:, :3], np.full((8, 3), 0.5))
    expected = 0.8 * losses.binary_cross_entropy(z[:, :3], bits) + 0.2 * half
    smoothed = losses.binary_cross_entropy(z[:, :3], bits, smoothing=0.2)
    assert smoothed == pytest.approx(expected, rel=1e-13)


def test_weights_of_one_output_are_sample_weights():
    """With one 0/1 output, weighing the classes is weighing the samples of each class."""
    z, y = drawn(21, k=1)[0], (np.arange(8) % 3 == 0)[:, None].astype(float)
    options = {"positive": (3.0,), "negative": (0.5,)}
    own = np.where(y == 1, 3.0, 0.5)
    value = losses.binary_cross_entropy(z, y, **options)
    assert value == pytest.approx(own[:, 0] * losses.binary_cross_entropy(z, y), rel=1e-14)
    delta = losses.binary_cross_entropy_delta(z, y, **options)
    assert delta == pytest.approx(own * losses.binary_cross_entropy_delta(z, y), rel=1e-14)
    floored = losses.binary_cross_entropy(9 * z, y, floor=1e-3, **options)
    plain = losses.binary_cross_entropy(9 * z, y, floor=1e-3)
    assert floored == pytest.approx(own[:, 0] * plain, rel=1e-14)
