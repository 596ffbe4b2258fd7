"""The same bits for every instruction set and any number of threads; the rules' own bits."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.sparse

from lamina import plan
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine
from lamina.plan.losses import LOSSES
from lamina.plan.rules import RULES
from lamina.plan.schedule import Clock
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CANONICAL, OF_PREDICTION, ROWWISE

native = pytest.importorskip("lamina.engines._native")

MIXES = [(isa, threads) for isa in native.isas() for threads in (1, 2, 3)]
PLAIN = ("identity", "squared_error")
NONE = plan.Regularization()


def trained(engine, network, rule, dtype, sparse=False, weighted=True, alpha=0.1, own=NONE):
    """Return everything that two epochs leave, as bytes."""
    random = np.random.RandomState(1)
    x = random.uniform(-1, 1, (70, network.n_inputs))
    y = np.eye(network.n_outputs)[random.randint(0, network.n_outputs, 70)]
    if sparse:
        x = scipy.sparse.csr_matrix(x * (random.uniform(size=x.shape) < 0.3))
    weights = random.uniform(0, 2, 70).astype(dtype) if weighted else None
    data = Data(x.astype(dtype), y.astype(dtype), weights)
    parameters = network.initialize(random, dtype)
    trainer = engine.trainer(network, rule, parameters, None, data, alpha, own, 2**64 - 5)
    training = plan.Training(rule=rule, regularization=own)
    out = []
    for epoch in range(2):
        clock = Clock(3 * epoch, epoch, 0, 3)
        table = training.table(0.01, clock, len(network.layers) - 1)
        out.append(np.array(trainer.epoch(random.permutation(70), 33, table, clock.step)))
    parameters, slots = trainer.read()
    out += [p for own in parameters for p in own]
    out += [s for own in slots for state in own for s in state]
    out += [trainer.predict(data.x), np.array(trainer.losses(data))]
    trainer.close()
    loss, penalty, gradients = engine.objective(network, data, alpha)(parameters)
    out += [np.array([loss, penalty]), *(g for own in gradients for g in own)]
    assert all(np.isfinite(array).all() for array in out)
    return b"".join(array.tobytes() for array in out)


def check_all_mixes(*arguments, **options):
    """Train on every instruction set and number of threads and compare the bytes."""
    first = trained(NativeEngine(1, native.isas()[0]), *arguments, **options)
    for isa, threads in MIXES:
        assert trained(NativeEngine(threads, isa), *arguments, **options) == first, (isa, threads)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "prelu", plan.LeakyReLU(0.3)])
def test_activations(activation, dtype):
    network = plan.Network.mlp(5, [49, 17], 3, activation=activation)
    check_all_mixes(network, plan.Adam(), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
def test_rules(name, dtype):
    check_all_mixes(plan.Network.mlp(19, [33, 65], 2), RULES[name](), dtype)


def value(h, y):
    return ((h - y) ** 2).sum(axis=1)


def gradient(h, y):
    return 2 * (h - y)


LEVELS = np.linspace(0.1, 0.9, 17)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", [*ROWWISE, *ACTIVATIONS])
def test_outputs_and_losses(output, dtype):
    own = plan.CustomLoss(value, gradient)
    network = plan.Network.mlp(4, [9], 17, activation="tanh", output=output, loss=own)
    check_all_mixes(network, plan.SGD(), dtype)
    losses = [loss for own, loss in CANONICAL if own == output]
    losses += [] if output in ROWWISE else OF_PREDICTION
    for loss in losses:
        if loss == "gamma":  # for targets above 0: in the driver, and below
            continue
        options = [LOSSES[loss](LEVELS) if loss == "quantiles" else LOSSES[loss]()]
        if "floor" in options[0].options:
            options.append(LOSSES[loss](1e-7, smoothing=0.1))
        for own in options:
            network = plan.Network.mlp(4, [9], 17, activation="tanh", output=output, loss=own)
            check_all_mixes(network, plan.SGD(), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(1, [], 1), (600, [100, 97], 66), (130, [1, 16, 64], 2)])
@pytest.mark.parametrize("sparse", [False, True])
def test_sizes(sizes, sparse, dtype):
    network = plan.Network.mlp(*sizes, activation="silu")
    check_all_mixes(network, plan.Nesterov(), dtype, sparse=sparse, weighted=False, alpha=0.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "own",
    [
        plan.Regularization(dropout=0.3, input_dropout=0.1),
        plan.Regularization(input_noise=0.3, dropout=(0.5, 0.0)),
        plan.Regularization(l1=0.01, l2=0.1, clip_value=0.01),
        plan.Regularization(clip_norm=0.1, weight_decay=0.1),
        plan.Regularization(max_norm=0.5, clip_norm=0.1, dropout=0.1, input_dropout=0.1, l1=0.01),
    ],
)
@pytest.mark.parametrize("sparse", [False, True])
def test_regularization(own, sparse, dtype):
    if sparse and own.input_noise:
        pytest.skip("noise is for dense inputs")
    network = plan.Network.mlp(50, [49, 100], 3, activation=("gelu", "relu"), output="softmax")
    for rule in (plan.Nesterov(), plan.Adam()):
        check_all_mixes(network, rule, dtype, sparse=sparse, own=own)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_dropped_does_not_depend_on_how_x_is_stored(dtype):
    own = plan.Regularization(input_dropout=0.4, dropout=0.2)
    network = plan.Network.mlp(70, [20], 3, output="softmax")
    random = np.random.RandomState(0)
    x = (random.uniform(-1, 1, (50, 70)) * (random.uniform(size=(50, 70)) < 0.3)).astype(dtype)
    y = np.eye(3, dtype=dtype)[random.randint(3, size=50)]
    table = plan.Training(regularization=own).table(0.01, Clock(0, 0, 0, 3), 1)
    read = []
    for stored in (x, scipy.sparse.csr_matrix(x)):
        data, start = Data(stored, y), network.initialize(0, dtype)
        trainer = NativeEngine().trainer(network, plan.Adam(), start, None, data, 0.0, own, 1)
        trainer.epoch(np.arange(50), 17, table)
        read.append(trainer.read()[0])
    for one, other in zip(*read, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_epoch_may_be_cut_into_calls(dtype):
    own = plan.Regularization(dropout=0.4, input_noise=0.1)
    network = plan.Network.mlp(7, [20], 1)
    random = np.random.RandomState(0)
    data = Data(random.rand(50, 7).astype(dtype), random.rand(50, 1).astype(dtype))
    table = plan.Training(regularization=own).table(0.01, Clock(4, 0, 0, 5), 1)
    results = []
    for stretch in (1, 2, 5):
        start = network.initialize(0, dtype)
        trainer = NativeEngine().trainer(network, plan.Adam(), start, None, data, 0.1, own, 1)
        sums = 0.0, 0.0
        for at in range(0, 5, stretch):
            order = np.arange(10 * at, min(50, 10 * (at + stretch)))
            sums = trainer.epoch(order, 10, table[at : at + stretch], 4 + at, sums)
        results.append((sums, trainer.read()[0][0][0].tobytes()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sparse_and_dense_agree(dtype):
    random = np.random.RandomState(0)
    x = (random.uniform(-1, 1, (40, 30)) * (random.uniform(size=(40, 30)) < 0.3)).astype(dtype)
    network = plan.Network.mlp(30, [20], 1)
    parameters = network.initialize(0, dtype)
    dense, sparse = (
        NativeEngine().predictor(network, parameters)(own) for own in (x, scipy.sparse.csr_array(x))
    )
    np.testing.assert_array_equal(dense, sparse)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
def test_rules_have_the_bits_of_the_spec(name, dtype):
    # One unit, one input of 1: products with 1 are exact, so the gradients of both engines are
    # the same bits, and so must be what a rule makes of them.
    network, rule = plan.Network.mlp(1, [], 1), RULES[name]()
    parameters = network.initialize(3, dtype)
    data = Data(np.ones((1, 1), dtype), np.full((1, 1), 0.7, dtype))
    table = rule.table(0.03, Clock(0, 0, 0, 30))
    results = []
    for engine in (ReferenceEngine(), NativeEngine()):
        trainer = engine.trainer(network, rule, parameters, None, data, 0.25)
        trainer.epoch(np.zeros(30, int), 1, table)
        learnt, slots = trainer.read()
        arrays = [*learnt[0], *(s for states in slots[0] for s in states)]
        results.append(np.concatenate([array.ravel() for array in arrays]))
    np.testing.assert_array_equal(*results)


def test_rules_are_those_of_the_spec():
    rules = {rule.kind.__name__.rpartition(".")[2]: rule for rule in (f() for f in RULES.values())}
    assert {name for name, _, _ in native.rules()} == set(rules)
    for name, slots, scalars in native.rules():
        assert tuple(slots.split()) == rules[name].kind.SLOTS
        assert tuple(scalars.split()) == rules[name].kind.Scalars._fields


def run_with(isa, code):
    """Run code in a fresh interpreter under LAMINA_ISA."""
    environment = {**os.environ, "LAMINA_ISA": isa}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("isa", native.isas())
def test_lamina_isa_forces_an_instruction_set(isa):
    code = "from lamina.engines.native import engine_info; print(engine_info().isa)"
    assert run_with(isa, code).stdout.strip() == isa


def test_an_unknown_instruction_set_is_named():
    done = run_with("sse9", "from lamina.engines.native import NativeEngine; NativeEngine()")
    assert "LAMINA_ISA must be one of" in done.stderr and "'sse9'" in done.stderr
    with warnings.catch_warnings(), pytest.raises(ValueError, match="isa must be one of"):
        NativeEngine(isa="sse9")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no flush-to-zero to set")
def test_subnormal_numbers_survive_whatever_others_set():
    torch = pytest.importorskip("torch")
    network = plan.Network.mlp(1, [], 1)
    parameters = [(np.full((1, 1), 1e-20, np.float32), np.zeros(1, np.float32))]
    x = np.full((1, 1), 1e-20, np.float32)
    expected = NativeEngine().predictor(network, parameters)(x)
    assert 0 < expected < np.finfo(np.float32).smallest_normal
    torch.set_flush_denormal(True)
    try:
        got = NativeEngine().predictor(network, parameters)(x)
    finally:
        torch.set_flush_denormal(False)
    assert got.tobytes() == expected.tobytes()
