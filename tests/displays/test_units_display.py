"""Pictures of units and of a neuron's loss: what is drawn is what was computed."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lamina import ArgumentError
from lamina.displays import LossSurfaceDisplay, UnitDisplay
from lamina.neurons import SigmoidNeuron, Unit

X, Y = [[-3, -3], [-2, -2], [4, 4], [2, -5]], [1, 1, 0, 0]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_lines_lie_where_the_unit_has_their_values():
    unit = Unit([1, 2], -1, "logistic")
    display = UnitDisplay.from_unit(unit, levels=[0.2, 0.5, 0.9], resolution=11).plot()
    assert len(display.lines_) == 3
    for line, value in zip(display.lines_, [0.2, 0.5, 0.9], strict=True):
        first = np.array(line.get_xy1())
        along = np.array(line.get_xy2()) - first
        assert unit([first, first + along, first - 2 * along]) == pytest.approx([value] * 3)


def test_arrows_are_the_gradients_and_stay_in_their_cells():
    unit = Unit([3, -1], 0.5, "tanh")
    arrows = UnitDisplay.from_unit(unit, ((0, 7), (-7, 7)), resolution=5).plot().arrows_
    places = np.column_stack([arrows.X, arrows.Y])
    assert np.column_stack([arrows.U, arrows.V]) == pytest.approx(unit.gradient(places))
    assert np.hypot(arrows.U, arrows.V).max() / arrows.scale < 1


def test_colours_are_the_values():
    unit = Unit([1, -1], 0.0, "relu")
    display = UnitDisplay.from_unit(unit, ((-1, 1), (-2, 2)), resolution=3).plot()
    (image,) = display.ax_.images
    assert image.get_array().tolist() == [[1, 2, 3], [0, 0, 1], [0, 0, 0]]  # rows from x2 = -2 on
    assert (image.get_extent(), image.origin) == ([-1, 1, -2, 2], "lower")


@pytest.mark.parametrize("activation", ["threshold", "sign"])
def test_a_jump_is_one_line_without_arrows(activation):
    display = UnitDisplay.from_unit(Unit([1, 1], -1, activation)).plot()
    assert {s.kind for s in display.level_sets} == {"half-space"}
    assert display.arrows_ is None
    places = [line.get_xy1() for line in display.lines_]
    assert np.ravel(places) == pytest.approx([0.5] * len(places) * 2)


def test_a_dip_has_two_lines_of_one_value():
    unit = Unit([1, 1], activation="silu")
    assert len(UnitDisplay.from_unit(unit, levels=[-0.1]).plot().lines_) == 2


def test_a_constant_unit_is_drawn_too():
    display = UnitDisplay.from_unit(Unit([0, 0], 1.0)).plot()
    assert display.lines_ == [] and display.arrows_ is None


def test_axes_of_the_caller_are_used():
    _, (left, right) = plt.subplots(1, 2)
    neuron = SigmoidNeuron(max_iter=5).fit(X, Y)
    assert UnitDisplay.from_unit(Unit([1, 2])).plot(left).ax_ is left
    display = LossSurfaceDisplay.from_estimator(neuron, X, Y, resolution=5)
    assert display.plot(right) is display
    assert display.ax_ is right and display.figure_ is right.figure


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_the_loss_surface_names_its_weights_and_holds_the_others(kind):
    neuron = SigmoidNeuron("sum_squared_error", max_iter=9).fit(X, Y)
    display = LossSurfaceDisplay.from_estimator(neuron, X, Y, weights=("b", "w2"), resolution=5)
    display.plot(kind=kind)
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("b", "w2")
    assert f"w1 = {neuron.coef_[0, 0]:.3g}" in ax.get_title()
    drawn = display.surface.paths["path"]
    assert drawn[:, :2] == pytest.approx(neuron.path_.points[:, [2, 1]])
    assert drawn[-1, 2] == neuron.path_.value
    label = ax.get_zlabel() if kind == "surface" else display.figure_.axes[-1].get_ylabel()
    assert label == "sum squared error"


def test_the_loss_surface_has_the_losses_of_the_grid():
    neuron = SigmoidNeuron("sum_squared_error", fit_intercept=False).fit(X, Y)
    box = ((-2, 2), (-1, 1))
    display = LossSurfaceDisplay.from_estimator(neuron, X, Y, box=box, resolution=3)
    p = 1 / (1 + np.exp(-np.array(X) @ [2, -1]))
    assert display.surface.z[0, 2] == pytest.approx(np.sum((Y - p) ** 2))
    assert display.surface.z[1, 1] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Unit([1.0]),), "unit must be of two inputs"),
        (([1.0, 2.0],), "unit must be a Unit"),
        ((Unit([1, 2]), ((1, 0), (0, 1))), "box must be two intervals"),
        ((Unit([1, 2]), ((0, 1), (0, np.inf))), "box must be finite"),
        ((Unit([1, 2]), "box"), "box must be an array of numbers"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(ArgumentError, match="^" + message):
        UnitDisplay.from_unit(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": ["a"]}, "levels must be an array of numbers"),
        ({"levels": 0.5}, "levels must be of shape"),
        ({"resolution": 1}, "resolution must be an integer in"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ArgumentError, match="^" + message):
        UnitDisplay.from_unit(Unit([1, 2]), **options)


def test_only_a_sigmoid_neuron_has_this_surface():
    with pytest.raises(ArgumentError, match=r"^neuron must be a SigmoidNeuron"):
        LossSurfaceDisplay.from_estimator(Unit([1, 2]), X, Y)


def test_arrows_and_levels_are_explained():
    unit = Unit([1, 2], -1, "logistic")
    display = UnitDisplay.from_unit(unit, levels=[0.125, 0.375]).plot()
    texts = [text.get_text() for text in display.ax_.texts]
    assert set(texts) == {"0.125", "0.375"}
    told = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    longest = np.hypot(display.arrows_.U, display.arrows_.V).max()
    assert told[0] == "level sets" and told[1].endswith(f"= {longest:.3g}")
    assert UnitDisplay.from_unit(Unit([0, 0], 1.0)).plot().ax_.get_legend() is None
