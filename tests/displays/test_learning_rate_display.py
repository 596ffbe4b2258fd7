"""Pictures of the search for a learning rate show the numbers that were found."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

import lamina
from lamina.displays import LearningRateDisplay
from lamina.tuning import LearningRateSearch, ramp_test, search_learning_rate

X, Y = load_iris(return_X_y=True)
X = scale(X)
MODEL = lamina.MLPClassifier(8, batch_size=15, random_state=0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def grid(**options):
    return search_learning_rate(MODEL, X, Y, low=1e-3, n=4, n_fine=1, epochs=3, **options)


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_the_grid_is_drawn_as_it_was_found():
    search = grid(n_repeats=2)
    display = LearningRateDisplay.from_search(search).plot()
    assert np.array_equal(display.losses_.get_xdata(), search.rates)
    assert np.array_equal(display.losses_.get_ydata(), search.losses)
    assert display.suggestion_.get_xdata()[0] == search.suggestion
    assert display.diverged_ is None
    assert display.ax_.get_xscale() == "log"
    assert {"first grid", "finer grid", f"suggestion {search.suggestion:.3g}"} <= set(
        labels(display)
    )
    assert display.ax_.get_ylabel() == "validation loss after 3 epochs"


def test_rates_that_diverge_are_crosses():
    losses = {0.1: [1.0], 1.0: [2.0], 10.0: [np.inf]}
    search = LearningRateSearch.of(losses, dict.fromkeys(losses, "coarse"), 3.0, 1, "training")
    display = LearningRateDisplay.from_search(search).plot()
    assert display.diverged_.get_xdata().tolist() == [10.0]
    assert display.losses_.get_xdata().tolist() == [0.1, 1.0]


def test_nothing_but_divergence_can_be_drawn():
    losses = {0.1: [np.inf], 1.0: [np.inf]}
    search = LearningRateSearch.of(losses, dict.fromkeys(losses, "coarse"), 3.0, 1, "validation")
    display = LearningRateDisplay.from_search(search).plot()
    assert display.suggestion_ is None
    assert labels(display) == ["diverges"]


def test_the_ramp_is_drawn_as_it_was_found():
    ramp = ramp_test(MODEL, X, Y)
    display = LearningRateDisplay.from_search(ramp).plot()
    assert np.array_equal(display.losses_.get_xdata(), ramp.rates)
    assert np.array_equal(display.losses_.get_ydata(), ramp.smoothed)
    assert display.suggestion_.get_xdata()[0] == ramp.suggestion
    low, high = display.ax_.get_ylim()
    assert low <= ramp.smoothed.min() and ramp.smoothed.max() <= high
    assert {"steepest fall", "lowest"} <= set(labels(display))


def test_from_an_estimator_by_either_method_into_given_axes():
    _, ax = plt.subplots()
    options = {"low": 1e-3, "n": 3, "epochs": 1, "n_fine": 0}
    display = LearningRateDisplay.from_estimator(MODEL, X, Y, **options).plot(ax)
    assert display.ax_ is ax
    assert isinstance(display.search, LearningRateSearch)
    display = LearningRateDisplay.from_estimator(MODEL, X, Y, method="ramp", n_steps=50)
    assert display.search.n_steps == 50


def test_bad_arguments_are_named():
    with pytest.raises(lamina.ArgumentError, match="search must be a LearningRateSearch or a Ramp"):
        LearningRateDisplay.from_search([0.1])
    with pytest.raises(lamina.ArgumentError, match="method must be one of 'grid', 'ramp'"):
        LearningRateDisplay.from_estimator(MODEL, X, Y, method="guess")
