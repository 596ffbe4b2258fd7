"""Forward and backward passes against PyTorch's autograd (stored goldens), every intermediate."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from lamina import Network
from lamina.spec import losses
from lamina.spec import network as propagation
from lamina.spec.activations import ACTIVATIONS

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "networks.json").read_text())
NAMES = sorted(set(GOLDENS) - {"made_by"})
DIGITS = {"rel": 1e-12, "abs": 1e-14}


@pytest.fixture(params=NAMES)
def case(request):
    """A golden case as arrays, with the network that it is of."""
    case = dict(GOLDENS[request.param])
    for name in ("x", "y", "prediction", "per_sample"):
        case[name] = np.array(case[name])
    for name in ("W", "b", "z", "h", "delta", "grad_W", "grad_b"):
        case[name] = [np.array(layer) for layer in case[name]]
    case["weights"] = None if case["weights"] is None else np.array(case["weights"])
    first, *hidden, last = case["sizes"]
    case["network"] = Network.mlp(
        first,
        hidden,
        last,
        activation=case["activations"] or "identity",
        output=case["output"],
        loss=case["loss_name"],
    )
    case["parameters"] = list(zip(case["W"], case["b"], strict=True))
    return case


@pytest.fixture
def passed(case):
    return propagation.forward(case["network"], case["parameters"], case["x"])


@pytest.fixture
def back(case, passed):
    return propagation.backward(
        case["network"], case["parameters"], passed, case["y"], case["weights"], case["l2"]
    )


def test_every_pre_activation_equals_torch(case, passed):
    for trace, z in zip(passed.layers, case["z"], strict=True):
        assert trace.z == pytest.approx(z, **DIGITS)


def test_every_activation_equals_torch(case, passed):
    for trace, h in zip(passed.layers, case["h"], strict=True):
        assert trace.h == pytest.approx(h, **DIGITS)


def test_prediction_equals_torch(case, passed):
    assert passed.prediction == pytest.approx(case["prediction"], **DIGITS)


def test_predict_is_the_forward_pass_without_its_traces(case, passed):
    prediction = propagation.predict(case["network"], case["parameters"], case["x"])
    np.testing.assert_array_equal(prediction, passed.prediction)


def test_loss_per_sample_equals_torch(case, back):
    expected = case["per_sample"]
    if case["loss_name"] == "poisson":  # torch leaves out the part that does not depend on z
        expected = expected + (scipy.special.xlogy(case["y"], case["y"]) - case["y"]).sum(axis=1)
    assert back.loss == pytest.approx(expected, **DIGITS)


def test_objective_equals_torch(case, back):
    total = len(case["x"]) if case["weights"] is None else case["weights"].sum()
    objective = losses.mean_loss(back.loss, case["weights"])
    objective += propagation.penalty(case["parameters"], case["l2"]) / total
    expected = case["objective"]
    if case["loss_name"] == "poisson":
        constant = (scipy.special.xlogy(case["y"], case["y"]) - case["y"]).sum(axis=1)
        expected += np.average(constant, weights=case["weights"])
    assert objective == pytest.approx(expected, **DIGITS)


def test_every_delta_equals_torch(case, back):
    """A sample's delta is the slope of its own loss times its weight: no mean, no penalty."""
    for layer, delta in zip(back.layers, case["delta"], strict=True):
        assert layer.delta == pytest.approx(delta, **DIGITS)


def test_every_weight_gradient_equals_torch(case, back):
    for (gradient, _), expected in zip(back.gradients, case["grad_W"], strict=True):
        assert gradient == pytest.approx(expected, **DIGITS)


def test_every_bias_gradient_equals_torch(case, back):
    for (_, gradient), expected in zip(back.gradients, case["grad_b"], strict=True):
        assert gradient == pytest.approx(expected, **DIGITS)


def test_goldens_hold_every_hidden_activation_and_canonical_pair():
    names = {name for case in NAMES for name in GOLDENS[case]["activations"]}
    pairs = {(GOLDENS[case]["output"], GOLDENS[case]["loss_name"]) for case in NAMES}
    assert names == set(ACTIVATIONS) - {"identity", "exp"}
    assert set(losses.CANONICAL) < pairs
