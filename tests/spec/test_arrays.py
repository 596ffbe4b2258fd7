"""What the array API lacks: powers by squaring, x log y, erfc, the square root of a number."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from lamina.spec.arrays import erfc, power, sqrt, xlogy

EPS = 2.0**-52

mp = mpmath.MPContext()
mp.dps = 50


@pytest.mark.parametrize("base", [0, 1, 2, 3, 5, 10])
def test_power_of_a_small_integer_is_exact(base):
    """As long as the result fits into 53 bits."""
    for t in range(40):
        if base**t < 2**53:
            assert power(float(base), t) == base**t


@given(st.integers(0, 2**13), st.integers(0, 4))
def test_power_of_a_short_dyadic_fraction_is_exact(numerator, t):
    """Its at most 13 bits to the fourth fit into 53."""
    base = Fraction(numerator, 2**13)
    assert power(float(base), t) == base**t


@pytest.mark.parametrize("base", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999])
def test_power_agrees_with_mpmath(base):
    """Each of the at most t - 1 factors beyond the first adds half an eps, relatively."""
    for t in [0, 1, 2, 3, 7, 10, 31, 100, 1000, 4097, 50_000]:
        expected = mp.mpf(base) ** t
        if expected > 1e-300:
            assert abs(power(base, t) - expected) <= t * EPS / 2 * expected


@pytest.mark.parametrize("base", [0.9, 0.999])
def test_bias_correction_keeps_its_digits(base):
    """1 - beta^t is what Adam divides by: never off by more than a few hundred eps."""
    for t in [1, 2, 10, 100, 693, 1000, 10_000, 10**7]:
        expected = 1 - mp.mpf(base) ** t
        assert abs(1 - power(base, t) - expected) <= 200 * EPS * expected


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.floats(0, 1))
def test_power_is_the_same_bits_for_a_number_and_an_array(t, base):
    together = power(base, np.array(t))
    assert [power(base, one) for one in t] == together.tolist()


def test_power_of_a_number_is_a_float_and_of_an_array_an_array():
    assert type(power(0.9, 3)) is float
    assert type(power(0.9, np.int64(3))) is float
    assert power(0.9, np.arange(6).reshape(2, 3)).shape == (2, 3)
    assert power(0.9, np.array([], dtype=int)).shape == (0,)


def test_power_is_made_of_multiplications_only():
    """0.9^2 and 0.9^4 by squaring: bits that no pow of a C library may change."""
    assert power(0.9, 2) == 0.9 * 0.9
    assert power(0.9, 4) == (0.9 * 0.9) * (0.9 * 0.9)


def test_xlogy_agrees_with_scipy():
    x, y = np.array([0.0, 0.0, 1.0, 2.5, 1e-300]), np.array([0.0, 3.0, 1.0, 0.3, 1e300])
    assert xlogy(x, y) == pytest.approx(scipy.special.xlogy(x, y), rel=EPS)


def test_xlogy_of_zero_and_zero_is_zero_without_a_warning():
    assert xlogy(np.zeros(2), np.array([0.0, 5.0])).tolist() == [0.0, 0.0]


def test_erfc_keeps_its_digits_far_out():
    z = np.array([-3.0, 0.0, 0.5, 5.0, 10.0, 26.0])
    expected = [float(mp.erfc(v)) for v in z]
    assert erfc(z) == pytest.approx(np.array(expected), rel=1e-14, abs=0)


@given(st.floats(0, 1e300))
def test_sqrt_of_a_number_and_of_an_array_are_the_same_bits(x):
    assert type(sqrt(x)) is float
    assert sqrt(np.array([x]))[0] == sqrt(x) == float(np.sqrt(x))


@pytest.mark.parametrize("start", [1, 4090, 4096, 8191, 10**6])
def test_power_is_the_same_bits_alone_in_a_range_and_across_blocks(start):
    t = np.arange(start, start + 20)
    alone = np.array([power(0.999, int(each)) for each in t])
    np.testing.assert_array_equal(power(0.999, t), alone)
    np.testing.assert_array_equal(power(0.999, t[::-1]), alone[::-1])
