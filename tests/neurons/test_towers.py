"""Towers: networks that are one inside a box and zero outside."""

import numpy as np
import pytest

from lamina import ArgumentError, spec
from lamina.neurons import tower


@pytest.mark.parametrize("box", [(2, 5), [(2, 5), (-1, 0)]])
def test_a_tower_is_one_inside_and_zero_outside(box):
    network, parameters = tower(box, steepness=400)
    low, high = np.atleast_2d(np.asarray(box, float)).T
    around = 2 * low - high, 2 * high - low
    points = np.random.default_rng(0).uniform(*around, (4000, len(low)))
    beyond = np.maximum(low - points, points - high) / (high - low)
    clear = (np.abs(beyond) > 0.05).all(axis=1)
    height = spec.network.predict(network, parameters, points)[:, 0]
    np.testing.assert_allclose(height[clear], (beyond < 0).all(axis=1)[clear], atol=1e-6)
    assert 100 < np.count_nonzero(clear & (beyond < 0).all(axis=1)) < 3000


@pytest.mark.parametrize("bad", [{"steepness": 0}, {"box": (1, 1)}, {"box": [(0, 1)] * 3}])
def test_no_tower_of_bad_arguments(bad):
    with pytest.raises(ArgumentError):
        tower(**{"box": (0, 1)} | bad)
