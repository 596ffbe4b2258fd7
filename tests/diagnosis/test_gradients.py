"""The gradient check passes for every network and names what is wrong with a broken one."""

import numpy as np
import pytest

import lamina
from lamina.plan.losses import LOSSES
from lamina.plan.network import CANONICAL_LOSS
from lamina.spec.activations import ACTIVATIONS, Activation

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(7, 3))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_passes(activation):
    network = lamina.Network.mlp(3, [5, 4], 2, activation=activation, output="softmax")
    check = lamina.check_gradients(network, X, np.eye(2)[[0, 1, 0, 1, 1, 0, 1]], alpha=0.3)
    assert check.ok, str(check)
    assert [block.name for block in check.blocks] == ["W_1", "b_1", "W_2", "b_2", "W_3", "b_3"]


PAIRS = [(output, loss) for output, loss in CANONICAL_LOSS.items()]
PAIRS += [
    (output, loss)
    for output in ACTIVATIONS
    for loss in ("squared_error", "absolute_error", "huber", "quantile")
]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_pair_of_output_and_loss_passes_with_weights(output, loss):
    network = lamina.Network.mlp(3, [4], 2, activation="tanh", output=output, loss=LOSSES[loss]())
    y = np.eye(2)[[0, 1, 0, 1, 1, 0, 1]]
    check = lamina.check_gradients(network, X, y, sample_weight=RANDOM.uniform(size=7))
    assert check.ok, str(check)


def test_the_network_of_an_estimator_passes_at_its_own_weights():
    model = lamina.MLPRegressor("squared_error", (6,), "logistic", max_iter=5, random_state=0).fit(
        X, X[:, 0]
    )
    parameters = list(zip(model.coefs_, model.intercepts_, strict=True))
    assert lamina.check_gradients(model.network_, X, X[:, 0], parameters).ok


def test_a_wrong_derivative_is_found_and_its_block_named(monkeypatch):
    wrong = Activation(ACTIVATIONS["tanh"].value, lambda z, h: 1 - h)
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    network = lamina.Network.mlp(3, [4], 1, activation="tanh")
    check = lamina.check_gradients(network, X, X[:, 0])
    assert not check.ok
    assert {block.name for block in check.blocks if block.error > 1e-5} == {"W_1", "b_1"}
    assert f"GRADIENTS DISAGREE: worst is {check.worst.name}" in str(check)


def test_huge_inputs_and_targets_are_not_accused_of_their_rounding():
    network = lamina.Network.mlp(3, [4], 1, activation="identity")
    assert lamina.check_gradients(network, 1e6 * X, 1e6 * X[:, 0]).ok


def test_large_arrays_are_sampled_and_the_parameters_left_alone():
    network = lamina.Network.mlp(3, [200], 1, activation="tanh")
    parameters = network.initialize(0)
    copy = parameters[0][0].copy()
    check = lamina.check_gradients(network, X, X[:, 0], parameters, max_entries=20)
    assert [block.n_checked for block in check.blocks] == [20, 20, 20, 1]
    np.testing.assert_array_equal(parameters[0][0], copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": X[:, :2]}, r"X must be of shape \(n_samples, 3\)"),
        ({"y": np.ones((7, 2))}, r"y must be of shape \(n_samples, 1\)"),
        ({"y": np.ones(6)}, "y must be of 7 rows"),
        (
            {"network": lamina.Network.mlp(3, [4], 2, output="softmax"), "y": np.ones((7, 2))},
            "y must be rows that sum to 1 for softmax, as row 0 does not",
        ),
        (
            {"network": lamina.Network.mlp(3, [4], 1, output="exp"), "y": -np.ones(7)},
            "y must be not negative for the Poisson loss, got -1.0",
        ),
        ({"X": np.full((7, 3), np.nan)}, r"X must be finite, got 'nan at \[0, 0\]'"),
        ({"network": "mlp"}, "network must be a Network"),
        ({"tolerance": 0}, r"tolerance must be a number in \(0, inf\)"),
        ({"parameters": [(np.ones((3, 2)), np.ones(2))]}, "parameters must be arrays of shapes"),
        ({"sample_weight": np.ones(3)}, r"sample_weight must be of shape \(7,\)"),
        ({"alpha": -1}, "alpha must be a number"),
    ],
)
def test_bad_arguments_are_named(change, words):
    arguments = {"network": lamina.Network.mlp(3, [4], 1), "X": X, "y": X[:, 0], **change}
    with pytest.raises(lamina.ArgumentError, match=words):
        lamina.check_gradients(**arguments)
