"""The lines of the spectra are those of `spectra`."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris

import lamina
from lamina.displays import WeightSpectraDisplay
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(**options):
    options = {"max_iter": 6, "diagnose": True, **options}
    return lamina.MLPClassifier((8, 3), random_state=0, **options).fit(X, Y)


def test_a_line_per_snapshot_has_numpys_singular_values():
    model = fitted()
    display = WeightSpectraDisplay.from_estimator(model)
    assert display.plot() is display and display.epochs == list(range(7))
    for layer in (1, 2, 3):
        lines = display.lines_[layer]
        assert len(lines) == 7 and lines[0].get_linestyle() == "--"
        expected = np.linalg.svd(model.coefs_[layer - 1], compute_uv=False)
        np.testing.assert_allclose(lines[-1].get_ydata(), expected, rtol=1e-10)
        np.testing.assert_array_equal(lines[-1].get_xdata(), np.arange(1, len(expected) + 1))
    assert display.bar_.ax.get_ylabel() == "epoch"


def test_weights_of_zero_and_what_is_not_finite_have_no_line():
    model = fitted()
    for _, parameters in model.record_.snapshots:
        parameters[0][0][:] = 0
        parameters[1][0][:] = np.nan
    display = WeightSpectraDisplay.from_estimator(model).plot()
    display.figure_.canvas.draw()
    assert np.isnan(display.lines_[1][0].get_ydata()).all()
    assert np.isnan(display.lines_[2][0].get_ydata()).all()


def test_chosen_layers_into_given_axes_and_iterations():
    _, ax = plt.subplots()
    display = WeightSpectraDisplay.from_estimator(fitted(solver="lbfgs"), [2]).plot(ax)
    assert display.ax_ is ax and display.bar_.ax.get_ylabel() == "iteration"


def test_bad_arguments_are_named():
    make = WeightSpectraDisplay.from_estimator
    with pytest.raises(ArgumentError, match="fitted with diagnose=True"):
        make(fitted(diagnose=False))
    with pytest.raises(ArgumentError, match=r"Recorder\(snapshots=16\)"):
        make(fitted(diagnose=lamina.Recorder(snapshots=0)))
    with pytest.raises(ArgumentError, match="every entry of layers"):
        make(fitted(), [4])
    with pytest.raises(ArgumentError, match="ax holds one panel"):
        make(fitted()).plot(plt.subplots()[1])


def test_the_start_is_seen_on_a_dark_ground():
    with plt.style.context("dark_background"):
        display = WeightSpectraDisplay.from_estimator(fitted(), 1).plot()
    assert display.layers == [1] and display.lines_[1][0].get_color() == "white"
