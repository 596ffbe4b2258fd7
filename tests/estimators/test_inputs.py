"""Bad input raises before any work, and says which argument, what was expected and what came."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

import lamina

X = np.random.RandomState(0).normal(size=(40, 3))
Y = np.arange(40) % 2


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("alpha", -1, r"alpha must be a number in \[0, inf\), got -1"),
        ("alpha", float("nan"), "alpha must be a number"),
        ("alpha", "1", "alpha must be a number"),
        ("batch_size", 0, r"batch_size must be an integer in \[1, inf\), got 0"),
        ("batch_size", "all", "batch_size must be 'auto' or an integer"),
        ("batch_size", 2.5, "batch_size must be an integer"),
        ("learning_rate", "fast", "learning_rate must be a schedule object or one of 'constant'"),
        ("learning_rate_init", 0, r"learning_rate_init must be a number in \(0, inf\), got 0"),
        ("power_t", -0.5, r"power_t must be a number in \[0, inf\)"),
        ("max_iter", 0, r"max_iter must be an integer in \[1, inf\)"),
        ("max_iter", 1.5, "max_iter must be an integer"),
        ("max_iter", True, "max_iter must be an integer"),
        ("shuffle", "yes", "shuffle must be True or False"),
        ("tol", -1e-9, "tol must be a number"),
        ("verbose", "loud", "verbose must be True, False or an integer"),
        ("warm_start", None, "warm_start must be True or False"),
        ("momentum", 1.5, r"momentum must be a number in \[0, 1\], got 1.5"),
        ("nesterovs_momentum", 2, "nesterovs_momentum must be True or False"),
        ("early_stopping", "no", "early_stopping must be True, False or an EarlyStopping"),
        ("validation_fraction", 1.0, "validation_fraction must be a number in"),
        ("beta_1", 1.0, r"beta_1 must be a number in \[0, 1\), got 1.0"),
        ("beta_2", -0.1, "beta_2 must be a number"),
        ("epsilon", 0, r"epsilon must be a number in \(0, inf\)"),
        ("n_iter_no_change", 0, "n_iter_no_change must be an integer"),
        ("max_fun", 0, "max_fun must be an integer"),
        ("n_threads", 0, r"n_threads must be an integer in \[1, 1024\], got 0"),
        ("n_threads", 2**40, "n_threads must be an integer"),
        ("n_threads", 1.5, "n_threads must be an integer"),
        ("solver", "newton", "solver must be a rule object or one of 'lbfgs', 'gradient_descent'"),
        ("solver", 3, "solver must be a rule object"),
        ("activation", "step", "activation must be one of 'identity', 'logistic'"),
        ("activation", ["tanh", "relu"], "activation must be a name or a sequence of 1 names"),
        ("hidden_layer_sizes", (0,), r"hidden_layer_sizes must be > 0, got \[0\]"),
        ("hidden_layer_sizes", (5.0,), "every entry of hidden_layer_sizes must be an integer"),
        ("hidden_layer_sizes", "100", "hidden_layer_sizes must be an integer or a sequence"),
        ("hidden_layer_sizes", None, "hidden_layer_sizes must be an integer or a sequence"),
    ],
)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_parameters_out_of_range_are_named(kind, parameter, value, words):
    model = getattr(lamina, kind)(**{parameter: value})
    with pytest.raises(lamina.ArgumentError, match=words):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_loss_of_the_regressor_is_checked():
    with pytest.raises(lamina.ArgumentError, match="loss must be one of 'squared_error'"):
        lamina.MLPRegressor("hinge").fit(X, Y)


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_the_place_of_a_value_that_is_not_finite_is_named(value, word):
    bad = X.copy()
    bad[7, 2] = value
    model = lamina.MLPClassifier(max_iter=2).fit(X, Y)
    for act in (lambda x: lamina.MLPClassifier().fit(x, Y), model.predict):
        with pytest.raises(ValueError, match=f"Input X contains {word}.*row 7, column 2"):
            act(bad)
        with pytest.raises(ValueError, match=f"Input X contains {word}.*row 7, column 2"):
            act(scipy.sparse.csr_matrix(bad))
    frame = pd.DataFrame(bad, columns=["a", "b", "income"])
    with pytest.raises(ValueError, match=r"row 7, column 2 \('income'\)"):
        lamina.MLPClassifier().fit(frame, Y)


def test_the_row_of_a_target_that_is_not_finite_is_named():
    y = Y.astype(float)
    y[3] = np.nan
    with pytest.raises(ValueError, match=r"Input y contains NaN.*row 3"):
        lamina.MLPRegressor().fit(X, y)


def test_a_value_too_large_for_float32_is_named_and_not_made_infinite():
    model = lamina.MLPRegressor(max_iter=2, random_state=0).fit(X.astype(np.float32), Y)
    big = X.copy()
    big[5, 0] = 1e300
    with pytest.raises(ValueError, match=r"too large for.*float32.*row 5, column 0"):
        model.predict(big)
    with pytest.raises(ValueError, match="Input y contains infinity or a value too large"):
        lamina.MLPRegressor().fit(X.astype(np.float32), np.where(Y, 1e300, 0.0))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (-np.ones(40), "sample_weight must be >= 0, got -1.0 at row 0"),
        (np.zeros(40), "Sample weights must contain at least one non-zero"),
        (np.ones(39), "(?i)sample_weight"),
        (np.full(40, np.nan), "(?i)sample_weight contains NaN"),
    ],
)
def test_bad_sample_weights_are_named(weights, words):
    with pytest.raises(ValueError, match=words):
        lamina.MLPClassifier().fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("data", "target", "words"),
    [
        (X[:0], Y[:0], "0 sample"),
        (X, Y[:-1], "inconsistent numbers of samples"),
        (X[0], Y, "Expected 2D array"),
        (np.array([["a", "b"]] * 40), Y, "could not convert string"),
        (X.astype(complex), Y, "Complex data"),
        (X, None, "y"),
    ],
)
def test_data_of_the_wrong_form_raise(data, target, words):
    with pytest.raises(ValueError, match=words):
        lamina.MLPClassifier().fit(data, target)


def test_one_row_and_one_column_and_constant_columns_train():
    assert lamina.MLPRegressor(max_iter=2).fit([[1.0]], [2.0]).n_iter_ == 2
    model = lamina.MLPClassifier(max_iter=2).fit(np.ones((10, 3)), [0, 1] * 5)
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x[:, ::-1][:, ::-1],
        lambda x: x.tolist(),
        pd.DataFrame,
        lambda x: pl.DataFrame(x, schema=["a", "b", "c"]),
    ],
)
def test_every_form_of_the_same_numbers_gives_the_same_model(form):
    expected = lamina.MLPClassifier(max_iter=3, random_state=0).fit(X, Y).coefs_[0]
    model = lamina.MLPClassifier(max_iter=3, random_state=0).fit(form(X), Y)
    np.testing.assert_array_equal(model.coefs_[0], expected)


def test_read_only_input_is_not_written_to():
    data, target, weights = X.copy(), Y.astype(float), np.ones(40)
    for array in (data, target, weights):
        array.flags.writeable = False
    lamina.MLPRegressor(max_iter=3).fit(data, target, sample_weight=weights).predict(data)
    np.testing.assert_array_equal(data, X)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_column_names_are_kept_and_checked(frame):
    names = ["age", "height", "weight"]
    data = frame({name: X[:, i] for i, name in enumerate(names)})
    model = lamina.MLPClassifier(max_iter=2).fit(data, Y)
    assert model.feature_names_in_.tolist() == names
    other = frame({name: X[:, i] for i, name in enumerate(["age", "height", "shoe"])})
    with pytest.raises(ValueError, match="feature names"):
        model.predict(other)


def test_a_target_column_warns_and_wrong_feature_count_raises():
    with pytest.warns(match="column-vector y"):
        model = lamina.MLPRegressor(max_iter=2).fit(X, Y.reshape(-1, 1))
    with pytest.raises(ValueError, match="X has 2 features, but MLPRegressor is expecting 3"):
        model.predict(X[:, :2])


def test_too_small_a_validation_set_is_named():
    with pytest.raises(ValueError, match="validation set is too small"):
        lamina.MLPRegressor(early_stopping=True).fit(X[:8], Y[:8])
