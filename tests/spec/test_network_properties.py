"""Backpropagation as a whole: finite differences, sums over samples, weights, and the V product."""

import numpy as np
import pytest

from lamina import (
    BinaryCrossEntropy,
    BinaryFocal,
    CrossEntropy,
    CustomLoss,
    Dense,
    Focal,
    Huber,
    LeakyReLU,
    Network,
    Quantile,
)
from lamina.spec import losses
from lamina.spec import network as propagation
from lamina.spec.layers.dense import activation_of

STEP = 1e-5


def own_value(h, y):
    return (np.log(h[:, 0]) - y[:, 1]) ** 2 + np.sum(h**3, axis=1)


def own_gradient(h, y):
    first = 2 * (np.log(h[:, :1]) - y[:, 1:2]) / h[:, :1]
    return np.hstack([first, 0 * first]) + 3 * h**2


OWN = CustomLoss(own_value, own_gradient)
NETWORKS = {
    "linear": Network(3, [Dense(2)]),
    "classifier": Network.mlp(3, [5, 4], 3, activation=["tanh", "gelu"], output="softmax"),
    "multilabel": Network.mlp(3, [4, 4], 2, activation=["silu", "mish"], output="logistic"),
    "counts": Network.mlp(3, [4], 2, activation="softplus", output="exp"),
    "huber": Network.mlp(3, [4], 2, activation="elu", loss=Huber(0.5)),
    "bounded": Network.mlp(3, [4, 3], 2, activation=["logistic", "selu"], output="tanh"),
    "quantile": Network.mlp(3, [5], 2, activation="leaky_relu", loss=Quantile(0.9)),
    "quantiles": Network.mlp(3, [4], 3, activation="tanh", output="ascending"),
    "focal": Network.mlp(3, [4], 3, activation="mish", output="softmax", loss=Focal(1.5)),
    "smoothed": Network.mlp(3, [4], 3, output="softmax", loss=CrossEntropy(smoothing=0.1)),
    "focal bits": Network.mlp(3, [4], 2, output="logistic", loss=BinaryFocal(0.5)),
    "weighted bits": Network.mlp(
        3, [4], 2, output="logistic", loss=BinaryCrossEntropy(positive=(2, 3), negative=(1, 0.5))
    ),
    "gamma": Network.mlp(3, [4], 2, activation="silu", output="exp", loss="gamma"),
    "slopes": Network.mlp(3, [4, 4], 2, activation=[LeakyReLU(0.3), LeakyReLU(0.7)]),
    "own": Network.mlp(3, [4], 2, activation="tanh", output="softmax", loss=OWN),
    "positive": Network.mlp(3, [5], 2, activation="exp", output="softplus", loss="squared_error"),
}


def setting(name, n=7):
    """Return a network, its parameters, x, y and weights (one of them 0)."""
    network, random = NETWORKS[name], np.random.RandomState(4)
    parameters = network.initialize(random)
    x, y = random.normal(size=(n, 3)), random.normal(size=(n, network.n_outputs))
    if network.output == "softmax":
        y = np.eye(network.n_outputs)[y.argmax(axis=1)]
    elif network.output in ("logistic", "exp"):
        y = (y > 0).astype(float)
    elif network.output == "ascending":
        y = np.repeat(y[:, :1], network.n_outputs, axis=1)
    if network.loss_name == "gamma":
        y = y + random.uniform(0.1, 1.0, size=y.shape)
    weights = random.uniform(0.2, 2.0, size=n)
    weights[2] = 0.0
    return network, parameters, x, y, weights


def gradients(network, parameters, x, y, weights=None, l2=0.0):
    passed = propagation.forward(network, parameters, x)
    return propagation.backward(network, parameters, passed, y, weights, l2).gradients


def objective(network, parameters, x, y, weights, l2):
    """Return the number whose gradient `backward` says it gives, from the forward pass alone."""
    z = propagation.forward(network, parameters, x).layers[-1].h
    head = losses.head(network.output, network.loss_name)
    per_sample = head.value(z, y, **network.loss_options)
    squares = sum((w**2).sum() for w, _ in parameters)
    return (weights @ per_sample + 0.5 * l2 * squares) / weights.sum()


def differences(function, parameters):
    """Return the central differences of `function` by every entry of every parameter."""
    result = []
    for own in parameters:
        slopes = []
        for array in own:
            slope = np.empty_like(array)
            for index in np.ndindex(*array.shape):
                kept = array[index]
                array[index] = kept + STEP
                up = function(parameters)
                array[index] = kept - STEP
                slope[index] = (up - function(parameters)) / (2 * STEP)
                array[index] = kept
            slopes.append(slope)
        result.append(tuple(slopes))
    return result


@pytest.mark.parametrize("l2", [0.0, 0.4])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_gradients_are_central_differences_of_the_objective(name, l2):
    network, parameters, x, y, weights = setting(name)
    ours = gradients(network, parameters, x, y, weights, l2)
    numeric = differences(lambda p: objective(network, p, x, y, weights, l2), parameters)
    for own, expected in zip(ours, numeric, strict=True):
        assert own[0] == pytest.approx(expected[0], rel=1e-7, abs=1e-9)
        assert own[1] == pytest.approx(expected[1], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_batch_gradient_is_the_mean_of_the_samples_own(name):
    network, parameters, x, y, _ = setting(name)
    whole = gradients(network, parameters, x, y)
    one_by_one = propagation.per_sample_gradients(network, parameters, x, y)
    for layer, own in enumerate(whole):
        for k, gradient in enumerate(own):
            mean = np.mean([row[layer][k] for row in one_by_one], axis=0)
            assert gradient == pytest.approx(mean, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["classifier", "huber"])
def test_a_weight_of_two_is_the_sample_twice(name):
    network, parameters, x, y, _ = setting(name)
    weights = np.array([2.0, 1, 1, 1, 1, 1, 0])
    once = gradients(network, parameters, x, y, weights, 0.3)
    rows = [0, 0, 1, 2, 3, 4, 5]
    twice = gradients(network, parameters, x[rows], y[rows], None, 0.3)
    for own, expected in zip(once, twice, strict=True):
        assert own[0] == pytest.approx(expected[0], rel=1e-12, abs=1e-15)
        assert own[1] == pytest.approx(expected[1], rel=1e-12, abs=1e-15)


def test_the_penalty_is_on_weights_and_not_on_biases():
    network, parameters, x, y, _ = setting("classifier")
    plain = gradients(network, parameters, x, y)
    with_l2 = gradients(network, parameters, x, y, l2=0.7)
    for (w, _), own, other in zip(parameters, plain, with_l2, strict=True):
        assert other[0] - own[0] == pytest.approx(0.7 * w / len(x), rel=1e-10, abs=1e-15)
        np.testing.assert_array_equal(other[1], own[1])


def test_penalty_is_half_the_squared_frobenius_norm():
    _, parameters, *_ = setting("classifier")
    expected = sum(np.linalg.norm(w, "fro") ** 2 for w, _ in parameters) * 0.5 * 0.3
    assert propagation.penalty(parameters, 0.3) == pytest.approx(expected, rel=1e-14)
    assert propagation.penalty(parameters, 0.0) == 0.0


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_layer_obeys_the_v_product_of_note_004(name):
    """With column vectors: grad W^l = Diag(phi'^l) V^{l+1} ... V^L delta^L (a^{l-1})^T.

    The product starts at l + 1 (one line of the note has V^l) and V^l = (W^l)^T Diag(phi'^l).
    """
    network, parameters, x, y, _ = setting(name)
    grads = propagation.per_sample_gradients(network, parameters, x[:1], y[:1])[0]
    passed = propagation.forward(network, parameters, x[:1])
    head = losses.head(network.output, network.loss_name)
    d_z = head.delta(passed.layers[-1].h, y[:1], **network.loss_options).T
    inputs = [x[:1].T, *(trace.h.T for trace in passed.layers)]
    slopes = [
        np.diagflat(activation_of(layer).derivative(trace.z, trace.h))
        for layer, trace in zip(network.layers, passed.layers, strict=True)
    ]
    flows = [w @ slope for (w, _), slope in zip(parameters, slopes, strict=True)]
    for at, (gradient, bias) in enumerate(grads):
        # The identity of the last layer makes its Diag(phi') the unit matrix.
        arriving = np.linalg.multi_dot([*flows[at + 1 :], d_z]) if flows[at + 1 :] else d_z
        column = slopes[at] @ arriving
        assert gradient == pytest.approx(inputs[at] @ column.T, rel=1e-10, abs=1e-15)
        assert bias == pytest.approx(column[:, 0], rel=1e-10, abs=1e-15)


def test_parameters_and_data_are_not_written_to():
    network, parameters, x, y, weights = setting("classifier")
    for array in (x, y, weights, *(p for own in parameters for p in own)):
        array.flags.writeable = False
    assert len(gradients(network, parameters, x, y, weights, 0.1)) == 3


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_float32_stays_float32(name):
    network, parameters, x, y, weights = setting(name)
    parameters = [tuple(p.astype(np.float32) for p in own) for own in parameters]
    x, y, weights = (a.astype(np.float32) for a in (x, y, weights))
    passed = propagation.forward(network, parameters, x)
    back = propagation.backward(network, parameters, passed, y, weights, 0.1)
    assert passed.prediction.dtype == back.loss.dtype == np.float32
    assert {g.dtype for own in back.gradients for g in own} == {np.dtype(np.float32)}
