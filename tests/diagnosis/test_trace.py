"""A trace against PyTorch's autograd, its samples one by one, its bound, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import spec
from lamina.diagnosis.trace import Trace

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "traces.json").read_text())
NETWORKS = json.loads((Path(__file__).parents[1] / "goldens" / "networks.json").read_text())
NAMES = sorted(set(GOLDENS) - {"made_by"})
DIGITS = {"rel": 1e-12, "abs": 1e-14}
RANDOM = np.random.RandomState(0)
X, Y = RANDOM.normal(size=(6, 3)), np.eye(2)[[0, 1, 1, 0, 1, 0]]
NETWORK = lamina.Network.mlp(3, [4, 5], 2, activation="tanh", output="softmax")
PARAMETERS = NETWORK.initialize(0)


def network_of(case):
    first, *hidden, last = case["sizes"]
    return lamina.Network.mlp(
        first,
        hidden,
        last,
        activation=case["activations"] or "identity",
        output=case["output"],
        loss=case["loss_name"],
    )


@pytest.fixture(params=NAMES)
def golden(request):
    case = GOLDENS[request.param]
    parameters = [tuple(np.array(p) for p in own) for own in case["parameters"]]
    return case, lamina.trace(network_of(case), case["x"], case["y"], parameters)


def test_each_samples_derivatives_equal_torch(golden):
    case, trace = golden
    for i, own in enumerate(case["samples"]):
        one = trace.sample(i)
        assert one.loss[0] == pytest.approx(own["loss"], **DIGITS)
        assert trace.loss[i] == pytest.approx(own["loss"], **DIGITS)
        assert one.d_x[0] == pytest.approx(np.array(own["d_h"][0]), **DIGITS)
        for layer, d_h in zip(one.layers[:-1], own["d_h"][1:], strict=True):
            assert layer.d_h[0] == pytest.approx(np.array(d_h), **DIGITS)
        for layer, gradients in zip(one.layers, own["gradients"], strict=True):
            for ours, theirs in zip(layer.gradient, gradients, strict=False):
                assert ours == pytest.approx(np.array(theirs), **DIGITS)


def test_the_derivative_by_the_prediction_equals_torch(golden):
    case, trace = golden
    theirs = [own["d_prediction"] for own in case["samples"]]
    if theirs[0] is None:  # a loss that is computed from z
        assert trace.d_prediction is None
    else:
        assert trace.d_prediction == pytest.approx(np.array(theirs), **DIGITS)


def test_a_batchs_gradient_is_the_mean_of_the_samples(golden):
    case, trace = golden
    for at, layer in enumerate(trace.layers):
        for part in range(len(trace.parameters[at])):
            own = [np.array(sample["gradients"][at][part]) for sample in case["samples"]]
            assert layer.gradient[part] == pytest.approx(np.mean(own, axis=0), **DIGITS)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"made_by"}))
def test_a_batch_with_weights_and_penalty_equals_torch(name):
    case = NETWORKS[name]
    parameters = [(np.array(w), np.array(b)) for w, b in zip(case["W"], case["b"], strict=True)]
    weights, network = case["weights"], network_of(case)
    trace = lamina.trace(
        network, case["x"], case["y"], parameters, sample_weight=weights, alpha=case["l2"]
    )
    for at, layer in enumerate(trace.layers):
        for ours, theirs in (
            (layer.z, "z"),
            (layer.h, "h"),
            (layer.delta, "delta"),
            (layer.gradient.W, "grad_W"),
            (layer.gradient.b, "grad_b"),
        ):
            assert ours == pytest.approx(np.array(case[theirs][at]), **DIGITS)
    assert trace.prediction == pytest.approx(np.array(case["prediction"]), **DIGITS)
    if case["loss_name"] != "poisson":  # torch leaves out what does not depend on z
        assert trace.objective == pytest.approx(case["objective"], **DIGITS)


@pytest.fixture
def trace():
    return lamina.trace(NETWORK, X, Y, PARAMETERS, sample_weight=[1, 2, 0, 1, 3, 0.5], alpha=0.2)


def test_the_bound_holds_and_is_that_of_the_measures(trace):
    """`spec.measures` has it for training: the same numbers from the same batch."""
    passed = spec.network.forward(NETWORK, PARAMETERS, X)
    back = spec.network.backward(NETWORK, PARAMETERS, passed, Y, trace.weights)
    found = spec.measures.measure(
        NETWORK, PARAMETERS, passed, back, trace.total, PARAMETERS, PARAMETERS
    )
    numbers = dict(zip(spec.measures.NUMBERS, found.numbers.T, strict=True))
    for at, layer in enumerate(trace.layers):
        bound = layer.bound
        assert 0 < bound.gradient <= bound.bound
        assert bound.gradient == pytest.approx(numbers["gradient"][at], rel=1e-13)
        assert bound.bound == pytest.approx(numbers["bound"][at], rel=1e-13)
        assert bound.input.mean() == pytest.approx(numbers["input"][at], rel=1e-13)
        assert bound.slope.mean() == pytest.approx(numbers["slope"][at], rel=1e-13)
        assert bound.product.sum() / trace.total == pytest.approx(bound.bound, rel=1e-13)
    shown = [numbers[name] for name in ("gradient", "bound", "slope", "backflow", "input")]
    np.testing.assert_allclose(trace["bound"], np.transpose(shown), rtol=1e-13)


def test_of_one_sample_the_bound_is_near_and_the_gradient_an_outer_product(trace):
    one = trace.sample(-1)
    for layer in one.layers:
        outer = np.outer(layer.input[0], layer.delta[0])
        np.testing.assert_allclose(layer.gradient.W, outer, rtol=1e-13)
        norm = np.linalg.norm(layer.gradient.W, 2)
        assert layer.bound.gradient == pytest.approx(norm) and norm <= layer.bound.bound * (
            1 + 1e-12
        )
    last = one.layers[-1].bound  # no slope in the last layer: nothing is lost
    assert last.gradient == pytest.approx(last.bound, rel=1e-13)


def test_the_products_of_v_carry_the_derivative_back(trace):
    one = trace.sample(1)
    column = one.layers[-1].d_h[0]
    for before, layer in zip(reversed(one.layers[:-1]), reversed(one.layers), strict=False):
        column = layer.v() @ column
        np.testing.assert_allclose(column, before.d_h[0], rtol=1e-12)


def test_steps_and_arrays_name_the_same_values(trace):
    arrays = trace.arrays()
    keys = [step.key for step in trace.steps]
    assert len(keys) == len(set(keys)) == len(arrays)
    own = {"h_0": trace.x, "prediction": trace.prediction, "loss": trace.loss, "dh_0": trace.d_x}
    for at, layer in enumerate(trace.layers, 1):
        own |= {f"z_{at}": layer.z, f"delta_{at}": layer.delta, f"dW_{at}": layer.gradient.W}
        own |= {f"db_{at}": layer.gradient.b, f"W_{at}": layer.W, f"b_{at}": layer.b}
        if at < len(trace.layers):
            own |= {f"h_{at}": layer.h, f"slope_{at}": layer.slope, f"dh_{at}": layer.d_h}
    for key, value in own.items():
        np.testing.assert_array_equal(arrays[key], value)
    assert set(arrays) - set(own) == {"y", "weights", "objective", "bound"}
    order = [step.name for step in trace.steps]
    assert order.index("h_1") < order.index("z_2") < order.index("ŷ") < order.index("δ_2")
    assert order.index("δ_3") < order.index("∂L/∂W_3") < order.index("δ_2") < order.index("δ_1")
    assert all(step.source for step in trace.steps)


def test_float32_stays_and_all_else_is_float64():
    single = NETWORK.initialize(0, np.float32)
    trace = lamina.trace(NETWORK, X.tolist(), Y, single)
    assert {array.dtype for array in trace.arrays().values()} == {np.dtype("f4"), np.dtype("f8")}
    assert trace.layers[0].gradient.W.dtype == np.float32
    mixed = [(single[0][0], PARAMETERS[0][1]), *single[1:]]
    assert lamina.trace(NETWORK, X, Y, mixed).layers[0].z.dtype == np.float64


def test_nothing_given_is_changed_or_kept():
    x, y, own = X.copy(), Y.copy(), [tuple(p.copy() for p in layer) for layer in PARAMETERS]
    trace = lamina.trace(NETWORK, x, y, own)
    before = trace.arrays()
    x += 1
    own[0][0][:] = 0
    for key, value in lamina.trace(NETWORK, X, Y, PARAMETERS).arrays().items():
        np.testing.assert_array_equal(before[key], value)


def test_one_sample_without_its_axis():
    flat = lamina.trace(NETWORK, X[0], Y[0], PARAMETERS)
    assert flat.n_samples == 1
    np.testing.assert_array_equal(
        flat.prediction[0], lamina.trace(NETWORK, X, Y, PARAMETERS).sample(0).prediction[0]
    )
    one = lamina.Network.mlp(1, [2], 1)
    assert lamina.trace(one, 0.5 * np.ones(1), 2.0, one.initialize(0)).n_samples == 1
    assert lamina.trace(one, [1, 2, 3], [1, 2, 3], one.initialize(0)).n_samples == 3


WRONG = [
    (("net", X, Y, PARAMETERS), {}, "network must be a Network, or a fitted MLPClassifier"),
    ((NETWORK, X, Y), {}, "parameters must be a list of tuples of arrays"),
    ((NETWORK, X, Y, PARAMETERS[:2]), {}, r"parameters must be arrays of shapes \[\[\(3, 4\)"),
    ((NETWORK, X, Y, 3), {}, "parameters must be"),
    ((NETWORK, X[:, :2], Y, PARAMETERS), {}, r"x must be of shape \(3,\) or \(n_samples, 3\)"),
    ((NETWORK, X[:0], Y[:0], PARAMETERS), {}, r"x must be of shape .* got \(0, 3\)"),
    ((NETWORK, X[0, :2], Y[0], PARAMETERS), {}, r"x must be of shape .* got \(2,\)"),
    ((NETWORK, "ab", Y, PARAMETERS), {}, "x must be an array of numbers"),
    ((NETWORK, X, Y[:5], PARAMETERS), {}, r"y must be of shape \(6, 2\), a row for each"),
    ((NETWORK, X, ["a"] * 6, PARAMETERS), {}, "y must be an array of numbers"),
    ((NETWORK, X, None, PARAMETERS), {}, "y must be an array of numbers"),
    ((NETWORK, X, Y * 2, PARAMETERS), {}, "y must be rows that sum to 1 for softmax"),
    ((NETWORK, X * np.nan, Y, PARAMETERS), {}, r"x must be finite, got 'nan at \[0, 0\]'"),
    ((NETWORK, X, Y, PARAMETERS), {"alpha": -1}, r"alpha must be a number in \[0, inf\)"),
    ((NETWORK, X, Y, PARAMETERS), {"sample_weight": [1]}, r"sample_weight must be of shape \(6,\)"),
    ((NETWORK, X, Y, PARAMETERS), {"sample_weight": np.zeros(6)}, "above 0 for a sample at least"),
    ((NETWORK, X, Y, PARAMETERS), {"factors": -np.ones(6)}, "factors must be not negative"),
]


@pytest.mark.parametrize(("given", "options", "words"), WRONG)
def test_bad_input_is_named(given, options, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        lamina.trace(*given, **options)


def test_parameters_that_are_not_finite_are_named():
    own = [tuple(p.copy() for p in layer) for layer in PARAMETERS]
    own[1][0][2, 3] = np.inf
    with pytest.raises(
        lamina.ArgumentError, match=r"W_2 in parameters must be finite, got 'inf at"
    ):
        lamina.trace(NETWORK, X, Y, own)


def test_a_sample_that_is_not_there_is_named(trace):
    for wrong in (6, -7, 1.5, "1", True):
        with pytest.raises(lamina.ArgumentError, match=r"i must be an integer in \[-6, 5\]"):
            trace.sample(wrong)


def test_targets_that_a_loss_is_not_of():
    for output, loss, y in (("exp", "poisson", -1.0), ("exp", "gamma", 0.0)):
        network = lamina.Network.mlp(3, [], 1, output=output, loss=loss)
        with pytest.raises(lamina.ArgumentError, match=r"y must be .* for the"):
            lamina.trace(network, X[0], y, network.initialize(0))


@pytest.mark.parametrize(
    ("output", "y"), [("logistic", [-1.0, 0]), ("logistic", [2.5, 0]), ("softmax", [2.0, -1])]
)
def test_targets_are_probabilities(output, y):
    network = lamina.Network.mlp(3, [], 2, output=output)
    with pytest.raises(lamina.ArgumentError, match=r"y must be in \[0, 1\] for"):
        lamina.trace(network, X[0], y, network.initialize(0))
    with pytest.raises(lamina.ArgumentError, match=r"y must be in \[0, 1\] for"):
        lamina.check_gradients(network, X[:1], [y])


def test_what_overflows_is_shown_and_warns_of_nothing():
    large = [tuple(p * 1e10 for p in PARAMETERS[0]), *PARAMETERS[1:]]
    with np.errstate(all="raise"):
        trace = lamina.trace(NETWORK, X * 1e300, Y, large)
    assert np.isinf(trace.layers[0].z).any()
    assert np.isfinite(trace.layers[0].bound.input).all()  # a length, whatever its square is
    assert "inf" in trace.text() and "inf" in trace.html()


def test_values_by_their_keys(trace):
    np.testing.assert_array_equal(trace["z_1"], trace.layers[0].z)
    with pytest.raises(KeyError, match="'z_9' is none of h_0, W_1"):
        trace["z_9"]


def test_numbers_are_pythons_whatever_is_given():
    trace = lamina.trace(NETWORK, X, Y, PARAMETERS, alpha=np.float32(0.5))
    assert type(trace.alpha) is type(trace.objective) is float


def test_it_is_what_the_functions_below_give():
    assert isinstance(lamina.trace(NETWORK, X, Y, PARAMETERS), Trace)
    assert repr(lamina.trace(NETWORK, X[:1], Y[:1], PARAMETERS)).startswith(
        "<Trace of 3 → 4 tanh → 5 tanh → 2 softmax, cross entropy, 1 sample: loss"
    )
