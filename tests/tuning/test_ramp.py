"""The ramp test: losses in closed form, pandas' moving average, what it says."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import scale

import lamina
from lamina.tuning import RampTest, ramp_test

IRIS, SPECIES = load_iris(return_X_y=True)
IRIS = scale(IRIS)
X = np.random.RandomState(0).normal(size=(60, 3)) * [3.0, 1.0, 0.3]
Y = X @ [1.0, -2.0, 3.0] + np.random.RandomState(1).normal(size=60)
LINEAR = lamina.MLPRegressor(
    hidden_layer_sizes=(), activation="identity", solver="gradient_descent", alpha=0, batch_size=60
)
SMALL = lamina.MLPClassifier(8, batch_size=15, random_state=0)


def test_each_step_is_one_of_gradient_descent_at_the_next_rate():
    test = ramp_test(LINEAR, X, Y, low=1e-4, high=10, n_steps=60, random_state=3)
    assert test.rates[:2].tolist() == pytest.approx([1e-4, 1e-4 * 1e5 ** (1 / 59)])
    seed = int(np.random.RandomState(3).randint(2**31 - 1))
    ((weights, bias),) = lamina.Network.mlp(3, [], 1, activation="identity").initialize(seed)
    w, design = np.append(weights.ravel(), bias), np.column_stack([X, np.ones(60)])
    for rate, loss in zip(test.rates, test.losses, strict=True):
        residual = design @ w - Y
        assert loss == pytest.approx(0.5 * np.mean(residual**2), rel=1e-9)
        w = w - rate * design.T @ residual / 60
    steady = 2 / np.linalg.eigvalsh(design.T @ design / 60)[-1]
    assert test.suggestion < steady < test.rates[-1]


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.9])
def test_the_average_is_that_of_pandas(smoothing):
    test = ramp_test(SMALL, IRIS, SPECIES, smoothing=smoothing)
    expected = pd.Series(test.losses).ewm(alpha=1 - smoothing, adjust=True).mean()
    np.testing.assert_allclose(test.smoothed, expected, rtol=1e-10)


def test_it_stops_where_the_loss_is_four_times_the_lowest():
    test = ramp_test(LINEAR, X, Y, random_state=0)
    running = np.minimum.accumulate(test.smoothed)
    above = test.smoothed > 4 * running
    assert above[-1] and not above[:-1].any()
    assert len(test.rates) < test.n_steps == 200
    assert "it is above 4 times that" in test.reason


def test_what_it_suggests_and_why():
    X, y = load_digits(return_X_y=True)
    test = ramp_test(lamina.MLPClassifier(random_state=0), X / 16, y)
    assert test.lowest == test.rates[np.argmin(test.smoothed)]
    assert test.rates[0] < test.steepest < test.lowest
    assert test.suggestion == pytest.approx(np.sqrt(test.steepest * test.lowest / 10), rel=0.05)
    assert 1e-3 < test.suggestion < 0.1  # where an exhaustive search has its best scores
    assert f"{test.suggestion:g}: between {test.steepest:.2g}" in test.reason
    assert not test.cautions


def test_the_steepest_fall_of_a_step_down_is_where_it_is():
    rates = np.geomspace(1e-6, 1, 200)
    for place in (60, 100, 140):
        curve = 1 - 0.9 / (1 + np.exp(-(np.arange(200) - place) / 4))
        curve[-1] = 0.05
        test = RampTest(rates, curve, curve, 200, "the end")
        assert abs(np.log(test.steepest / rates[place])) <= 2.5 * np.log(rates[1] / rates[0])


def test_the_same_seed_gives_the_same_test_and_the_estimator_stays_as_it_was():
    model = lamina.MLPClassifier(
        8, learning_rate=lamina.Constant(initial=0.5), early_stopping=True, random_state=0
    )
    before = repr(model.get_params())
    one, other = (ramp_test(model, IRIS, SPECIES) for _ in range(2))
    assert np.array_equal(one.losses, other.losses)
    assert repr(model.get_params()) == before
    assert not hasattr(model, "coefs_")
    assert not np.array_equal(one.losses, ramp_test(model, IRIS, SPECIES, random_state=1).losses)


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop", lamina.Nesterov()])
def test_every_rule_has_one(solver):
    test = ramp_test(SMALL.set_params(solver=solver), IRIS, SPECIES)
    assert 1e-5 < test.suggestion < 10


def test_any_data_that_fit_takes():
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    plain = ramp_test(SMALL, IRIS, SPECIES).losses
    assert np.array_equal(ramp_test(SMALL, frame, pd.Series(SPECIES)).losses, plain)
    sparse = ramp_test(SMALL, scipy.sparse.csr_array(IRIS), SPECIES).losses
    np.testing.assert_allclose(sparse[:100], plain[:100], rtol=1e-6)
    several = np.column_stack([SPECIES == 0, SPECIES == 1]).astype(int)
    for y in (several, np.array(["a", "b", "c"])[SPECIES]):
        assert ramp_test(SMALL, IRIS, y).suggestion > 0
    ones = ramp_test(SMALL, IRIS, SPECIES, sample_weight=np.ones(150)).losses
    np.testing.assert_allclose(ones[:100], plain[:100], rtol=1e-9)
    few = ramp_test(lamina.MLPRegressor(hidden_layer_sizes=4, random_state=0), X[:4], Y[:4])
    assert len(few.rates) > 10


def test_a_ramp_that_is_too_low_is_told():
    with pytest.warns(UserWarning, match="hardly falls on the ramp: raise `high`"):
        ramp_test(SMALL, IRIS, SPECIES, low=1e-12, high=1e-8)
    with pytest.warns(UserWarning, match="still falls at the largest rate: raise `high`"):
        ramp_test(SMALL, IRIS, SPECIES, high=1e-2)


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
def test_a_ramp_that_starts_too_high_is_told():
    with pytest.warns(UserWarning, match="hardly falls on the ramp: lower `low`"):
        test = ramp_test(LINEAR, X, Y, low=1.0, high=100.0, random_state=0)
    assert np.isnan(test.suggestion) and np.isnan(test.steepest)
    assert test.reason.startswith("none: the loss falls nowhere")
    with pytest.warns(UserWarning, match="hardly falls on the ramp: lower `low`"):
        test = ramp_test(LINEAR, X * 1e9, Y * 1e200, random_state=0)
    assert "no longer finite" in test.reason


def test_results_are_told():
    test = ramp_test(SMALL, IRIS, SPECIES)
    assert list(test.as_frame().columns) == ["learning_rate", "loss", "smoothed"]
    assert repr(test).startswith(f"RampTest: {len(test.rates)} of 200 steps")
    with pytest.raises(ValueError, match="read-only"):
        test.losses[0] = 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": -1}, r"low must be a number in \[1e-20, 1e20\], got -1"),
        ({"low": 1, "high": 1}, r"high must be above low \(1\), got 1"),
        ({"n_steps": 9}, r"n_steps must be an integer in \[10, inf\), got 9"),
        ({"smoothing": 1}, r"smoothing must be a number in \[0, 1\), got 1"),
    ],
)
def test_bad_arguments_are_named(options, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        ramp_test(SMALL, IRIS, SPECIES, **options)
    with pytest.raises(lamina.ArgumentError, match="solver must be one that has a learning rate"):
        ramp_test(lamina.MLPClassifier(solver="lbfgs"), IRIS, SPECIES)
