"""The gradient check passes for every network and names what is wrong with a broken one."""

import numpy as np
import pytest

import lamina
from lamina.plan.losses import LOSSES
from lamina.spec.activations import ACTIVATIONS, Activation
from lamina.spec.losses import CANONICAL, ROWWISE

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(7, 3))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_passes(activation):
    network = lamina.Network.mlp(3, [5, 4], 2, activation=activation, output="softmax")
    check = lamina.check_gradients(network, X, np.eye(2)[[0, 1, 0, 1, 1, 0, 1]], alpha=0.3)
    assert check.ok, str(check)
    assert [block.name for block in check.blocks] == ["W_1", "b_1", "W_2", "b_2", "W_3", "b_3"]


PAIRS = list(CANONICAL)
PAIRS += [
    (output, loss)
    for output in ACTIVATIONS
    for loss in ("squared_error", "absolute_error", "huber", "quantile")
]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_every_pair_of_output_and_loss_passes_with_weights(output, loss):
    own = lamina.Quantiles((0.2, 0.7)) if loss == "quantiles" else LOSSES[loss]()
    network = lamina.Network.mlp(3, [4], 2, activation="tanh", output=output, loss=own)
    y = np.eye(2)[[0, 1, 0, 1, 1, 0, 1]] + (0.5 if loss == "gamma" else 0.0)
    check = lamina.check_gradients(network, X, y, sample_weight=RANDOM.uniform(size=7))
    assert check.ok, str(check)


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", lamina.CrossEntropy(smoothing=0.2)),
        ("softmax", lamina.Focal(gamma=0.5)),
        ("logistic", lamina.BinaryFocal(gamma=4)),
        ("logistic", lamina.BinaryCrossEntropy(smoothing=0.2)),
        ("logistic", lamina.BinaryCrossEntropy(positive=(3, 0.5), negative=(0.2, 1))),
    ],
    ids=repr,
)
def test_losses_with_other_options_pass(output, loss):
    network = lamina.Network.mlp(
        3, [4, 4], 2, activation=[lamina.LeakyReLU(0.3), "mish"], output=output, loss=loss
    )
    check = lamina.check_gradients(network, X, np.eye(2)[[0, 1, 0, 1, 1, 0, 1]], alpha=0.2)
    assert check.ok, str(check)


def log_cosh(h, y):
    return np.log(np.cosh(h - y)).sum(axis=1)


@pytest.mark.parametrize("output", [*ACTIVATIONS, *ROWWISE])
def test_a_loss_of_the_users_own_passes_with_every_output(output):
    own = lamina.CustomLoss(log_cosh, lambda h, y: np.tanh(h - y))
    network = lamina.Network.mlp(3, [4], 2, activation="tanh", output=output, loss=own)
    assert lamina.check_gradients(network, X, X[:, :2]).ok  # targets of any kind


@pytest.mark.parametrize(
    "wrong",
    [
        lambda h, y: np.tanh(y - h),
        lambda h, y: np.tanh(h - y) * [1, 1.01],
        lambda h, y: h - y,
        lambda h, y: np.tanh(h - y) / len(h),  # the mean is taken by the loop, not by the loss
    ],
    ids=["sign", "one output", "another loss", "mean"],
)
def test_a_wrong_gradient_of_the_users_own_is_found(wrong):
    own = lamina.CustomLoss(log_cosh, wrong)
    network = lamina.Network.mlp(3, [4], 2, activation="tanh", loss=own)
    check = lamina.check_gradients(network, X, X[:, :2])
    assert not check.ok
    assert "GRADIENTS DISAGREE" in str(check)


@pytest.mark.parametrize(
    ("value", "gradient", "words"),
    [
        (lambda h, y: h - y, lambda h, y: h - y, r"value\(h, y\) must return .* \(7,\) .*\(7, 2\)"),
        (log_cosh, lambda h, y: h[:, 0], r"gradient\(h, y\) must return .* \(7, 2\) .*\(7,\)"),
        (lambda h, y: 1.0, lambda h, y: h - y, r"value\(h, y\) must return .* got \(\)"),
    ],
)
def test_a_loss_of_the_users_own_of_another_shape_is_named(value, gradient, words):
    network = lamina.Network.mlp(3, [4], 2, loss=lamina.CustomLoss(value, gradient))
    with pytest.raises(ValueError, match=words):
        lamina.check_gradients(network, X, X[:, :2])


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
        (
            {
                "network": lamina.Network.mlp(3, [4], 1, output="exp", loss="gamma"),
                "y": np.zeros(7),
            },
            "y must be above 0 for the gamma loss, got 0.0",
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
