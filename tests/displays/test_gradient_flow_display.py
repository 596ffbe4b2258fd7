"""Gradients and their factors are drawn as they were recorded."""

from dataclasses import replace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import lamina
from lamina.displays import GradientFlowDisplay
from lamina.displays.gradient_flow import MISSING, ZERO
from lamina.plan.checks import ArgumentError
from lamina.training.recording.record import LAYERS

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(hidden=(8,), **options):
    options = {"max_iter": 12, "diagnose": True, **options}
    return lamina.MLPClassifier(hidden, random_state=0, **options).fit(X, Y)


def test_a_line_per_layer_has_the_recorded_numbers():
    model = fitted()
    display = GradientFlowDisplay.from_estimator(model, ["gradient_norm", "bound"])
    assert display.plot() is display and display.kind == "lines"
    record = model.record_
    for name in ("gradient_norm", "bound"):
        for layer in (1, 2):
            line = display.lines_[name, layer]
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 13))
            np.testing.assert_array_equal(line.get_ydata(), record[name][:, layer - 1])
    assert display.ax_ is display.axes_[0] and len(display.axes_) == 2
    drawn = [display.lines_[name, 1].get_ydata() for name in ("gradient_norm", "bound")]
    assert (drawn[0] <= drawn[1] * (1 + 1e-12)).all()
    assert {ax.get_yscale() for ax in display.axes_} == {"log"}


def test_many_layers_are_a_map_of_epochs_and_layers():
    model = fitted((5,) * 19, diagnose=lamina.Recorder(every=3))
    display = GradientFlowDisplay.from_estimator(model).plot()
    assert display.kind == "map"
    drawn = display.maps_["gradient_norm"]
    norms = model.record_["gradient_norm"].T
    np.testing.assert_array_equal(drawn.get_array()[norms > 0], norms[norms > 0])
    corners = drawn.get_coordinates()
    np.testing.assert_array_equal(corners[0, :, 0], [-0.5, 2.5, 5.5, 8.5, 11.5])
    np.testing.assert_array_equal(corners[:, 0, 1], np.arange(0.5, 21))
    assert display.ax_.get_ylabel() == "layer"


def test_what_is_nearly_the_same_has_nearly_one_colour():
    model = fitted((5,) * 7, activation="tanh")
    low, high = GradientFlowDisplay.from_estimator(model, "slope").plot().maps_["slope"].get_clim()
    assert high / low >= 10 * (1 - 1e-12)


@pytest.mark.parametrize("kind", ["lines", "map"])
def test_every_number_of_a_record_can_be_drawn(kind):
    display = GradientFlowDisplay.from_estimator(fitted(max_iter=2), list(LAYERS), kind=kind).plot()
    assert len(display.axes_) == len(LAYERS)
    drawn = display.maps_ if kind == "map" else {name for name, _ in display.lines_}
    assert set(drawn) == set(LAYERS)
    assert all(ax.get_title() for ax in display.axes_)


def test_one_epoch_and_iterations():
    display = GradientFlowDisplay.from_estimator(fitted(max_iter=1)).plot()
    assert display.lines_["gradient_norm", 1].get_marker() == "o"
    display = GradientFlowDisplay.from_estimator(fitted(solver="lbfgs"), "bound").plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_xlabel() == "iteration"


def test_factors_are_the_gradient_and_what_bounds_it():
    model = fitted()
    display = GradientFlowDisplay.from_estimator(model, ["factors", "slope", "bound"])
    assert display.what == ("gradient_norm", "slope", "backflow", "input_norm", "bound")


def test_zeros_and_what_is_not_finite():
    record = fitted().record_
    numbers = record.numbers.copy()
    numbers[3, 0, 0], numbers[5, 1, 0], numbers[6, 1, 0] = 0.0, np.nan, np.inf
    broken = replace(record, numbers=numbers)
    display = GradientFlowDisplay.from_record(broken).plot()
    first, second = (display.lines_["gradient_norm", layer].get_ydata() for layer in (1, 2))
    assert np.isnan(first[3]) and np.isnan(second[[5, 6]]).all()
    zeros = [line for line in display.ax_.lines if line.get_marker() == "v"]
    assert [list(line.get_xdata()) for line in zeros] == [[4]]
    display = GradientFlowDisplay.from_record(broken, kind="map").plot()
    display.figure_.canvas.draw()
    drawn = display.maps_["gradient_norm"]
    assert drawn.get_array().mask.sum() == 2 and drawn.colorbar.extend == "min"
    shades = drawn.to_rgba(drawn.get_array())
    assert to_hex(shades[0, 3]) == ZERO and to_hex(shades[1, 5]) == to_hex(shades[1, 6]) == MISSING
    (key,) = display.figure_.legends
    assert [text.get_text() for text in key.get_texts()] == ["zero", "not finite"]
    everything = replace(record, numbers=np.zeros_like(numbers))
    for kind in ("lines", "map"):
        display = GradientFlowDisplay.from_record(everything, kind=kind).plot()
        display.figure_.canvas.draw()


def test_partial_fit_goes_on_counting():
    model = lamina.MLPClassifier((4,), random_state=0, diagnose=True)
    for _ in range(4):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    line = GradientFlowDisplay.from_estimator(model).plot().lines_["gradient_norm", 1]
    assert line.get_xdata().tolist() == [1, 2, 3, 4]


def test_into_given_axes():
    _, ax = plt.subplots()
    display = GradientFlowDisplay.from_estimator(fitted()).plot(ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["layer 1, the first", "layer 2, the last"]


def test_without_units_the_rest_is_there():
    model = fitted(diagnose=lamina.Recorder(units=False))
    display = GradientFlowDisplay.from_estimator(model, ["update_ratio", "dead"]).plot()
    for name in ("update_ratio", "dead"):
        expected = fitted().record_[name][:, 0]
        np.testing.assert_array_equal(display.lines_[name, 1].get_ydata(), expected)


def test_bad_arguments_are_named():
    model, make = fitted(), GradientFlowDisplay.from_estimator
    with pytest.raises(ArgumentError, match="estimator must be an MLPClassifier"):
        make(model.record_)
    with pytest.raises(ArgumentError, match="fitted with diagnose=True"):
        make(fitted(diagnose=False))
    with pytest.raises(NotFittedError):
        make(lamina.MLPClassifier())
    with pytest.raises(ArgumentError, match="record must be a Record"):
        GradientFlowDisplay.from_record(model)
    with pytest.raises(ArgumentError, match="no measured epoch"):
        GradientFlowDisplay.from_record(type(model.record_).empty(model.network_))
    with pytest.raises(ArgumentError, match=r"what must be one of .*did you mean 'gradient_norm'"):
        make(model, "gradient_nrm")
    for what in ([], 3):
        with pytest.raises(ArgumentError, match="what must be a name or several"):
            make(model, what)
    with pytest.raises(ArgumentError, match="kind must be one of"):
        make(model, kind="pie")
    with pytest.raises(ArgumentError, match="ax must be"):
        make(model).plot(3)
    with pytest.raises(ArgumentError, match="ax holds one panel, and there are 4"):
        make(model, "factors").plot(plt.subplots()[1])


def test_lines_are_seen_on_a_dark_ground():
    model = fitted()
    with plt.style.context("dark_background"):
        display = GradientFlowDisplay.from_estimator(model).plot()
    for layer in (1, 2):
        line = np.array(
            matplotlib.colors.to_rgb(display.lines_["gradient_norm", layer].get_color())
        )
        assert line @ [0.2126, 0.7152, 0.0722] > 0.25
