"""Histograms of weights and activations, against NumPy's of models trained to each epoch."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import lamina
from lamina.displays import ActivationHistogramsDisplay, WeightHistogramsDisplay
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(hidden=(8, 3), **options):
    options = {"max_iter": 8, "learning_rate_init": 0.05, "diagnose": True, **options}
    return lamina.MLPClassifier(hidden, random_state=0, **options).fit(X, Y)


def test_weights_are_counted_at_each_snapshot():
    model = fitted()
    display = WeightHistogramsDisplay.from_estimator(model, bins=12)
    assert display.epochs == list(range(9)) and display.layers == [1, 2, 3]
    for epoch in (3, 8):
        for layer, weights in enumerate(fitted(max_iter=epoch).coefs_, 1):
            expected, _ = np.histogram(weights, display.edges[layer])
            np.testing.assert_array_equal(display.counts[layer][epoch], expected)
            assert expected.sum() == weights.size
    assert display.plot() is display and len(display.axes_) == 3
    assert display.axes_[1].get_title() == "layer 2: 8 × 3 weights"


def test_ridges_have_the_root_of_the_shares():
    display = WeightHistogramsDisplay.from_estimator(fitted(), [1]).plot()
    shares = display.counts[1] / display.counts[1].sum(axis=1, keepdims=True)
    rows = len(display.epochs)
    drawn = np.stack(
        [own.get_data().values - (rows - 1 - i) for i, own in enumerate(display.ridges_[1])]
    )
    np.testing.assert_allclose(drawn / drawn.max(), np.sqrt(shares / shares.max()), atol=1e-12)
    np.testing.assert_array_equal(display.ridges_[1][0].get_data().edges, display.edges[1])


def test_activations_are_those_of_the_network_at_each_snapshot():
    model = fitted(activation="tanh")
    display = ActivationHistogramsDisplay.from_estimator(model, X, [1, 3], bins=9)
    early = fitted(activation="tanh", max_iter=5)
    h = np.tanh(X @ early.coefs_[0] + early.intercepts_[0])
    np.testing.assert_array_equal(display.counts[1][5], np.histogram(h, display.edges[1])[0])
    answers = early.predict_proba(X)
    expected = np.histogram(answers, display.edges[3])[0]
    np.testing.assert_array_equal(display.counts[3][5], expected)
    assert display.plot().axes_[1].get_title() == "prediction: softmax"


def test_preprocessing_of_the_model_comes_first():
    own = {"standardize": True, "activation": "tanh"}
    model = fitted((4,), **own)
    display = ActivationHistogramsDisplay.from_estimator(model, X)
    h = np.tanh(model.x_scaler_.transform(X) @ model.coefs_[0] + model.intercepts_[0])
    np.testing.assert_array_equal(display.counts[1][-1], np.histogram(h, display.edges[1])[0])


def test_sparse_samples_and_many_samples():
    model = fitted()
    dense = ActivationHistogramsDisplay.from_estimator(model, X)
    sparse = ActivationHistogramsDisplay.from_estimator(model, scipy.sparse.csr_array(X))
    np.testing.assert_array_equal(dense.counts[1], sparse.counts[1])
    few = ActivationHistogramsDisplay.from_estimator(model, X, max_samples=20)
    assert few.counts[1].sum() == len(few.epochs) * 20 * 8


def test_what_is_not_finite_is_in_no_bin():
    model = fitted()
    model.record_.snapshots[4][1][0][0][0, :2] = np.nan, np.inf
    display = WeightHistogramsDisplay.from_estimator(model)
    assert display.counts[1][4].sum() == 30
    model.record_.snapshots[4][1][0][0][:] = np.nan
    display = ActivationHistogramsDisplay.from_estimator(model, X).plot()
    assert display.counts[1][4].sum() == 0
    assert [text.get_text() for text in display.ax_.texts] == ["not finite"]
    display.figure_.canvas.draw()


def test_into_given_axes():
    _, ax = plt.subplots()
    assert WeightHistogramsDisplay.from_estimator(fitted(), [2]).plot(ax).ax_ is ax
    with pytest.raises(ArgumentError, match="ax holds one panel, and there are 3"):
        WeightHistogramsDisplay.from_estimator(fitted()).plot(ax)


def test_bad_arguments_are_named():
    model, make = fitted(), WeightHistogramsDisplay.from_estimator
    with pytest.raises(ArgumentError, match="fitted with diagnose=True"):
        make(fitted(diagnose=False))
    with pytest.raises(ArgumentError, match=r"Recorder\(snapshots=16\)"):
        make(fitted(diagnose=lamina.Recorder(snapshots=0)))
    with pytest.raises(NotFittedError):
        make(lamina.MLPClassifier())
    with pytest.raises(ArgumentError, match="record must be a Record"):
        WeightHistogramsDisplay.from_record(model)
    with pytest.raises(ArgumentError, match="bins must be an integer"):
        make(model, bins=1)
    with pytest.raises(ArgumentError, match="every entry of layers"):
        make(model, [0])
    make = ActivationHistogramsDisplay.from_estimator
    with pytest.raises(ArgumentError, match="max_samples must be"):
        make(model, X, max_samples=0)
    with pytest.raises(ValueError, match="4 features"):
        make(model, X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        make(model, np.full((3, 4), np.nan))
    with pytest.raises(ValueError, match="0 sample"):
        make(model, X[:0])


def test_few_weights_have_few_bins():
    display = WeightHistogramsDisplay.from_estimator(fitted((8, 40)))
    assert [len(display.counts[layer][0]) for layer in (1, 2, 3)] == [7, 14, 10]  # of 32, 320, 120
    assert ActivationHistogramsDisplay.from_estimator(fitted(), X).counts[1].shape[1] == 22
    assert str(display).startswith("<lamina.displays.histograms.WeightHistogramsDisplay object")
