"""The quick way of predicting gives what the careful one gives, and never answers wrongly."""

import pickle
import threading

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

import lamina

X, Y = load_iris(return_X_y=True)
X = scale(X)


@pytest.fixture(params=[np.float32, np.float64])
def model(request):
    return lamina.MLPClassifier((9, 5), max_iter=5, random_state=0).fit(X.astype(request.param), Y)


def test_quick_and_careful_predictions_are_the_same_bits(model):
    data = X.astype(model.coefs_[0].dtype)
    careful = model.predict_proba(data.tolist())
    assert model._forward(data, model.coefs_, model.intercepts_) is not None
    np.testing.assert_array_equal(model.predict_proba(data), careful)
    np.testing.assert_array_equal(model.predictor()(data), careful)
    for i in (0, 77):
        np.testing.assert_array_equal(model.predict_proba(data[i : i + 1]), careful[i : i + 1])


def test_weights_changed_in_place_or_replaced_are_followed(model):
    data = X.astype(model.coefs_[0].dtype)
    model.predict_proba(data)
    model.coefs_[0][:] = 0
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_proba(data), other.predict_proba(data))
    model.intercepts_[-1] = model.intercepts_[-1] + 1
    model.coefs_ = [c * 2 for c in model.coefs_]
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_proba(data), other.predict_proba(data))


def test_a_new_fit_is_followed(model):
    data = X.astype(model.coefs_[0].dtype)
    model.predict(data)
    model.set_params(activation="tanh", hidden_layer_sizes=(4,)).fit(data[:, :2], Y)
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        model.predict_proba(data[:, :2].copy()), other.predict_proba(data[:, :2].copy())
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: np.where(x == x[3, 1], np.nan, x), "contains NaN.*row 3, column 1"),
        (lambda x: np.where(x == x[3, 1], np.inf, x), "contains infinity"),
        (lambda x: x[:, :3].copy(), "X has 3 features, but MLPClassifier is expecting 4"),
        (lambda x: x[:0], "0 sample"),
        (lambda x: x[0].copy(), "Expected 2D array"),
    ],
)
def test_bad_input_has_its_error_after_a_quick_prediction_too(model, change, words):
    data = X.astype(model.coefs_[0].dtype)
    model.predict(data)
    model.predict(data)
    with pytest.raises(ValueError, match=words):
        model.predict(change(data))


@pytest.mark.parametrize("form", [np.asfortranarray, lambda x: x[::2], lambda x: x.astype("f2")])
def test_other_layouts_and_dtypes_give_the_same(model, form):
    data = form(X.astype(model.coefs_[0].dtype))
    model.predict(data)
    np.testing.assert_array_equal(
        model.predict_proba(data), model.predict_proba(np.asarray(data).tolist())
    )


def test_column_names_are_still_asked_for():
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcd"))
    model = lamina.MLPClassifier(max_iter=2).fit(frame, Y)
    model.predict(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


def test_threads_predict_at_once(model):
    data = X.astype(model.coefs_[0].dtype)
    expected, wrong = model.predict_proba(data), []

    def work():
        for _ in range(300):
            if not np.array_equal(model.predict_proba(data), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_number_of_threads_may_change_after_a_fit(model):
    data = X.astype(model.coefs_[0].dtype)
    expected = model.predict_proba(data)
    for n in (1, 3, None):
        model.set_params(n_threads=n)
        np.testing.assert_array_equal(model.predict_proba(data), expected)
    model.set_params(n_threads=0)
    with pytest.raises(ValueError, match="n_threads"):
        model.predict_proba(data)
    again = pickle.loads(pickle.dumps(model)).set_params(n_threads=2)
    np.testing.assert_array_equal(again.predict_proba(data), expected)
