"""L1: linear and affine layers, superposition, and the one matrix of a deep linear network."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina.linear import AffineLayer, DeepLinear, collapse, superposition

EXAMPLES = settings(deadline=None, max_examples=40, derandomize=True, database=None)


def fractions(array):
    return [[Fraction(float(v)) for v in row] for row in array]


def product(a, b):
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=False)]
        for row in a
    ]


def test_a_layer_computes_its_units_dot_products():
    weights, bias = np.array([[1.0, -2.0], [0.5, 4.0], [3.0, 0.0]]), np.array([1.0, -1.0])
    x = np.array([2.0, 4.0, -1.0])
    by_unit = [sum(x[i] * weights[i, j] for i in range(3)) + bias[j] for j in range(2)]
    assert AffineLayer(weights, bias)([x])[0].tolist() == by_unit
    assert (AffineLayer(weights).matrix @ x).tolist() == AffineLayer(weights)([x])[0].tolist()


def test_an_affine_layer_is_linear_in_the_input_with_a_one_appended():
    random = np.random.RandomState(0)
    layer = AffineLayer(random.randn(4, 3), random.randn(3))
    X = random.randn(10, 4)
    with_one = np.column_stack([X, np.ones(10)])
    np.testing.assert_allclose(layer(X), with_one @ layer.augmented, rtol=1e-14)
    assert superposition(AffineLayer(layer.augmented)).kind == "linear"


def test_direction_and_rate_are_those_of_the_steepest_change():
    layer = AffineLayer(np.random.RandomState(1).randn(5, 3), [1.0, 2.0, 3.0])
    steps = np.random.RandomState(2).randn(2000, 5)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    changes = layer(steps) - layer(np.zeros((1, 5)))
    assert (changes <= layer.rates + 1e-12).all()  # no direction changes a unit faster
    along = layer(layer.directions.T) - layer(np.zeros((1, 5)))
    np.testing.assert_allclose(np.diag(along), layer.rates, rtol=1e-13)


@EXAMPLES
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(0, 2**31))
def test_a_chain_is_one_layer_in_exact_fractions(sizes, seed):
    random = np.random.RandomState(seed)
    weights = [random.randint(-5, 6, pair).astype(float) for pair in pairwise(sizes)]
    exact = fractions(weights[0])
    for w in weights[1:]:
        exact = product(exact, fractions(w))
    assert fractions(DeepLinear(weights).collapse()) == exact


def test_a_collapsed_network_is_the_network():
    network = lamina.Network.mlp(4, [6, 2, 5], 3, activation="identity")
    parameters = network.initialize(0)
    layer = collapse(network, parameters)
    X = np.random.RandomState(0).randn(20, 4)
    np.testing.assert_allclose(
        layer(X), lamina.spec.network.predict(network, parameters, X), rtol=1e-12, atol=1e-14
    )
    assert layer.rank == 2  # the bottleneck's


def test_a_network_with_an_activation_is_not_collapsed():
    network = lamina.Network.mlp(4, [6], 3, activation="tanh")
    with pytest.raises(lamina.ArgumentError, match="activation of layer 1 must be 'identity'"):
        collapse(network, network.initialize(0))
    softmax = lamina.Network(4, [lamina.Dense(3)], "softmax")
    with pytest.raises(lamina.ArgumentError, match="the output must be 'identity'"):
        collapse(softmax, softmax.initialize(0))


def test_to_network_and_back_keeps_function_and_weights():
    net = DeepLinear.random([3, 5, 2], random_state=0)
    network, parameters = net.to_network()
    X = np.random.RandomState(1).randn(7, 3)
    np.testing.assert_allclose(net(X), lamina.spec.network.predict(network, parameters, X))
    back = DeepLinear.from_network(network, parameters)
    assert all(np.array_equal(a, b) for a, b in zip(net.weights, back.weights, strict=True))
    parameters[0][1][:] = 1.0
    with pytest.raises(lamina.ArgumentError, match="bias of layer 1"):
        DeepLinear.from_network(network, parameters)


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (lambda x: x @ np.ones((3, 2)), "linear"),
        (lambda x: x[:, 0] - 2 * x[:, 2], "linear"),
        (lambda x: np.zeros((len(x), 2)), "linear"),
        (lambda x: x + 1e-3, "affine"),
        (lambda x: np.ones(len(x)), "affine"),
        (lambda x: np.maximum(x, 0), "neither"),
        (lambda x: np.abs(x).sum(axis=1), "neither"),
        (lambda x: x + 1e-4 * np.sin(x), "neither"),
        (lambda x: x * x.sum(axis=1, keepdims=True), "neither"),
        (lambda x: np.cbrt((x**3).sum(axis=1)), "neither"),  # homogeneous, not additive
        (lambda x: np.round(x), "neither"),
    ],
)
def test_functions_of_known_kind(f, kind):
    found = superposition(f, 3)
    assert found.kind == kind
    assert (found.counterexample is None) == found.is_linear


def test_homogeneous_but_not_additive_is_told_apart():
    found = superposition(lambda x: np.cbrt((x**3).sum(axis=1)), 3)
    assert found.homogeneity < 1e-12 < 1e-2 < found.additivity


def test_the_matrix_is_read_off():
    layer = AffineLayer(np.random.RandomState(0).randn(4, 3), [1.0, 2.0, 3.0])
    found = superposition(layer)
    np.testing.assert_allclose(found.matrix, layer.matrix, rtol=1e-12)
    assert found.matrix.shape == (3, 4)  # m x n; note 003 writes n x m
    assert found.offset.tolist() == [1.0, 2.0, 3.0]


def test_a_counterexample_can_be_checked_by_hand():
    c = superposition(np.abs, 1).counterexample
    combined = abs(c.alpha * c.x[0] + c.beta * c.y[0])
    assert combined == pytest.approx(c.combined[0])
    assert c.alpha * abs(c.x[0]) + c.beta * abs(c.y[0]) == pytest.approx(c.sum[0])
    assert abs(c.combined[0] - c.sum[0]) > 0.1 * combined


@pytest.mark.parametrize(
    ("activation", "zero_bias", "kind"),
    [("identity", True, "linear"), ("identity", False, "affine"), ("relu", True, "neither")],
)
def test_networks(activation, zero_bias, kind):
    network = lamina.Network.mlp(3, [8], 2, activation=activation)
    parameters = [(w, b * (not zero_bias)) for w, b in network.initialize(0)]
    found = superposition(network, parameters=parameters)
    assert found.kind == kind
    assert kind in str(found)


def test_float32_is_judged_by_its_own_rounding():
    weights = np.random.RandomState(0).randn(30, 4).astype(np.float32)
    found = superposition(lambda x: x.astype(np.float32) @ weights, 30)
    assert found.kind == "linear"
    assert found.tolerance > 1e-4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.abs,), "n_inputs must be an integer"),
        ((3, 2), "f must be a callable"),
        ((lambda x: x[:1], 2), "returns one row for each"),
        ((lambda x: x * np.inf, 2), "finite"),
        ((lambda x: np.full(len(x), "a"), 2), "finite numbers"),
        ((lamina.Network.mlp(2, [], 1),), "parameters must be the .W, b. of each layer"),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments, words):
    with np.errstate(invalid="ignore"), pytest.raises(lamina.ArgumentError, match=words):
        superposition(*arguments)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "a matrix of shape"),
        ([1.0, 2.0], "a matrix of shape"),
        ([[1.0], [1.0, 2.0]], "an array of numbers"),
        ([["a"]], "an array of numbers"),
        ([[True]], "an array of numbers"),
        ([[1j]], "an array of numbers"),
        (np.array([[1, None]], dtype=object), "an array of numbers"),
    ],
)
def test_what_is_no_matrix_is_named(values, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        AffineLayer(values)


def test_nan_is_named_with_its_place():
    with pytest.raises(ValueError, match="weights must be finite, got nan at row 1, column 0"):
        AffineLayer([[1.0], [np.nan]])


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(lamina.ArgumentError, match="weights of layer 2"):
        DeepLinear([np.ones((2, 3)), np.ones((2, 2))])
    with pytest.raises(lamina.ArgumentError, match="a layer of 1 input, as"):
        AffineLayer([[1.0]]).then(AffineLayer([[1.0], [1.0]]))
    with pytest.raises(lamina.ArgumentError, match="at least one matrix"):
        DeepLinear([])


def test_nothing_of_the_users_is_kept_or_changed():
    weights = np.ones((2, 2))
    layer, net = AffineLayer(weights), DeepLinear([weights, weights])
    weights[:] = 7.0
    assert layer.weights.tolist() == net.weights[0].tolist() == [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="read-only"):
        layer.weights[0, 0] = 2.0


def test_strided_and_read_only_input_is_taken():
    X = np.asfortranarray(np.arange(24.0).reshape(6, 4))[::2, ::-1]
    X.setflags(write=False)
    layer = AffineLayer(np.eye(4))
    assert np.array_equal(layer(X), X)
