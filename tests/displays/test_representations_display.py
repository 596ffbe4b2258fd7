"""Samples after each layer are drawn where scikit-learn's principal components put them."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_moons
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina.displays import RepresentationsDisplay
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(hidden=(6, 4), X=X, Y=Y, **options):
    return lamina.MLPClassifier(hidden, max_iter=20, random_state=0, **options).fit(X, Y)


def test_points_are_principal_components_coloured_by_class():
    model = fitted()
    display = RepresentationsDisplay.from_estimator(model, X, Y)
    assert display.plot() is display and len(display.axes_) == 4
    for i, h in enumerate(lamina.representations(model, X)):
        expected = PCA(2).fit_transform(h)
        for label, points in enumerate(display.points_[i]):
            drawn = np.asarray(points.get_offsets())
            np.testing.assert_allclose(np.abs(drawn), np.abs(expected[label == Y]), atol=1e-8)
        shares = PCA(2).fit(h).explained_variance_ratio_
        assert display.axes_[i].get_xlabel() == f"PC 1: {shares[0]:.0%}"
    labels = [text.get_text() for text in display.legend_.get_texts()]
    assert labels == ["0", "1", "2"]


def test_titles_have_the_scores_of_separability():
    model = fitted()
    display = RepresentationsDisplay.from_estimator(model, X, Y).plot()
    table = lamina.separability(model, X, Y)
    for i, ax in enumerate(display.axes_):
        assert (
            f"linear {table['linear'][i]:.1%}, between {table['between'][i]:.2f}" in ax.get_title()
        )
    assert display.axes_[1].get_title().startswith("layer 1, 6 units")


def test_two_coordinates_are_drawn_as_they_are_and_one_beside_its_class():
    X_, y = make_moons(80, noise=0.1, random_state=0)
    model = fitted((2,), X_, y)
    display = RepresentationsDisplay.from_estimator(model, X_, np.array(["$no", "_yes"])[y]).plot()
    display.figure_.canvas.draw()
    np.testing.assert_array_equal(display.points_[0][1].get_offsets(), X_[y == 1])
    chance = display.points_[2][1].get_offsets()
    np.testing.assert_allclose(chance[:, 0], model.predict_proba(X_)[y == 1, 1])
    assert (abs(chance[:, 1] - 1) < 0.5).all()
    assert [text.get_text() for text in display.legend_.get_texts()] == ["$no", "_yes"]


def test_numbers_have_a_colour_bar():
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, standardize=True).fit(X_, y)
    display = RepresentationsDisplay.from_estimator(model, X_, y).plot()
    np.testing.assert_array_equal(display.points_[0][0].get_array(), y)
    np.testing.assert_array_equal(display.points_[2][0].get_offsets()[:, 1], y)
    assert "linear R²" in display.axes_[0].get_title()


def test_ten_classes_have_ten_colours_and_samples_are_drawn_at_random():
    X_, y = load_digits(return_X_y=True)
    model = fitted((8,), X_ / 16, y)
    display = RepresentationsDisplay.from_estimator(model, X_ / 16, y, max_samples=200).plot()
    assert len(display.y) == 200 == sum(len(p.get_offsets()) for p in display.points_[0])
    colours = {tuple(points.get_facecolor()[0]) for points in display.points_[0]}
    assert len(display.points_[0]) == len(colours) == 10


def test_sparse_samples_and_dead_layers():
    display = RepresentationsDisplay.from_estimator(fitted(), scipy.sparse.csr_array(X), Y).plot()
    expected = PCA(2).fit_transform(X)[Y == 0]
    drawn = np.asarray(display.points_[0][0].get_offsets())
    np.testing.assert_allclose(np.abs(drawn), np.abs(expected), atol=1e-6)
    model = fitted((3,))
    model.intercepts_[0][:] = -1e6
    display = RepresentationsDisplay.from_estimator(model, X, Y).plot()
    assert not np.asarray(display.points_[1][0].get_offsets()).any()


def test_a_collapsed_network_is_said_to_be_one():
    model = fitted((6,) * 6, activation="logistic")
    display = RepresentationsDisplay.from_estimator(model, X, Y).plot()
    first, *_, last = (ax.get_title() for ax in display.axes_)
    assert "nearly one point" in last and "nearly one point" not in first
    assert f"prediction, network {model.score(X, Y):.1%}" in last
    table = display.separability
    assert table.own == model.score(X, Y)
    np.testing.assert_allclose(table["spread"][0], np.sqrt(X.var(axis=0).mean()))
    assert table["spread"][-1] < 1e-3 * table["spread"][1]
    assert f"accuracy {model.score(X, Y):.3f}" in str(table)
    other = RepresentationsDisplay.from_estimator(model, X, Y > 0)
    assert np.isnan(other.separability.own) and "network" not in str(other.separability)


@pytest.mark.parametrize("n", [3, 10, 20])
@pytest.mark.parametrize(
    "name", ["{}", "a long name of a class {}", "the same beginning {} " + "x" * 90]
)
def test_the_legend_is_within_the_figure_and_tells_the_classes_apart(n, name):
    y = np.arange(150) % n
    labels = np.array([name.format(i) for i in range(n)])[y]
    display = RepresentationsDisplay.from_estimator(fitted((3,)), X, labels).plot()
    display.figure_.canvas.draw()
    box, figure = display.legend_.get_window_extent(), display.figure_.bbox
    assert box.x0 >= 0 and box.x1 <= figure.x1 and box.y0 >= 0
    assert len({text.get_text() for text in display.legend_.get_texts()}) == n
    assert min(ax.get_window_extent().height for ax in display.axes_) > 100


def test_into_given_axes():
    _, made = plt.subplots(2, 2)
    display = RepresentationsDisplay.from_estimator(fitted(), X, Y).plot(made.ravel())
    assert display.axes_ == list(made.ravel()) and made[0, 0].get_legend()


def test_bad_arguments_are_named():
    model, make = fitted(), RepresentationsDisplay.from_estimator
    with pytest.raises(ArgumentError, match="estimator must be an MLPClassifier"):
        make(X, X, Y)
    with pytest.raises(ArgumentError, match=r"y must be of shape \(150,\)"):
        make(model, X, Y[:9])
    with pytest.raises(ArgumentError, match="several outputs one column"):
        make(model, X, np.eye(3)[Y])
    with pytest.raises(ArgumentError, match=r"pipeline's last step, pipeline\[-1\]"):
        make(make_pipeline(StandardScaler(), model), X, Y)
    with pytest.raises(ArgumentError, match=r"search's \.best_estimator_"):
        search = GridSearchCV(model, {"alpha": [1]}, cv=2).fit((X - 4) / 2, Y)
        make(search, X, Y)
    with pytest.raises(ArgumentError, match="at most 70 classes"):
        make(model, X, np.arange(150) // 2)
    with pytest.raises(ArgumentError, match="ax must be 4 matplotlib Axes"):
        make(model, X, Y).plot(plt.subplots(1, 2)[1])
    with pytest.raises(ArgumentError, match="ax must be"):
        make(model, X, Y).plot([1, 2, 3, 4])
