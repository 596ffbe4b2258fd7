"""The native engine against the spec with every option of training that wraps a rule or a loss.

A covering design of its own beside `test_steps`: every pair of dropout, noise, penalties, clipping,
max-norm, decay, loss, rule, activation, dtype, instruction set, threads, dense and sparse meets.
Ten steps, parameters and slots, value by value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from covering import pairwise_cases
from test_steps import EPSILON, N_STEPS, TOLERANCE, flat, samples

from lamina import plan
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine
from lamina.plan.schedule import Clock
from lamina.spec.activations import ACTIVATIONS

native = pytest.importorskip("lamina.engines._native")

N_OUTPUTS = 3


def value(h, y):
    return np.log(np.cosh(h - y)).sum(axis=1)


def gradient(h, y):
    return np.tanh(h - y)


def weights(*own):
    return plan.BinaryCrossEntropy(1e-7, 0.1, positive=own, negative=own[::-1])


LOSSES: list[tuple[str, Any]] = [
    ("softmax", plan.CrossEntropy(smoothing=0.2)),
    ("softmax", plan.CrossEntropy(floor=1e-7, smoothing=0.2)),
    ("logistic", plan.BinaryCrossEntropy(smoothing=0.2)),
    ("logistic", weights(0.5, 2.0, 0.0)),
    ("softmax", plan.Focal()),
    ("softmax", plan.Focal(0.5)),
    ("softmax", plan.Focal(0.0)),
    ("logistic", plan.BinaryFocal(1.5)),
    ("exp", plan.Gamma()),
    ("ascending", plan.Quantiles((0.1, 0.5, 0.9))),
    *((output, plan.CustomLoss(value, gradient)) for output in ("softmax", "ascending", "gelu")),
    ("identity", plan.CustomLoss(value, gradient)),
]
FACTORS: dict[str, list[Any]] = {
    "pair": LOSSES,
    "dropout": [0.0, 0.5, (0.0, 0.3), plan.Exponential(initial=0.5, k=0.2)],
    "input_dropout": [0.0, 0.2],
    "input_noise": [0.0, 0.3],
    "l1": [0.0, 0.01],
    "l2": [0.0, 0.1],
    "weight_decay": [0.0, 0.1, plan.StepDecay(initial=0.1, unit="step", every=3)],
    "clip_value": [np.inf, 1e-3],
    "clip_norm": [np.inf, 1e-2],
    "max_norm": [np.inf, 0.6],
    "rule": [plan.SGD(), plan.Nesterov(), plan.Adam(epsilon=EPSILON), plan.AdaGrad(EPSILON)],
    "activation": [*ACTIVATIONS, *map(plan.LeakyReLU, (0.0, 0.3)), "prelu", ("prelu", "tanh")],
    "inputs": [1, 17, 40, 130],
    "hidden": [(33, 5), (64, 97), (2, 48)],
    "batch": [(1, 1), (16, 1), (33, 16)],
    "isa": native.isas(),
    "threads": [1, 2, 3],
    "weights": ["none", "some zero", "one batch of zeros"],
    "factors": [False, True],
    "dtype": ["float32", "float64"],
    "sparse": [False, True],
    "alpha": [0.0, 0.1],
}
CASES = pairwise_cases(FACTORS)
OWN = [
    "dropout",
    "input_dropout",
    "l1",
    "l2",
    "weight_decay",
    "clip_value",
    "clip_norm",
    "max_norm",
]


def problem(case, random):
    """Return network, first parameters, data and order."""
    output, loss = case["pair"]
    data, order = samples({**case, "pair": (output, loss), "outputs": N_OUTPUTS}, random)
    if output in ("exp", "ascending"):  # above 0, and the same for each quantile
        y = np.abs(data.y[:, :1]) + 0.1
        data = Data(data.x, np.repeat(y, N_OUTPUTS, axis=1).astype(case["dtype"]), data.weights)
    if case["factors"]:
        data = data._replace(factors=random.uniform(0, 3, len(data.y)).astype(case["dtype"]))
    sizes = case["inputs"], case["hidden"], N_OUTPUTS
    network = plan.Network.mlp(*sizes, activation=case["activation"], output=output, loss=loss)
    drawn = network.initialize(random, case["dtype"])
    scale = 0.2 if case["activation"] == "exp" else 1.0
    return network, [tuple(p * p.dtype.type(scale) for p in own) for own in drawn], data, order


def run(engine, case, seed):
    """Train ten steps in two calls; return sums, values, predictions and the loss after it."""
    random = np.random.RandomState(seed)
    network, parameters, data, order = problem(case, random)
    noise = 0.0 if case["sparse"] else case["input_noise"]
    own = plan.Regularization(input_noise=noise, **{name: case[name] for name in OWN})
    training = plan.Training(rule=case["rule"], regularization=own)
    trainer = engine.trainer(
        network, training.rule, parameters, None, data, case["alpha"], own, seed
    )
    table = training.table(0.01, Clock(3, 0, 0, N_STEPS), len(case["hidden"]))
    size, cut = case["batch"][0], 4
    sums = trainer.epoch(order[: cut * size], size, table[:cut], 3)
    sums = trainer.epoch(order[cut * size :], size, table[cut:], 3 + cut, sums)
    values = flat(trainer.read()), trainer.predict(data.x), trainer.losses(data)
    trainer.close()
    return np.array(sums), *values


def name_of(case):
    """Return a test id."""
    output, loss = case["pair"]
    return "-".join(map(str, [case["isa"], case["threads"], case["dtype"], output, loss.name]))


@pytest.mark.parametrize("seed", range(len(CASES)), ids=lambda i: f"{i}-{name_of(CASES[i])}")
def test_ten_steps_agree_with_the_spec(seed):
    case = CASES[seed]
    relative, absolute = TOLERANCE[case["dtype"]]
    with np.errstate(over="ignore"):
        expected = run(ReferenceEngine(), case, seed)
        got = run(NativeEngine(case["threads"], case["isa"]), case, seed)
    names = ["sums", "values", "predictions", "losses"]
    for name, one, other in zip(names, got, expected, strict=True):
        scale = np.maximum(1, np.abs(other).max(initial=0)) if name == "sums" else 1.0
        np.testing.assert_allclose(
            one, other, relative, absolute * scale, equal_nan=False, err_msg=f"{name} of {case}"
        )


@pytest.mark.parametrize("seed", range(0, len(CASES), 4))
def test_loss_and_gradients_agree_with_the_spec(seed):
    case = CASES[seed]
    relative, absolute = TOLERANCE[case["dtype"]]
    network, parameters, data, _ = problem(case, np.random.RandomState(seed))
    engines = ReferenceEngine(), NativeEngine(case["threads"], case["isa"])
    results = [e.objective(network, data, case["alpha"])(parameters) for e in engines]
    expected, got = ([*r[:2], *(g.ravel() for own in r[2] for g in own)] for r in results)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, relative, absolute, err_msg=str(case))


def test_every_option_changes_what_is_learnt():
    case = CASES[0] | {"pair": LOSSES[0], "weights": "none", "batch": (33, 16), "sparse": False}
    case |= {"inputs": 40, "dtype": "float64", "rule": plan.SGD(), "activation": "relu"}
    off = {name: FACTORS[name][0] for name in [*OWN, "input_noise"]}
    plain = run(NativeEngine(1), case | off, 0)[1]
    for name in off:
        changed = run(NativeEngine(1), case | off | {name: FACTORS[name][-1]}, 0)[1]
        assert not np.allclose(plain, changed, rtol=0, atol=1e-6), name
