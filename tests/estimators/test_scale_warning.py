"""Unscaled input or target is named once, with what to set; healthy data are let pass."""

import time
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import lamina

X = np.random.RandomState(0).normal(size=(80, 4))
Y = X[:, 0]


def fit(x, y, **parameters):
    return lamina.MLPRegressor(**{"max_iter": 1, "random_state": 0, **parameters}).fit(x, y)


def words_of(x, y, **parameters):
    with warnings.catch_warnings(record=True) as caught, suppress(lamina.DivergenceError):
        warnings.simplefilter("always")
        fit(x, y, **parameters)
    found = [w for w in caught if w.category is lamina.ScaleWarning]
    assert all(w.filename == __file__ for w in found)
    assert len(found) <= 1
    return str(found[0].message) if found else ""


HEALTHY = {
    "standardized": scale(X),
    "in [0, 1]": np.abs(X) / np.abs(X).max(),
    "0 and 1": (X > 0).astype(float),
    "a rare 1": np.eye(80)[:, :4],
    "all but a rare 0": 1 - np.eye(80)[:, :4],
    "counts": np.random.RandomState(0).poisson(3, (80, 4)),
    "letters": np.random.RandomState(0).binomial(15, 0.5, (80, 4)),
    "constants": np.ones((80, 3)),
    "zeros": np.zeros((80, 3)),
    "rounding": np.hstack([X, X @ np.ones((4, 1)) - X.sum(axis=1, keepdims=True)]),
    "one row": X[:1],
    "iris": datasets.load_iris().data,
    "diabetes": datasets.load_diabetes().data,
    "digits": datasets.load_digits().data,
    "digits in [0, 1]": datasets.load_digits().data / 16,
    "many": np.random.RandomState(0).normal(size=(24_000, 4)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_features_are_let_pass(name, dtype):
    x = HEALTHY[name].astype(dtype)
    for form in (x, scipy.sparse.csr_matrix(x)):
        assert words_of(form, np.arange(len(x)) % 3) == ""


ODD = {
    "large": X * [1, 1, 500, 1],
    "tiny": X * [1, 1, 1e-5, 1],
    "far from 0": X + np.array([0, 0, 2015, 0]),
    "a large constant": np.column_stack([X[:, :2], np.full(80, 1e5)]),
    "huge": X * [1, 1, 1e200, 1],
    "ages": 40 * np.eye(4)[2] + X * [1, 1, 15, 1],
    "hardly moving": X * [1, 1, 1e-3, 1] + [0, 0, 1, 0],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ODD)
def test_the_worst_column_is_named_with_its_numbers(name, dtype):
    x = ODD[name]
    x = (np.clip(x, -1e30, 1e30) if dtype == np.float32 else x).astype(dtype)
    own = x[:, 2].astype(float)
    mean, deviation = own.mean(), (own / abs(own).max()).std() * abs(own).max()
    expected = f"column 2 of X has mean {mean:.4g} and standard deviation {deviation:.4g}"
    expected += ": set standardize=True"
    assert words_of(x, np.arange(80) % 3) == expected
    assert "column 2 of X has mean" in words_of(scipy.sparse.csr_matrix(x), np.arange(80) % 3)
    names = [f"c{i}" for i in range(x.shape[1])]
    assert words_of(pd.DataFrame(x, columns=names), np.arange(80) % 3).startswith("column 'c2' of")
    with pytest.warns(lamina.ScaleWarning, match="column 2 of X"), suppress(lamina.DivergenceError):
        lamina.MLPClassifier(max_iter=1).fit(x, np.arange(80) % 3)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_a_target_out_of_scale_is_named(factor):
    assert words_of(X, factor * Y).startswith("y has mean")
    assert words_of(X, np.column_stack([Y, factor * Y])).startswith("output 1 of y has mean")
    assert words_of(X, Y + 1000).startswith("y has mean 1000 and")
    both = words_of(X * 1e4, factor * Y)
    assert "of X has mean" in both and "; y has mean" in both
    assert both.endswith(": set standardize=True")


def test_a_target_of_the_output_exp_has_bounds_of_its_own():
    counts = np.random.RandomState(0).poisson(3, 80)
    for factor in (0.1, 1, 30):
        assert words_of(X, factor * counts, loss="poisson") == ""
    assert words_of(X, 0 * counts, loss="poisson") == ""
    assert words_of(X, 1e-4 * counts, loss="poisson").startswith("y has mean 0.000295, outside of")
    above = 0.5 + counts
    for factor in (0.03, 1, 1.5):
        assert words_of(X, factor * above, loss="gamma") == ""
    for loss, factors in {"poisson": (0.02, 100, 1e6), "gamma": (0.005, 4, 1e3, 1e6)}.items():
        for factor in factors:
            found = words_of(X, factor * above, loss=loss)
            assert found == (
                f"y has mean {factor * above.mean():.4g}, outside of "
                f"{'0.15 to 150' if loss == 'poisson' else '0.03 to 7'}: set standardize=True"
            )


def signal(n=1000, seed=0):
    """Return 2 n samples of ten features with a target of variance 1, and one above 0."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(2 * n, 10))
    y = x @ random.normal(size=10) + 1.5 * np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    y = scale(y + 0.3 * random.normal(size=2 * n))
    return x, y, np.exp(0.6 * y) * random.gamma(5, 0.2, 2 * n)


SPOILT = {
    "y + 10": lambda x, y, above: (x, y + 10),
    "y + 20": lambda x, y, above: (x, y + 20),
    "y + 4": lambda x, y, above: (x, y + 4),
    "y * 0.03": lambda x, y, above: (x, 0.03 * y),
    "y * 0.1": lambda x, y, above: (x, 0.1 * y),
    "X * 60": lambda x, y, above: (60 * x, y),
    "X * 90": lambda x, y, above: (90 * x, y),
    "X * 10": lambda x, y, above: (10 * x, y),
    "X * 0.01": lambda x, y, above: (0.01 * x, y),
    "X + 30": lambda x, y, above: (x + 30, y),
    "gamma * 10": lambda x, y, above: (x, 10 * above, "gamma"),
    "gamma * 100": lambda x, y, above: (x, 100 * above, "gamma"),
    "poisson * 0.05": lambda x, y, above: (x, 0.05 * np.round(2 * above), "poisson"),
    "poisson * 1000": lambda x, y, above: (x, 1000 * np.round(2 * above), "poisson"),
}


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", SPOILT)
def test_scales_at_which_a_fit_loses_its_score_are_named(name):
    x, y, *loss = SPOILT[name](*signal())
    loss, n = loss[0] if loss else "squared_error", len(x) // 2
    assert words_of(x[:n], y[:n], loss=loss)

    def score(standardize):
        own = {"standardize": standardize, "loss": loss, "max_iter": 200}
        return fit(x[:n], y[:n], **own).score(x[n:], y[n:])

    assert score(False) < score(True) - 0.08


def test_what_costs_nothing_is_let_pass():
    x, y, above = signal()
    for features, target in [(x, y), (2 * x, y), (x, 3 * y), (x, y + 1), (0.3 * x, 0.5 * y)]:
        assert words_of(features[:1000], target[:1000]) == ""
    assert words_of(x[:1000], above[:1000], loss="gamma") == ""


@pytest.mark.parametrize("period", [2, 7, 12, 24, 100])
def test_odd_rows_that_come_at_regular_distances_are_seen(period):
    x = np.random.RandomState(0).normal(size=(24_000, 3))
    x[::period, 1] = 1e5
    assert words_of(x, x[:, 0]).startswith("column 1 of X")
    y = np.random.RandomState(0).normal(size=24_000)
    y[period - 1 :: period] = 1e5
    assert words_of(x[:, :1], y).startswith("y has mean")


@pytest.mark.parametrize("n", [80, 24_000])
def test_rows_of_weight_0_do_not_count(n):
    x = np.random.RandomState(0).normal(size=(n, 3))
    y, weights = x[:, 0].copy(), np.arange(n) % 2.0
    x[::2, 1], y[::2] = 1e3, 1e3
    for form in (x, scipy.sparse.csr_matrix(x)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", lamina.ScaleWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            lamina.MLPRegressor(max_iter=1).fit(form, y, weights)
            lamina.MLPRegressor(max_iter=1).fit_batches([(form, y, weights.tolist())])
    assert words_of(x, y).startswith("column 1 of X")


def test_classes_are_no_target_to_warn_of():
    rare = (np.arange(80) == 7).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error", lamina.ScaleWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        lamina.MLPClassifier(max_iter=1).fit(X, rare)


def test_what_standardize_covers_is_not_named():
    assert words_of(X * 1e4, Y * 1e4, standardize=True) == ""
    assert words_of(X * 1e4, Y * 1e4, standardize="X").startswith("y has")
    assert words_of(X * 1e4, Y * 1e4, standardize="y").startswith("column")


def test_raw_tables_of_scikit_learn_are_named():
    wine, cancer = datasets.load_wine(as_frame=True), datasets.load_breast_cancer(as_frame=True)
    assert words_of(wine.data, wine.target).startswith("column 'proline' of X has mean 746.9")
    assert words_of(cancer.data, cancer.target).startswith("column 'worst area' of X")
    assert words_of(*datasets.load_diabetes(return_X_y=True)).startswith("y has mean 152.1")


def test_partial_fit_warns_once():
    model = lamina.MLPRegressor()
    with pytest.warns(lamina.ScaleWarning):
        model.partial_fit(X * 1e4, Y)
    model.partial_fit(X * 1e4, Y)  # a warning would be an error


def test_the_model_does_not_depend_on_the_look():
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        one = fit(X * 1e4, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = fit(X * 1e4, Y)
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


def test_the_look_at_a_large_table_takes_little():
    from lamina.estimators.data import scales

    x = np.random.RandomState(0).normal(size=(100_000, 20))
    model, network = lamina.MLPRegressor(), lamina.Network.mlp(20, [1], 1)
    started = time.perf_counter()
    for _ in range(20):
        scales.warn(model, x, x[:, :1], network)
    assert (time.perf_counter() - started) / 20 < 0.01  # ten epochs take half a second
