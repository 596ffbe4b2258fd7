"""The engine's elementary functions against mpmath and wider types, over the whole range."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.special

native = pytest.importorskip("lamina.engines._native")

# Largest errors in units of the last place, as found below and rounded up. They stand in
# docs/engine.md too. Where the true value is subnormal a unit is the smallest subnormal number.
MOST_ULP = {
    ("exp", "float32"): 1.0,
    ("exp", "float64"): 1.0,
    ("expm1", "float32"): 1.9,
    ("expm1", "float64"): 1.9,
    ("log", "float32"): 0.9,
    ("log", "float64"): 0.9,
    ("log1p", "float32"): 0.9,
    ("log1p", "float64"): 0.9,
    ("tanh", "float32"): 2.4,
    ("tanh", "float64"): 2.4,
    ("logistic", "float32"): 2.3,
    ("logistic", "float64"): 2.3,
    ("erfc", "float32"): 4.5,
    ("erfc", "float64"): 4.5,
}
ORACLES = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erfc": mpmath.erfc,
}
LONG = {"exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh}
WIDE = {**LONG, "logistic": scipy.special.expit, "erfc": scipy.special.erfc}


def apply(isa, name, x):
    """Return the engine's function of x."""
    padded = np.zeros(-(-x.size // 16) * 16, x.dtype)
    padded[: x.size] = x
    out = np.empty_like(padded)
    getattr(native, "apply32" if x.dtype == np.float32 else "apply64")(isa, name, padded, out)
    return out[: x.size]


def arguments(name, dtype, n, seed=0):
    """Return numbers over the function's whole domain: small, middling, large, subnormal."""
    random = np.random.RandomState(seed)
    info = np.finfo(dtype)
    exponents = random.uniform(np.log2(info.smallest_subnormal), np.log2(info.max), n // 2)
    with np.errstate(over="ignore", under="ignore"):
        spread = np.ldexp(random.uniform(1, 2, n // 2), exponents.astype(int))
    limits = {"exp": 750, "expm1": 750, "erfc": 28, "tanh": 22, "logistic": 750}
    limit = limits.get(name, 4) if dtype == np.float64 else min(limits.get(name, 4), 110)
    near = random.uniform(-limit, limit, n // 4)
    close = random.uniform(-2, 2, n // 4)
    x = np.concatenate([spread * random.choice([-1, 1], n // 2), near, close]).astype(dtype)
    if name == "log":
        x = np.concatenate([abs(x), 1 + close[:100].astype(dtype) * info.eps])
    if name == "log1p":
        x = x[x > -1]
    return x[np.isfinite(x)]


def ulp(dtype, exact):
    """Return the unit in the last place of each exact value."""
    info = np.finfo(dtype)
    size = np.abs(np.asarray(exact, np.float64))
    _, exponent = np.frexp(np.clip(size, float(info.smallest_normal), float(info.max)))
    return np.ldexp(1.0, exponent - 1 - info.nmant)


def error_in_ulp(dtype, got, exact):
    """Return |got - exact| in units of the last place; 0 where both overflow."""
    info = np.finfo(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = exact.astype(dtype)
        both = np.isinf(got) & (np.abs(exact) >= float(info.max))
        error = np.abs((got.astype(exact.dtype) - exact).astype(np.float64)) / ulp(dtype, exact)
    error[both | (got == rounded)] = np.minimum(error[both | (got == rounded)], 0.5)
    error[both] = 0
    return error


def hold(name, dtype, x, got, exact):
    """Check the errors against the table, and say where the largest is."""
    error = error_in_ulp(dtype, got, exact)
    worst = int(np.argmax(error))
    most = MOST_ULP[name, np.dtype(dtype).name]
    print(f"{name} {np.dtype(dtype).name}: {error[worst]:.3f} ulp at {x[worst]!r}")
    assert error[worst] <= most, f"{error[worst]:.3f} ulp at {x[worst]!r}, got {got[worst]!r}"


@pytest.mark.parametrize("name", ORACLES)
def test_float32_against_float64(name):
    x = arguments(name, np.float32, 4_000_000)
    with np.errstate(all="ignore"):
        exact = WIDE[name](x.astype(np.float64))
    hold(name, np.float32, x, apply(native.isas()[0], name, x), exact)


@pytest.mark.parametrize("name", LONG)
@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="long double is no wider here")
def test_float64_against_long_double(name):
    x = arguments(name, np.float64, 400_000)
    with np.errstate(all="ignore"):
        exact = LONG[name](x.astype(np.longdouble))
    hold(name, np.float64, x, apply(native.isas()[0], name, x), exact)


@pytest.mark.parametrize("name", ORACLES)
def test_float64_against_mpmath(name):
    x = arguments(name, np.float64, 4000, seed=1)
    x = x[(np.abs(x) < 1000) | (name in ("log", "log1p"))]
    got = apply(native.isas()[0], name, x)
    errors = []
    with mpmath.workdps(40):
        for value, own in zip(x.tolist(), got.tolist(), strict=True):
            exact = ORACLES[name](mpmath.mpf(value))
            if np.isinf(own) and abs(exact) > np.finfo(np.float64).max:
                continue
            errors.append(float(abs(mpmath.mpf(own) - exact)) / ulp(np.float64, float(exact)))
    print(f"{name} float64: {max(errors):.3f} ulp")
    assert max(errors) <= MOST_ULP[name, "float64"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("isa", native.isas())
def test_special_values(isa, dtype):
    inf, nan = np.inf, np.nan
    tiny = np.finfo(dtype).smallest_subnormal
    cases = {
        "exp": [(-inf, 0), (inf, inf), (0, 1), (-0.0, 1), (tiny, 1), (1e4, inf), (-1e4, 0)],
        "expm1": [(-inf, -1), (inf, inf), (0, 0), (tiny, tiny), (-tiny, -tiny), (-1e4, -1)],
        "log": [(0, -inf), (-0.0, -inf), (1, 0), (inf, inf), (-1, nan), (-inf, nan)],
        "log1p": [(-1, -inf), (0, 0), (tiny, tiny), (inf, inf), (-2, nan), (-inf, nan)],
        "tanh": [(-inf, -1), (inf, 1), (0, 0), (-0.0, -0.0), (tiny, tiny), (-tiny, -tiny)],
        "logistic": [(-inf, 0), (inf, 1), (0, 0.5), (-1e4, 0), (1e4, 1)],
        "erfc": [(-inf, 2), (inf, 0), (0, 1), (-0.0, 1), (tiny, 1), (1e4, 0), (-1e4, 2)],
    }
    for name, pairs in cases.items():
        x = np.array([x for x, _ in pairs] + [nan], dtype)
        expected = np.array([value for _, value in pairs] + [nan], dtype)
        got = apply(isa, name, x)
        np.testing.assert_array_equal(got, expected, err_msg=name)
        zeros = expected == 0
        np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]), name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", native.functions())
def test_same_bits_on_every_instruction_set(name, dtype):
    special = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], dtype)
    x = np.concatenate([arguments(name, dtype, 40_000), special])
    bits = [apply(isa, name, x).view(f"i{x.itemsize}") for isa in native.isas()]
    for own in bits[1:]:
        same = (own == bits[0]) | (np.isnan(own.view(dtype)) & np.isnan(bits[0].view(dtype)))
        assert same.all()
