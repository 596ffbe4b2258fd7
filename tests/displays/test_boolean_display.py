"""The graph of a Boolean network: its edges are the weights, its fills what fires."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from lamina import ArgumentError
from lamina.displays import BooleanNetworkDisplay
from lamina.neurons import BooleanNetwork, rows

POSITIVE, NEGATIVE, FIRING = "#0072b2", "#d55e00", "#f0e442"


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "network",
    [
        BooleanNetwork("x1 xor x2"),
        BooleanNetwork("x1 xor x2 xor x3", output="learned"),
        BooleanNetwork("x1 and x2 or not x3").minimal(),
        BooleanNetwork("0", 2).minimal(),
        BooleanNetwork("1", 4),
    ],
    ids=repr,
)
def test_there_is_an_edge_for_every_weight_in_the_colour_of_its_sign(network):
    display = BooleanNetworkDisplay.from_network(network).plot()
    for layer, weights in enumerate([network.hidden_weights, network.output_weights[:, None]]):
        drawn = np.zeros_like(weights)
        for (where, i, j), line in display.edges_.items():
            if where == layer:
                drawn[i, j] = {POSITIVE: 1, NEGATIVE: -1}[line.get_color().lower()]
                assert line.get_linestyle() == ("-" if drawn[i, j] > 0 else "--")
        assert np.array_equal(drawn, np.sign(weights))
    sizes = [len(units.get_offsets()) for units in display.units_]
    assert sizes == [network.n_inputs, network.n_hidden, 1]


@pytest.mark.parametrize("x", [[0, 0, 1], [1, 1, 0]])
def test_what_fires_is_filled_and_the_rest_is_faint(x):
    network = BooleanNetwork("x1 xor x2 xor x3")
    display = BooleanNetworkDisplay.from_network(network, x).plot()
    for units, fires in zip(display.units_, [x, network.hidden(x), [network(x)]], strict=True):
        filled = [to_hex(colour) == FIRING for colour in units.get_facecolors()]
        assert filled == [bool(value) for value in fires]
    strong = {edge for edge, line in display.edges_.items() if line.get_alpha() > 0.5}
    j = int(network.hidden(x).argmax())
    assert strong == {(0, 0, j), (0, 1, j), (0, 2, j), (1, j, 0)}
    assert f"the output is {network(x)}" in display.ax_.get_title()


def test_biases_and_rows_are_written_down():
    display = BooleanNetworkDisplay.from_network(BooleanNetwork("x1 xor x2")).plot()
    texts = [text.get_text() for text in display.ax_.texts]
    assert {"00\nb = -2", "01\nb = -2", "10\nb = -2", "11\nb = -2", "b = 0"} <= set(texts)
    assert "$y$" in texts and "0" not in texts


@pytest.mark.parametrize("x", [None, [1, 1, 1, 1, 1, 0]])
def test_of_many_perceptrons_the_telling_ones_are_drawn(x):
    network = BooleanNetwork(rows(6).sum(axis=1) % 2)
    display = BooleanNetworkDisplay.from_network(network, x).plot()
    assert len(display.units_[1].get_offsets()) == 16
    shown = {i for layer, i, _ in display.edges_ if layer == 1}
    assert shown == set(range(16)) if x is None else set(range(15)) | {62}
    assert "… 48 more" in [text.get_text() for text in display.ax_.texts]
    assert display.figure_.get_size_inches()[0] < 13


def test_where_there_are_no_products_it_is_said():
    network = BooleanNetwork("0", 2).minimal()
    display = BooleanNetworkDisplay.from_network(network).plot()
    texts = [text.get_text() for text in display.ax_.texts]
    assert "none: the function is 0 everywhere" in texts


def test_it_draws_into_given_axes_and_takes_a_title():
    figure, ax = plt.subplots()
    display = BooleanNetworkDisplay.from_network(BooleanNetwork("x1")).plot(ax, title="one")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_title() == "one"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x1",), "network must be a BooleanNetwork"),
        ((BooleanNetwork("x1 or x2"), [0, 2]), "x at column 1 must be 0 or 1"),
        ((BooleanNetwork("x1 or x2"), [[0, 1]]), r"shape of x must be \(2,\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        BooleanNetworkDisplay.from_network(*arguments)
