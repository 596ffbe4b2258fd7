"""What the perceptron spends on its certificate and bound, and where float64 ends its learning."""

import pickle
import time

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import lamina
from lamina.neurons import Perceptron, UndecidedError
from lamina.neurons.perceptron import estimator as module
from lamina.neurons.perceptron import trace as trace_module
from lamina.neurons.separability import hulls

GATES = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_the_certificate_costs_little_more_than_learning_and_never_long(monkeypatch):
    granted, real = [], module.decide
    monkeypatch.setattr(module, "decide", lambda *a: granted.append(a[-1]) or real(*a))
    random = np.random.RandomState(0)
    X, y = random.normal(size=(450, 200)), random.randint(2, size=450)
    before = time.process_time()
    model = Perceptron(max_iter=9).fit(X, y)
    assert time.process_time() - before < 5  # the proof takes half a minute
    assert granted == [1e9] and not hasattr(model, "separation_")
    assert "not decided" not in model.summary() and "longer than a second" in model.summary()
    wide = random.normal(size=(2000, 20)) * np.logspace(-8, 8, 20)
    Perceptron(max_iter=9).fit(wide, wide[:, 3] + wide[:, 4] > 0)
    assert granted == [1e9] * 2


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_it_is_asked_again_only_with_much_more_work_to_spend(monkeypatch):
    granted = []

    def undecided(X, y, fit_bias, work):
        granted.append(work)
        raise UndecidedError("too much")

    monkeypatch.setattr(module, "decide", undecided)
    monkeypatch.setattr(module.report, "SECOND", 1e6)
    Perceptron(max_iter=400).fit(GATES, XOR)
    assert granted[0] == 1e6 and len(granted) > 2
    assert (np.diff(np.log(granted[:-1])) >= np.log(4)).all() and granted[-1] > granted[-2]


def undecidable(monkeypatch):
    """Let no exact solution be short enough."""
    monkeypatch.setattr(hulls, "MOST_PRODUCTS", 0)


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_a_bound_that_cannot_be_had_is_told_from_one_that_does_not_exist(monkeypatch):
    undecidable(monkeypatch)
    random = np.random.RandomState(0)
    X, y = random.normal(size=(30, 6)), np.arange(30) % 2
    model = Perceptron(trace=True, max_iter=3).fit(X, y)
    assert "longer than a second" in model.summary()
    assert np.isnan(model.bound_) and model.trace_.bound.separable is None
    assert "whether a w* exists is not decided" in str(model.trace_)
    assert np.isfinite(model.trace_.upper).all() and np.isnan(model.trace_.lower).all()
    assert "No run" not in model.summary()


def test_the_bound_is_computed_when_it_is_asked_for_and_once(monkeypatch):
    asked, real = [], trace_module.decide
    monkeypatch.setattr(trace_module, "decide", lambda *a: asked.append(a) or real(*a))
    model = Perceptron(trace=True).fit(GATES, AND)
    assert not asked and len(model.trace_) == 18
    fresh = pickle.loads(pickle.dumps(model))
    assert model.bound_ == model.trace_.bound.corrections == pytest.approx(51) and len(asked) == 1
    assert fresh.trace_.holds and fresh.bound_ == model.bound_


def test_numbers_whose_products_underflow_are_refused_or_taken_right():
    for size in (1e-162, 1e-200, 5e-324):
        with pytest.raises(lamina.ArgumentError, match=r"X must be scaled, as products.*underflow"):
            Perceptron(fit_intercept=False).fit([[size], [-size]], [0, 1])
    model = Perceptron(fit_intercept=False, normalize=True, trace=True)
    model.fit([[1e-200], [-1e-200]], [0, 1])
    assert model.trace_.bound.radius == model.bound_ == 1 == model.n_corrections_
    with pytest.raises(lamina.ArgumentError, match="X must be scaled, as the norm of row 1"):
        model.fit([[1.0], [5e-324]], [0, 1])
    far = Perceptron(trace=True, max_iter=30).fit([[1e-200, 3e100], [0, -4e100]], [0, 1])
    assert far.trace_.bound.radius == pytest.approx(4e100, rel=1e-15)
    assert far.n_corrections_ <= far.bound_ and far.trace_.holds


def test_a_correction_that_changes_nothing_is_named():
    X = [[1.0], [-1.0]]
    with pytest.warns(ConvergenceWarning, match=r"row 0 of X.*as large as 1e\+20 changes nothing"):
        model = Perceptron(fit_intercept=False, max_iter=20).fit(X, [0, 1], coef_init=[1e20])
    assert model.separation_.separable and model.coef_.tolist() == [[1e20]]
