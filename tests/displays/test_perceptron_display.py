"""Pictures of perceptron learning show the numbers of the estimator."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

import lamina
from lamina.displays import CorrectionsDisplay, PerceptronDisplay, SeparationDisplay
from lamina.neurons import Perceptron, separate

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
AND = ["no", "no", "no", "yes"]


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def on_line(line, weights):
    """Return whether both points that define a drawn line have w·x = 0."""
    points = np.array([line.get_xy1(), line.get_xy2()])
    return np.abs(points @ weights[1:] + weights[0]).max() < 1e-12


def test_every_line_drawn_is_a_line_of_the_history():
    model = Perceptron(trace=True).fit(X, AND)
    display = PerceptronDisplay.from_estimator(model, X, AND)
    assert display.plot() is display
    assert on_line(display.line_, [-4, 3, 2])
    assert on_line(display.separator_, model.trace_.bound.separator)
    # The first correction, by (0, 0), gives w = (-1, 0, 0): no line.
    assert len(display.history_) == 16
    for line, weights in zip(display.history_, model.trace_.weights[2:-1], strict=True):
        assert on_line(line, weights)
    np.testing.assert_array_equal(display.rings_.get_offsets(), X[np.unique(model.trace_.sample)])
    drawn = [points.get_offsets().tolist() for points in display.points_]
    assert drawn == [X[:3].tolist(), X[3:].tolist()]
    assert "18 corrections: all points right" in display.ax_.get_title()
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()][-2:] == [
        "final line", "w*",
    ]  # fmt: skip


def test_without_a_trace_there_is_the_line_alone():
    frame = pd.DataFrame(X, columns=["rain", "wind"])
    model = Perceptron().fit(frame, AND)
    figure, ax = plt.subplots()
    display = PerceptronDisplay.from_estimator(model, frame, AND).plot(ax)
    assert display.ax_ is ax and display.figure_ is figure
    assert (display.history_, display.rings_, display.separator_) == ([], None, None)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rain", "wind")


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_wrong_points_are_counted_and_many_lines_thinned():
    random = np.random.RandomState(0)
    points, y = random.normal(size=(300, 2)), random.uniform(size=300) < 0.5
    model = Perceptron(trace=True, fit_intercept=False).fit(points, y)
    display = PerceptronDisplay.from_estimator(model, points, y).plot()
    wrong = np.count_nonzero(model.predict(points) != y)
    assert wrong and f"{wrong} of 300 points wrong" in display.ax_.get_title()
    assert display.separator_ is None and len(model.trace_) > 60 > len(display.history_) > 50
    assert on_line(display.line_, [0, *model.coef_[0]])


@pytest.mark.parametrize("start", [None, [-30, 20]])
def test_the_curves_of_the_theorem_meet_at_the_bound(start):
    model = Perceptron(trace=True).fit(X, AND, coef_init=start)
    display = CorrectionsDisplay.from_estimator(model).plot()
    lower, inner, norm, upper = (line.get_xydata() for line in display.lines_)
    assert lower[-1] == pytest.approx(upper[-1]) and lower[-1, 0] == pytest.approx(model.bound_)
    assert (np.diff(np.stack([lower[:, 1], upper[:, 1]]), axis=0) > -1e-9).all()
    k = np.arange(1, model.n_corrections_ + 1)
    np.testing.assert_array_equal(inner, np.column_stack([k, model.trace_.alignment[1:]]))
    np.testing.assert_allclose(norm[:, 1], np.linalg.norm(model.trace_.weights[1:], axis=1))
    np.testing.assert_array_equal(display.angle_.get_ydata(), model.trace_.angle[1:])
    assert display.ax_[1].get_ylim()[0] == 0
    assert display.ax_[1].get_ylim()[1] > np.nanmax(model.trace_.angle[1:]) > 1
    title = f"{model.n_corrections_} corrections of at most {model.bound_:.5g}"
    assert display.ax_[0].get_title() == title


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_without_a_separator_the_weights_and_their_upper_bound_are_drawn():
    model = Perceptron(trace=True).fit(X, [0, 1, 1, 0])
    display = CorrectionsDisplay.from_estimator(model).plot()
    norm, upper = (line.get_xydata() for line in display.lines_)
    np.testing.assert_allclose(norm[:, 1], np.linalg.norm(model.trace_.weights[1:], axis=1))
    np.testing.assert_allclose(upper[:, 1], np.sqrt(3 * upper[:, 0]))  # R² = 1 + 1 + 1
    assert (norm[:, 1] <= np.interp(norm[:, 0], *upper.T) + 1e-9).all()
    assert display.angle_ is None and "not separable" in display.ax_[0].get_title()
    assert "no bound" in display.ax_[1].texts[0].get_text()


def test_classes_look_as_in_the_picture_of_a_separation():
    own = PerceptronDisplay.from_estimator(Perceptron().fit(X, AND), X, AND).plot()
    other = SeparationDisplay.from_separation(separate(X, AND)).plot()
    for ours, theirs in zip(own.points_, other.points_, strict=True):
        np.testing.assert_array_equal(ours.get_offsets(), theirs.get_offsets())
        np.testing.assert_array_equal(ours.get_facecolor(), theirs.get_facecolor())
        paths = ours.get_paths()[0].vertices, theirs.get_paths()[0].vertices
        np.testing.assert_array_equal(*paths)
        assert ours.get_label() == theirs.get_label()


def test_given_axes_are_used():
    _, given = plt.subplots(2)
    model = Perceptron(trace=True).fit(X, AND)
    display = CorrectionsDisplay.from_estimator(model).plot(given)
    assert list(display.ax_) == list(given)
    with pytest.raises(lamina.ArgumentError, match="ax must be two axes"):
        CorrectionsDisplay.from_estimator(model).plot(given[0])


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
def test_what_cannot_be_drawn_is_named():
    model = Perceptron(trace=True).fit(X, AND)
    with pytest.raises(lamina.ArgumentError, match="estimator must be a Perceptron, got 'AND'"):
        PerceptronDisplay.from_estimator("AND", X, AND)
    with pytest.raises(NotFittedError):
        PerceptronDisplay.from_estimator(Perceptron(), X, AND)
    with pytest.raises(lamina.ArgumentError, match="of two inputs, got 1"):
        PerceptronDisplay.from_estimator(Perceptron().fit(X[:, :1], AND), X, AND)
    with pytest.raises(lamina.ArgumentError, match=r"y must be of shape \(4,\)"):
        PerceptronDisplay.from_estimator(model, X, AND[:3])
    with pytest.raises(ValueError, match="row 0, column 1"):
        PerceptronDisplay.from_estimator(model, [[0, np.nan]], ["no"])
    with pytest.raises(lamina.ArgumentError, match="X must be the data of the last fit"):
        PerceptronDisplay.from_estimator(model, X[:1], AND[:1])
    with pytest.raises(lamina.ArgumentError, match="fitted with trace=True"):
        CorrectionsDisplay.from_estimator(Perceptron().fit(X, AND))
