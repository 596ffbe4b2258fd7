"""The map of units has the states of `unit_states`, the counts their numbers."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import lamina
from lamina.diagnosis import STATES, unit_states
from lamina.displays import UnitHealthDisplay
from lamina.displays.unit_health import LOOKS
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)

pytestmark = pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(hidden=(12, 6), **options):
    options = {"max_iter": 12, "learning_rate_init": 0.1, "diagnose": True, **options}
    return lamina.MLPClassifier(hidden, random_state=0, **options).fit(10 * X, Y)


def test_a_row_per_unit_the_healthy_ones_below():
    model = fitted()
    display = UnitHealthDisplay.from_estimator(model)
    assert display.plot() is display and display.layers == [1, 2]
    for layer in (1, 2):
        states = unit_states(model.record_, layer)
        drawn = display.maps_[layer].get_array()
        assert sorted(map(tuple, drawn)) == sorted(map(tuple, states.T))
        last = drawn[:, -1] == 0
        assert (np.diff(last.astype(int)) <= 0).all()  # live ones first
    assert any(unit_states(model.record_, 1)[-1] != 0)
    assert display.axes_[1].get_xlabel() == "epoch"


def test_colours_are_those_of_the_states_and_of_the_legend():
    display = UnitHealthDisplay.from_estimator(fitted()).plot()
    drawn = display.maps_[1]
    for i, name in enumerate(STATES):
        assert matplotlib.colors.to_hex(drawn.to_rgba(i)).upper() == LOOKS[name].upper()
    labels = {text.get_text() for text in display.legend_.get_texts()}
    seen = {STATES[i] for own in display.states.values() for i in np.unique(own)}
    assert labels == seen | {"live"}


def test_titles_count_the_units_at_the_end():
    model = fitted()
    display = UnitHealthDisplay.from_estimator(model).plot()
    states = unit_states(model.record_, 1)
    for place in (0, -1):
        for name, n in display.counts(1, place).items():
            assert n == (states[place] == STATES.index(name)).sum()
    assert sum(display.counts(1).values()) == 12
    title = display.axes_[0].get_title()
    assert title.startswith("layer 1: 12 relu units; at the end ")
    n_dead = round(12 * model.record_["dead"][-1, 0])
    assert n_dead and f"{n_dead} dead" in title


def test_wide_layers_are_counted():
    model = fitted((80,), max_iter=6)
    display = UnitHealthDisplay.from_estimator(model).plot()
    assert not display.maps_
    states = unit_states(model.record_, 1)
    for i, area in enumerate(display.areas_[1]):
        top = area.get_paths()[0].vertices[:, 1].max()
        assert top == max((states <= i).sum(axis=1)) or not (states == i).any()
    assert display.ax_.get_ylim() == (0, 80)
    assert UnitHealthDisplay.from_estimator(model, kind="map").plot().maps_[1].get_array().size


@pytest.mark.parametrize("hidden", [(), (3,), (3,) * 7, (3,) * 19])
def test_any_number_of_layers(hidden):
    display = UnitHealthDisplay.from_estimator(fitted(hidden, max_iter=2)).plot()
    display.figure_.canvas.draw()
    assert len(display.axes_) == max(len(hidden), 1)


def test_one_epoch_and_iterations():
    display = UnitHealthDisplay.from_estimator(fitted(max_iter=1)).plot()
    assert display.maps_[1].get_coordinates()[0, :, 0].tolist() == [0.5, 1.5]
    display = UnitHealthDisplay.from_estimator(fitted(solver="lbfgs")).plot()
    assert display.axes_[-1].get_xlabel() == "iteration"


def test_one_layer_into_given_axes():
    _, ax = plt.subplots()
    display = UnitHealthDisplay.from_estimator(fitted(), [2]).plot(ax)
    assert display.ax_ is ax and list(display.maps_) == [2] and ax.get_legend()


def test_bad_arguments_are_named():
    model, make = fitted(max_iter=2), UnitHealthDisplay.from_estimator
    with pytest.raises(ArgumentError, match="estimator must be an MLPClassifier"):
        make(X)
    with pytest.raises(NotFittedError):
        make(lamina.MLPClassifier())
    with pytest.raises(ArgumentError, match="fitted with diagnose=True"):
        make(fitted(diagnose=False, max_iter=2))
    with pytest.raises(ArgumentError, match=r"Recorder\(units=True\)"):
        make(fitted(diagnose=lamina.Recorder(units=False), max_iter=2))
    for layers, said in (
        ([4], "in \\[1, 3\\]"),
        ([], "not empty"),
        ("1", "list"),
        ([1, 1], "repet"),
    ):
        with pytest.raises(ArgumentError, match=f"layers must be .*{said}"):
            make(model, layers)
    with pytest.raises(ArgumentError, match="kind must be one of"):
        make(model, kind="bars")
    with pytest.raises(ArgumentError, match="ax holds one panel, and there are 2"):
        make(model).plot(plt.subplots()[1])
    with pytest.raises(ArgumentError, match="layer must be an integer"):
        make(model).counts(0)
    with pytest.raises(ArgumentError, match="one of those that were chosen, 1, got 2"):
        make(model, 1).counts(2)
    with pytest.raises(ArgumentError, match=r"place must be an integer in \[-2, 1\]"):
        make(model).counts(1, 2)
