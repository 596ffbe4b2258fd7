"""Plain arrays hold all that predictions are made of."""

import numpy as np
import pytest
from running import classifier, regressor, samples
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError

import lamina
from lamina.export import to_arrays, to_npz

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
    "logistic": expit,
    "softmax": lambda z: softmax(z, axis=1),
}


def predict(arrays, X):
    h = X
    for number, name in enumerate(arrays["functions"], 1):
        h = FUNCTIONS[name](h @ arrays[f"W{number}"] + arrays[f"b{number}"])
    return h


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_from_the_arrays_alone(dtype, tmp_path):
    X, y = samples(dtype=dtype)
    for name, model in {
        "several": classifier(X, np.array(["a", "b", "ç"])[y], activation=["tanh", "relu"]),
        "two": classifier(X, y > 0),
        "numbers": regressor(X, np.eye(3)[y]),
    }.items():
        to_npz(model, tmp_path / f"{name}.npz")
        with np.load(tmp_path / f"{name}.npz") as file:  # without pickle
            arrays = dict(file)
        assert arrays["W1"].dtype == dtype
        h = predict(arrays, X)
        expected = model.predict(X) if name == "numbers" else model.predict_proba(X)
        expected = expected[:, 1:] if name == "two" else expected
        np.testing.assert_allclose(h, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
        if name != "numbers":
            assert arrays["classes"].tolist() == model.classes_.tolist()


def test_the_arrays_are_copies():
    X, y = samples()
    model = regressor(X, y)
    before = model.predict(X)
    for array in to_arrays(model).values():
        array[...] = array[...] * 0 if array.dtype.kind == "f" else "x"
    np.testing.assert_array_equal(model.predict(X), before)


def test_slopes_and_names():
    pandas = pytest.importorskip("pandas")
    X, y = samples()
    frame = pandas.DataFrame(X, columns=list("abcd"))
    arrays = to_arrays(regressor(frame, y, activation=["leaky_relu", "tanh"]))
    assert arrays["functions"].tolist() == ["leaky_relu", "tanh", "identity"]
    assert arrays["slopes"].shape == (3,) and arrays["slopes"][0] == 0.01
    assert arrays["feature_names"].tolist() == list("abcd")
    assert "slopes" not in to_arrays(regressor(X, y))


def test_errors(tmp_path):
    with pytest.raises(NotFittedError):
        to_arrays(lamina.MLPRegressor())
    with pytest.raises(lamina.ArgumentError, match=r"model must be .*, got 3 \(int\)"):
        to_npz(3, tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())
