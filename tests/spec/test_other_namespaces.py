"""The spec on a namespace other than NumPy's: array_api_strict, which has nothing but the standard.

Results are compared with the NumPy ones, which the other tests hold to their oracles.
"""

import numpy as np
import pytest

from lamina import GradientDescent, Network, WeightDecay
from lamina.plan import Clock
from lamina.plan.rules import RULES
from lamina.spec import losses, training
from lamina.spec import network as propagation
from lamina.spec.activations import (
    ACTIVATIONS,
    inverse_logistic,
    log_softmax,
    log_sum_exp,
    softmax,
)
from lamina.spec.arrays import erfc, xlogy

xp = pytest.importorskip("array_api_strict")

Z = np.linspace(-3, 3, 12).reshape(3, 4)
Y = np.eye(4)[:3]
WEIGHTS = np.array([1.0, 2.0, 0.5])
PAIRS = [(o, e) for o in ACTIVATIONS for e in losses.OF_PREDICTION] + list(losses.CANONICAL)
DIGITS = {"rel": 1e-14, "abs": 1e-15}


def strict(array):
    return xp.asarray(array)


def plain(array):
    """Return a strict array as a NumPy one; an array of another kind is an error."""
    assert isinstance(array, type(strict(Z)))
    return np.asarray(array)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations(name):
    phi = ACTIVATIONS[name]
    h = phi.value(strict(Z))
    assert plain(h) == pytest.approx(phi.value(Z), **DIGITS)
    slope = plain(phi.derivative(strict(Z), h))
    assert slope == pytest.approx(phi.derivative(Z, phi.value(Z)), **DIGITS)


@pytest.mark.parametrize("function", [log_sum_exp, log_softmax, softmax, erfc])
def test_functions_of_one_array(function):
    assert plain(function(strict(Z))) == pytest.approx(function(Z), **DIGITS)


def test_inverse_logistic_and_xlogy():
    p = np.array([0.1, 0.9])
    assert plain(inverse_logistic(strict(p))) == pytest.approx(inverse_logistic(p), **DIGITS)
    x = np.array([0.0, 2.0])
    assert plain(xlogy(strict(x), strict(p))) == pytest.approx(xlogy(x, p), **DIGITS)


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=str)
def test_losses(output, loss):
    head = losses.head(output, loss)
    assert plain(head.value(strict(Z), strict(Y))) == pytest.approx(head.value(Z, Y), **DIGITS)
    assert plain(head.delta(strict(Z), strict(Y))) == pytest.approx(head.delta(Z, Y), **DIGITS)


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("logistic", "binary_cross_entropy")]
)
def test_floors(output, loss):
    head = losses.head(output, loss)
    value = plain(head.value(strict(9 * Z), strict(Y), floor=1e-3))
    assert value == pytest.approx(head.value(9 * Z, Y, floor=1e-3), **DIGITS)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
def test_mean_loss(weights):
    per_sample = np.array([0.5, 1.5, 4.0])
    ours = losses.mean_loss(strict(per_sample), None if weights is None else strict(weights))
    assert float(ours) == pytest.approx(losses.mean_loss(per_sample, weights), **DIGITS)


@pytest.fixture
def both():
    """Return a network and its parameters in both namespaces."""
    network = Network.mlp(4, [5, 3], 4, activation=["tanh", "gelu"], output="softmax")
    parameters = network.initialize(0)
    return network, parameters, [tuple(strict(p) for p in own) for own in parameters]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
def test_forward_and_backward(both, weights):
    network, parameters, own = both
    results = []
    for p, x, y, s in ((parameters, Z, Y, weights), (own, strict(Z), strict(Y), weights)):
        s = strict(s) if s is not None and p is own else s
        passed = propagation.forward(network, p, x)
        results.append((passed, propagation.backward(network, p, passed, y, s, 0.1)))
    (passed, back), (their_passed, their_back) = results
    assert plain(their_passed.prediction) == pytest.approx(passed.prediction, **DIGITS)
    assert plain(their_back.loss) == pytest.approx(back.loss, **DIGITS)
    for ours, theirs in zip(back.gradients, their_back.gradients, strict=True):
        assert plain(theirs[0]) == pytest.approx(ours[0], **DIGITS)
        assert plain(theirs[1]) == pytest.approx(ours[1], **DIGITS)


def test_penalty_prediction_and_single_samples(both):
    network, parameters, own = both
    x, y = strict(Z), strict(Y)
    assert propagation.penalty(own, 0.3) == pytest.approx(propagation.penalty(parameters, 0.3))
    prediction = plain(propagation.predict(network, own, x))
    assert prediction == pytest.approx(propagation.predict(network, parameters, Z), **DIGITS)
    theirs = propagation.per_sample_gradients(network, own, x, y)
    ours = propagation.per_sample_gradients(network, parameters, Z, Y)
    assert plain(theirs[2][1][0]) == pytest.approx(ours[2][1][0], **DIGITS)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize(
    "rule", [*(r() for r in RULES.values()), WeightDecay(GradientDescent())], ids=str
)
def test_training_steps_with_every_rule(both, rule, weights):
    network, parameters, own = both
    scalars = [rule.scalars(t, 0.1, Clock(t - 1, 0, 0, 1)) for t in (1, 2, 3)]
    s = None if weights is None else strict(weights)
    ours, our_losses = training.descend(
        network, rule.kind, parameters, [(Z, Y, weights)] * 3, scalars, l2=0.1
    )
    theirs, their_losses = training.descend(
        network, rule.kind, own, [(strict(Z), strict(Y), s)] * 3, scalars, l2=0.1
    )
    assert their_losses == pytest.approx(our_losses, rel=1e-12)
    for layer, other in zip(ours, theirs, strict=True):
        assert plain(other[0]) == pytest.approx(layer[0], rel=1e-10, abs=1e-13)
        assert plain(other[1]) == pytest.approx(layer[1], rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_float32_stays_float32(name):
    z = xp.asarray(Z, dtype=xp.float32)
    h = ACTIVATIONS[name].value(z)
    assert h.dtype == ACTIVATIONS[name].derivative(z, h).dtype == xp.float32
