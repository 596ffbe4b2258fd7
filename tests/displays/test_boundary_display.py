"""Boundaries are what the estimators answer, and what scikit-learn's display makes of it."""

import pickle

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris, make_moons
from sklearn.inspection import DecisionBoundaryDisplay

import lamina
from lamina.displays import BoundaryDisplay
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(X=X, Y=Y, **options):
    return lamina.MLPClassifier((6,), max_iter=20, random_state=0, **options).fit(X, Y)


def test_two_features_are_as_scikit_learn_has_them():
    X_, y = make_moons(60, noise=0.1, random_state=0)
    model = fitted(X_, y)
    display = BoundaryDisplay.from_estimator(model, X_, y)
    assert display.plot(grid_resolution=30) is display
    ours = display.boundary_
    eps = X_[:, 0].min() - ours.xx0.min()
    theirs = DecisionBoundaryDisplay.from_estimator(
        model, X_, grid_resolution=30, response_method="predict_proba", eps=eps
    )
    np.testing.assert_allclose(ours.xx0, theirs.xx0)
    grid = np.column_stack([ours.xx0.ravel(), ours.xx1.ravel()])
    expected = model.predict_proba(grid)[:, 1].reshape(30, 30)
    np.testing.assert_allclose(ours.response, expected, rtol=1e-9)
    assert isinstance(ours, DecisionBoundaryDisplay)
    np.testing.assert_array_equal(display.points_[1].get_offsets(), X_[y == 1])


def test_other_features_stay_at_their_medians_or_where_they_are_told():
    model = fitted()
    display = BoundaryDisplay.from_estimator(model, X, Y, features=(2, 0), at={3: 1.0})
    assert display.held == "feature 1 at 3, feature 3 at 1"
    points = np.array([[4.0, 6.0], [1.0, 5.0]])
    rows = [[6.0, np.median(X[:, 1]), 4.0, 1.0], [5.0, np.median(X[:, 1]), 1.0, 1.0]]
    np.testing.assert_allclose(display.answer(points), model.predict_proba(rows), rtol=1e-9)
    display.plot(grid_resolution=10)
    assert display.boundary_.response.shape == (10, 10, 3)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("feature 2", "feature 0")


def test_names_of_data_frames_and_preprocessing():
    frame = pd.DataFrame(X, columns=["a", "b", "$c", "d"])
    model = fitted(frame, Y, standardize=True)
    display = BoundaryDisplay.from_estimator(model, frame, features=("$c", "d")).plot()
    display.figure_.canvas.draw()
    row = frame.median().to_frame().T
    row["$c"], row["d"] = 1.0, 2.0
    np.testing.assert_allclose(
        display.answer(np.array([[1.0, 2.0]])), model.predict_proba(row), rtol=1e-9
    )
    assert display.names == ("$c", "d")


def test_numbers():
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, standardize=True).fit(X_, y)
    display = BoundaryDisplay.from_estimator(model, X_, y, features=(2, 8)).plot()
    row = np.median(X_, axis=0)
    row[[2, 8]] = 0.05, -0.02
    np.testing.assert_allclose(display.answer(np.array([[0.05, -0.02]])), model.predict([row]))
    assert display.held == "8 other features at their medians"
    np.testing.assert_array_equal(display.points_[0].get_array(), y)
    shades = display.points_[0].norm
    assert shades.vmin <= y.min() and shades.vmax >= y.max()
    assert shades is display.boundary_.surface_.norm


@pytest.mark.parametrize(("weight", "said"), [(0.0, ""), (np.nan, "100% of the predictions")])
def test_constant_predictions_and_those_that_are_not_finite(weight, said):
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, standardize=True).fit(X_, y)
    model.coefs_[-1][:] = weight
    display = BoundaryDisplay.from_estimator(model, X_, features=(2, 8)).plot(grid_resolution=5)
    display.figure_.canvas.draw()
    assert said in display.ax_.get_title()
    low, high = display.boundary_.surface_.get_clim()
    if not said:
        middle = display.boundary_.response[0, 0]
        assert low < middle < high


def test_labels_that_are_no_classes_are_grey_and_said():
    model = fitted()
    display = BoundaryDisplay.from_estimator(model, X, np.where(Y == 1, 7, Y), features=(0, 1))
    display.plot(grid_resolution=5)
    assert [len(own.get_offsets()) for own in display.points_] == [50, 50, 50]
    labels = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert labels[-1].startswith("not a class")
    with pytest.raises(ArgumentError, match="classes, such as 0, 1, 2, got"):
        BoundaryDisplay.from_estimator(model, X, Y.astype(str), features=(0, 1))


def test_long_names_leave_room_for_the_picture():
    names = np.array(["class " + "long " * 20 + f"{i}\n\x07" for i in range(20)])
    y = names[np.arange(150) % 20]
    frame = pd.DataFrame(X, columns=["a" * 300, "b\n" * 100, "c" * 300, "d"])
    model = fitted(frame, y)
    display = BoundaryDisplay.from_estimator(model, frame, y, features=("a" * 300, "c" * 300))
    display.plot(grid_resolution=5).figure_.canvas.draw()
    room = display.ax_.get_window_extent()
    assert room.width > 350 and room.height > 250
    assert not room.overlaps(display.figure_.legends[0].get_window_extent())
    texts = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert len(set(texts)) == 20 and all(text.isprintable() for text in texts)


def test_it_can_be_pickled_and_has_a_short_repr():
    display = BoundaryDisplay.from_estimator(fitted(), X, Y, features=(0, 1))
    again = pickle.loads(pickle.dumps(display)).plot(grid_resolution=3)
    assert again.boundary_.response.shape == (3, 3, 3) and len(repr(display)) < 200


def test_into_given_axes_without_labels():
    _, ax = plt.subplots()
    display = BoundaryDisplay.from_estimator(fitted(), X, features=(0, 1)).plot(ax)
    assert display.ax_ is ax and len(display.points_) == 1


def test_bad_arguments_are_named():
    model, make = fitted(), BoundaryDisplay.from_estimator
    bad = {
        "features must be two of the 4 features": {},
        "features must be a pair": {"features": (0, 1, 2)},
        "every entry of features must be an integer": {"features": (0, 4)},
        "features must be two different": {"features": (1, 1)},
        "every key of at": {"features": (0, 1), "at": {9: 1.0}},
        "at must be of features that are not": {"features": (0, 1), "at": {0: 1.0}},
        r"at\[2\] must be a number": {"features": (0, 1), "at": {2: "x"}},
        "at must be a mapping": {"features": (0, 1), "at": [1.0]},
    }
    for said, options in bad.items():
        with pytest.raises(ArgumentError, match=said):
            make(model, X, **options)
    with pytest.raises(ArgumentError, match=r"y must be of shape \(150,\)"):
        make(model, X, Y[:3], features=(0, 1))
    numbers = lamina.MLPRegressor(max_iter=1, standardize=True).fit(X, Y)
    with pytest.raises(ArgumentError, match="y must be numbers"):
        make(numbers, X, np.array(["a"] * 150), features=(0, 1))
    with pytest.raises(ArgumentError, match="X must be dense"):
        make(model, scipy.sparse.csr_array(X), features=(0, 1))
    with pytest.raises(ArgumentError, match="estimator must be of one output"):
        make(lamina.MLPRegressor(max_iter=1, standardize=True).fit(X, X), X, features=(0, 1))
    with pytest.raises(ArgumentError, match="estimator must be of one output"):
        make(lamina.MLPClassifier(max_iter=1).fit(X, np.eye(3)[Y]), X, features=(0, 1))
    with pytest.raises(ArgumentError, match="X must be of two features"):
        make(fitted(X[:, :1]), X[:, :1])
    with pytest.raises(ArgumentError, match="grid_resolution must be"):
        make(model, X, features=(0, 1)).plot(grid_resolution=1)
