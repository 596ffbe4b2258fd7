"""Networks: which combinations there are, their sizes, and scikit-learn's initial weights."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lamina import (
    ArgumentError,
    BinaryCrossEntropy,
    CrossEntropy,
    CustomLoss,
    Dense,
    Huber,
    LeakyReLU,
    Network,
    Poisson,
    Quantiles,
    SquaredError,
)
from lamina.plan.losses import LOSSES, loss_of
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CANONICAL, CUSTOM, OF_PREDICTION, ROWWISE, head

OUTPUTS = [*ROWWISE, *ACTIVATIONS]


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_network_exists_exactly_where_the_spec_has_the_pair(output, loss):
    try:
        head(output, loss)
    except KeyError:
        with pytest.raises(
            ArgumentError, match=f"^loss must be one of .* for the output '{output}'"
        ):
            Network(2, [Dense(3)], output, loss)
    else:
        assert Network(2, [Dense(3)], output, loss).loss == loss_of(loss)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_default_loss_is_the_one_that_belongs_to_the_output(output):
    """What a maximum-likelihood fit of the output's own distribution would take."""
    own = {"softmax": "cross_entropy", "logistic": "binary_cross_entropy", "exp": "poisson"}
    expected = {**own, "ascending": "quantiles"}.get(output, "squared_error")
    assert Network(2, [Dense(3)], output).loss_name == expected


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_loss_of_the_users_own_goes_with_every_output(output):
    own = CustomLoss(np.hypot, np.subtract)
    network = Network(2, [Dense(3)], output, own)
    assert network.loss_name == CUSTOM
    assert sorted(network.loss_options) == ["gradient", "value"]
    assert network.loss.numbers(3) == []
    head(output, CUSTOM)


def test_what_a_loss_of_the_users_own_returns_is_checked():
    """The shapes; numbers are brought to the dtype of the predictions."""
    h = y = np.ones((4, 2), np.float32)
    right = CustomLoss(lambda h, y: [1, 2, 3, 4], lambda h, y: np.ones((4, 2))).options
    assert right["value"](h, y).tolist() == [1, 2, 3, 4]
    assert right["value"](h, y).dtype == right["gradient"](h, y).dtype == np.float32
    wrong = CustomLoss(lambda h, y: 1.0, lambda h, y: np.ones(4)).options
    with pytest.raises(
        ValueError, match=r"^the loss's value\(h, y\) must return .* \(4,\) .*, got \(\)"
    ):
        wrong["value"](h, y)
    with pytest.raises(
        ValueError, match=r"^the loss's gradient\(h, y\) must .* \(4, 2\) .* \(4,\)"
    ):
        wrong["gradient"](h, y)


@pytest.mark.parametrize(
    ("outputs", "output", "loss", "words"),
    [
        (2, "ascending", Quantiles(), "levels must be of 2 entries, one per output, got"),
        (3, "ascending", Quantiles((0.5,)), "levels must be of 3 entries"),
        (2, "ascending", None, "levels must be of 2 entries"),
        (
            2,
            "logistic",
            BinaryCrossEntropy(positive=[1.0], negative=[1.0]),
            "positive must be of 2",
        ),
        (
            2,
            "logistic",
            BinaryCrossEntropy(positive=[1.0, 2], negative=[1.0] * 3),
            "negative must be of 2 entries, one per output",
        ),
    ],
)
def test_options_for_another_number_of_outputs_are_named(outputs, output, loss, words):
    with pytest.raises(ArgumentError, match=f"^{words}"):
        Network(2, [Dense(outputs)], output, loss)


def test_numbers_for_an_engine():
    """The floor, what y is multiplied by, what is added; then weights of 1 and of 0."""
    assert CrossEntropy(1e-7, 0.2).numbers(4) == [1e-7, 0.8, 0.05]
    assert BinaryCrossEntropy(smoothing=0.2).numbers(4) == [0.0, 0.8, 0.1]
    weighted = BinaryCrossEntropy(positive=(3, 1), negative=np.array([0.5, 0]))
    assert weighted.numbers(2) == [0.0, 1.0, 0.0, 3.0, 1.0, 0.5, 0.0]
    assert Quantiles((0.2, 0.7)).numbers(2) == [0.2, 0.7]
    assert Huber(2).numbers(5) == [2.0]
    assert SquaredError().numbers(5) == []


def test_a_slope_of_ones_own_for_each_layer():
    network = Network.mlp(3, [4, 5, 6], 1, activation=[LeakyReLU(0.2), "leaky_relu", LeakyReLU(0)])
    assert [layer.activation for layer in network.layers[:-1]] == ["leaky_relu"] * 3
    assert [layer.slope for layer in network.layers[:-1]] == [0.2, 0.01, 0]
    assert Network.mlp(3, [4], 1, activation=LeakyReLU()) == Network.mlp(
        3, [4], 1, activation="leaky_relu"
    )
    assert Dense(4, LeakyReLU(0.2)) == Dense(4, "leaky_relu", slope=0.2)
    assert repr(network).startswith(
        "Network(3 -> 4 leaky_relu(0.2) -> 5 leaky_relu -> 6 leaky_relu(0)"
    )
    assert Network.mlp(3, [], 1, activation=LeakyReLU(0.2)) == Network(3, [Dense(1)])


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_a_slope_is_what_the_negative_side_is_multiplied_by(slope):
    layer = Dense(2, LeakyReLU(slope))
    trace = layer.kind.forward(layer, (np.eye(2), np.zeros(2)), np.array([[-2.0, 3.0]]))
    assert trace.h.tolist() == [[-2.0 * slope, 3.0]]


def test_every_loss_of_the_spec_has_its_object():
    assert set(LOSSES) == set(OF_PREDICTION) | {loss for _, loss in CANONICAL}
    for name, kind in LOSSES.items():
        assert kind().name == name


def test_a_loss_may_be_an_object_with_options():
    network = Network(2, [Dense(3)], loss=Huber(0.3))
    assert network.loss == Huber(0.3)
    assert network.loss_options == {"width": 0.3}
    assert Network(2, [Dense(3)], "softmax", CrossEntropy(1e-7)).loss_options == {
        "floor": 1e-7,
        "smoothing": 0.0,
    }
    assert SquaredError().options == Poisson().options == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, Dense(3)), "layers must be a sequence of Dense layers, got Dense"),
        ((2, "33"), "layers must be a sequence of Dense layers, got '33'"),
        ((2, None), "layers must be a sequence of Dense layers, got None"),
        ((2, {Dense(3)}), "layers must be a sequence of Dense layers, got {"),
        ((2, []), "layers must be a sequence of at least one Dense layer"),
        ((2, [Dense(3), 3]), "layers must be a sequence of at least one Dense layer"),
        ((2, [Dense(3, "tanh")]), "the last layer's activation must be 'identity'"),
        ((2, [Dense(3)], None), "output must be one of 'softmax', 'ascending', 'identity'"),
        ((2, [Dense(3)], "identity", "mse"), "loss must be one of 'squared_error'"),
        ((2, [Dense(3)], "identity", Huber), "loss must be one of 'squared_error'"),
        (
            (2, [Dense(3)], "softmax", Huber()),
            "loss must be one of .'cross_entropy', 'custom', 'focal'. for",
        ),
        ((2, [Dense(3)], LeakyReLU()), "output must be one of 'softmax'"),
        ((2, [Dense(3)], "ascending", Huber()), "loss must be one of .'custom', 'quantiles'. for"),
        ((2, [Dense(3, LeakyReLU())]), "the last layer's activation must be 'identity'"),
        ((0, [Dense(3)]), r"n_inputs must be an integer in \[1, inf\), got 0"),
    ],
)
def test_what_does_not_make_a_network_is_named(arguments, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        Network(*arguments)


@pytest.mark.parametrize(
    ("hidden", "activation", "message"),
    [
        (5, "relu", "hidden must be a sequence of integers, one per hidden layer, got 5"),
        ("55", "relu", "hidden must be a sequence"),
        (None, "relu", "hidden must be a sequence"),
        ([2.5], "relu", "units must be an integer"),
        ([0], "relu", "units must be an integer"),
        ([2, 2], ["relu"], "activation must be a name or a sequence of 2 names"),
        ([2], ["relu", "tanh"], "activation must be a name or a sequence of 1 names"),
        ([2], ["swish"], "activation must be one of 'identity'"),
        ([2], "swish", "activation must be one of 'identity'"),
        ([], "swish", "activation must be one of 'identity'"),
        ([2], LeakyReLU, "activation must be a name or a sequence of 1 names"),
        ([2, 2], [LeakyReLU()], "activation must be a name or a sequence of 2 names"),
        ([2], [0.2], "activation must be one of 'identity'"),
        ([2], 3, "activation must be a name or a sequence"),
        ([2], None, "activation must be a name or a sequence"),
    ],
)
def test_what_does_not_make_a_perceptron_is_named(hidden, activation, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        Network.mlp(3, hidden, 1, activation=activation)


def test_hidden_sizes_may_be_any_sequence():
    expected = Network.mlp(3, [4, 5], 1)
    assert Network.mlp(3, (4, 5), 1) == Network.mlp(3, np.array([4, 5]), 1) == expected


def test_sizes_shapes_and_number_of_parameters():
    network = Network.mlp(3, [4, 5], 2, output="softmax")
    assert network.sizes == [3, 4, 5, 2]
    assert network.n_outputs == 2
    assert network.shapes == [[(3, 4), (4,)], [(4, 5), (5,)], [(5, 2), (2,)]]
    assert network.n_parameters == 3 * 4 + 4 + 4 * 5 + 5 + 5 * 2 + 2
    drawn = [array.shape for own in network.initialize(0) for array in own]
    assert drawn == [shape for own in network.shapes for shape in own]


SKLEARN_OUTPUTS = {
    "identity": (MLPRegressor, None),
    "logistic": (MLPClassifier, "binary"),
    "softmax": (MLPClassifier, "multiclass"),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("hidden", [[6, 5], [7], []], ids=str)
@pytest.mark.parametrize("output", sorted(SKLEARN_OUTPUTS))
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_initial_weights_are_sklearns_bit_for_bit(activation, output, hidden, dtype):
    """Its `_initialize` with the same RandomState: weights, then biases, layer by layer."""
    kind, y_type = SKLEARN_OUTPUTS[output]
    model = kind(activation=activation)
    model._random_state = np.random.RandomState(3)
    if y_type:
        model._label_binarizer = type("Binarizer", (), {"y_type_": y_type})
    model._initialize(np.zeros((1, 2)), [4, *hidden, 2], dtype)
    assert model.out_activation_ == output
    ours = Network.mlp(4, hidden, 2, activation=activation, output=output).initialize(3, dtype)
    for (w, b), coef, intercept in zip(ours, model.coefs_, model.intercepts_, strict=True):
        assert w.dtype == b.dtype == dtype
        np.testing.assert_array_equal(w, coef)
        np.testing.assert_array_equal(b, intercept)


def test_an_int_and_its_random_state_draw_the_same():
    network = Network.mlp(3, [4], 2)
    for one, other in zip(
        network.initialize(5), network.initialize(np.random.RandomState(5)), strict=True
    ):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_no_random_state_draws_anew():
    network = Network.mlp(3, [4], 2)
    assert (network.initialize()[0][0] != network.initialize()[0][0]).any()


@pytest.mark.parametrize("wrong", [-1, 2**32, "seed", 0.5, True, np.random.default_rng(0)], ids=str)
def test_another_random_state_is_named(wrong):
    with pytest.raises(
        ArgumentError, match=r"^random_state must be an integer in \[0, 4294967295\]"
    ):
        Network(3, [Dense(1)]).initialize(wrong)
