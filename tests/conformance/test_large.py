"""Sizes beyond every block of the engine: rows, depth, leading dimensions, chunks of samples."""

import numpy as np
import pytest
import scipy.sparse

from lamina import plan
from lamina.engines import Data, NativeEngine, ReferenceEngine
from lamina.engines.native import available

pytestmark = pytest.mark.skipif(not available(), reason="the extension was not built")

NETWORK = plan.Network.mlp(700, (256, 300), 3, activation=("tanh", "relu"), output="softmax")
RULE = plan.Momentum()
# Sums over 700 numbers round more than the small ones of test_steps.
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}


def large(dtype, sparse, count):
    random = np.random.RandomState(0)
    x = random.uniform(-1, 1, (count, 700))
    if sparse:
        x = scipy.sparse.csr_matrix(x * (random.uniform(size=x.shape) < 0.1))
    y = np.eye(3)[random.randint(3, size=count)]
    return Data(x, y, random.uniform(0.5, 2, count)).astype(dtype)


def close(a, b, dtype):
    np.testing.assert_allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_training_agrees(n_threads, sparse, dtype):
    data, order = large(dtype, sparse, 700), np.random.RandomState(1).permutation(700)
    table = RULE.table(0.01, plan.Clock(0, 0, 0, 3))
    ended = []
    for engine in (NativeEngine(n_threads), ReferenceEngine()):
        start = NETWORK.initialize(2, dtype)
        trainer = engine.trainer(NETWORK, RULE, start, None, data, 0.1)
        sums = trainer.epoch(order, 300, table)
        ended.append((sums, trainer.read()[0], trainer.predict(data.x)))
        trainer.close()
    ours, theirs = ended
    np.testing.assert_allclose(ours[0], theirs[0], rtol=TOLERANCE[dtype])
    close(ours[2], theirs[2], dtype)
    for own, their in zip(ours[1], theirs[1], strict=True):
        for a, b in zip(own, their, strict=True):
            close(a, b, dtype)


@pytest.mark.parametrize("sparse", [False, True])
def test_loss_and_gradients_over_several_chunks_agree(sparse):
    data, parameters = large("float64", sparse, 1300), NETWORK.initialize(2)
    ours = NativeEngine(2).objective(NETWORK, data, 0.1)(parameters)
    theirs = ReferenceEngine().objective(NETWORK, data, 0.1)(parameters)
    np.testing.assert_allclose(ours[:2], theirs[:2], rtol=1e-13)
    for own, their in zip(ours[2], theirs[2], strict=True):
        for a, b in zip(own, their, strict=True):
            close(a, b, "float64")
