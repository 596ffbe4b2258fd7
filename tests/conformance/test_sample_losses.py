"""Losses of single samples: the native engine against the spec, and alike for all threads and sets.

A covering design meets every pair of output and loss, activation, dtype, widths, threads, dense and
sparse; each case runs on every instruction set.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from covering import pairwise_cases

from lamina import plan
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CANONICAL, OF_PREDICTION

native = pytest.importorskip("lamina.engines._native")

# The sums of a hundred terms or so are rounded in another order; a loss is of order 1.
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": {"rtol": 1e-12, "atol": 1e-13}}
N_OUTPUTS = 3


def value(h, y):
    return np.log(np.cosh(h - y)).sum(axis=1)


def gradient(h, y):
    return np.tanh(h - y)


def weighted():
    return plan.BinaryCrossEntropy(1e-7, 0.1, positive=(0.5, 2.0, 0.0), negative=(1.0, 2.0, 3.0))


PAIRS: list[tuple[str, Any]] = [
    *CANONICAL,
    *((output, loss) for output in ACTIVATIONS for loss in OF_PREDICTION),
    ("softmax", plan.CrossEntropy(floor=1e-7, smoothing=0.2)),
    ("logistic", weighted()),
    ("softmax", plan.Focal(0.5)),
    ("identity", plan.Huber(0.3)),
    *((output, plan.CustomLoss(value, gradient)) for output in ("softmax", "ascending", "gelu")),
]
FACTORS: dict[str, list[Any]] = {
    "pair": PAIRS,
    "activation": [*ACTIVATIONS, plan.LeakyReLU(0.3), "prelu"],
    "hidden": [(), (5,), (16,), (65, 33)],
    "inputs": [1, 17, 130],
    "count": [1, 16, 97, 400],
    "threads": [1, 2, 3],
    "dtype": ["float32", "float64"],
    "sparse": [False, True],
}
CASES = pairwise_cases(FACTORS)


def problem(case, seed):
    """Return a network, its parameters and samples."""
    random = np.random.RandomState(seed)
    (output, loss), dtype, count = case["pair"], case["dtype"], case["count"]
    x = random.uniform(-1, 1, (count, case["inputs"]))
    y = np.eye(N_OUTPUTS)[random.randint(0, N_OUTPUTS, count)]
    if output in ("exp", "ascending"):  # above 0, and the same for each quantile
        y = np.repeat(random.uniform(0.1, 2, (count, 1)), N_OUTPUTS, axis=1)
    loss = plan.Quantiles((0.1, 0.5, 0.9)) if loss == "quantiles" else loss
    if case["sparse"]:
        x = scipy.sparse.csr_matrix(x * (random.uniform(size=x.shape) < 0.3))
    network = plan.Network.mlp(
        case["inputs"],
        case["hidden"],
        N_OUTPUTS,
        activation=case["activation"],
        output=output,
        loss=loss,
    )
    scale = 0.2 if case["activation"] == "exp" else 1.0
    drawn = [tuple(scale * p for p in own) for own in network.initialize(random)]
    parameters = [tuple(p.astype(dtype) for p in own) for own in drawn]
    weights = random.uniform(0, 2, count)
    return network, parameters, Data(x, y, weights, weights[::-1]).astype(dtype)


@pytest.mark.parametrize("seed", range(len(CASES)), ids=lambda i: str(i))
def test_losses_are_those_of_the_spec_on_every_instruction_set(seed):
    case = CASES[seed]
    network, parameters, data = problem(case, seed)
    expected = ReferenceEngine().losses(network, data)(parameters)
    assert expected.shape == (case["count"],) and expected.dtype == np.float64
    sets = [
        NativeEngine(case["threads"], isa).losses(network, data)(parameters)
        for isa in native.isas()
    ]
    for found in sets:
        np.testing.assert_array_equal(found, sets[0])
    assert sets[0].dtype == np.float64
    np.testing.assert_allclose(sets[0], expected, **TOLERANCE[case["dtype"]])


@pytest.mark.parametrize("sparse", [False, True])
def test_their_mean_is_what_a_trainer_measures(sparse):
    case = dict(CASES[0], pair=("softmax", "cross_entropy"), count=97, sparse=sparse)
    network, parameters, data = problem(case | {"dtype": "float64"}, 0)
    losses = NativeEngine().losses(network, data)(parameters)
    trainer = NativeEngine().trainer(network, plan.Adam(), parameters, None, data, 0.1)
    mean = (data.weights * data.factors * losses).sum() / data.weights.sum()
    assert trainer.losses(data) == pytest.approx(mean, rel=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_of_the_engine_or_of_the_caller_change_no_bit(dtype):
    case = {"pair": ("softmax", "cross_entropy"), "activation": "tanh", "hidden": (65,)}
    case |= {"inputs": 130, "count": 997, "dtype": dtype, "sparse": False}
    network, parameters, data = problem(case, 0)
    points = [[tuple(p * p.dtype.type(c) for p in own) for own in parameters] for c in range(8)]
    one = [NativeEngine(1).losses(network, data)(point) for point in points]
    three = [NativeEngine(3).losses(network, data)(point) for point in points]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(NativeEngine(1).losses(network, data), points))
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one, at_once)
    assert len(np.unique(np.mean(one, axis=1))) == len(points)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda network, p: p[:1], "parameters per layer"),
        (lambda network, p: [p[0], p[1][:1]], "layer 1 must have 2 parameters"),
        (lambda network, p: [(p[0][0].T, p[0][1]), p[1]], "must have the shapes"),
    ],
)
def test_parameters_of_another_network_are_refused(change, message):
    case = {"pair": ("softmax", "cross_entropy"), "activation": "tanh", "hidden": (5,)}
    case |= {"inputs": 17, "count": 9, "dtype": "float64", "sparse": False}
    network, parameters, data = problem(case, 0)
    with pytest.raises(ValueError, match=message):
        NativeEngine().losses(network, data)(change(network, parameters))
    with pytest.raises(ValueError, match="17 columns"):
        NativeEngine().losses(network, data._replace(x=data.x[:, :3]))(parameters)
