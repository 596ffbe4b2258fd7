"""Training that anything ends before its time keeps what it learnt."""

import numpy as np
import pytest

import lamina

X = np.random.RandomState(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


class HaltError(Exception):
    pass


def fit_until(n, **options):
    """Return an estimator whose fit was ended by an exception after n epochs or iterations."""

    def stop(n_epochs, *_):
        if n_epochs == n:
            raise HaltError

    model = lamina.MLPClassifier((5,), random_state=0, max_iter=50, tol=0, **options)
    model._on_epoch = stop
    with pytest.raises(HaltError):
        model.fit(X, Y)
    return model


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_what_a_listeners_exception_ends_is_kept(solver):
    cut = fit_until(5, solver=solver)
    whole = lamina.MLPClassifier(
        (5,), random_state=0, max_iter=5, tol=0, n_iter_no_change=99, solver=solver
    ).fit(X, Y)
    assert cut.n_iter_ == whole.n_iter_ == 5
    for own, expected in zip(cut.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(own, expected)


def test_steps_of_an_epoch_that_a_signals_exception_ends_are_counted(monkeypatch):
    """Adam's bias correction must know of them when training goes on."""
    from lamina.engines.native import NativeTrainer

    real, calls = NativeTrainer.epoch, []

    def epoch(self, order, batch_size, table, *more):
        calls.append(1)
        if len(calls) < 3:
            return real(self, order, batch_size, table, *more)
        real(self, order[: 2 * batch_size], batch_size, table[:2], *more)  # two, then the signal
        raise HaltError

    monkeypatch.setattr(NativeTrainer, "epoch", epoch)
    model = lamina.MLPClassifier((5,), random_state=0, batch_size=10, solver="adam")
    with pytest.raises(HaltError):
        model.fit(X, Y)
    assert model._state.step == 6 + 6 + 2
