"""Pictures of neurons and separations show what was computed."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lamina.displays import NeuronDisplay, SeparationDisplay
from lamina.neurons import McCullochPittsNeuron, rows, separate
from lamina.plan.checks import ArgumentError


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(display):
    """Draw for real, so that layout and artists are exercised."""
    display.figure_.canvas.draw()
    return display


def test_a_diagram_has_each_input_once_and_the_threshold():
    neuron = McCullochPittsNeuron(3, 1, 2, "-+.++")
    display = drawn(NeuronDisplay.from_neuron(neuron).plot())
    texts = [text.get_text() for text in display.ax_.texts]
    assert [t for t in texts if t.startswith("$x")] == [f"$x_{{{i}}}$" for i in range(1, 6)]
    assert "θ = 2" in texts
    assert len(display.inputs_) == 5
    circles = [line for line in display.ax_.lines if line.get_marker() == "o"]
    assert len(circles) == neuron.n_inhibitory
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert sorted(labels) == ["excitatory", "inhibitory", "not connected"]


@pytest.mark.parametrize(
    ("arguments", "when"),
    [
        ((2, 0, 2), "if at least 2 excitatory on"),
        ((2, 1, 1), "if at least 1 excitatory on, no inhibitory on"),
        ((0, 2, 0), "if no inhibitory on"),
        ((2, 0, 0), "always"),
        ((2, 1, 3), "never"),
    ],
)
def test_the_title_says_when_it_is_on(arguments, when):
    neuron = McCullochPittsNeuron(*arguments)
    assert NeuronDisplay.from_neuron(neuron).plot().ax_.get_title().splitlines()[1] == when
    on = neuron.truth_table()
    assert (when == "always") == on.all()
    assert (when == "never") == (not on.any())


def test_given_axes_names_and_title_are_used():
    _, ax = plt.subplots()
    display = NeuronDisplay.from_neuron(McCullochPittsNeuron(1, 1), names=["rain", "wind"])
    assert display.plot(ax, title="umbrella") is display
    assert display.ax_ is ax
    assert ax.get_title() == "umbrella"
    assert {"rain", "wind"} <= {text.get_text() for text in ax.texts}


def test_the_line_drawn_is_the_plane_of_largest_margin():
    X = np.array([[0, 0], [0, 4], [3, 0], [5, 9]])
    found = separate(X, ["left", "left", "right", "right"])
    display = drawn(SeparationDisplay.from_separation(found).plot())
    (x, y), slope = display.line_.get_xy1(), display.line_.get_xy2()
    for point in ((x, y), slope):
        assert found.weights @ point + found.bias == pytest.approx(0)
    shown = np.vstack([scatter.get_offsets() for scatter in display.points_])
    assert sorted(map(tuple, shown)) == sorted(map(tuple, X.astype(float)))
    assert "γ = 1.5" in display.ax_.get_title()
    assert display.common_ is None
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[:2] == ["class left", "class right"]


def test_the_common_point_is_drawn():
    display = drawn(SeparationDisplay.from_separation(separate(rows(2), [0, 1, 1, 0])).plot())
    assert [d.item() for d in display.common_.get_data()] == [0.5, 0.5]
    assert display.line_ is None
    assert display.ax_.get_title().startswith("Not separable")


def test_without_a_bias_the_origin_is_drawn():
    found = separate([[1, 1], [2, 1], [2, 2]], [0, 0, 1], fit_bias=False)
    display = drawn(SeparationDisplay.from_separation(found).plot())
    assert [d.item() for d in display.common_.get_data()] == [0, 0]
    assert "through the origin" in display.ax_.get_title()


def test_one_class_points_on_a_line_and_a_single_point():
    alone = separate([[0, 0], [1, 1]], [1, 1])
    assert drawn(SeparationDisplay.from_separation(alone).plot()).line_ is None
    line = separate([[0, 0], [1, 1], [2, 2]], [0, 0, 1])
    assert drawn(SeparationDisplay.from_separation(line).plot()).line_ is not None


@pytest.mark.parametrize("thing", [None, "and", separate(rows(2), [0, 0, 0, 1])])
def test_what_is_no_neuron_is_refused(thing):
    with pytest.raises(ArgumentError, match="neuron must be a McCullochPittsNeuron"):
        NeuronDisplay.from_neuron(thing)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], [1, 2]])
def test_other_names_are_refused(names):
    with pytest.raises(ArgumentError, match="names must be 2 strings"):
        NeuronDisplay.from_neuron(McCullochPittsNeuron(2), names=names)


def test_what_cannot_be_drawn_in_the_plane_is_refused():
    with pytest.raises(ArgumentError, match="points with 2 features"):
        SeparationDisplay.from_separation(separate(rows(3), [0, 1] * 4))
    with pytest.raises(ArgumentError, match="a Separation"):
        SeparationDisplay.from_separation(None)
