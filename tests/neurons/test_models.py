"""Three models, one loop: differences, least squares, scikit-learn, and note 004 in fractions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error

import lamina
from lamina import ArgumentError
from lamina.descent import ExactLineSearch, Sampling
from lamina.neurons import MODELS, learn, training_loss

NAMES = sorted(MODELS)
SETTINGS = settings(deadline=None, max_examples=40, derandomize=True, database=None)
WHOLE = st.integers(-9, 9)
random = np.random.RandomState(0)
X = random.normal(size=(40, 3))
SHARES = random.uniform(size=40)
LABELS = (X @ [1.0, -2.0, 0.5] + random.normal(size=40) > 0).astype(float)
PLACES = {name: random.normal(size=MODELS[name].shape(3)) for name in NAMES}
LOSSES = ["squared_error", "mean_squared_error", "sum_squared_error"]
PAIRS = [*itertools.product(NAMES, LOSSES), ("logistic", "binary_cross_entropy")]


@given(x=st.tuples(WHOLE, WHOLE), w=st.tuples(*[WHOLE] * 4))
@SETTINGS
def test_values_in_whole_numbers(x, w):
    W = np.array(w).reshape(2, 2)
    assert MODELS["linear"](x, W[0]) == x[0] * w[0] + x[1] * w[1]
    doubles = sum(x[i] * int(W[i, j]) * x[j] for i in range(2) for j in range(2))
    assert MODELS["quadratic"](x, W) == doubles
    assert MODELS["logistic"](x, W[0]) == pytest.approx(1 / (1 + np.exp(-float(W[0] @ x))))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_by_the_parameters_are_differences(name):
    model, W = MODELS[name], PLACES[name]
    for x, gradient in zip(X, model.gradient(X, W), strict=True):
        expected = approx_fprime(W.ravel(), lambda w, x=x: model(x, w.reshape(W.shape)), 1e-7)
        assert gradient == pytest.approx(expected.reshape(W.shape), abs=1e-5)
        assert model.gradient(x, W) == pytest.approx(gradient, rel=1e-15)


def test_xtwx_sees_only_the_symmetric_part():
    """And its gradient x xᵀ is symmetric, so that descent never changes the other part."""
    W = PLACES["quadratic"]
    model = MODELS["quadratic"]
    assert model(X, W) == pytest.approx(model(X, (W + W.T) / 2), rel=1e-12)
    learned = learn("quadratic", X, LABELS, start=W, step=0.02, max_steps=200)
    end = learned.weights
    assert end - end.T == pytest.approx(W - W.T, abs=1e-13)
    assert not np.allclose(end, W)


# Losses


@pytest.mark.parametrize("name", NAMES)
def test_squared_errors_are_sklearns_times_their_factor(name):
    W, f = PLACES[name], MODELS[name](X, PLACES[name])
    mean = mean_squared_error(SHARES, f)
    for loss, factor in zip(LOSSES, [0.5, 1, len(X)], strict=True):
        value = training_loss(name, X, SHARES, loss)(W.ravel())
        assert value == pytest.approx(factor * mean, rel=1e-14)


def test_cross_entropy_is_sklearns():
    w = PLACES["logistic"]
    expected = log_loss(LABELS, MODELS["logistic"](X, w))
    assert training_loss("logistic", X, LABELS, "binary_cross_entropy")(w) == pytest.approx(
        expected, rel=1e-14
    )


@pytest.mark.parametrize(("name", "loss"), PAIRS)
def test_gradients_of_the_loss_are_differences(name, loss):
    objective, w = training_loss(name, X, SHARES, loss), PLACES[name].ravel()
    expected = approx_fprime(w, objective, 1e-7)
    size = np.abs(expected).max()
    assert objective.gradient(w) == pytest.approx(expected, abs=1e-5 * max(1, size))


def test_the_factor_two_that_note_002_leaves_out():
    """x = 2, f = σ(ln 3) = 3/4, y = 0: (f - y) f (1 - f) x = 9/32, of (y - f)² it is 9/16."""
    w = [np.log(3) / 2]
    slopes = [training_loss("logistic", [[2.0]], [0], loss).gradient(w) for loss in LOSSES]
    expected = [float(Fraction(9, 32)), float(Fraction(9, 16)), float(Fraction(9, 16))]
    assert np.ravel(slopes) == pytest.approx(expected, rel=1e-14)


# Learning


@pytest.mark.parametrize("loss", LOSSES)
def test_the_linear_model_reaches_least_squares(loss):
    expected = LinearRegression(fit_intercept=False).fit(X, SHARES).coef_
    learned = learn("linear", X, SHARES, loss=loss, step=ExactLineSearch(), tolerance=1e-7)
    assert learned.path.converged
    assert learned.weights == pytest.approx(expected, abs=1e-6)


def test_the_quadratic_model_reaches_least_squares_on_its_products():
    """From 0 it ends at the solution of least norm, which is symmetric."""
    products = np.array([np.outer(x, x).ravel() for x in X])
    expected = np.linalg.lstsq(products, SHARES, rcond=None)[0].reshape(3, 3)
    learned = learn("quadratic", X, SHARES, step=ExactLineSearch(), tolerance=1e-8)
    assert learned.path.converged
    assert learned.weights == pytest.approx(expected, abs=1e-6)


def test_the_logistic_model_reaches_logistic_regression():
    oracle = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    expected = oracle.fit(X, LABELS).coef_[0]
    learned = learn("logistic", X, LABELS, loss="binary_cross_entropy", step=2.0)
    assert learned.path.converged
    assert learned.weights == pytest.approx(expected, rel=1e-5)
    assert learned(X) == pytest.approx(oracle.predict_proba(X)[:, 1], abs=1e-6)


def test_the_logistic_model_learns_shares_by_squared_error():
    objective = training_loss("logistic", X, SHARES)
    expected = minimize(objective, np.zeros(3), jac=objective.gradient, tol=1e-12).x
    learned = learn("logistic", X, SHARES, step=5.0)
    assert learned.path.converged
    assert learned.weights == pytest.approx(expected, abs=1e-5)


def test_noiseless_targets_are_recovered_by_each_model():
    for name in NAMES:
        W = PLACES[name] if name != "quadratic" else PLACES[name] + PLACES[name].T
        y = MODELS[name](X, W)
        step = 8.0 if name == "logistic" else 0.1
        learned = learn(name, X, y, step=step, max_steps=5000, tolerance=1e-10)
        assert learned.weights == pytest.approx(W, abs=1e-6)


def test_one_stochastic_step_of_note_004_in_fractions():
    """At w = 0 its third point has ∇e = -2 (0 - 1/2) 1/4 (4, 4) = (1, 1).

    E is the mean of N e_i, so that γ on e_i is γ / N on the mean's terms.
    """
    points, targets = [[4, 4], [-3, -3], [-2, -2], [2, -5]], [0, 1, 1, 0]
    one = Sampling(1, order="cyclic")
    options = {"sampling": one, "step": 0.5 / 4, "max_steps": 1}
    learned = learn("logistic", points, targets, loss="sum_squared_error", **options)
    assert learned.weights.tolist() == [-0.5, -0.5]


def test_every_option_of_descent_goes_through():
    learned = learn("linear", X, SHARES, rule=lamina.Adam(), step=0.05, max_steps=3)
    # Adam's first step is the rate itself, against the sign of each slope.
    assert np.abs(learned.path.points[1]) == pytest.approx([0.05] * 3, rel=1e-5)
    assert learned.path.n_steps == 3


def test_too_long_a_step_is_told_in_words():
    learned = learn("quadratic", X, SHARES, step=1e3)
    assert not learned.path.converged
    assert "the step may be too long" in str(learned)
    assert np.isfinite(learned.weights).all()


def test_the_data_are_copied():
    own, targets = X.copy(), SHARES.copy()
    own.flags.writeable = False
    objective = training_loss("linear", own[:, ::-1], targets)
    before = objective(np.ones(3))
    targets[:] = 7.0
    assert objective(np.ones(3)) == before


GOOD = {"model": "linear", "X": X, "y": SHARES}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "cubic"}, "model must be one of 'logistic', 'linear', 'quadratic'"),
        ({"loss": "hinge"}, "loss must be one of "),
        ({"loss": "binary_cross_entropy"}, "loss must be a squared error for the linear model"),
        ({"X": X[0]}, "X must be of shape (N, d)"),
        ({"X": X[:0], "y": []}, "X must be of shape (N, d), N >= 1"),
        ({"X": X[:, :0]}, "X must be of shape (N, d), N >= 1, d >= 1, got (40, 0)"),
        ({"X": X.astype(str)}, "X must be an array of numbers"),
        ({"X": np.where(X[4, 1] == X, np.nan, X)}, "X must be finite, got 'nan at [4, 1]'"),
        ({"y": SHARES[1:]}, "y must be of shape (40,), one number for each row of X, got (39,)"),
        ({"y": SHARES[:, None]}, "y must be of shape"),
        ({"start": np.zeros(2)}, "start must be of shape (3,), got (2,)"),
        ({"start": [0, 0, np.inf]}, "start must be finite"),
        ({"model": "quadratic", "start": np.zeros(9)}, "start must be of shape (3, 3), got (9,)"),
        ({"step": -1}, "step must be a number in (0, inf)"),
        (
            {"model": "logistic", "loss": "binary_cross_entropy", "y": 2 * SHARES},
            "y must be in [0, 1] for binary cross-entropy",
        ),
    ],
)
def test_bad_input_is_named(changed, message):
    with pytest.raises(ArgumentError) as error:
        learn(**{**GOOD, **changed})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "W"), [("linear", np.eye(3)), ("quadratic", [1, 2, 3]), ("quadratic", np.ones((3, 2)))]
)
def test_parameters_of_another_shape_are_named(name, W):
    with pytest.raises(ArgumentError, match=r"^W must be of shape"):
        MODELS[name](X, W)


def test_no_data_are_the_fault_of_x():
    with pytest.raises(ArgumentError, match=r"^X must be of shape \(N, d\)"):
        learn("linear", [], [])
