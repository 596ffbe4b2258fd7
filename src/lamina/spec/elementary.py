"""Elementary functions of one float whose bits are the same on every machine.

C libraries differ in the last bit of exp, log, pow and cos, also by the processor they run on, and
the same seed is to give the same model everywhere. These use additions, multiplications and
divisions alone. Largest error found, in units of the last place: exp 1.1, log 2.3, cos_pi 1.9.
"""

from __future__ import annotations

import math

_LN2_HIGH, _LN2_LOW = 0.6931471805598903, 5.497923018708371e-14  # ln 2 in two parts
_EXP = [1.0 / math.factorial(n) for n in range(14)]
_COS = [(-1.0) ** n / math.factorial(2 * n) for n in range(10)]
_SIN = [(-1.0) ** n / math.factorial(2 * n + 1) for n in range(10)]
_ARTANH = [1.0 / (2 * n + 1) for n in range(13)]


def exp(x: float) -> float:
    """Return e^x: 2^k e^r with |r| <= ln(2) / 2, by Taylor's series."""
    if not -745.2 < x < 709.79:
        return x if x != x else math.inf if x > 0 else 0.0
    k = round(x / (_LN2_HIGH + _LN2_LOW))
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    try:
        return math.ldexp(_polynomial(_EXP, r), k)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """Return the natural logarithm of x > 0: k ln 2 + 2 artanh((m - 1) / (m + 1)), m near 1."""
    m, k = math.frexp(x)
    if m < 0.5**0.5:
        m, k = 2.0 * m, k - 1
    s = (m - 1.0) / (m + 1.0)
    return k * _LN2_HIGH + (2.0 * s * _polynomial(_ARTANH, s * s) + k * _LN2_LOW)


def cos_pi(u: float) -> float:
    """Return cos(pi u) for 0 <= u <= 1, by Taylor's series of cosine and sine up to pi / 4."""
    if u > 0.5:
        return -cos_pi(1.0 - u)
    if u <= 0.25:
        return _polynomial(_COS, (math.pi * u) ** 2)
    angle = math.pi * (0.5 - u)
    return angle * _polynomial(_SIN, angle * angle)


def power(x: float, y: float) -> float:
    """Return x^y for x > 0."""
    return math.sqrt(x) if y == 0.5 else x if y == 1 else exp(y * log(x))


def _polynomial(coefficients: list[float], x: float) -> float:
    value = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value
