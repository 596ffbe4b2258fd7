"""What stands before and after the network is in the file: held to scikit-learn's transformers."""

import numpy as np
import pytest
from running import classifier, close, regressor, run, samples
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from lamina.export import to_arrays

DTYPES = [np.float32, np.float64]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


def with_gaps(dtype, n=60):
    X, y = samples(n, dtype=dtype)
    X = (X * [1, 1e3, 1e-3, 5] + [0, 1e5, 0, 7]).astype(dtype)
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    X[:, 3] = np.where(np.isnan(X[:, 3]), 7, X[:, 3])
    return X, y


def imputed(X):
    return SimpleImputer(add_indicator=True).fit(X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_x_is_imputed_then_scaled(dtype):
    X, y = with_gaps(dtype)
    imputer = imputed(X)
    filled = imputer.transform(X)
    scaler = StandardScaler().fit(filled[:, :4])
    inner = np.hstack([scaler.transform(filled[:, :4]), filled[:, 4:]]).astype(dtype)
    assert inner.shape[1] == 7
    model = classifier(inner, y)
    expected = model.predict_proba(inner)
    vars(model).update(imputer_=imputer, x_scaler_=scaler, n_features_in_=4)
    close(run(model, X)["probabilities"], expected, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_features", [1, 3])
def test_x_is_scaled(dtype, n_features):
    X, y = samples(d=n_features, dtype=dtype)
    far = (X * 37 + 1000).astype(dtype)
    scaler = StandardScaler().fit(far)
    inner = scaler.transform(far)
    # One feature: a factor in front of a product is where ONNX Runtime has lost digits.
    model = regressor(inner, y, hidden_layer_sizes=(), max_iter=50)
    expected = model.predict(inner)
    model.x_scaler_ = scaler
    close(run(model, far)["prediction"], expected, 50 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_y_is_given_back_in_its_unit(dtype, n_outputs):
    X, _ = samples(dtype=dtype)
    y = np.random.default_rng(2).normal(1e4, 300, (len(X), n_outputs)).astype(dtype)
    scaler = StandardScaler().fit(y)
    inner = scaler.transform(y)
    model = regressor(X, inner if n_outputs > 1 else inner.ravel())
    expected = scaler.inverse_transform(model.predict(X).reshape(len(X), -1))
    model.y_scaler_ = scaler
    given = run(model, X)["prediction"]
    assert given.shape == ((len(X), 3) if n_outputs > 1 else (len(X),))
    close(given.reshape(expected.shape), expected, TOLERANCE[dtype])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_temperature(n_classes):
    X, y = samples(k=n_classes)
    model = classifier(X, y, activation="tanh")
    z = np.tanh(
        np.tanh(X @ model.coefs_[0] + model.intercepts_[0]) @ model.coefs_[1] + model.intercepts_[1]
    )
    z = (z @ model.coefs_[2] + model.intercepts_[2]) / 2.5
    z = np.hstack([0 * z, z]) if n_classes == 2 else z
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    model.temperature_ = 2.5
    close(run(model, X)["probabilities"], expected, 1e-12)
    assert to_arrays(model)["temperature"] == 2.5


@pytest.mark.filterwarnings("ignore:.*set standardize=True")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("standardize", [True, False, "X", "y"])
@pytest.mark.parametrize("missing", ["error", "learn"])
def test_what_the_regressor_prepares(standardize, missing, dtype):
    X, _ = with_gaps(dtype)
    X = X if missing == "learn" else np.nan_to_num(X)
    y = np.random.default_rng(0).normal(1e4, 300, len(X)).astype(dtype)
    model = regressor(X, y, standardize=standardize, missing=missing)
    close(run(model, X)["prediction"], model.predict(X), TOLERANCE[dtype])
    given = run(model, np.full((1, 4), np.nan, dtype))["prediction"]
    assert np.isnan(given) if missing == "error" else np.isfinite(given)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_the_classifier_prepares(n_classes, dtype):
    X, _ = with_gaps(dtype)
    y = np.arange(len(X)) % n_classes
    X[:, 3] += np.where(np.arange(len(X)) % 5, y, 0)  # right more often than not
    model = classifier(X, y, standardize=True, missing="learn", max_iter=100)
    model.calibrate(X, y)
    assert model.temperature_ != 1
    close(run(model, X)["probabilities"], model.predict_proba(X), TOLERANCE[dtype])


def test_a_temperature_beyond_float32():
    X, y = samples(dtype=np.float32)
    model = classifier(X, y)
    expected = model.predict_proba(X).argmax(axis=1)
    model.temperature_ = 1e-60
    given = run(model, X)["probabilities"]
    np.testing.assert_array_equal(given, np.eye(3)[expected])


def test_all_arrays():
    X, y = with_gaps(np.float64)
    imputer = imputed(X)
    model = classifier(np.zeros((3, 7)), [0, 1, 2])
    scaler = StandardScaler().fit(np.nan_to_num(X))
    vars(model).update(imputer_=imputer, x_scaler_=scaler, n_features_in_=4)
    arrays = to_arrays(model)
    np.testing.assert_array_equal(arrays["x_fill"], imputer.statistics_)
    assert arrays["x_indicators"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(arrays["x_mean"], scaler.mean_)
    np.testing.assert_array_equal(arrays["x_scale"], scaler.scale_)
    model = regressor(X[:, 3:], y)
    model.y_scaler_ = StandardScaler().fit(X[:, 3:])
    assert {"y_mean", "y_scale"} <= set(to_arrays(model))
