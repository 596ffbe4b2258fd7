"""Towers: networks that are one inside a box and zero outside."""

import numpy as np
import pytest

from lamina import ArgumentError, spec
from lamina.neurons import tower


def elsewhere(box, n, seed=0):
    """Return random points of the box, and its corners."""
    low, high = np.atleast_2d(np.asarray(box, float)).T
    points = np.random.default_rng(seed).uniform(low, high, (n, len(low)))
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), -1).reshape(-1, len(low))
    return np.vstack([points, corners])


@pytest.mark.parametrize("box", [(2, 5), [(2, 5), (-1, 0)]])
def test_a_tower_is_one_inside_and_zero_outside(box):
    network, parameters = tower(box, steepness=400)
    low, high = np.atleast_2d(np.asarray(box, float)).T
    points = elsewhere(np.stack([2 * low - high, 2 * high - low], axis=1), 4000)
    beyond = np.maximum(low - points, points - high) / (high - low)
    clear = (np.abs(beyond) > 0.05).all(axis=1)
    height = spec.network.predict(network, parameters, points)[:, 0]
    np.testing.assert_allclose(height[clear], (beyond < 0).all(axis=1)[clear], atol=1e-6)
    assert 100 < np.count_nonzero(clear & (beyond < 0).all(axis=1)) < 3000


@pytest.mark.parametrize("bad", [{"steepness": 0}, {"box": (1, 1)}, {"box": [(0, 1)] * 3}])
def test_no_tower_of_bad_arguments(bad):
    with pytest.raises(ArgumentError):
        tower(**{"box": (0, 1)} | bad)
