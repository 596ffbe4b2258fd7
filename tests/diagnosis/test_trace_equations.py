"""Every equation of a walk-through, read as it is written, gives the value beside it."""

import numpy as np
import pytest
from equation import evaluate

import lamina
from lamina.diagnosis.trace.rules import words
from lamina.plan.layers import HIDDEN
from lamina.spec.activations import SELU_ALPHA, SELU_SCALE

RANDOM = np.random.RandomState(1)
N = 4
X = RANDOM.normal(size=(N, 3))
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
GIVEN = (" is given", "h_0 = x")
UNREAD = ("value(", "gradient(", "‖")


def targets(loss, k):
    if loss in ("cross_entropy", "focal", "binary_cross_entropy", "binary_focal"):
        return np.eye(k)[RANDOM.randint(k, size=N)]
    if loss == "quantiles":
        return np.repeat(RANDOM.normal(size=(N, 1)), k, axis=1)
    return np.exp(RANDOM.normal(size=(N, k)))


def read(trace, options=()):
    """Hold every equation of a trace to its value; return how many were read."""
    names = {"n": float(trace.n_samples), "S": trace.total, "λ": SELU_SCALE, "μ": SELU_ALPHA}
    names["j"] = np.arange(trace.network.n_outputs)
    names |= dict(options)
    steps = [s for s in trace.steps if s.key != "bound"]
    for step in steps:
        value = np.asarray(step.value, dtype=float)
        names[step.name] = value[:, None] if step.name in "scℓ" else value
    n_read = 0
    for step in steps:
        if step.equation.endswith(GIVEN) or any(mark in step.equation for mark in UNREAD):
            continue
        value = np.asarray(step.value)
        found = np.asarray(evaluate(step.equation, names))
        found = found.reshape(value.shape if found.size == value.size else found.shape)
        np.testing.assert_allclose(np.broadcast_to(found, value.shape), value, **CLOSE)
        n_read += 1
    return n_read


def worked(trace, options=()):
    """Compute every entry that is worked in numbers; return how many there are."""
    arrays, n = {step.name: np.asarray(step.value) for step in trace.steps}, 0
    for step in trace.steps:
        if step.worked is None:
            continue
        left, *sides = step.worked(17).split(" = ")
        name, _, at = left.rstrip("]").rpartition("[")
        value = arrays[name][tuple(int(i) for i in at.split(", "))]
        for side in sides:
            found = evaluate(f"x = {side.replace('·', ' ⊙ ')}", dict(options), matrices=False)
            np.testing.assert_allclose(found, value, **CLOSE)
        n += 1
    return n


def trace_of(network, n=N, **options):
    parameters = [tuple(RANDOM.normal(size=shape) * 0.6 for shape in own) for own in network.shapes]
    y = targets(network.loss_name, network.n_outputs)
    return lamina.trace(network, X[:n], y[:n], parameters, **options)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("n", [1, N])
def test_entries_worked_in_numbers_are_those_of_the_arrays(n, alpha):
    network = lamina.Network.mlp(3, [4], 2, activation="logistic", output="logistic")
    weights = {
        "sample_weight": np.array([0.5, 2, 0, 1])[:n],
        "factors": np.array([1, 3, 2, 0.5])[:n],
    }
    for options in ({}, weights):
        trace = trace_of(network, n, alpha=alpha, **options)
        assert worked(trace) == 12  # of z, h, ŷ, ℓ, δ_2, ∂L/∂W_2, ∂ℓ/∂h_1, φ′, δ_1, again, ∂ℓ/∂x


@pytest.mark.parametrize("output", ["identity", "softmax", "exp"])
def test_of_each_output_and_loss_an_entry_is_worked(output):
    trace = trace_of(lamina.Network.mlp(3, [4], 3, activation="tanh", output=output))
    assert worked(trace) >= 8


def test_of_large_networks_an_entry_of_each_kind_is_worked_and_long_sums_are_cut():
    deep = lamina.Network.mlp(9, [9] * 5, 1, activation="tanh")
    parameters = deep.initialize(0)
    trace = lamina.trace(deep, RANDOM.normal(size=9), 1.0, parameters)
    said = [step.worked(3) for step in trace.steps if step.worked is not None]
    names = [line.partition("[")[0] for line in said]
    assert names == ["z_1", "h_1", "ℓ", "∂ℓ/∂ŷ", "δ_6", "∂L/∂W_6", "∂ℓ/∂h_5", "φ′_5", "δ_5"]
    assert " + … + " in said[0] and said[0].count("·") == 3


@pytest.mark.parametrize("name", HIDDEN)
def test_activations(name):
    """z_1, h_1, z_2, ŷ, ℓ, L, five values back to h_1 and five to x; the slopes' gradient."""
    network = lamina.Network.mlp(3, [4], 2, activation=name)
    trace = trace_of(network)
    assert (trace.layers[0].z > 0).any() and (trace.layers[0].z < 0).any()
    assert read(trace) == 16 + (name == "prelu")


def test_a_leaky_slope_of_ones_own():
    activation = lamina.LeakyReLU(0.3)
    assert read(trace_of(lamina.Network.mlp(3, [4], 2, activation=activation)))


LOSSES = [
    ("identity", lamina.SquaredError()),
    ("tanh", lamina.SquaredError()),
    ("logistic", lamina.AbsoluteError()),
    ("identity", lamina.Huber(0.4)),
    ("softplus", lamina.Huber(0.4)),
    ("identity", lamina.Quantile(0.8)),
    ("softmax", lamina.CrossEntropy()),
    ("softmax", lamina.CrossEntropy(smoothing=0.2)),
    ("logistic", lamina.BinaryCrossEntropy()),
    ("logistic", lamina.BinaryCrossEntropy(smoothing=0.2)),
    ("softmax", lamina.Focal(1.5)),
    ("logistic", lamina.BinaryFocal(3)),
    ("exp", lamina.Poisson()),
    ("exp", lamina.Gamma()),
]


@pytest.mark.parametrize(("output", "loss"), LOSSES, ids=repr)
def test_outputs_and_losses(output, loss):
    network = lamina.Network.mlp(3, [4], 3, activation="tanh", output=output, loss=loss)
    assert read(trace_of(network)) >= 13


@pytest.mark.parametrize("n", [1, N])
def test_weights_factors_and_penalty(n):
    network = lamina.Network.mlp(3, [4], 3, activation="tanh", output="softmax")
    weights, factors = np.array([0.5, 2, 0, 1])[:n], np.array([1, 3, 2, 0.5])[:n]
    given = {"sample_weight": weights, "factors": factors, "alpha": 0.3}
    assert read(trace_of(network, n, **given)) >= 13
    assert read(trace_of(network, n, alpha=0.3)) >= 13
    assert read(trace_of(network, n, factors=factors)) >= 13


def test_weights_of_the_two_classes_of_each_output():
    positive, negative = (3.0, 0.5), (0.2, 1.0)
    loss = lamina.BinaryCrossEntropy(positive=positive, negative=negative)
    network = lamina.Network.mlp(3, [], 2, output="logistic", loss=loss)
    assert read(trace_of(network), {"p": np.array(positive), "q": np.array(negative)}) >= 6


def test_several_quantiles():
    levels = (0.1, 0.5, 0.9)
    network = lamina.Network.mlp(3, [4], 3, output="ascending", loss=lamina.Quantiles(levels))
    trace = trace_of(network)
    assert read(trace, {"q": np.array(levels)}) == 16  # ŷ and δ_2 too


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax", "ascending"])
def test_a_loss_of_ones_own(output):
    def value(h, y):
        return np.log(np.cosh(h - y)).sum(axis=1)

    loss = lamina.CustomLoss(value, lambda h, y: np.tanh(h - y))
    network = lamina.Network.mlp(3, [4], 2, output=output, loss=loss)
    assert read(trace_of(network)) >= 9


RULES = [
    lamina.GradientDescent(),
    lamina.Momentum(0.8),
    lamina.Nesterov(0.8),
    lamina.SGD(0.8),
    lamina.SGD(0.8, nesterovs_momentum=False),
    lamina.AdaGrad(0.01),
    lamina.AdaGrad(0.01, epsilon_inside=False),
    lamina.RMSProp(0.8, 0.01),
    lamina.RMSProp(0.8, 0.01, epsilon_inside=False),
    lamina.AdaDelta(0.9, 0.01),
    lamina.Adam(0.8, 0.9, 0.01),
    lamina.Adam(0.8, 0.9, 0.01, corrected=False),
    lamina.AdaMax(0.8, 0.9, 0.01),
    lamina.MaxProp(0.8, 0.01),
    lamina.NAdam(0.8, 0.9, 0.01),
    lamina.AdamW(0.8, 0.9, 0.01, strength=0.3),
    lamina.WeightDecay(lamina.Nesterov(0.8), 0.3),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_rules(rule):
    """Lines, slots, both parts of the move, and what is said to be among them."""
    network = lamina.Network.mlp(3, [4], 2, activation="prelu")
    trace = trace_of(network)
    slots = [
        [tuple(abs(RANDOM.normal(size=w.shape)) for _ in rule.kind.SLOTS) for w in own]
        for own in trace.parameters
    ]
    update = trace.update(rule, 0.05, slots, step=3)
    said = words(rule)
    rule_steps = {step.key: step for step in update.steps if step.part == "The rule"}
    row = rule_steps["symbols"]
    symbols = dict(zip(row.columns, row.value[0], strict=True))
    lines = [s.equation for s in update.steps if s.part == "The rule" and s.value is None]
    for own in update.parameters:
        names = symbols | {"w_t": own.before, "g": own.gradient, "λ": 0.3}
        for slot in own.slots:
            names |= {f"{slot.name}_{{t−1}}": slot.before}
        for line in lines:
            if line.startswith("g = "):
                continue
            if own.before.ndim == 1:  # biases do not decay
                line = line.replace("(1 − η λ) ", "")
            names[line.split(" = ")[0]] = evaluate(line, names, matrices=False)
        for slot in own.slots:
            np.testing.assert_allclose(names[f"{slot.name}_t"], slot.after, **CLOSE)
        np.testing.assert_allclose(names["w_{t+1}"], own.after, **CLOSE)
        for text, value in ((said.history, own.history), (said.current, own.current)):
            found = evaluate(f"part = {text}", names, matrices=False)
            np.testing.assert_allclose(np.broadcast_to(found, value.shape), value, **CLOSE)
        if own.before.ndim > 1 and update.keep != 1:
            decay = evaluate("decay = −η λ w_t", names, matrices=False)
            np.testing.assert_allclose(decay, own.decay, **CLOSE)
        if update.looks_ahead:
            ahead = evaluate(lines[0].split(" at ")[1], names, matrices=False)
            arrays = update.arrays()
            np.testing.assert_allclose(ahead, arrays[f"{own.name}.ahead"], **CLOSE)


def test_a_wrong_equation_is_told():
    """The reader itself: a sign, a square or a transposition more is another number."""
    trace = trace_of(lamina.Network.mlp(3, [4], 2, activation="tanh"))
    wrong = {"δ_1": "δ_1 = ∂ℓ/∂h_1 ⊙ h_1", "φ′_1": "φ′_1 = 1 − h_1", "ŷ": "ŷ = −z_2"}
    names = {step.name: np.asarray(step.value) for step in trace.steps}
    for name, equation in wrong.items():
        assert not np.allclose(evaluate(equation, names), names[name])
    assert evaluate("x = 1 − 2 (3 + 1)² / 4 if 1 < 2 else 0", {}) == -7
    assert evaluate("x = 2 T + √u with T = u², u = 4", {"u": 9.0}) == 2 * 81 + 2
