"""Slopes that are learned: gradients by differences, estimators, files, warm starts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

import lamina
from lamina import MLPClassifier
from lamina.spec import network as propagation

X, Y = load_digits(n_class=4, return_X_y=True)
X = X / 16
KINDS = ["adam", "lbfgs", "nesterov"]


def model(**options):
    options = {"max_iter": 20, "random_state": 0, "learning_rate_init": 0.01} | options
    return MLPClassifier((12, 9, 7), ["prelu", "tanh", "prelu"], **options)


def test_slopes_start_at_a_quarter_and_have_a_gradient_like_any_parameter():
    network = lamina.Network.mlp(5, [6, 4], 3, activation=["prelu", "prelu"], output="softmax")
    parameters = network.initialize(0)
    assert [tuple(a.shape for a in own) for own in parameters] == [
        ((5, 6), (6,), (6,)),
        ((6, 4), (4,), (4,)),
        ((4, 3), (3,)),
    ]
    np.testing.assert_array_equal(parameters[0][2], np.full(6, 0.25))
    random = np.random.RandomState(0)
    x, y = random.standard_normal((30, 5)), np.eye(3)[random.randint(3, size=30)]
    check = lamina.check_gradients(
        network, x, y, sample_weight=random.uniform(0.5, 2, 30), alpha=0.1
    )
    assert check.ok, check
    assert network.n_parameters == 5 * 6 + 12 + 6 * 4 + 8 + 4 * 3 + 3


def test_with_equal_slopes_it_is_the_leaky_relu():
    learned = lamina.Network.mlp(5, [6], 2, activation="prelu")
    fixed = lamina.Network.mlp(5, [6], 2, activation=lamina.LeakyReLU(0.25))
    x = np.random.RandomState(0).standard_normal((30, 5))
    first, last = fixed.initialize(0)
    np.testing.assert_array_equal(
        propagation.predict(learned, [(*first, np.full(6, 0.25)), last], x),
        propagation.predict(fixed, [first, last], x),
    )


@pytest.mark.parametrize("solver", KINDS)
def test_an_estimator_learns_them(solver):
    fitted = model(solver=solver).fit(X, Y)
    assert [None if a is None else a.shape for a in fitted.slopes_] == [(12,), None, (7,), None]
    assert (np.abs(fitted.slopes_[0] - 0.25) > 1e-3).any()
    assert fitted.score(X, Y) > 0.95
    h = X
    for w, b, a in zip(fitted.coefs_[:3], fitted.intercepts_[:3], fitted.slopes_[:3], strict=True):
        z = h @ w + b
        h = np.tanh(z) if a is None else np.where(z > 0, z, a * z)
    expected = h @ fitted.coefs_[3] + fitted.intercepts_[3]
    p = np.exp(expected - expected.max(axis=1, keepdims=True))
    np.testing.assert_allclose(fitted.predict_proba(X), p / p.sum(axis=1, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("rows", [1, 3, 200])
def test_every_way_to_predict_is_the_same(rows, tmp_path):
    fitted = model().fit(X, Y)
    fitted.save(tmp_path / "model")
    others = [lamina.load(tmp_path / "model"), pickle.loads(pickle.dumps(fitted))]
    expected = fitted.predict_proba(X[:rows])
    for other in others:
        np.testing.assert_array_equal(other.predict_proba(X[:rows]), expected)
    np.testing.assert_array_equal(fitted.predictor()(X[:rows]), expected)
    fitted.slopes_[0][:] = 0.5
    assert not np.array_equal(fitted.predict_proba(X[:rows]), expected)


def test_going_on_from_changed_slopes():
    one, other = model(max_iter=3).fit(X, Y), model(max_iter=3).fit(X, Y)
    other.slopes_[2][:] = -1.0
    one.partial_fit(X, Y), other.partial_fit(X, Y)
    assert not np.allclose(one.slopes_[2], other.slopes_[2], atol=0.1)
    assert one._state.step == other._state.step


@pytest.mark.parametrize(("before", "after"), [("relu", "prelu"), ("prelu", "relu")])
def test_training_cannot_go_on_with_other_parameters(before, after):
    fitted = MLPClassifier((5,), before, warm_start=True, max_iter=2, random_state=0).fit(X, Y)
    expected = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="activation may not turn to or from 'prelu'"):
        fitted.set_params(activation=after).fit(X, Y)
    np.testing.assert_array_equal(fitted.set_params(activation=before).predict_proba(X), expected)


def test_another_activation_has_none():
    fitted = model().fit(X, Y)
    fitted.set_params(activation="relu").fit(X, Y)
    assert not hasattr(fitted, "slopes_")
    assert hasattr(clone(fitted).set_params(activation="prelu").fit(X, Y), "slopes_")


def test_it_is_for_hidden_layers():
    with pytest.raises(ValueError, match="output must be one of"):
        lamina.Network(3, [lamina.Dense(2)], output="prelu")
