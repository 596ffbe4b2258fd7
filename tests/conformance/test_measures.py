"""What a step reveals, measured by the native engine, against the spec.

A covering design as that of `test_options`, from whose factors and problems it takes its own: three
steps, of which the last is measured. The bits are the same for every instruction set and number of
threads, and measuring changes no bit of what is learnt.
"""

from __future__ import annotations

import numpy as np
import pytest
from covering import pairwise_cases
from test_options import FACTORS, OWN, problem
from test_steps import WIDTHS, flat

from lamina import plan
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine
from lamina.plan.schedule import Clock
from lamina.spec.measures import NUMBERS, UNITS

native = pytest.importorskip("lamina.engines._native")

# (relative, absolute) tolerance of norms and of units' numbers, which are of order 1.
#
# An element of a float32 gradient is a sum of up to 97 rounded terms, after three steps.
TOLERANCE = {"float32": (2e-4, 2e-5), "float64": (2e-12, 2e-13)}


def fitting(case):
    """Return a case with one dropout and one activation where two are for another depth."""
    if len(case["hidden"]) == 2:
        return case
    one = {name: case[name][-1] for name in PER_LAYER if isinstance(case[name], tuple)}
    return case | one


PER_LAYER = "dropout", "activation"
DESIGN = pairwise_cases(
    FACTORS
    | {
        "pair": [*FACTORS["pair"], ("identity", plan.SquaredError())],
        "hidden": [(), (1,), (33, 5), (64, 97), (2, 48), (17, 16, 15, 9)],
        "inputs": [*WIDTHS[::3], 130],
        "batch": [(1, 1), (16, 1), (33, 16), (97, 97)],
    },
    seed=1,
)
CASES = [fitting(case) for case in DESIGN]
MIXES = [(isa, threads) for isa in native.isas() for threads in (1, 2, 3)]


def run(engine, case, seed, measured=True):
    """Take three steps and measure the last; return measures and all that was learnt."""
    random = np.random.RandomState(seed)
    network, parameters, data, order = problem(case, random)
    noise = 0.0 if case["sparse"] else case["input_noise"]
    own = plan.Regularization(input_noise=noise, **{name: case[name] for name in OWN})
    training = plan.Training(rule=case["rule"], regularization=own)
    trainer = engine.trainer(
        network, training.rule, parameters, None, data, case["alpha"], own, seed
    )
    table = training.table(0.01, Clock(3, 0, 0, 3), len(case["hidden"]))
    size, last = case["batch"]
    sums = trainer.epoch(order[: 2 * size + last], size, table, 3, measured=measured)
    seen, values = trainer.measures(), flat(trainer.read())
    trainer.close()
    return seen, np.append(values, sums)


def parts(seen):
    """Return all arrays of measures by name."""
    named = {name: seen.numbers[:, i] for i, name in enumerate(NUMBERS)}
    for i, name in enumerate(UNITS):
        named["unit " + name] = np.concatenate([own[i] for own in seen.units])
    return named


def bits(seen):
    """Return measures as bytes."""
    return b"".join(a.tobytes() for a in (seen.numbers, *seen.units))


@pytest.mark.parametrize("seed", range(len(CASES)))
def test_measures_agree_with_the_spec(seed):
    case = CASES[seed]
    relative, absolute = TOLERANCE[case["dtype"]]
    with np.errstate(over="ignore"):
        expected, _ = run(ReferenceEngine(), case, seed)
        got, values = run(NativeEngine(case["threads"], case["isa"]), case, seed)
        _, plain = run(NativeEngine(case["threads"], case["isa"]), case, seed, measured=False)
    assert values.tobytes() == plain.tobytes()
    if expected is None:  # the last batch was that of zeros
        assert got is None and case["weights"] != "none"
        return
    assert got.rows == expected.rows == case["batch"][1]
    assert got.effective == pytest.approx(expected.effective, rel=relative)
    for (name, one), other in zip(parts(got).items(), parts(expected).values(), strict=True):
        message = f"{name} of {case}"
        np.testing.assert_allclose(one, other, relative, absolute, err_msg=message)


@pytest.mark.parametrize("seed", range(0, len(CASES), 5))
def test_measures_have_the_same_bits_on_every_set_and_number_of_threads(seed):
    case = CASES[seed]
    runs = [run(NativeEngine(threads, isa), case, seed) for isa, threads in MIXES]
    assert len({seen and bits(seen) for seen, _ in runs}) == 1
    assert len({values.tobytes() for _, values in runs}) == 1


@pytest.fixture
def trainer():
    network = plan.Network.mlp(3, [5], 2)
    data = Data(np.eye(3), np.ones((3, 2)), np.array([0.0, 1.0, 2.0]))
    with_one = NativeEngine(2).trainer(network, plan.Adam(), network.initialize(0), None, data, 0.0)
    yield with_one
    with_one.close()


def table_of(n_steps):
    return plan.Adam().table(0.01, Clock(0, 0, 0, n_steps))


def test_nothing_was_seen_where_nothing_was_measured_or_had_weight(trainer):
    assert trainer.measures() is None
    trainer.epoch(np.arange(3), 1, table_of(3), measured=True)
    assert trainer.measures().rows == 1
    trainer.epoch(np.arange(3), 3, table_of(1))
    assert trainer.measures() is None
    trainer.epoch(np.array([1, 2, 0]), 1, table_of(3), measured=True)
    assert trainer.measures() is None


def test_batches_may_grow_from_one_measured_step_to_the_next(trainer):
    for size in (1, 3, 2):
        trainer.epoch(np.arange(1, 1 + size) % 3, size, table_of(1), measured=True)
        assert trainer.measures().rows == size


def test_a_loss_that_raises_leaves_nothing_to_be_seen():
    def value(h, y):
        raise ZeroDivisionError

    network = plan.Network.mlp(3, [5], 2, loss=plan.CustomLoss(value, lambda h, y: h - y))
    data = Data(np.eye(3), np.ones((3, 2)))
    trainer = NativeEngine(2).trainer(network, plan.Adam(), network.initialize(0), None, data, 0.0)
    with pytest.raises(ZeroDivisionError):
        trainer.epoch(np.arange(3), 3, table_of(1), measured=True)
    assert trainer.measures() is None
    trainer.close()


def test_the_extension_refuses_places_of_other_sizes(trainer):
    trainer.epoch(np.arange(3), 3, table_of(1), measured=True)
    with pytest.raises(ValueError, match="places of their sizes"):
        trainer._native.measures(np.empty((2, 8)), np.empty(28))


@pytest.mark.parametrize("l2", [0.0, 0.5])
@pytest.mark.parametrize("alpha", [0.0, 1e-4])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_penalty_whose_squares_overflow_is_infinite(alpha, l2):
    """And not NaN, of which a part without weight would make it."""
    network = plan.Network.mlp(2, [3], 1)
    start = [tuple(p * 0 for p in own) for own in network.initialize(0)]
    start[0][0][:] = 1e180
    data = Data(np.zeros((4, 2)), np.zeros((4, 1)))
    own = plan.Regularization(l2=l2)
    for engine in (ReferenceEngine(), NativeEngine(1)):
        args = network, plan.GradientDescent(), start, None, data, alpha, own
        trainer = engine.trainer(*args)
        _, penalty = trainer.epoch(np.arange(4), 4, np.array([[1.0, 0.0]]), measured=True)
        assert penalty == (np.inf if alpha or l2 else 0)
        weight = trainer.measures().numbers[0, NUMBERS.index("weight")]
        assert weight == pytest.approx(1e180 * np.sqrt(6), rel=1e-12)
