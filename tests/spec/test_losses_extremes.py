"""Losses and deltas at abs(z) up to 1e4, where p is 0, 1 or within 1e-12 of them, by mpmath.

mpmath's numbers have no smallest exponent: what is 1e-4343 there is 0 in floats, and nothing else.
"""

import mpmath
import numpy as np
import pytest

from lamina.spec import losses

ROWS = [
    [0.0, 0.0, 0.0],
    [1.0, 2.0, 3.0],
    [5.0, 5.0, -90.0],
    [28.0, 0.0, -3.0],  # 1 - p is about 1e-12
    [300.0, 0.0, 0.0],
    [-95.0, 0.0, -2.0],
    [100.0, 0.0, 1.0],
    [744.0, 0.0, -1e4],  # 1 - p is the smallest float64
    [1e4, 0.0, -1e4],
    [-1e4, 0.0, 1.0],
]
NUMBERS = [0.0, 1e-12, 0.7, 3.0, 20.0, 28.0, 40.0, 90.0, 103.0, 300.0, 744.0, 1e4]
GAMMAS = [0.0, 0.01, 0.5, 1.0, 2.0, 5.0]
DTYPES = [np.float64, np.float32]
mp = mpmath.mp.clone()
mp.dps = 40


def close(ours, exact, scale, dtype, factor=50):
    """Hold a result to mpmath's within a few ulp of `scale`, and to 0 where floats end."""
    info = np.finfo(dtype)
    assert ours.dtype == dtype
    for own, expected, size in zip(ours.ravel(), exact, scale, strict=True):
        allowed = factor * float(info.eps) * abs(size) + 4 * mp.mpf(float(info.tiny))
        assert abs(mp.mpf(float(own)) - expected) <= allowed


def softmax(row):
    """Return p, 1 - p and ln p of a row, each with all its digits."""
    top = row.index(max(row))
    powers = [mp.exp(mp.mpf(z) - mp.mpf(row[top])) for z in row]
    rest = mp.fsum(e for j, e in enumerate(powers) if j != top)
    total = mp.fsum(powers)
    p = [e / total for e in powers]
    q = [mp.fsum(powers[:j] + powers[j + 1 :]) / total for j in range(len(row))]
    return p, q, [mp.mpf(z) - mp.mpf(row[top]) - mp.log1p(rest) for z in row]


def logistic(z):
    """Return p, 1 - p, ln p and ln(1 - p)."""
    z = mp.mpf(z)
    both = [(1 / (1 + mp.exp(-s)), -mp.log1p(mp.exp(-s))) for s in (z, -z)]
    (p, log_p), (q, log_q) = both
    return p, q, log_p, log_q


def focal_slope(p, q, log_p, gamma):
    return gamma * q ** (mp.mpf(gamma) - 1) * p * log_p - q ** mp.mpf(gamma)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_cross_entropy(row, smoothing, dtype):
    z = np.array([row], dtype)
    p, _, log_p = softmax(z[0].tolist())
    for hot in np.eye(3):
        y = [(1 - mp.mpf(smoothing)) * mp.mpf(own) + mp.mpf(smoothing) / 3 for own in hot]
        value = -mp.fsum(a * b for a, b in zip(y, log_p, strict=True))
        target = hot[None].astype(dtype)
        own = losses.cross_entropy(z, target, smoothing=smoothing)
        close(own, [value], [value], dtype)
        own = losses.cross_entropy_delta(z, target, smoothing=smoothing)
        close(own, [a - b for a, b in zip(p, y, strict=True)], [1, 1, 1], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_focal(row, gamma, dtype):
    z = np.array([row], dtype)
    p, q, log_p = softmax(z[0].tolist())
    for true in range(3):
        y = np.eye(3, dtype=dtype)[[true]]
        value = -(q[true] ** mp.mpf(gamma)) * log_p[true]
        digits = 50 + gamma * abs(mp.log(q[true]))  # those that exp(gamma ln q) loses
        close(losses.focal(z, y, gamma), [value], [value], dtype, digits)
        slope = focal_slope(p[true], q[true], log_p[true], gamma)
        delta = [slope * (q[true] if j == true else -p[j]) for j in range(3)]
        close(losses.focal_delta(z, y, gamma), delta, [slope] * 3, dtype, digits)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gamma", GAMMAS)
def test_binary_focal(gamma, dtype):
    """Every digit of the delta is right, however sure the prediction is."""
    for number in NUMBERS:
        for z in (number, -number):
            x = np.array([[z]], dtype)
            p, q, log_p, log_q = logistic(float(x[0, 0]))
            digits = 50 + gamma * abs(float(x[0, 0]))
            for y in (0.0, 1.0):
                target = np.array([[y]], dtype)
                own, other, log = (p, q, log_p) if y else (q, p, log_q)
                value = -(other ** mp.mpf(gamma)) * log
                close(losses.binary_focal(x, target, gamma), [value], [value], dtype, digits)
                delta = other * focal_slope(own, other, log, gamma) * (1 if y else -1)
                ours = losses.binary_focal_delta(x, target, gamma)
                close(ours, [delta], [delta], dtype, digits)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [(1.0, 1.0, 0.0), (3.0, 0.25, 0.0), (3.0, 0.25, 0.1)], ids=str)
def test_binary_cross_entropy_with_weights(options, dtype):
    a, b, smoothing = options
    for number in NUMBERS:
        for z in (number, -number):
            x = np.array([[z]], dtype)
            p, q, log_p, log_q = logistic(float(x[0, 0]))
            for hard in (0.0, 1.0):
                target = np.array([[hard]], dtype)
                keywords = {"smoothing": smoothing, "positive": (a,), "negative": (b,)}
                y = (1 - mp.mpf(smoothing)) * mp.mpf(hard) + mp.mpf(smoothing) / 2
                value = -(a * y * log_p + b * (1 - y) * log_q)
                close(losses.binary_cross_entropy(x, target, **keywords), [value], [value], dtype)
                delta = b * (1 - y) * p - a * y * q
                size = b * (1 - y) * p + a * y * q
                ours = losses.binary_cross_entropy_delta(x, target, **keywords)
                close(ours, [delta], [size], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("y", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("loss", ["gamma", "poisson"])
def test_deviances(loss, y, dtype):
    for z in (-60.0, -20.0, -1e-6, 0.0, 1.0, 9.210340371976184, 30.0, 80.0):
        x, target = np.array([[z]], dtype), np.array([[y]], dtype)
        exact_z, exact_y = mp.mpf(float(x[0, 0])), mp.mpf(float(target[0, 0]))
        h = mp.exp(exact_z)
        if loss == "gamma":
            value, delta = mp.log(h / exact_y) + exact_y / h - 1, 1 - exact_y / h
            sizes = [abs(exact_z) + abs(mp.log(exact_y)) + exact_y / h + 1, 1 + exact_y / h]
        else:
            value, delta = exact_y * mp.log(exact_y / h) - exact_y + h, h - exact_y
            sizes = [exact_y * (abs(mp.log(exact_y)) + abs(exact_z) + 1) + h, h + exact_y]
        head = losses.head("exp", loss)
        digits = 50 + abs(z)  # of exp
        close(head.value(x, target), [value], [sizes[0]], dtype, digits)
        close(head.delta(x, target), [delta], [sizes[1]], dtype, digits)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", [*ROWS, [0.0, 1e4, 1e4], [-1e4, 1e-3, -1e4]], ids=str)
def test_quantiles(row, dtype):
    z = np.array([row], dtype)
    steps = [mp.mpf(float(z[0, 0]))]
    steps += [max(own, 0) + mp.log1p(mp.exp(-abs(own))) for own in map(mp.mpf, z[0, 1:].tolist())]
    h = [mp.fsum(steps[: j + 1]) for j in range(3)]
    size = mp.fsum(abs(step) for step in steps)
    close(losses.predict("ascending", z), h, [size] * 3, dtype)
    assert (np.diff(losses.predict("ascending", z)) >= 0).all()
    levels = [0.25, 0.5, 0.875]
    for target in (-2e4, 0.3, 5e4):
        y = np.full((1, 3), target, dtype)
        r = [mp.mpf(float(y[0, 0])) - own for own in h]
        value = mp.fsum(max(q * own, (q - 1) * own) for q, own in zip(levels, r, strict=True))
        close(losses.quantiles(z, y, levels), [value], [size + abs(target)], dtype)
        slopes = [-q if own > 0 else 1 - q for q, own in zip(levels, r, strict=True)]
        factors = [mp.mpf(1), *(logistic(own)[0] for own in z[0, 1:].tolist())]
        delta = [factors[j] * sum(slopes[j:]) for j in range(3)]
        close(losses.quantiles_delta(z, y, levels), delta, factors, dtype)
