"""The spec on a namespace other than NumPy's: array_api_strict, which has nothing but the standard.

Results are compared with the NumPy ones, which the other tests hold to their oracles.
"""

import numpy as np
import pytest

from lamina import GradientDescent, Network, WeightDecay
from lamina.plan import Clock
from lamina.plan.rules import RULES
from lamina.spec import losses, regularization, training
from lamina.spec import network as propagation
from lamina.spec.activations import (
    ACTIVATIONS,
    ascending,
    inverse_logistic,
    log_softmax,
    log_sum_exp,
    softmax,
)
from lamina.spec.arrays import erfc, xlogy
from lamina.spec.regularization import Penalties

xp = pytest.importorskip("array_api_strict")

Z = np.linspace(-3, 3, 12).reshape(3, 4)
Y = np.eye(4)[:3]
WEIGHTS = np.array([1.0, 2.0, 0.5])
PAIRS = [(o, e) for o in ACTIVATIONS for e in losses.OF_PREDICTION] + list(losses.CANONICAL)
OPTIONS = {"quantiles": {"levels": (0.1, 0.4, 0.5, 0.9)}, "focal": {"gamma": 1.5}}
MORE = [
    ("softmax", "cross_entropy", {"smoothing": 0.1}),
    ("softmax", "focal", {"gamma": 0.0}),
    ("logistic", "binary_focal", {"gamma": 0.5}),
    ("logistic", "binary_cross_entropy", {"smoothing": 0.1}),
    (
        "logistic",
        "binary_cross_entropy",
        {"positive": (1.0, 2.0, 0.0, 3.0), "negative": (0.5, 1.0, 1.0, 2.0)},
    ),
]
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


@pytest.mark.parametrize("function", [log_sum_exp, log_softmax, softmax, ascending, erfc])
def test_functions_of_one_array(function):
    assert plain(function(strict(Z))) == pytest.approx(function(Z), **DIGITS)


def test_inverse_logistic_and_xlogy():
    p = np.array([0.1, 0.9])
    assert plain(inverse_logistic(strict(p))) == pytest.approx(inverse_logistic(p), **DIGITS)
    x = np.array([0.0, 2.0])
    assert plain(xlogy(strict(x), strict(p))) == pytest.approx(xlogy(x, p), **DIGITS)


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=str)
def test_losses(output, loss):
    check(output, loss, OPTIONS.get(loss, {}))


@pytest.mark.parametrize(("output", "loss", "options"), MORE, ids=str)
def test_losses_with_other_options(output, loss, options):
    check(output, loss, options)


def check(output, loss, options):
    """Hold a loss and its delta to those on NumPy."""
    head, y = losses.head(output, loss), Y + 0.5 if loss == "gamma" else Y
    for function in head:
        ours = function(Z, y, **options)
        assert plain(function(strict(Z), strict(y), **options)) == pytest.approx(ours, **DIGITS)
        single = function(
            xp.asarray(Z, dtype=xp.float32), xp.asarray(y, dtype=xp.float32), **options
        )
        assert single.dtype == xp.float32


@pytest.mark.parametrize("output", [*ACTIVATIONS, *losses.ROWWISE])
def test_a_loss_of_the_users_own_and_output_backward(output):
    options = {"value": lambda h, y: (h - y)[:, 0], "gradient": lambda h, y: h - y}
    head = losses.head(output, losses.CUSTOM)
    for function in head:
        ours = function(Z, Y, **options)
        assert plain(function(strict(Z), strict(Y), **options)) == pytest.approx(ours, **DIGITS)


def test_regularization_but_for_its_random_numbers():
    """Random numbers are NumPy's alone; what is done with them is not."""
    z, mask = strict(Z), np.where(Y == 1, 0.0, 2.0)
    own = Penalties(0.1, 0.2, 1.5, 2.0, 1.2)
    dropped = regularization.drop(z, strict(mask))
    assert plain(dropped) == pytest.approx(regularization.drop(Z, mask), **DIGITS)
    gradient = regularization.penalised(z, z, own)
    assert plain(gradient) == pytest.approx(regularization.penalised(Z, Z, own), **DIGITS)
    cut = plain(regularization.clip_value(z, 1.5))
    np.testing.assert_array_equal(cut, np.clip(Z, -1.5, 1.5))
    assert regularization.clip_factor([(z,)], 2.0) == pytest.approx(
        regularization.clip_factor([(Z,)], 2.0), **DIGITS
    )
    bounded = plain(regularization.max_norm(z, 1.2))
    assert bounded == pytest.approx(regularization.max_norm(Z, 1.2), **DIGITS)
    assert regularization.l1_penalty([(z,)], 0.3) == pytest.approx(0.3 * np.abs(Z).sum(), **DIGITS)


def test_a_step_with_penalties(both):
    network, parameters, own = both
    rule, results = GradientDescent(), []
    for p, x, y in ((parameters, Z, Y), (own, strict(Z), strict(Y))):
        slots = training.zero_slots(rule.kind, p)
        scalars = rule.scalars(1, 0.1, Clock(0, 0, 0, 1))
        penalties = Penalties(0.1, 0.2, 0.05, 0.1, 0.8)
        results.append(
            training.step(network, rule.kind, p, slots, (x, y, None), scalars, 0.9, 0.1, penalties)
        )
    assert results[0][:2] == pytest.approx(results[1][:2], rel=1e-12)
    for ours, theirs in zip(results[0].parameters, results[1].parameters, strict=True):
        assert plain(theirs[0]) == pytest.approx(ours[0], rel=1e-12, abs=1e-14)


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
