"""A loss of the user's own in the engines: what it may return, raise and keep."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import lamina
from lamina import plan
from lamina.engines import Data, ReferenceEngine
from lamina.engines.native import NativeEngine, available

pytestmark = pytest.mark.skipif(not available(), reason="the extension was not built")

ENGINES = [NativeEngine(1), NativeEngine(3), ReferenceEngine()]
RANDOM = np.random.RandomState(0)
DATA = Data(RANDOM.rand(40, 3), RANDOM.rand(40, 2))


def squared(h, y):
    return 0.5 * ((h - y) ** 2).sum(axis=1)


def difference(h, y):
    return h - y


def trainer_of(engine, value=squared, gradient=difference, n_hidden=5):
    network = plan.Network.mlp(3, [n_hidden], 2, loss=plan.CustomLoss(value, gradient))
    return engine.trainer(network, plan.Momentum(), network.initialize(0), None, DATA, 0.0)


def epoch(trainer):
    table = plan.Momentum().table(0.01, plan.Clock(0, 0, 0, 4))
    return trainer.epoch(np.arange(40), 10, table)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_squared_error_by_hand_is_the_squared_error(engine):
    network = plan.Network.mlp(3, [5], 2)
    built_in = engine.trainer(network, plan.Momentum(), network.initialize(0), None, DATA, 0.0)
    own = trainer_of(engine)
    np.testing.assert_allclose(epoch(own), epoch(built_in), rtol=1e-14)
    for one, other in zip(own.read()[0], built_in.read()[0], strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=1e-13)
    np.testing.assert_allclose(own.losses(DATA), built_in.losses(DATA), rtol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_loss_raises_comes_out_and_the_trainer_stays_usable(engine):
    calls = []

    def value(h, y):
        calls.append(len(h))
        if len(calls) == 3:
            raise ZeroDivisionError("my own")
        return squared(h, y)

    trainer = trainer_of(engine, value)
    with pytest.raises(ZeroDivisionError, match="my own"):
        epoch(trainer)
    assert trainer.n_done == 2
    assert trainer.finite()
    epoch(trainer)
    assert trainer.n_done == 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("value", "gradient", "words"),
    [
        (lambda h, y: 1.0, difference, r"value\(h, y\) must return an array of shape \(10,\)"),
        (lambda h, y: (h - y) ** 2, difference, r"value.*shape \(10,\).*got \(10, 2\)"),
        (squared, lambda h, y: h[:, :1], r"gradient.*shape \(10, 2\).*got \(10, 1\)"),
    ],
)
def test_other_shapes_are_named(engine, value, gradient, words):
    with pytest.raises(ValueError, match=words):
        epoch(trainer_of(engine, value, gradient))


def test_what_the_functions_get_is_theirs():
    kept = []

    def value(h, y):
        kept.append((h, y, h.copy()))
        result = squared(h, y)
        h[:], y[:] = np.nan, np.nan  # harms no one
        return result

    def gradient(h, y):
        return np.zeros_like(h)

    trainer = trainer_of(NativeEngine(1), value, gradient)
    before = trainer.read()[0][0][0]
    epoch(trainer)
    trainer.close()
    del trainer
    np.testing.assert_array_equal(len(kept), 4)
    assert np.isfinite(before).all()
    assert all(np.isnan(h).all() and np.isfinite(copy).all() for h, _, copy in kept)


def test_fits_in_several_threads_at_once():
    models = [
        lamina.MLPRegressor(
            lamina.CustomLoss(squared, difference), (20,), max_iter=30, tol=0, random_state=0
        )
        for _ in range(4)
    ]
    errors = []

    def fit(model):
        try:
            with np.errstate(all="raise"):
                model.fit(DATA.x, DATA.y)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fit, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({model.coefs_[0].tobytes() for model in models}) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_lbfgs_minimises_it(engine, monkeypatch):
    monkeypatch.setenv("LAMINA_ENGINE", engine.name)
    options = {"hidden_layer_sizes": (8,), "solver": "lbfgs", "random_state": 0, "max_iter": 500}
    own = lamina.MLPRegressor(lamina.CustomLoss(squared, difference), **options)
    built_in = lamina.MLPRegressor("squared_error", **options)
    y = DATA.y[:, 0]
    np.testing.assert_allclose(own.fit(DATA.x, y).loss_, built_in.fit(DATA.x, y).loss_, rtol=1e-6)
