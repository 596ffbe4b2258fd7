"""Approximations to many digits, and of functions that the grid does not see."""

import numpy as np
import pytest

from lamina import ArgumentError
from lamina.neurons import approximate


def largest_error(found, f, n=20_000):
    x = np.append(np.random.default_rng(1).uniform(*found.box[0], n), found.box[0])
    return np.abs(found(x) - f(x)).max()


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-9])
@pytest.mark.parametrize(("f", "box"), [(np.sin, (0, 1)), (np.exp, (-1, 1))])
def test_small_tolerances_take_few_smooth_units(f, box, tolerance):
    found = approximate(f, box, tolerance, method="smooth")
    assert found.n_units <= 192
    assert largest_error(found, f) <= tolerance


def test_a_small_tolerance_in_two_variables():
    def f(x, y):
        return np.sin(3 * x) * np.cos(2 * y)

    found = approximate(f, [(-1, 1), (-1, 1)], 1e-6)
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 20_000))
    assert np.abs(found(x, y) - f(x, y)).max() <= 1e-6


def test_where_rounding_stands_in_the_way_the_error_says_so():
    with pytest.raises(ArgumentError, match=r"2\.72e-11, .*rounding stands in the way"):
        approximate(np.exp, (0, 1), 1e-14, method="smooth")
    with pytest.raises(ArgumentError, match=r"rounding stands in the way; of smooth units \d+"):
        approximate(np.sin, (0, 1), 2e-11, method="smooth")


@pytest.mark.parametrize("cycles", [2000, 1000])
def test_a_wave_in_step_with_the_grid_is_noticed(cycles):
    def f(x):
        return np.sin(2 * np.pi * cycles * x)

    assert np.abs(f(np.linspace(0, 1, 2001))).max() < 1e-9  # nothing of it is on the grid
    with pytest.raises(ArgumentError, match="takes more than max_units"):
        approximate(f, (0, 1), 0.05, method="smooth", max_units=100)
    fewer = approximate(lambda x: f(x / 500), (0, 1), 0.05, method="smooth", grid=cycles // 250 + 1)
    assert largest_error(fewer, lambda x: f(x / 500)) <= 0.06


def test_a_narrow_bump_between_the_points_is_followed():
    def bump(x):
        return np.exp(-(((x - 0.12345) / 1e-4) ** 2))

    found = approximate(bump, (0, 1), 0.1)
    x = 0.12345 + np.linspace(-5e-4, 5e-4, 2001)
    assert np.abs(found(x) - bump(x)).max() <= 0.1
