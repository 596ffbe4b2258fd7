"""Curvature along directions: the limit that it sets, and what is said of it."""

import re

import numpy as np
import pytest
import scipy.sparse

import lamina
from lamina.diagnosis import (
    Curvature,
    curvature_along,
    hessian_vector_product,
    largest_curvature,
)
from lamina.diagnosis.surface.flat import flatten, unflatten

RANDOM = np.random.RandomState(0)
X, Y = RANDOM.normal(size=(30, 4)), np.eye(3)[RANDOM.randint(0, 3, 30)]
WEIGHTS = RANDOM.uniform(0.1, 2, 30)
NETWORK = lamina.Network.mlp(4, [6, 5], 3, activation="gelu", output="softmax")
SMALL = lamina.Network.mlp(4, [2], 3, activation="tanh", output="softmax")
LINEAR = lamina.Network.mlp(4, [], 1)
AT = NETWORK.initialize(0)


def hessian(network, parameters, data, alpha):
    """Return the whole matrix, by its columns."""
    columns = [
        flatten(
            hessian_vector_product(network, parameters, unflatten(one, network.shapes), data, alpha)
        )
        for one in np.eye(network.n_parameters)
    ]
    return np.array(columns)


def test_a_linear_networks_curvature_is_the_covariances():
    y, whole = Y[:, :1], np.hstack([X, np.ones((30, 1))])
    gram = (whole * WEIGHTS[:, None]).T @ whole / WEIGHTS.sum()
    d = RANDOM.normal(size=5)
    found = curvature_along(LINEAR, LINEAR.initialize(0), [(d[:4, None], d[4:])], (X, y, WEIGHTS))
    assert found.value == pytest.approx(d @ gram @ d / (d @ d), rel=1e-13)
    top = largest_curvature(LINEAR, LINEAR.initialize(0), (X, y, WEIGHTS))
    assert top.value == pytest.approx(np.linalg.eigvalsh(gram)[-1], rel=1e-12)


@pytest.mark.parametrize("network", [NETWORK, SMALL], ids=["by Lanczos", "as a whole"])
def test_the_largest_curvature_is_the_largest_eigenvalue(network):
    at, data = network.initialize(1), (X, Y, WEIGHTS, WEIGHTS[::-1])
    values = np.linalg.eigvalsh(hessian(network, at, data, 0.1))
    top = largest_curvature(network, at, data, 0.1)
    assert top.value == pytest.approx(values[-1], rel=1e-6)
    assert np.linalg.norm(flatten(top.direction)) == pytest.approx(1)
    along = curvature_along(network, at, top.direction, data, 0.1)
    assert (along.value, along.slope) == (top.value, top.slope)
    again = largest_curvature(network, at, data, 0.1, random_state=0)
    assert again.value == top.value


def test_without_a_direction_it_is_the_gradients():
    along = curvature_along(NETWORK, AT, None, (X, Y), 0.2)
    passed = lamina.spec.network.forward(NETWORK, AT, X)
    gradient = lamina.spec.network.backward(NETWORK, AT, passed, Y, None, 0.2).gradients
    assert along.slope == pytest.approx(np.linalg.norm(flatten(gradient)))
    np.testing.assert_array_equal(flatten(along.direction), flatten(gradient))


def test_it_predicts_the_loss_a_small_step_away():
    """Taylor: the loss after a step has slope and curvature as its first two terms."""
    along = curvature_along(NETWORK, AT, None, (X, Y))
    unit = flatten(along.direction) / np.linalg.norm(flatten(along.direction))

    def loss(step):
        at = unflatten(flatten(AT) + step * unit, NETWORK.shapes)
        passed = lamina.spec.network.forward(NETWORK, at, X)
        return lamina.spec.network.backward(NETWORK, at, passed, Y).loss.mean()

    step = 1e-3
    bend = (loss(step) - 2 * loss(0) + loss(-step)) / step**2
    assert along.value == pytest.approx(bend, rel=1e-4)
    assert along.slope == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("share", [0.5, 0.95, 1.05])
def test_gradient_descent_settles_below_the_limit_and_only_there(share):
    data = X, (X @ np.ones(4))[:, None]
    limit = largest_curvature(LINEAR, LINEAR.initialize(0), data).limit
    model = lamina.MLPRegressor(
        hidden_layer_sizes=(),
        solver=lamina.GradientDescent(),
        learning_rate_init=share * limit,
        batch_size=30,
        alpha=0,
        max_iter=300,
        tol=0,
        n_iter_no_change=300,
        random_state=0,
    )
    curve = model.fit(X, data[1].ravel()).loss_curve_
    assert (curve[-1] < curve[0]) == (share < 1)
    if share > 1:
        assert curve[-1] > 1e3 * curve[0]


def test_sparse_samples_have_the_curvature_of_dense_ones():
    x = X * (RANDOM.uniform(size=X.shape) < 0.4)
    one = curvature_along(NETWORK, AT, None, (x, Y))
    other = curvature_along(NETWORK, AT, None, (scipy.sparse.csr_matrix(x), Y))
    assert other.value == pytest.approx(one.value, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "rate", "words"),
    [
        (-3.0, 0.1, "= -0.3, below 0: the loss curves down"),
        (0.0, 0.1, "= 0, at most 1: steps of gradient descent do not overshoot"),
        (10.0, 0.1, "= 1, at most 1"),
        (15.0, 0.1, "= 1.5, between 1 and 2: steps of gradient descent overshoot"),
        (25.0, 0.1, "= 2.5, above 2: .*; below 0.08 they would not"),
    ],
)
def test_what_a_curvature_says_of_a_learning_rate(value, rate, words):
    assert re.search(words, Curvature(value, 1.0).reading(rate))
    assert Curvature(value, 1.0).limit == (np.inf if value <= 0 else 2 / value)


WRONG = [
    ({"network": "mlp"}, "network must be a Network"),
    ({"parameters": AT[:1]}, "parameters must be arrays of shapes"),
    ({"parameters": 3}, "parameters must be a list of tuples of arrays"),
    (
        {"parameters": [tuple(p * np.nan for p in own) for own in AT]},
        "W_1 in parameters must be finite",
    ),
    ({"direction": AT[::-1]}, "direction must be arrays of shapes"),
    ({"direction": [tuple(p * 0 for p in own) for own in AT]}, "of a finite length above 0"),
    ({"data": X}, "data must be"),
    ({"data": (X, Y[:5])}, "y must be of 30 rows"),
    ({"data": (X[:, :2], Y)}, "X must be of shape"),
    ({"data": (X, Y * 2)}, "rows that sum to 1"),
    ({"data": (X * np.inf, Y)}, "X must be finite"),
    ({"data": (scipy.sparse.csr_matrix(X)[:, :2], Y)}, "X must be finite, of 4 columns"),
    ({"data": (X, Y, WEIGHTS[:3])}, "sample_weight must be of shape"),
    ({"data": (X, Y, -WEIGHTS)}, "sample_weight must be not negative"),
    ({"data": (X, Y, None, 0 * WEIGHTS)}, "factors must be not negative, and above 0"),
    ({"data": (X, np.tile([2.0, -1, 0], (30, 1)))}, r"y must be in \[0, 1\] for softmax"),
    ({"direction": [tuple(p * 0 + 1e200 for p in own) for own in AT]}, "finite length above 0"),
    ({"parameters": [tuple(p * 0 + 1e300 for p in own) for own in AT]}, "curvature are finite"),
    ({"alpha": -1}, "alpha must be a number"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_bad_input_is_named(change, message):
    given = {"network": NETWORK, "parameters": AT, "direction": AT, "data": (X, Y), "alpha": 0.0}
    with pytest.raises(lamina.ArgumentError, match=message):
        curvature_along(**{**given, **change})


@pytest.mark.parametrize("wrong", ["a", -1, 1.5])
def test_a_random_state_that_is_none(wrong):
    with pytest.raises(lamina.ArgumentError, match=r"random_state must be an integer in \[0, 42"):
        largest_curvature(NETWORK, AT, (X, Y), random_state=wrong)


def test_where_the_loss_overflows_it_says_so():
    network = lamina.Network.mlp(4, [], 1, output="exp")
    far = [(np.full((4, 1), 1e4), np.zeros(1))]
    with pytest.raises(lamina.ArgumentError, match="loss and its curvature are finite"):
        hessian_vector_product(network, far, far, (np.abs(X), Y[:, :1]))
    with pytest.raises(lamina.ArgumentError, match=r"learning_rate must be a number in \(0, inf\)"):
        Curvature(1.0, 1.0).reading(0)
