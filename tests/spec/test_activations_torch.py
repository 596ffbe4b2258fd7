"""Activations against PyTorch (stored goldens), and what they make of infinities and NaN."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from lamina.spec.activations import ACTIVATIONS

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "activations.json").read_text())
FINITE, LIMITS = GOLDENS["finite"], GOLDENS["at -inf, inf, nan"]


def test_goldens_have_every_activation():
    assert set(FINITE) == set(LIMITS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", sorted(FINITE))
def test_value_equals_torch(name):
    z, expected = np.array(FINITE[name]["z"]), np.array(FINITE[name]["h"])
    # PyTorch's GELU is z (1 + erf) / 2, right to eps |z| only; the others are right to a few ulp.
    bound = 2e-16 * np.abs(z) if name == "gelu" else 1e-15 * np.abs(expected)
    assert (np.abs(ACTIVATIONS[name].value(z) - expected) <= bound).all()


@pytest.mark.parametrize("name", sorted(FINITE))
def test_derivative_equals_torch(name):
    z, expected = np.array(FINITE[name]["z"]), np.array(FINITE[name]["derivative"])
    if name == "softplus":  # PyTorch overflows at z > 709 and gives NaN; the slope there is 1
        expected = np.where(z > 709, 1.0, expected)
    phi = ACTIVATIONS[name]
    bound = 4e-15 * np.maximum(np.abs(expected), 1 if name != "exp" else 0)
    assert (np.abs(phi.derivative(z, phi.value(z)) - expected) <= bound).all()


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_value_at_infinity_and_nan_equals_torch(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # 0 * inf, where PyTorch has NaN too
        h = ACTIVATIONS[name].value(np.array([-np.inf, np.inf, np.nan]))
    np.testing.assert_array_equal(h, LIMITS[name]["h"])


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_derivative_at_infinity_equals_torch(name):
    """At NaN they may differ: PyTorch gives 1 or 0 for some; the value is NaN in any case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        z = np.array([-np.inf, np.inf])
        slope = ACTIVATIONS[name].derivative(z, ACTIVATIONS[name].value(z))
    np.testing.assert_array_equal(slope, LIMITS[name]["derivative"][:2])


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"gelu", "silu", "mish"}))
def test_infinity_raises_no_warning(name):
    """The three left out have 0 * inf in their formula, in PyTorch too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z = np.array([-np.inf, np.inf])
        h = ACTIVATIONS[name].value(z)
        slope = ACTIVATIONS[name].derivative(z, h)
    assert not np.isnan(h).any()
    assert not np.isnan(slope).any()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_largest_finite_numbers_raise_no_warning(name):
    z = np.array([-1e150, 1e150]) if name != "exp" else np.array([-1e150, 700.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        h = ACTIVATIONS[name].value(z)
        slope = ACTIVATIONS[name].derivative(z, h)
    assert np.isfinite(h).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0), ("hard_tanh", 1.0)]
)
def test_slope_at_zero_is_one_sided_as_in_torch(name, slope):
    z = np.zeros(1)
    assert ACTIVATIONS[name].derivative(z, ACTIVATIONS[name].value(z)) == slope
    index = FINITE[name]["z"].index(0.0)
    assert FINITE[name]["derivative"][index] == slope


@pytest.mark.parametrize("z", [-1.0, 1.0])
def test_hard_tanh_is_flat_at_its_corners(z):
    """PyTorch's backward pass has the same: 0 at -1 and at 1."""
    at = np.array([z])
    assert ACTIVATIONS["hard_tanh"].derivative(at, at) == 0
