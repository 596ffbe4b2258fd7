"""`lamina.curvature`: what the functions below give for what the estimator does to its data."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError

import lamina
from lamina.diagnosis import largest_curvature

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic")

X, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["a", "b", "c"])[SPECIES]
OPTIONS = {"hidden_layer_sizes": (4,), "activation": "tanh", "max_iter": 5, "random_state": 0}


def second_difference(model, X, y, direction, weights=None):
    """Return the curvature of the objective that `loss_surface` evaluates, by differences."""
    flat = np.concatenate([p.ravel() for own in direction for p in own])
    at = lamina.trace(model, X, y, sample_weight=weights)
    h = 1e-4 / np.linalg.norm(flat)
    moved = [
        at.at(
            [
                tuple(p + step * d for p, d in zip(own, along, strict=True))
                for own, along in zip(at.parameters, direction, strict=True)
            ]
        ).objective
        for step in (-h, 0, h)
    ]
    return (moved[0] - 2 * moved[1] + moved[2]) / (h * h * flat @ flat)


@pytest.mark.parametrize("direction", ["largest", "gradient"])
@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"activation": "prelu"}])
def test_it_is_the_bend_of_the_estimators_own_loss(options, direction):
    model = lamina.MLPClassifier(**OPTIONS | options, alpha=1.0, class_weight="balanced")
    model.fit(X, NAMES)
    weights = np.linspace(0.1, 2, len(X))
    bend = lamina.curvature(model, X, NAMES, weights, direction=direction)
    expected = second_difference(model, X, NAMES, bend.direction, weights)
    assert bend.value == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_scales_count():
    model = lamina.MLPClassifier(**OPTIONS, standardize=True).fit(X * 100, NAMES)
    own = lamina.curvature(model, X * 100, NAMES).value
    parameters = list(zip(model.coefs_, model.intercepts_, strict=True))
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    by_hand = largest_curvature(model.network_, parameters, (z, np.eye(3)[SPECIES]), 1e-4)
    assert own == pytest.approx(by_hand.value, rel=1e-6)


def test_a_regressor_and_a_direction_of_ones_own():
    x, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(**OPTIONS, standardize=True).fit(x, np.c_[y, x[:, 0]])
    drawn = np.random.RandomState(0)
    along = [tuple(drawn.normal(size=shape) for shape in own) for own in model.network_.shapes]
    bend = lamina.curvature(model, x, np.c_[y, x[:, 0]], direction=along)
    expected = second_difference(model, x, np.c_[y, x[:, 0]], along)
    assert bend.value == pytest.approx(expected, rel=1e-4)


def test_float32_is_taken_as_float64():
    model = lamina.MLPClassifier(**OPTIONS).fit(X.astype(np.float32), NAMES)
    assert lamina.curvature(model, X, NAMES).direction[0][0].dtype == np.float64


def test_bad_input_is_named():
    model = lamina.MLPClassifier(**OPTIONS)
    with pytest.raises(NotFittedError):
        lamina.curvature(model, X, NAMES)
    model.fit(X, NAMES)
    for options, words in (
        ({"direction": "steepest"}, "direction must be one of 'largest', 'gradient'"),
        ({"direction": None}, "direction must be one of"),
        ({"direction": [(np.ones(2), np.ones(2))]}, "direction must be arrays of shapes"),
        ({"alpha": -1}, "alpha must be a number"),
        ({"random_state": -1}, "random_state must be an integer"),
        ({"sample_weight": -np.ones(len(X))}, "sample_weight must be >= 0"),
    ):
        with pytest.raises(ValueError, match=words):
            lamina.curvature(model, X, NAMES, **options)
    with pytest.raises(ValueError, match="classes not in"):
        lamina.curvature(model, X, SPECIES)
