"""Learning curves are drawn as they were recorded."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale

import lamina
from lamina.displays import LearningCurvesDisplay
from lamina.plan.checks import ArgumentError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = scale(X)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(**options):
    options = {"scoring": ["neg_log_loss"], "early_stopping": True, "max_iter": 40, **options}
    model = lamina.MLPClassifier((8,), random_state=0, learning_rate_init=0.01, **options)
    return model.fit(X, Y)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_recorded_number_is_drawn_losses_above_scores():
    model = fitted()
    display = LearningCurvesDisplay.from_estimator(model)
    assert display.plot() is display
    losses, scores = ["loss", "validation_loss"], ["validation_score", "validation_neg_log_loss"]
    assert (display.losses, display.scores) == (losses, scores)
    assert display.ax_ is not display.score_ax_
    for names, ax in ((losses, display.ax_), (scores, display.score_ax_)):
        for name in names:
            drawn = display.lines_[name]
            assert drawn.axes is ax
            assert np.array_equal(drawn.get_xdata(), model.history_["epoch"])
            assert np.array_equal(drawn.get_ydata(), model.history_[name])
    best = model.history_.best_epoch
    assert display.best_.get_xdata()[0] == best
    assert set(labels(display.score_ax_)) == {*losses, *scores, f"best epoch: {best}"}
    assert (display.ax_.get_ylabel(), display.score_ax_.get_ylabel()) == ("loss", "score")
    assert display.score_ax_.get_xlabel() == "epoch"
    assert len({line.get_color() for line in display.lines_.values()}) == 4


def test_without_scores_there_is_one_panel():
    model = fitted(early_stopping=False, scoring=None)
    display = LearningCurvesDisplay.from_history(model.history_).plot()
    assert display.score_ax_ is None and list(display.lines_) == ["loss"]
    assert len(display.figure_.axes) == 1


def test_into_given_axes_scores_have_an_axis_of_their_own():
    _, ax = plt.subplots()
    display = LearningCurvesDisplay.from_estimator(fitted()).plot(ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert display.score_ax_ is not ax
    assert display.score_ax_.bbox.bounds == ax.bbox.bounds


def test_some_of_the_names():
    model = fitted()
    display = LearningCurvesDisplay.from_estimator(model, ["validation_loss"]).plot()
    assert list(display.lines_) == ["validation_loss"] and display.score_ax_ is None
    display = LearningCurvesDisplay.from_history(model.history_, ["validation_score"]).plot()
    assert display.ax_ is display.score_ax_ and display.ax_.get_ylabel() == "score"


def test_losses_of_several_orders_have_a_logarithmic_axis():
    history = fitted().history_
    assert LearningCurvesDisplay.from_history(history).plot().score_ax_.get_yscale() == "linear"
    history["loss"][:] = np.geomspace(1, 1e-6, history.n_epochs)
    assert LearningCurvesDisplay.from_history(history).plot().ax_.get_yscale() == "log"
    history["loss"][3] = 0.0
    assert LearningCurvesDisplay.from_history(history).plot().ax_.get_yscale() == "linear"


def test_lbfgs_has_iterations():
    model = lamina.MLPRegressor(solver="lbfgs", random_state=0, max_iter=20).fit(X, Y)
    display = LearningCurvesDisplay.from_estimator(model).plot()
    assert display.ax_.get_xlabel() == "iteration"
    assert "best iteration: 20" in labels(display.ax_)


def test_one_epoch_and_lonely_numbers_are_dots():
    model = lamina.MLPClassifier((3,)).partial_fit(X, Y, classes=[0, 1, 2])
    display = LearningCurvesDisplay.from_estimator(model).plot()
    assert display.lines_["loss"].get_marker() == "o" and display.best_ is None
    history = fitted().history_
    history["loss"][[2, 4]] = np.nan
    line = LearningCurvesDisplay.from_history(history).plot().lines_["loss"]
    assert line.get_markevery() == [3]


def test_names_are_shown_as_they_are():
    model = lamina.MLPRegressor(max_iter=3).fit(X, Y, eval_set={"_$x^": (X, Y)})
    display = LearningCurvesDisplay.from_estimator(model).plot()
    display.figure_.canvas.draw()
    assert "_$x^_loss" in labels(display.ax_)


def test_bad_arguments_are_named():
    model, make = fitted(), LearningCurvesDisplay.from_estimator
    with pytest.raises(ArgumentError, match="estimator must be an MLPClassifier"):
        make(model.history_)
    with pytest.raises(ArgumentError, match="history must be a TrainingHistory"):
        LearningCurvesDisplay.from_history(model)
    with pytest.raises(NotFittedError):
        make(lamina.MLPClassifier())
    for names in ("loss", [], 3):
        with pytest.raises(ArgumentError, match="names must be a list of names out of"):
            make(model, names)
    for names in (["seconds"], ["loss", "eval_loss"]):
        with pytest.raises(ArgumentError, match="every entry of names must be one of"):
            make(model, names)
    with pytest.raises(ArgumentError, match="ax must be"):
        make(model).plot(3)
