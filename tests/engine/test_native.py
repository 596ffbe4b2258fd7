"""What a caller of the native engine relies on: bad input, interrupts, threads, forks, memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from lamina import Adam, Dense, Network, SquaredError
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine, engine_info
from lamina.plan.schedule import Clock

native = pytest.importorskip("lamina.engines._native")


def problem(n=40, inputs=5, outputs=2, hidden=(8,), dtype=np.float64):
    """Return a network, its parameters and data."""
    random = np.random.RandomState(0)
    network = Network.mlp(inputs, list(hidden), outputs)
    x, y = random.normal(size=(n, inputs)), random.normal(size=(n, outputs))
    return network, network.initialize(0, dtype), Data(x.astype(dtype), y.astype(dtype))


def trainer_of(network, parameters, data, n_threads=None, alpha=0.0):
    """Return a trainer with Adam."""
    return NativeEngine(n_threads).trainer(network, Adam(), parameters, None, data, alpha)


def table(n_steps, step=0):
    """Return Adam's scalars."""
    return Adam().table(0.01, Clock(step, 0, 0, n_steps))


def threads_alive():
    """Return how many threads this process has."""
    return len(list(Path("/proc/self/task").iterdir()))


def test_engine_info():
    info = engine_info()
    assert info.engine == "native" and info.isa in info.available
    assert info.threads == len(os.sched_getaffinity(0))
    assert info.compiler and "scalar" in info.available


def test_keep_recall_and_read():
    network, parameters, data = problem()
    trainer = trainer_of(network, parameters, data)
    trainer.epoch(np.arange(40), 7, table(6))
    first, slots = trainer.read()
    trainer.keep("here")
    trainer.epoch(np.arange(40), 7, table(6, 6))
    later, _ = trainer.read()
    assert not np.array_equal(first[0][0], later[0][0])
    trainer.recall("here")
    again, again_slots = trainer.read()
    np.testing.assert_array_equal(again[0][0], first[0][0])
    np.testing.assert_array_equal(again_slots[0][0][1], slots[0][0][1])
    trainer.epoch(np.arange(40), 7, table(6, 6))
    np.testing.assert_array_equal(trainer.read()[0][1][0], later[1][0])
    with pytest.raises(KeyError):
        trainer.recall("nowhere")


def test_going_on_from_parameters_and_slots_gives_the_same_bits():
    network, parameters, data = problem(dtype=np.float32)
    whole = trainer_of(network, parameters, data)
    whole.epoch(np.arange(40), 40, table(1))
    halfway = whole.read()
    whole.epoch(np.arange(40), 40, table(1, 1))
    resumed = NativeEngine().trainer(network, Adam(), *halfway, data, 0.0)
    resumed.epoch(np.arange(40), 40, table(1, 1))
    for one, other in zip(whole.read()[0], resumed.read()[0], strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_finite():
    network, parameters, data = problem()
    trainer = trainer_of(network, parameters, data)
    assert trainer.finite()
    broken = [(w.copy(), b.copy()) for w, b in parameters]
    broken[1][1][0] = np.inf
    assert not trainer_of(network, broken, data).finite()


def test_layouts_and_read_only_arrays():
    network, parameters, data = problem()
    expected = NativeEngine().predictor(network, parameters)(data.x)
    turned = [(np.asfortranarray(w), b) for w, b in parameters]
    wide = np.zeros((40, 10))
    wide[:, ::2] = data.x
    for array in (turned[0][0], wide, data.x):
        array.flags.writeable = False
    for x in (data.x, wide[:, ::2], np.asfortranarray(data.x)):
        np.testing.assert_array_equal(NativeEngine().predictor(network, turned)(x), expected)
    unsorted = scipy.sparse.csr_matrix(data.x)
    for row in range(40):
        ends = slice(unsorted.indptr[row], unsorted.indptr[row + 1])
        unsorted.indices[ends] = unsorted.indices[ends][::-1]
        unsorted.data[ends] = unsorted.data[ends][::-1]
    unsorted.has_sorted_indices = False
    np.testing.assert_array_equal(NativeEngine().predictor(network, parameters)(unsorted), expected)


def test_no_rows():
    network, parameters, data = problem()
    assert NativeEngine().predictor(network, parameters)(data.x[:0]).shape == (0, 2)
    trainer = trainer_of(network, parameters, data)
    assert trainer.epoch(np.arange(0), 3, table(0)) == (0.0, 0.0)


def test_bad_data_raise():
    network, parameters, data = problem()
    for bad in [
        Data(data.x[:, :3], data.y),
        Data(data.x, data.y[:, :1]),
        Data(data.x, data.y[:7]),
        Data(data.x, data.y, np.ones(7)),
        Data(data.x[0], data.y),
        Data(data.x, data.y[:, 0]),
    ]:
        with pytest.raises((ValueError, TypeError)):
            trainer_of(network, parameters, bad)
        with pytest.raises((ValueError, TypeError)):
            NativeEngine().objective(network, bad, 0.0)(parameters)


def test_bad_parameters_raise():
    network, parameters, data = problem()
    for bad in [
        parameters[:1],
        [(parameters[0][0].T, parameters[0][1]), parameters[1]],
        [(parameters[0][0], parameters[0][1][:3]), parameters[1]],
    ]:
        with pytest.raises((ValueError, TypeError)):
            NativeEngine().predictor(network, bad)(data.x)
        with pytest.raises((ValueError, TypeError)):
            trainer_of(network, bad, data).epoch(np.arange(40), 40, table(1))
    halves = [(w.astype(np.float16), b.astype(np.float16)) for w, b in parameters]
    with pytest.raises(TypeError, match="float16"):
        trainer_of(network, halves, data)


def test_bad_epochs_raise():
    network, parameters, data = problem()
    trainer = trainer_of(network, parameters, data)
    for order, batch_size, own in [
        (np.array([0, 40]), 2, table(1)),
        (np.array([-1, 0]), 2, table(1)),
        (np.arange(40), 0, table(1)),
        (np.arange(40), 7, table(5)),
        (np.arange(40), 40, table(1)[:, :-1]),
        (np.zeros((2, 2), int), 2, table(2)),
    ]:
        with pytest.raises((ValueError, TypeError)):
            trainer.epoch(order, batch_size, own)
    with pytest.raises(ValueError, match="n_threads"):
        NativeEngine(n_threads=0)


def test_bad_compressed_rows_raise():
    make = native.Data64.sparse
    values, columns, starts = np.ones(2), np.array([0, 1], np.int32), np.array([0, 2])
    make(values, columns, starts, 2, None, None)
    for bad in [
        (values, columns, np.array([0, 3]), 2),
        (values, columns, np.array([2, 0]), 2),
        (values, columns, np.array([-1, 2]), 2),
        (values, columns, np.array([], np.int64), 2),
        (values, columns, starts, 1),
        (values, columns[::-1].copy(), starts, 2),
        (values[:1], columns, starts, 2),
    ]:
        with pytest.raises(ValueError, match="x"):
            make(*bad, None, None)


def test_unknown_names_raise():
    good = [(3, 2, "identity", 0.0)], "identity", "squared_error", []
    native.Predictor64(good, "scalar", 0, [(np.ones((3, 2)), np.ones(2))])
    for bad in [
        ([(3, 2, "spline", 0.0)], *good[1:]),
        ([(3, 2, "tanh", 0.0)], *good[1:]),
        ([(3, 2, "identity", 2.0)], *good[1:]),
        ([(3, 0, "identity", 0.0)], *good[1:]),
        ([(3, 4, "tanh", 0.0), (5, 2, "identity", 0.0)], *good[1:]),
        ([], *good[1:]),
        (good[0], "softmax", "squared_error", []),
        (good[0], "ascending", "squared_error", []),
        (good[0], "identity", "cross_entropy", [0.0, 1.0, 0.0]),
        (good[0], "softmax", "cross_entropy", [0.0]),
        (good[0], "logistic", "binary_cross_entropy", [0.0, 1.0, 0.0, 1.0]),
        (good[0], "ascending", "quantiles", [0.5]),
        (good[0], "softmax", "focal", []),
        (good[0], "identity", "hinge", []),
        (*good[:3], [np.nan]),
    ]:
        with pytest.raises(ValueError):
            native.Predictor64(bad, "scalar", 0, [(np.ones((3, 2)), np.ones(2))])
    with pytest.raises(ValueError, match="not available"):
        native.Predictor64(good, "mmx", 0, [(np.ones((3, 2)), np.ones(2))])


def test_batches_without_weight_change_nothing():
    network, parameters, data = problem()
    data = data._replace(weights=np.zeros(40))
    trainer = trainer_of(network, parameters, data, alpha=1.0)
    assert trainer.epoch(np.arange(40), 10, table(4)) == (0.0, 0.0)
    np.testing.assert_array_equal(trainer.read()[0][0][0], parameters[0][0])


def interrupt_after(seconds):
    """Send this process an interrupt in a while."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_ends_the_epoch_at_a_step(n_threads):
    network, parameters, data = problem(2000, 50, 2, (100,))
    trainer = trainer_of(network, parameters, data, n_threads)
    n_steps = 500_000
    order = np.tile(np.arange(2000), n_steps * 10 // 2000)
    own = table(n_steps)
    timer, start = interrupt_after(1.0), time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        trainer.epoch(order, 10, own)
    assert time.perf_counter() - start < 5
    timer.join()
    done = trainer.n_done
    assert 0 < done < n_steps
    again = trainer_of(network, parameters, data, n_threads)
    again.epoch(order[: 10 * done], 10, own[:done])
    assert again.n_done == done
    np.testing.assert_array_equal(again.read()[0][0][0], trainer.read()[0][0][0])


def test_threads_end_with_the_trainer():
    network, parameters, data = problem()
    before = threads_alive()
    trainer = trainer_of(network, parameters, data, 3)
    assert threads_alive() == before
    trainer.epoch(np.arange(40), 20, table(2))
    assert threads_alive() == before + 2
    trainer.close()
    assert threads_alive() == before
    trainer.epoch(np.arange(40), 20, table(2))
    del trainer
    assert threads_alive() == before


def test_several_trainers_at_once():
    network, parameters, data = problem(200, 20, 3, (30, 20))

    def train(n_threads):
        trainer = trainer_of(network, parameters, data, n_threads)
        for epoch in range(20):
            trainer.epoch(np.arange(200), 50, table(4, 4 * epoch))
        result = trainer.read()[0]
        trainer.close()
        return b"".join(p.tobytes() for own in result for p in own)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(train, [1, 2, 3, 2, 1, 2]))) == 1


def test_one_trainer_from_two_threads_says_so():
    network, parameters, data = problem(2000, 50, 2, (100,))
    trainer = trainer_of(network, parameters, data, 1)
    order = np.tile(np.arange(2000), 100)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(trainer.epoch, order, 10, table(20000))
        time.sleep(0.05)
        if not running.done():
            with pytest.raises(RuntimeError, match="one thread at a time"):
                trainer.finite()
        running.result()


def _in_child(trainer, queue):
    trainer.epoch(np.arange(40), 20, table(2, 2))
    queue.put(trainer.read()[0][0][0])
    trainer.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_training_goes_on_after_a_fork():
    network, parameters, data = problem()
    trainer = trainer_of(network, parameters, data, 2)
    trainer.epoch(np.arange(40), 20, table(2))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(trainer, queue))
    child.start()
    theirs = queue.get(timeout=30)
    child.join(30)
    assert child.exitcode == 0
    trainer.epoch(np.arange(40), 20, table(2, 2))
    np.testing.assert_array_equal(trainer.read()[0][0][0], theirs)


def test_a_predictor_keeps_its_parameters_and_serves_many_threads():
    network, parameters, data = problem(5000, 20, 3, (30, 20), np.float32)
    predict = NativeEngine().predictor(network, parameters)
    expected = ReferenceEngine().predictor(network, parameters)(data.x)
    parameters[0][0][:] = 0
    np.testing.assert_allclose(predict(data.x), expected, rtol=1e-4, atol=1e-5)
    rows = np.vstack([predict(data.x[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(rows, predict(data.x)[:50])
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(predict, [data.x] * 20):
            np.testing.assert_array_equal(result, predict(data.x))
    with pytest.raises(ValueError, match="20 columns"):
        predict(data.x[:, :3])


def test_unusual_shapes():
    deep = Network(3, [Dense(2, "tanh")] * 30 + [Dense(1)], "identity", SquaredError())
    parameters = deep.initialize(0)
    x = np.random.RandomState(0).normal(size=(9, 3))
    np.testing.assert_allclose(
        NativeEngine().predictor(deep, parameters)(x),
        ReferenceEngine().predictor(deep, parameters)(x),
        rtol=1e-12,
    )
