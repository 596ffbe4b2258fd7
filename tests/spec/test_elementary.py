"""Elementary functions against mpmath, and their known values."""

import math

import mpmath
import numpy as np
import pytest

from lamina.spec import elementary

RANDOM = np.random.RandomState(0)
WIDE = [*RANDOM.uniform(-700, 700, 3000), *RANDOM.uniform(-1, 1, 3000), 0.0, 1e-300, -708.0, 709.7]
POSITIVE = [*np.exp(RANDOM.uniform(-700, 700, 3000)), *RANDOM.uniform(0.5, 2, 3000), 5e-324, 1e308]
HALVES = [*RANDOM.uniform(0, 1, 5000), 0.25, 0.75, np.nextafter(0.25, 1), 1e-9]


def ulps(value, exact):
    return float(abs(mpmath.mpf(value) - exact) / mpmath.mpf(math.ulp(float(exact))))


@pytest.mark.parametrize(
    ("own", "oracle", "arguments", "most"),
    [
        (elementary.exp, mpmath.exp, WIDE, 1.1),
        (elementary.log, mpmath.log, POSITIVE, 2.3),
        (elementary.cos_pi, mpmath.cospi, HALVES, 1.9),
    ],
    ids=["exp", "log", "cos_pi"],
)
def test_error_is_what_the_module_says(own, oracle, arguments, most):
    with mpmath.workdps(40):
        worst = max(ulps(own(float(x)), oracle(mpmath.mpf(float(x)))) for x in arguments)
    assert worst <= most


def test_a_power_is_mpmaths():
    with mpmath.workdps(40):
        for x, y in zip(RANDOM.uniform(1, 1e7, 500), RANDOM.uniform(0, 2, 500), strict=True):
            exact = mpmath.mpf(x) ** mpmath.mpf(y)
            assert abs(elementary.power(x, y) / exact - 1) < 1e-14


def test_values_at_the_ends():
    assert elementary.exp(0.0) == 1.0 and elementary.log(1.0) == 0.0
    assert elementary.exp(-800.0) == 0.0 and elementary.exp(710.0) == math.inf
    assert math.isnan(elementary.exp(math.nan))
    assert elementary.exp(math.inf) == math.inf and elementary.exp(-math.inf) == 0.0
    assert [elementary.cos_pi(u) for u in (0.0, 0.5, 1.0)] == [1.0, 0.0, -1.0]
    assert elementary.power(7.0, 0.5) == math.sqrt(7.0) and elementary.power(7.0, 1.0) == 7.0
