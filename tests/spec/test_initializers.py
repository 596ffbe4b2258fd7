"""Initial weights against scikit-learn's own, and the distributions that the papers name."""

import numpy as np
import pytest
import scipy.stats
from sklearn.neural_network import MLPRegressor

from lamina.spec.activations import ACTIVATIONS
from lamina.spec.initializers import INITIALIZERS

D_IN, D_OUT = 80, 120

DISTRIBUTIONS = {
    "glorot_uniform": scipy.stats.uniform(-np.sqrt(6 / 200), 2 * np.sqrt(6 / 200)),
    "glorot_logistic": scipy.stats.uniform(-np.sqrt(2 / 200), 2 * np.sqrt(2 / 200)),
    "he_normal": scipy.stats.norm(0, np.sqrt(2 / D_IN)),
    "lecun_normal": scipy.stats.norm(0, np.sqrt(1 / D_IN)),
}


def test_every_initializer_has_its_distribution_here():
    assert set(DISTRIBUTIONS) == set(INITIALIZERS)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_weights_follow_the_distribution(name):
    weights, _ = INITIALIZERS[name](np.random.RandomState(0), D_IN, D_OUT)
    assert weights.shape == (D_IN, D_OUT)
    assert weights.dtype == np.float64
    assert scipy.stats.kstest(weights.ravel(), DISTRIBUTIONS[name].cdf).pvalue > 0.01


@pytest.mark.parametrize("name", ["glorot_uniform", "glorot_logistic"])
def test_glorot_draws_biases_from_the_same_interval(name):
    draws = [INITIALIZERS[name](np.random.RandomState(s), D_IN, D_OUT)[1] for s in range(40)]
    assert draws[0].shape == (D_OUT,)
    assert scipy.stats.kstest(np.ravel(draws), DISTRIBUTIONS[name].cdf).pvalue > 0.01


@pytest.mark.parametrize("name", ["he_normal", "lecun_normal"])
def test_normal_initializers_start_biases_at_zero(name):
    _, bias = INITIALIZERS[name](np.random.RandomState(0), D_IN, D_OUT)
    assert bias.tolist() == [0.0] * D_OUT


@pytest.mark.parametrize(
    ("name", "activation"), [("glorot_uniform", "relu"), ("glorot_logistic", "logistic")]
)
def test_glorot_is_sklearns_bit_for_bit(name, activation):
    """Weights first, then biases, from the same RandomState."""
    model = MLPRegressor(activation=activation)
    model._random_state = np.random.RandomState(7)
    weights, bias = model._init_coef(5, 9, np.float64)
    ours = INITIALIZERS[name](np.random.RandomState(7), 5, 9)
    np.testing.assert_array_equal(ours[0], weights)
    np.testing.assert_array_equal(ours[1], bias)


@pytest.mark.parametrize(("name", "phi"), [("he_normal", "relu"), ("lecun_normal", "selu")])
def test_the_signal_keeps_its_size_through_thirty_layers(name, phi):
    """What these two are for: the mean square of z does not drift."""
    random = np.random.RandomState(1)
    z = random.normal(size=(100, 200))
    for _ in range(30):
        z = ACTIVATIONS[phi].value(z) @ INITIALIZERS[name](random, 200, 200)[0]
    assert 0.4 < np.mean(z**2) < 2.5
