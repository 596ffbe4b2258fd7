"""Activations against mpmath: values in 60 digits and derivatives by its numerical `diff`."""

import mpmath
import numpy as np
import pytest

from lamina.spec.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE, inverse_logistic

EPS = 2.0**-52
TINY = 2.0**-1074  # the smallest denormal number

mp = mpmath.MPContext()
mp.dps = 60


def klambauer():
    """Return SELU's alpha and lambda from the closed forms of Klambauer et al. (2017), eq. 14."""
    half, root = mp.mpf(1) / 2, 1 / mp.sqrt(2)
    alpha = -mp.sqrt(2 / mp.pi) / (mp.erfc(root) * mp.exp(half) - 1)
    inner = (
        2 * mp.erfc(mp.sqrt(2)) * mp.e**2
        + mp.pi * mp.erfc(root) ** 2 * mp.e
        - 2 * (2 + mp.pi) * mp.erfc(root) * mp.sqrt(mp.e)
        + mp.pi
        + 2
    )
    scale = (1 - mp.erfc(root) * mp.sqrt(mp.e)) * mp.sqrt(2 * mp.pi) * inner**-half
    return alpha, scale


ALPHA, SCALE = klambauer()

# Written differently from lamina where there is a choice: ncdf for GELU, tanh(z/2) for logistic.
EXACT = {
    "identity": lambda z: z,
    "logistic": lambda z: (1 + mp.tanh(z / 2)) / 2 if z > -60 else mp.exp(z) / (1 + mp.exp(z)),
    "tanh": mp.tanh,
    "relu": lambda z: (z + abs(z)) / 2,
    "leaky_relu": lambda z: max(z, z * mp.mpf("0.01")),
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: SCALE * (z if z > 0 else ALPHA * mp.expm1(z)),
    "gelu": lambda z: z * mp.ncdf(z),
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "hard_tanh": lambda z: sorted([-1, z, 1])[1],
    "exp": mp.exp,
}

POINTS = [1e-300, 1e-20, 1e-9, 1e-3, 0.1, 0.5, 0.75, 0.99, 1.5, 3.0, 8.0, 20.0, 37.0, 300.0]
GRID = np.array(sorted([sign * p for p in [*POINTS, 709.0, 745.0, 1e4] for sign in (1, -1)]))


def grid(name):
    """Return the points at which `name` is looked at: exp overflows above 709."""
    return GRID[GRID <= 709.0] if name == "exp" else GRID


def exact(function, points):
    """Return `function` at `points`, rounded to float64."""
    return np.array([float(function(mp.mpf(float(p)))) for p in points])


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_value_agrees_with_mpmath_to_a_few_ulp(name):
    z = grid(name)
    expected = exact(EXACT[name], z)
    # GELU's tail is steep: the rounding of z / sqrt(2) alone moves Phi(z) by z^2 eps.
    steep = z * z if name == "gelu" else 0
    # SiLU and Mish multiply a denormal probability, right to TINY only, by z.
    bound = (4 + steep) * EPS * np.abs(expected) + 4 * TINY * np.maximum(1, np.abs(z))
    assert (np.abs(ACTIVATIONS[name].value(z) - expected) <= bound).all()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_derivative_agrees_with_numerical_differentiation_in_60_digits(name):
    z = grid(name)
    expected = exact(lambda t: mp.diff(EXACT[name], t), z[np.abs(z) > 1e-30])
    z = z[np.abs(z) > 1e-30]  # mp.diff's step would straddle the kink at 0
    # h (1 - h), 1 - h^2 and h + alpha start from the rounded h: eps of the largest slope, not of
    # the slope itself; SiLU and Mish multiply that by z. exp has no such loss.
    factor = np.clip(np.abs(z), 1, 40) if name in ("silu", "mish") else 1
    scale = np.abs(expected) if name == "exp" else np.maximum(np.abs(expected), factor)
    phi = ACTIVATIONS[name]
    assert (np.abs(phi.derivative(z, phi.value(z)) - expected) <= 6 * EPS * scale).all()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_value_in_float32_is_the_float64_value_rounded(name):
    z = grid(name)[np.abs(grid(name)) < 80].astype(np.float32)
    h = ACTIVATIONS[name].value(z)
    expected = ACTIVATIONS[name].value(z.astype(np.float64))
    steep = z.astype(float) ** 2 if name == "gelu" else 0
    bound = (6 + steep) * 2.0**-23 * np.abs(expected) + 2.0**-148
    assert h.dtype == np.float32
    assert (np.abs(h - expected) <= bound).all()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_float32_stays_float32_in_the_derivative(name):
    z = np.linspace(-2, 2, 9, dtype=np.float32)
    phi = ACTIVATIONS[name]
    assert phi.derivative(z, phi.value(z)).dtype == np.float32


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_shape_is_kept(name):
    z = np.linspace(-2, 2, 24).reshape(2, 3, 4)
    phi = ACTIVATIONS[name]
    assert phi.value(z).shape == phi.derivative(z, phi.value(z)).shape == (2, 3, 4)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_input_is_not_written_to(name):
    z = np.linspace(-2, 2, 9)
    z.flags.writeable = False
    h = ACTIVATIONS[name].value(z)
    h.flags.writeable = False
    assert np.isfinite(ACTIVATIONS[name].derivative(z, h)).all()


def test_selu_constants_are_those_of_the_paper():
    assert float(ALPHA) == SELU_ALPHA
    assert float(SCALE) == SELU_SCALE


def test_selu_keeps_mean_zero_and_variance_one():
    """The fixed point for which Klambauer et al. chose the constants, by quadrature."""

    def moment(k):
        return mp.quad(lambda z: EXACT["selu"](z) ** k * mp.npdf(z), [-mp.inf, -4, 0, 4, mp.inf])

    with mp.workdps(20):
        mean, square = moment(1), moment(2)
    assert abs(mean) < 1e-12
    assert abs(square - 1) < 1e-12
    z = np.array([-1.5, 2.5])
    assert ACTIVATIONS["selu"].value(z) == pytest.approx(exact(EXACT["selu"], z), rel=1e-15)


def test_inverse_logistic_agrees_with_mpmath():
    p = np.array([1e-300, 1e-17, 1e-5, 0.3, 0.5, 0.7, 1 - 1e-5, 1 - 2.0**-53])
    expected = exact(lambda q: mp.log(q) - mp.log(1 - q), p)
    assert inverse_logistic(p) == pytest.approx(expected, rel=4 * EPS, abs=1e-16)


def test_inverse_logistic_undoes_logistic():
    z = np.linspace(-30, 15, 181)
    back = inverse_logistic(ACTIVATIONS["logistic"].value(z))
    # Near p = 1 the spacing of p alone, eps / 2, moves z by eps / (1 - p) = eps e^z.
    assert (np.abs(back - z) <= EPS * (4 * np.abs(z) + 1 + np.exp(z))).all()


def test_tanh_is_a_stretched_logistic():
    z = np.linspace(-20, 20, 401)
    stretched = 2 * ACTIVATIONS["logistic"].value(2 * z) - 1
    assert ACTIVATIONS["tanh"].value(z) == pytest.approx(stretched, abs=4 * EPS)


def test_logistic_of_minus_z_is_the_complement():
    """Note 003, proposition 3: sigma' = sigma(z) sigma(-z), so 1 - sigma(z) = sigma(-z)."""
    z = np.linspace(-40, 40, 401)
    phi = ACTIVATIONS["logistic"]
    slope = phi.derivative(z, phi.value(z))
    assert phi.value(z) + phi.value(-z) == pytest.approx(np.ones_like(z), abs=2 * EPS)
    assert slope == pytest.approx(phi.value(z) * phi.value(-z), abs=EPS)
