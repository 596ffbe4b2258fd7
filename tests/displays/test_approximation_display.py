"""Pictures of approximations: lines, towers and images hold the numbers."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lamina import ArgumentError
from lamina.displays import ApproximationDisplay
from lamina.neurons import approximate


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize("method", ["steps", "smooth"])
def test_lines_hold_function_network_and_error(method):
    found = approximate(np.sin, (0, 6), 0.1, method=method)
    display = ApproximationDisplay.from_approximation(found).plot()
    x, f = display.function_.get_data()
    assert np.array_equal(f, np.sin(x))
    x, g = display.network_.get_data()
    assert np.array_equal(g, found(x))
    assert np.abs(display.error_.get_ydata()).max() == found.error
    assert (display.towers_ is None) == (method == "smooth")
    assert f"{found.n_units} logistic units" in display.ax_[0].get_title()


def test_a_tower_is_as_high_as_the_function_in_its_cell():
    found = approximate(lambda x: 2 + np.cos(x), (0, 6), 0.05)
    towers = ApproximationDisplay.from_approximation(found).plot().towers_
    assert len(towers) == found.n_units + 1
    assert sum(tower.get_width() for tower in towers) == pytest.approx(6)
    for tower in towers:
        middle = tower.get_x() + tower.get_width() / 2
        assert abs(tower.get_height() - (2 + np.cos(middle))) <= 0.05


def test_a_constant_is_one_tower():
    found = approximate(lambda x: 0 * x + 3, (0, 6), 0.05)
    (tower,) = ApproximationDisplay.from_approximation(found).plot().towers_
    assert (tower.get_x(), tower.get_width(), tower.get_height()) == (0, 6, 3)


def test_images_hold_function_network_and_error():
    found = approximate(lambda x, y: x * y * y, [(-1, 1), (0, 1)], 0.1, grid=21)
    display = ApproximationDisplay.from_approximation(found).plot()
    f, g, error = (image.get_array().ravel() for image in display.images_)
    assert np.array_equal(f, found.values)
    assert np.array_equal(g, found.predict(found.points))
    assert np.abs(error).max() == found.error
    corners = display.images_[0].get_coordinates().reshape(-1, 2)
    assert np.array_equal(corners, found.points)
    assert f"asked: {found.tolerance:g}" in display.ax_[2].get_title()


@pytest.mark.parametrize("n", [2, 3])
def test_it_draws_into_given_axes(n):
    figure, axes = plt.subplots(n)
    f, box = (np.sin, (0, 1)) if n == 2 else (np.add, [(0, 1), (0, 1)])
    display = ApproximationDisplay.from_approximation(approximate(f, box, 0.2)).plot(axes)
    assert display.figure_ is figure
    assert list(display.ax_) == list(axes)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentError, match="approximation must be an Approximation"):
        ApproximationDisplay.from_approximation(np.sin)
    display = ApproximationDisplay.from_approximation(approximate(np.sin, (0, 1), 0.2))
    with pytest.raises(ArgumentError, match="ax must be a sequence of 2 axes"):
        display.plot(plt.gca())
