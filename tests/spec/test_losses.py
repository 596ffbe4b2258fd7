"""Losses against PyTorch (stored goldens), scikit-learn's own functions and its metrics."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from sklearn import metrics
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
